/* `sightline plan`: finds a plan for a goal, proves it, shows it, and writes it where asked. */
import { makePlan, type PlanQuestion, type PlanReport } from '#app/plan.ts';
import { writePlan, writeProof } from '#app/plan-file.ts';
import { SightlineError } from '#estate/error.ts';
import { plain } from '#report/plain.ts';
import { planToText } from '#report/plan-text.ts';
import { proofToText } from '#report/proof-text.ts';
import type { Run } from '../main.ts';
import type { Terminal } from '../terminal.ts';

export const run: Run = async (terminal, [snapshot = ''], options) => {
  const report = await makePlan(questionOf(snapshot, options));
  if (options.json) terminal.out(JSON.stringify(report, null, 2));
  else show(terminal, report);
  await keep(terminal, report, options.out);
  return report.outcome.kind === 'planned' && report.proof?.kind === 'proved' ? 0 : 1;
};

/** Options as commander gives them. */
export function questionOf(snapshot: string, o: Record<string, unknown>): PlanQuestion {
  const [named, policy] = policyAsked(o);
  const texts = {
    move: o.move,
    setPolicy: named,
    split: o.split,
    repointTunnel: o.repointTunnel,
    retire: o.retire,
  };
  const goals = Object.fromEntries(Object.entries(texts).filter(([, v]) => typeof v === 'string'));
  return {
    snapshot,
    ...goals,
    to: String(o.to ?? 'auto'),
    policy,
    style: (o.style ?? 'auto') as PlanQuestion['style'],
  };
}

/** `--set-policy NS/NAME=Local` names both; without it `--policy` holds. */
function policyAsked(o: Record<string, unknown>): readonly [string | undefined, 'local' | 'cluster'] {
  if (typeof o.setPolicy !== 'string')
    return [undefined, String(o.policy).toLowerCase() === 'cluster' ? 'cluster' : 'local'];
  const [name = '', text = ''] = o.setPolicy.split('=');
  const policy = text.toLowerCase();
  if (policy === 'local' || policy === 'cluster') return [name, policy];
  throw new SightlineError('wrong-use', `--set-policy ${JSON.stringify(o.setPolicy)} names no policy`, {
    hint: 'write NAMESPACE/NAME=Local or NAMESPACE/NAME=Cluster',
  });
}

function show(terminal: Terminal, { outcome, proof }: PlanReport): void {
  const { palette } = terminal;
  if (outcome.kind === 'unreachable') {
    terminal.out(
      `${palette.bad('no plan')}  ${plain(outcome.says)}\n  What can be had: ${plain(outcome.nearest)}`,
    );
    return;
  }
  terminal.out(planToText(outcome.plan, terminal));
  if (outcome.kind === 'stuck')
    terminal.out(
      `\n${palette.bad('not finished')}  only you can decide how to go on: ${plain(outcome.says)}`,
    );
  if (proof) terminal.out(`\n${proofToText(proof, terminal)}`);
}

async function keep(terminal: Terminal, { outcome, proof }: PlanReport, out: unknown): Promise<void> {
  if (typeof out !== 'string' || outcome.kind === 'unreachable') return;
  await writePlan(out, outcome.plan);
  terminal.note(`wrote ${out}`);
  if (proof === undefined) return;
  const beside = out.replace(/(\.json)?$/, '.proof.json');
  await writeProof(beside, outcome.plan, proof);
  terminal.note(`wrote ${beside}`);
}
