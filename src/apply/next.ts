/*
 * What comes next in a run: a pure function of the plan and the journal. A fresh run, a resumed one and a rolled-back
 * one differ in their records only, so there is one way of going on, not three.
 */
import { inverseOf, type PlannedChange } from '#plan/change.ts';
import type { Plan, Stage } from '#plan/plan.ts';
import type { Direction, Entry, Record } from './journal.ts';

export type Action =
  /** Write it. `intended`: an intent without outcome stands in the journal, so observe before anything else. */
  | {
      readonly kind: 'change';
      readonly change: PlannedChange;
      readonly direction: Direction;
      readonly isIntended: boolean;
      /** Kept before the forward write; for the undo. */
      readonly backup?: string;
    }
  /** `until`: ISO time at which it ends, if it has begun. */
  | {
      readonly kind: 'wait';
      readonly change: PlannedChange;
      readonly direction: Direction;
      readonly until?: string;
    }
  | { readonly kind: 'gates'; readonly stage: Stage; readonly direction: Direction }
  | { readonly kind: 'finish'; readonly result: 'done' | 'rolled-back' }
  | { readonly kind: 'over'; readonly result: 'done' | 'rolled-back' };

/** The next action of the run. */
export function nextAction(plan: Plan, records: readonly Record[]): Action {
  const entries = records.map((r) => r.entry);
  const finished = entries.findLast((e) => e.kind === 'finished');
  const turnedAt = entries.findLastIndex((e) => e.kind === 'turned');
  if (finished && entries.lastIndexOf(finished) > turnedAt) return { kind: 'over', result: finished.result };
  return turnedAt >= 0 ? nextBack(plan, entries) : nextForward(plan, entries);
}

export function directionOf(records: readonly Record[]): Direction {
  return records.some((r) => r.entry.kind === 'turned') ? 'back' : 'forward';
}

/** Ids of changes that may have left a trace in a system and are not undone. */
export function changesToUndo(plan: Plan, entries: readonly Entry[]): readonly PlannedChange[] {
  const begun = new Set<string>();
  for (const e of entries) {
    if ((e.kind === 'intent' || e.kind === 'waiting') && e.direction === 'forward') begun.add(e.change);
    if (e.kind === 'verified' && e.direction === 'back') begun.delete(e.change);
  }
  const all = plan.stages.flatMap((s) => s.changes);
  const furthest = all.findLastIndex((c) => wasBegun(entries, c.id));
  return all
    .filter((c, at) => (begun.has(c.id) && !isOnlyFor(c, 'forward')) || isDueBack(entries, c, at < furthest))
    .reverse();
}

/** A wait of one direction is passed over in the other. */
function isOnlyFor(change: PlannedChange, direction: Direction): boolean {
  return change.change.kind === 'wait' && change.change.direction === direction;
}

/** A wait for the way back alone: due once the run got further than it. */
function isDueBack(entries: readonly Entry[], change: PlannedChange, isPassed: boolean): boolean {
  return isPassed && isOnlyFor(change, 'back') && !isVerified(entries, change.id, 'back');
}

function wasBegun(entries: readonly Entry[], id: string): boolean {
  return entries.some(
    (e) => (e.kind === 'intent' || e.kind === 'waiting') && e.change === id && e.direction === 'forward',
  );
}

function nextForward(plan: Plan, entries: readonly Entry[]): Action {
  for (const stage of plan.stages) {
    const change = stage.changes.find((c) => !isOnlyFor(c, 'back') && !isVerified(entries, c.id, 'forward'));
    if (change) return actionOn(change, 'forward', entries);
    const isPassed = entries.some(
      (e) => e.kind === 'gate' && e.stage === stage.id && e.direction === 'forward' && e.passed,
    );
    if (!isPassed && stage.gates.length > 0) return { kind: 'gates', stage, direction: 'forward' };
  }
  return { kind: 'finish', result: 'done' };
}

function nextBack(plan: Plan, entries: readonly Entry[]): Action {
  const [change] = changesToUndo(plan, entries);
  if (!change) return { kind: 'finish', result: 'rolled-back' };
  return actionOn({ ...change, change: inverseOf(change.change) }, 'back', entries);
}

function actionOn(change: PlannedChange, direction: Direction, entries: readonly Entry[]): Action {
  if (change.change.kind === 'wait') return waitOn(change, direction, entries);
  const own = entries.filter(
    (e) => 'change' in e && e.change === change.id && 'direction' in e && e.direction === direction,
  );
  const backup = entries.find((e) => e.kind === 'backup' && e.change === change.id);
  return {
    kind: 'change',
    change,
    direction,
    isIntended: own.some((e) => e.kind === 'intent') && !endedWithoutWriting(own),
    ...(backup?.kind === 'backup' && { backup: backup.data }),
  };
}

function waitOn(change: PlannedChange, direction: Direction, entries: readonly Entry[]): Action {
  const begun = entries.findLast(
    (e) => e.kind === 'waiting' && e.change === change.id && e.direction === direction,
  );
  return { kind: 'wait', change, direction, ...(begun?.kind === 'waiting' && { until: begun.until }) };
}

/** Turned down: nothing was written. */
export function isWithoutWriting(outcome: Extract<Entry, { kind: 'outcome' }>['outcome']): boolean {
  return outcome === 'refused' || outcome === 'conflict';
}

/** The last attempt was refused or met a conflict: nothing was written, and it may be tried again from the start. */
function endedWithoutWriting(own: readonly Entry[]): boolean {
  const last = own.at(-1);
  return last?.kind === 'outcome' && isWithoutWriting(last.outcome);
}

function isVerified(entries: readonly Entry[], change: string, direction: Direction): boolean {
  return entries.some((e) => e.kind === 'verified' && e.change === change && e.direction === direction);
}
