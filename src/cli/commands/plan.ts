/* `sightline plan`: finds a plan for a goal, proves it, shows it, and writes it where asked. */
import { loadSnapshot, type Snapshot } from '#app/load-snapshot.ts';
import {
  type OpenDecision,
  openDecision,
  type PlanQuestion,
  type PlanReport,
  planSnapshot,
} from '#app/plan.ts';
import { writePlan, writeProof } from '#app/plan-file.ts';
import { SightlineError } from '#estate/error.ts';
import { plain } from '#report/plain.ts';
import { decisionToText, planToText } from '#report/plan-text.ts';
import { proofToText } from '#report/proof-text.ts';
import { wrap } from '#report/style.ts';
import type { Run } from '../main.ts';
import type { Terminal } from '../terminal.ts';

export const run: Run = async (terminal, [path = ''], options) => {
  const snapshot = await loadSnapshot(path);
  const asked = questionOf(path, options);
  const question = options.json ? asked : await decided(terminal, snapshot, asked);
  const report = dated(planSnapshot(snapshot, question), new Date().toISOString());
  if (options.json) terminal.out(JSON.stringify(report, null, 2));
  else show(terminal, report);
  await keep(terminal, report, options.out);
  return report.outcome.kind === 'planned' && report.proof?.kind === 'proved' ? 0 : 1;
};

/** The plan says when its decisions were made. */
function dated(report: PlanReport, at: string): PlanReport {
  const { outcome } = report;
  if (outcome.kind === 'unreachable') return report;
  const decisions = outcome.plan.decisions.map((d) => ({ ...d, at }));
  return { ...report, outcome: { ...outcome, plan: { ...outcome.plan, decisions } } };
}

/** Decisions that only the user can make are asked where somebody is there; otherwise the default is taken, and said. */
async function decided(terminal: Terminal, snapshot: Snapshot, asked: PlanQuestion): Promise<PlanQuestion> {
  const { ask } = terminal;
  let question = asked;
  if (ask === undefined) return question;
  const left: OpenDecision['sets'][] = [];
  for (
    let open = openDecision(snapshot, question, left);
    open !== undefined;
    open = openDecision(snapshot, question, left)
  ) {
    terminal.note(decisionToText(open.decision, terminal));
    const answer = await ask('  number or name, Enter for the default: ', new AbortController().signal);
    const chosen = optionOf(open, answer.trim());
    if (answer.trim() === '') left.push(open.sets);
    else if (chosen === undefined) terminal.note(`  ${JSON.stringify(answer)} is none of these`);
    else question = { ...question, [open.sets]: chosen };
  }
  return question;
}

function optionOf({ decision }: OpenDecision, answer: string): string | undefined {
  const named = decision.options.find((o) => o.name === answer);
  return (named ?? (/^\d+$/.test(answer) ? decision.options[Number(answer) - 1] : undefined))?.name;
}

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
    ...(typeof o.owner === 'string' && { owner: o.owner as NonNullable<PlanQuestion['owner']> }),
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
    terminal.out(wrap(`${palette.bad('no plan')}  ${plain(outcome.says)}`, terminal.width, '  ').slice(2));
    terminal.out(nearestText(outcome.nearest, terminal.width));
    return;
  }
  terminal.out(planToText(outcome.plan, terminal));
  if (proof) terminal.out(`\n${proofToText(proof, terminal)}`);
  if (outcome.kind !== 'stuck') return;
  const stuck = `${palette.bad('not finished')}  only you can decide how to go on: ${plain(outcome.says)}`;
  terminal.out(`\n${wrap(stuck, terminal.width, '  ').slice(2)}`);
  if (outcome.nearest !== undefined) terminal.out(nearestText(outcome.nearest, terminal.width));
}

function nearestText(nearest: string, width: number): string {
  return wrap(`What can be had: ${plain(nearest)}`, width, '  ');
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
