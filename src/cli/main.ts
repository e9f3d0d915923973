/*
 * The command line: names, options and help of every command. A command's code is loaded when it runs, so that
 * `--help` stays quick. Exit codes are those of docs/commands.md: 0 fine, 1 findings or refuted, 2 wrong use,
 * 3 could not finish and nothing was changed, 4 changed in part.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { reportFailure } from './failure.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** Runs the command with the arguments behind its name; resolves to the exit code. */
export type Run = (
  terminal: Terminal,
  args: readonly string[],
  options: Record<string, unknown>,
) => Promise<number>;

const terminal = processTerminal();
const packageJson = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('sightline')
  .description(
    'Finds where a Kubernetes ingress loses its clients, plans the cure, proves, rehearses and applies it.',
  )
  .version(packageJson.version)
  .showHelpAfterError('(sightline --help lists the commands)')
  .exitOverride();

function add(
  usage: string,
  description: string,
  load: () => Promise<{ run: Run }>,
  examples: readonly string[],
): Command {
  return program
    .command(usage)
    .description(description)
    .addHelpText('after', `\nExamples:\n${examples.map((e) => `  $ sightline ${e}`).join('\n')}`)
    .exitOverride()
    .action(async (...received: unknown[]) => {
      const [options] = received.slice(-2) as [Record<string, unknown>];
      const args = received
        .slice(0, -2)
        .flat()
        .filter((a): a is string => typeof a === 'string');
      const { run } = await load();
      process.exitCode = await run(terminal, args, options);
    });
}

const goals = ['move', 'setPolicy', 'split', 'repointTunnel', 'retire'];
/** A goal of `plan`; two of them contradict each other. */
const goal = (flags: string, says: string) => {
  const option = new Option(flags, says);
  return option.conflicts(goals.filter((g) => g !== option.attributeName()));
};

const json = () => new Option('--json', 'print one JSON document (format number in it)');

add(
  'check <snapshot>',
  'findings: who is seen as whom, where HTTP/3 stops, what conflicts',
  () => import('./commands/check.ts'),
  [
    'check examples/home-lab',
    'check examples/home-lab --code client-masked',
    'check my-snapshot --html report.html',
  ],
)
  .addOption(json())
  .option('--html <file>', 'also write one self-contained HTML file')
  .option('--markdown <file>', 'also write Markdown')
  .option('--code <code>', 'only findings with this code')
  .addOption(
    new Option('--fail-on <severity>', 'exit with 1 from this severity on')
      .choices(['critical', 'warning', 'notice', 'never'])
      .default('warning'),
  );

add(
  'trace <snapshot>',
  'one flow explained hop by hop, forward and back',
  () => import('./commands/trace.ts'),
  [
    'trace examples/home-lab --from internet --to immich.viktorbarzin.me',
    'trace examples/home-lab --from lan --to immich.viktorbarzin.me:443/udp',
    'trace examples/home-lab --from pod --to 10.0.20.200:5432',
  ],
)
  .requiredOption('--from <vantage point>', 'where the flow starts (an id of sightline.yaml)')
  .requiredOption('--to <target>', 'HOST[:PORT][/udp], also an address; [v6]:port')
  .option('--source <ip>', "the client's own address (default: the vantage point's first)")
  .addOption(new Option('--family <4|6>', 'only this family').choices(['4', '6']))
  .option('--path <path>', 'HTTP path', '/')
  .option('--header <name: value...>', 'a header that the client sends itself')
  .option('--html <file>', 'also write one self-contained HTML file')
  .option('--markdown <file>', 'also write Markdown')
  .addOption(json());

add(
  'who <snapshot> <what>',
  'everything that points at an address, a name or a Service',
  () => import('./commands/who.ts'),
  ['who examples/home-lab 10.0.20.200', 'who examples/home-lab traefik/traefik'],
)
  .addOption(json())
  .option('--html <file>', 'also write one self-contained HTML file')
  .option('--markdown <file>', 'also write Markdown');

add(
  'collect',
  'print a script of read-only commands that fills a snapshot folder',
  () => import('./commands/collect.ts'),
  ['collect > collect.sh && less collect.sh'],
).option('--into <folder>', 'folder that the script fills', 'snapshot');

add(
  'plan <snapshot>',
  'a plan for one goal, such as an address of its own for a Service: stages, undos, and the reason for every change',
  () => import('./commands/plan.ts'),
  [
    'plan examples/k3s-flannel --move kube-system/traefik --out plan.json',
    'plan examples/home-lab --move traefik/traefik --owner chart-service-later',
    'plan examples/home-lab --set-policy kms/windows-kms=Local',
  ],
)
  .addOption(goal('--move <namespace/service>', 'give the Service an address of its own'))
  .addOption(goal('--set-policy <namespace/service=policy>', 'set its policy where it is'))
  .addOption(goal('--split <ip>', 'give all Services on the address but one their own'))
  .addOption(goal('--repoint-tunnel <name>', 'let the tunnel dial the Service of --to by its name'))
  .addOption(goal('--retire <ip>', 'leave the address, and give it out no more'))
  .option('--to <ip>', 'new address of the move, or auto for the first free one of its pool', 'auto')
  .addOption(
    new Option('--policy <policy>', 'external traffic policy').choices(['Local', 'Cluster']).default('Local'),
  )
  .addOption(
    new Option(
      '--style <style>',
      'additive: no window; in-place: few moving parts; auto: the first of them that can be planned',
    )
      .choices(['auto', 'additive', 'in-place'])
      .default('auto'),
  )
  .addOption(
    new Option('--owner <object>', 'additive: which object has the new address for good').choices([
      'additional-services',
      'second-service',
      'chart-service-later',
    ]),
  )
  .option('--out <file>', 'write the plan here, and its proof beside it')
  .addOption(json());

