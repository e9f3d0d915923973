/*
 * The demo: one estate through the whole life of a change. Each part is told as it is done, so that a person sees
 * something within a second and can stop at any time.
 */
import type { LabUnavailable } from '#lab/kernel/availability.ts';
import type { Plan, Style } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import type { Applied } from '#report/applied-brief.ts';
import type { BeforeAfter } from '#report/before-after.ts';
import type { CheckReport } from '#report/check-report.ts';
import type { Rehearsal } from '#report/rehearsal.ts';
import { checkEstate } from './check.ts';
import { loadSnapshot, type Snapshot } from './load-snapshot.ts';
import { type PlanReport, planSnapshot } from './plan.ts';

/** What the demo shows, in this order. `working` says what is being done right now. */
export interface DemoStage {
  working(says: string): void;
  diagnosis(report: CheckReport): void;
  plan(style: Style, report: PlanReport): void;
  kernel(table: BeforeAfter | LabUnavailable): void;
  rehearsal(rehearsal: Rehearsal): void;
  applied(applied: Applied): void;
}

export interface DemoOptions {
  readonly snapshot: string;
  /** `ns/name` of the Service to move; undefined: the one that the worst finding is about. */
  readonly move?: string;
  readonly hasLab: boolean;
}

/** Whether every part came out as it must: plans proved, model and kernel of one mind. */
export interface DemoResult {
  readonly isGood: boolean;
  readonly says: readonly string[];
}

export async function demo(options: DemoOptions, stage: DemoStage): Promise<DemoResult> {
  stage.working('reading and walking the estate');
  const snapshot = await loadSnapshot(options.snapshot);
  const report = checkEstate(snapshot, options.snapshot);
  stage.diagnosis(report);
  const move = options.move ?? masked(report);
  if (move === undefined)
    return { isGood: true, says: ['nothing masks its clients here: there is nothing to move'] };
  const problems: string[] = [];
  const additive = findPlan(snapshot, options.snapshot, move, 'additive', stage, problems);
  findPlan(snapshot, options.snapshot, move, 'in-place', stage, problems);
  if (options.hasLab && additive !== undefined) await inKernel(snapshot, additive, stage, problems);
  return { isGood: problems.length === 0, says: problems };
}

function masked(report: CheckReport): string | undefined {
  const id = report.findings.find((f) => f.code === 'client-masked')?.affects.services[0];
  return id?.split('/').slice(1).join('/');
}

function findPlan(
  snapshot: Snapshot,
  path: string,
  move: string,
  style: Style,
  stage: DemoStage,
  problems: string[],
): ProvedPlan | undefined {
  stage.working(`finding the ${style} plan and proving it`);
  const report = planSnapshot(snapshot, { snapshot: path, move, to: 'auto', policy: 'local', style });
  stage.plan(style, report);
  if (report.outcome.kind === 'planned' && report.proof?.kind === 'proved') {
    return { plan: report.outcome.plan, proof: report.proof };
  }
  problems.push(`the ${style} plan is not proved`);
  return undefined;
}

interface ProvedPlan {
  readonly plan: Plan;
  readonly proof: Proved;
}

async function inKernel(
  snapshot: Snapshot,
  proved: ProvedPlan,
  stage: DemoStage,
  problems: string[],
): Promise<void> {
  stage.working('building the estate in network namespaces and walking it with real packets');
  const [{ beforeAfter }, { disagreeing }] = await Promise.all([
    import('./before-after.ts'),
    import('#report/before-after.ts'),
  ]);
  const table = await beforeAfter(snapshot, proved.plan);
  stage.kernel(table);
  if (table.kind !== 'before-after') return;
  if (disagreeing(table).length > 0) problems.push('model and kernel disagree');
  await underTraffic(snapshot, proved, stage, problems);
  await carriedOut(snapshot, proved, stage, problems);
}

async function carriedOut(
  snapshot: Snapshot,
  { plan, proof }: ProvedPlan,
  stage: DemoStage,
  problems: string[],
): Promise<void> {
  stage.working('carrying it out in the lab through the real adapters');
  const [{ applyInLab }, { isWhole }] = await Promise.all([
    import('./demo-apply.ts'),
    import('#report/applied-brief.ts'),
  ]);
  const applied = await applyInLab(snapshot, plan, proof, (says) => stage.working(says));
  stage.applied(applied);
  if (!isWhole(applied)) problems.push('the plan was not carried out and taken back as it must be');
}

async function underTraffic(
  snapshot: Snapshot,
  { plan, proof }: ProvedPlan,
  stage: DemoStage,
  problems: string[],
): Promise<void> {
  stage.working('rehearsing the additive plan there, under traffic from every vantage point');
  const [{ rehearse }, { isAsProved, totals }] = await Promise.all([
    import('./rehearse.ts'),
    import('#report/rehearsal.ts'),
  ]);
  const rehearsal = await rehearse(snapshot, plan, proof);
  if (rehearsal.kind === 'unavailable') return;
  stage.rehearsal(rehearsal);
  if (rehearsal.result.kind !== 'done') problems.push('the rehearsal did not come to its end');
  const { failures } = totals(rehearsal);
  if (failures > 0) problems.push(`${failures} requests failed in the rehearsal of a plan without a window`);
  if (!isAsProved(rehearsal)) problems.push('the rehearsal showed what the proof does not say');
}
