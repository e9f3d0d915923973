/**
 * Rehearsals of the example's changes, held against their proofs: the additive one without a failed request, the one in
 * place with failures in its computed window only, and each with a node lost at every stage in turn; `ipv6` is the additive
 * one where a bridge brings IPv6 clients as well.
 * Usage: rehearsals.ts [additive|in-place|ipv6 …] [--node-lost] [--stages ID,ID] [--node NAME]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadSnapshot, type Snapshot } from '#app/load-snapshot.ts';
import { planSnapshot, proveSnapshot } from '#app/plan.ts';
import { openPlan } from '#app/prove.ts';
import { type RehearsalOptions, rehearse } from '#app/rehearse.ts';
import type { Plan } from '#plan/plan.ts';
import { isAsProved, longestGap, type Rehearsal, resultText, totals } from '#report/rehearsal.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'node-lost': { type: 'boolean', default: false },
    stages: { type: 'string' },
    node: { type: 'string' },
  },
});

const root = join(import.meta.dirname, '..');
/** Two deadlines of a request: those that begin in the first half are seen to fail in the second. */
const holdMs = 5000;
const problems: string[] = [];
for (const style of positionals.length > 0 ? positionals : ['additive', 'in-place', 'ipv6'])
  await rehearseOne(style);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

async function rehearseOne(style: string): Promise<void> {
  const { plan, snapshot } = await planOf(style);
  const proof = proveSnapshot(snapshot, plan);
  if (proof.kind !== 'proved') return void problems.push(`${style}: the plan is ${proof.kind}`);
  for (const { says, options } of values['node-lost']
    ? losses(plan)
    : [{ says: 'undisturbed', options: {} }]) {
    const run = await rehearse(snapshot, plan, proof, options);
    if (run.kind === 'unavailable') return void problems.push(`no lab: ${run.reason}`);
    console.log(lineOf(`${style}, ${says}`, run));
    problems.push(...problemsOf(run).map((p) => `${style}, ${says}: ${p}`));
    if (style === 'ipv6') problems.push(...lacksOfIpv6(run).map((p) => `${style}, ${says}: ${p}`));
  }
}

async function planOf(style: string): Promise<{ readonly plan: Plan; readonly snapshot: Snapshot }> {
  if (style !== 'ipv6') return openPlan(join(root, `examples/home-lab/change/${style}/plan.json`));
  const path = join(root, 'examples/home-lab-variants/ipv6-bridge');
  const snapshot = await loadSnapshot(path);
  const question = { snapshot: path, move: 'traefik/traefik', to: 'auto', policy: 'local' } as const;
  const { outcome } = planSnapshot(snapshot, { ...question, style: 'additive' });
  if (outcome.kind !== 'planned') throw new Error(`no additive plan of ${path}: ${outcome.kind}`);
  return { plan: outcome.plan, snapshot };
}

/** What was not asked over IPv6 has not been found to work. */
function lacksOfIpv6(r: Rehearsal): readonly string[] {
  const lines = r.lines.filter((l) => l.what.endsWith('over IPv6') && l.requests > 0);
  const flows = r.flows.filter((f) => f.kind.endsWith('over IPv6') && f.answered > 0);
  const seen = r.predictions.filter((p) => p.family === 6 && p.what === 'https');
  return [
    ...(lines.length === 0 ? ['no request was sent over IPv6'] : []),
    ...(flows.length === 0 ? ['no connection over IPv6 was open before the change'] : []),
    ...(seen.some((p) => p.seenBefore !== p.seenAfter) ? [] : ['over IPv6 nobody was seen as somebody else']),
  ];
}

interface Order {
  readonly says: string;
  readonly options: RehearsalOptions;
}

function losses(plan: Plan): readonly Order[] {
  const stages = values.stages?.split(',') ?? plan.stages.map((s) => s.id);
  const node = values.node === undefined ? {} : { node: values.node };
  return stages.map((at) => ({
    says: `node lost in ${at}`,
    options: { holdMs, faults: [{ fault: 'node-lost' as const, at, ...node }] },
  }));
}

function lineOf(says: string, r: Rehearsal): string {
  const { requests, failures } = totals(r);
  const verdicts = r.verdicts.map((v) => `  ${v.isAsProved ? 'as proved' : 'DIFFERS'}: ${v.says}`);
  const head = `${says}: ${resultText(r.result)}; ${failures} failed of ${requests} requests, longest gap ${Math.round(longestGap(r))} ms, processors ${Math.round(r.idleShare * 100)} % idle, ${(r.totalMs / 1000).toFixed(0)} s`;
  return [head, ...r.faults.map((f) => `  ${f}`), ...verdicts].join('\n');
}

/** A check that had nothing to look at has found nothing out. */
function problemsOf(r: Rehearsal): readonly string[] {
  const { requests, failures } = totals(r);
  const stillsWanted = r.faults.length > 0 ? 3 : 2;
  return [
    ...(isAsProved(r) ? [] : ['kernel and proof differ']),
    ...(requests === 0 ? ['nothing was asked'] : []),
    ...(r.stills.length < stillsWanted ? [`${r.stills.length} stills instead of ${stillsWanted}`] : []),
    ...(r.windows.length > 0 && failures === 0
      ? ['a plan with a window failed nothing: it measured nothing']
      : []),
    ...(r.faults.length === 0 && r.result.kind !== 'done' ? [resultText(r.result)] : []),
  ];
}