add(
  'prove <plan>',
  'proved, refuted with the shortest history, or undecided because of a gap',
  () => import('./commands/prove.ts'),
  [
    'prove plan.json',
    'prove examples/home-lab/plan-as-written.yaml --others 20',
    'prove my-plan.yaml --watch',
    'prove examples/home-lab/plan-as-written.yaml --snapshot examples/home-lab-variants/second-zone',
  ],
)
  .option('--snapshot <folder>', "prove a person's plan on another snapshot than it names")
  .addOption(
    new Option('--faults <count>', 'how many faults at a time: 2 adds pairs, and takes several times as long')
      .choices(['0', '1', '2'])
      .default('1'),
  )
  .option('--others <count>', 'how many more counterexamples to list, each of another kind', '0')
  .option('--watch', 'prove again whenever the plan or its snapshot changes, until Ctrl-C')
  .addOption(json());

add(
  'runbook <plan>',
  'a proved plan as a runbook for a person, with patches, checks and the way back',
  () => import('./commands/runbook.ts'),
  ['runbook plan.json | less', 'runbook plan.json --out tonight'],
)
  .option('--proof <file>', 'the proof (default: beside the plan, else it is proved now)')
  .option('--out <folder>', 'write the runbook and all that belongs to it into this folder');

const from = () =>
  new Option('--from <vantage point>', 'where this machine stands, if its addresses do not tell');
const checkout = () =>
  new Option('--checkout <repository=folder...>', 'your checkout of a repository that the plan edits');
const runCommands = () =>
  new Option('--run-commands', "run the owner's own apply after an edit; it is shown before");
const runs = () =>
  new Option('--runs <place>', 'where runs are kept: a folder, or kubeconfig:CONTEXT/NAMESPACE').default(
    '.sightline/runs',
  );
const yes = () => new Option('--yes', 'pass the gates that only ask; failures are still asked about');

add(
  'rehearse <plan>',
  'the plan carried out in a copy of the estate on this kernel, under traffic',
  () => import('./commands/rehearse.ts'),
  [
    'rehearse plan.json',
    'rehearse plan.json --fault node-lost --at re-point',
    'rehearse plan.json --rollback-at re-point --html rehearsal.html',
    'rehearse plan.json --requests 20000',
    'rehearse plan.json --bans',
  ],
)
  .option('--fault <fault...>', 'node-lost, pod-moved, runner-crash, slow-dns')
  .option('--at <stage>', 'stage in which the fault comes (default: the first)')
  .option('--rollback-at <stage>', 'walk back after this stage')
  .option('--time-scale <factor>', 'factor on waits and TTLs (default: so that waits take about 12 s)')
  .option('--bans', 'ban a client from outside before the plan and after it, where the estate has CrowdSec')
  .option('--requests <number>', 'again and again until so many requests were sent (at most 20 times)')
  .option('--out <file>', 'also write the record as JSON')
  .option('--html <file>', 'also write one self-contained HTML file with a timeline')
  .addOption(json());

add(
  'apply <plan>',
  'carries a proved plan out: journaled, gated, resumable; Ctrl-C asks',
  () => import('./commands/apply.ts'),
  [
    'apply plan.json --dry-run',
    'apply plan.json',
    'apply plan.json --lab',
    'apply plan.json --resume --runs kubeconfig:home/sightline',
  ],
)
  .option('--dry-run', 'prove the plan and ask every system, write nothing')
  .option('--lab', 'on a copy of the estate in network namespaces instead of the real one')
  .option('--resume', 'go on with the run of this plan if one has begun, as a Job does that is started again')
  .addOption(yes())
  .addOption(checkout())
  .addOption(runCommands())
  .addOption(from())
  .addOption(runs())
  .addOption(json());

add('resume <run>', 'goes on with a run that was paused or stopped', () => import('./commands/resume.ts'), [
  'resume 20261123-162451',
])
  .addOption(yes())
  .addOption(checkout())
  .addOption(runCommands())
  .addOption(from())
  .addOption(runs())
  .addOption(json());

add(
  'rollback <run>',
  'takes back every change of a run, last first',
  () => import('./commands/rollback.ts'),
  ['rollback 20261123-162451'],
)
  .addOption(yes())
  .addOption(checkout())
  .addOption(runCommands())
  .addOption(from())
  .addOption(runs())
  .addOption(json());

add('runs [run]', 'all runs with how they stand, or the story of one', () => import('./commands/runs.ts'), [
  'runs',
  'runs 20261123-162451',
])
  .addOption(runs())
  .addOption(json());

add(
  'verify <plan-or-run>',
  'probes from here, against the prediction and the baseline of the run',
  () => import('./commands/verify.ts'),
  ['verify plan.json --from lan', 'verify 20261123-162451'],
)
  .option('--all', 'show every probe')
  .addOption(from())
  .addOption(runs())
  .addOption(json());

add('demo', 'the whole life of a change on the example estate', () => import('./commands/demo.ts'), [
  'demo',
  'demo --no-lab',
])
  .option('--no-lab', 'leave out what needs network namespaces')
  .option('--snapshot <folder>', 'another estate than the example');

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else process.exitCode = reportFailure(terminal, error);
}
