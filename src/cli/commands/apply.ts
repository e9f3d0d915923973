/* `sightline apply`: carries a proved plan out, on the systems of sightline.yaml or in the lab. */
import { type ApplyEnd, applyPlan, type EndedRun } from '#app/apply.ts';
import { resumeRun } from '#app/resume.ts';
import type { RunResult, SystemsOf } from '#app/run-core.ts';
import { type RunOfPlan, runOfPlan } from '#app/run-of-plan.ts';
import { reachFrom, type SystemsOptions, systemsFor } from '#app/run-systems.ts';
import { SightlineError } from '#estate/error.ts';
import { count, goalText } from '#report/plan-text.ts';
import { proofToText } from '#report/proof-text.ts';
import { comparedText, problemsText, titlesOf } from '#report/run-text.ts';
import { probesText } from '#report/verify-text.ts';
import type { Run } from '../main.ts';
import { RunConsole } from '../run-console.ts';
import { carried, checkoutOptions, type EndLook, place, runsOption, showEnding } from '../run-end.ts';
import type { Terminal } from '../terminal.ts';

export const run: Run = applyOn(systemsFor);

/** The command over systems of the caller's making. */
export function applyOn(systems: (options: SystemsOptions) => SystemsOf): Run {
  return async (terminal, [plan = ''], options) => {
    const isJson = options.json === true;
    const console = new RunConsole(terminal, { isYes: options.yes === true, isJson });
    const where = placeOf(options);
    const look = { isJson, ...where, isLab: options.lab === true, rolledBackCode: 3 };
    let isBackWanted = false;
    const hooks = console.hooks();
    return carried(terminal, console, look, async () => {
      const begun = options.resume === true ? await runOfPlan(plan, where) : undefined;
      if (begun !== undefined) return goOn({ terminal, console, look, begun, options, systems });
      const chosen = {
        isLab: options.lab === true,
        ...(typeof options.from === 'string' && { from: options.from }),
        ...checkoutOptions(options),
        hooks,
      };
      const end = await applyPlan({
        plan,
        isDry: options.dryRun === true,
        hooks,
        systems: systems(chosen),
        reach: reachFrom(chosen),
        afterwards: async (ended) => {
          const result = await afterwards(terminal, console, ended, options);
          isBackWanted = result !== ended.result;
          return result;
        },
        ...where,
      });
      if (end.kind !== 'run') return showRefusal(terminal, end, isJson);
      return showEnding(terminal, end, isBackWanted ? { ...look, rolledBackCode: 0 } : look);
    });
  };
}

interface GoingOn {
  readonly terminal: Terminal;
  readonly console: RunConsole;
  readonly look: EndLook;
  readonly begun: RunOfPlan;
  readonly options: Record<string, unknown>;
  readonly systems: (options: SystemsOptions) => SystemsOf;
}

/** `--resume`: a run of this plan is gone on with; one that has ended is told, and nothing is begun beside it. */
async function goOn({ terminal, console, look, begun, options, systems }: GoingOn): Promise<number> {
  const { run, state } = begun;
  if (state === 'rolled-back')
    throw new SightlineError('rolled-back', `run ${run} of this plan was rolled back`, {
      hint: `sightline runs ${run} tells why; without --resume the plan is applied anew`,
    });
  if (state === 'done') return showEnding(terminal, { run, result: { kind: 'done' } }, look);
  const hooks = console.hooks();
  hooks.working(`going on with run ${run}`);
  const end = await resumeRun({
    run,
    hooks,
    systems: systems({
      isLab: false,
      ...(typeof options.from === 'string' && { from: options.from }),
      ...checkoutOptions(options),
      hooks,
    }),
    ...place(look),
  });
  return showEnding(terminal, end, look);
}

/** Runs in the lab are kept apart: their systems are gone when the command ends. */
function placeOf(options: Record<string, unknown>): { readonly runs?: string } {
  const place = runsOption(options);
  return options.lab === true && place.runs === '.sightline/runs' ? { runs: '.sightline/lab-runs' } : place;
}

/** What was done is probed once more; in the lab the way back is offered too. */
async function afterwards(
  terminal: Terminal,
  console: RunConsole,
  ended: EndedRun,
  options: Record<string, unknown>,
): Promise<RunResult> {
  const isLab = options.lab === true;
  const look = { isJson: options.json === true, isLab };
  if (ended.result.kind !== 'done') return ended.result;
  await showProbes(terminal, console, ended, look);
  if (!isLab || !(await console.wants('Take it all back in the lab?'))) return ended.result;
  const result = await ended.rollBack('the way back is tried in the lab');
  await showProbes(terminal, console, ended, look);
  await showCompared(terminal, console, ended, look.isJson);
  return result;
}

/** In the lab every system can be held against what it was. */
async function showCompared(
  terminal: Terminal,
  console: RunConsole,
  { changedSinceStart }: EndedRun,
  isJson: boolean,
): Promise<void> {
  const compared = await changedSinceStart?.();
  if (compared === undefined) return;
  if (isJson) terminal.out(JSON.stringify({ event: 'compared', ...compared }));
  else console.print(comparedText(compared, terminal));
}

async function showProbes(
  terminal: Terminal,
  console: RunConsole,
  ended: EndedRun,
  { isJson, isLab }: { readonly isJson: boolean; readonly isLab: boolean },
): Promise<void> {
  console.hooks().working('probing what was reached');
  const found = await ended.check();
  const report = isLab ? { ...found, elsewhere: [] } : found; // the lab has nobody to run them
  if (isJson) terminal.out(JSON.stringify({ event: 'probes', ...report }));
  else console.print(`\n${probesText(report, terminal)}`);
}

function showRefusal(terminal: Terminal, end: Exclude<ApplyEnd, { kind: 'run' }>, isJson: boolean): number {
  const code = end.kind === 'not-proved' ? 1 : end.kind === 'problems' ? 3 : 0;
  if (isJson) {
    const { plan: _, ...rest } = end;
    terminal.out(JSON.stringify({ event: 'end', format: 1, ...rest, exitCode: code }));
    return code;
  }
  terminal.out(refusalText(terminal, end));
  return code;
}

function refusalText(terminal: Terminal, end: Exclude<ApplyEnd, { kind: 'run' }>): string {
  const { palette } = terminal;
  switch (end.kind) {
    case 'not-proved':
      return `${palette.bad('not begun')}  the plan is not proved, and nothing was written\n\n${proofToText(end.proof, terminal)}`;
    case 'problems':
      return problemsText(end.problems, titlesOf(end.plan), terminal);
    case 'ready': {
      const changes = end.plan.stages.flatMap((s) => s.changes);
      return `${palette.good('ready')}  ${goalText(end.plan.goal)}: proved, ${count(changes.length, 'change')}, every system answers, ${count(end.probes, 'probe')} from here\n${palette.dim('  nothing was written (--dry-run)')}`;
    }
    default:
      return end satisfies never;
  }
}
