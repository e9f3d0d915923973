/*
 * Windows, computed: from the change at which the first flow fails to the one that ends the last failure, as a sum of
 * named parts. A window that is still open at the end of its stage is no window.
 */
import type { Reader } from '#estate/estate.ts';
import type { PlannedChange } from '#plan/change.ts';
import { announcementTime, durationOf } from '#plan/durations.ts';
import type { Stage } from '#plan/plan.ts';
import type { Case, WholeCase } from './case.ts';
import type { LinePoint } from './line.ts';
import type { Window } from './result.ts';

export interface WindowProblem {
  readonly stage: Stage;
  readonly says: string;
  readonly at: LinePoint;
  /** The case that keeps it open. */
  readonly open: WholeCase;
}

/** The window of a stage from the cases that failed inside it on the way forward; undefined where none did. */
export function windowOf(
  start: Reader,
  stage: Stage,
  forward: readonly LinePoint[],
  failed: readonly Case[],
): Window | WindowProblem | undefined {
  const inStage = forward.filter((p) => p.stage === stage);
  const failing = inStage.filter((p) => failed.some((c) => c.fault === undefined && isAt(c.point, p)));
  const first = failing[0];
  const last = failing.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const next = inStage[inStage.indexOf(last) + 1];
  if (next === undefined) {
    const open = (failed.find((c) => c.fault === undefined && isAt(c.point, last)) as Case).whole();
    return { stage, at: last, open, says: `the window of ${stage.title} is still open when the stage ends` };
  }
  const parts = partsOf(start, stage, first, next);
  const seconds = parts.reduce((sum, p) => sum + p.seconds, 0);
  return { ...described(stage, failed), first: first.point, last: last.point, seconds, parts };
}

function isAt(a: LinePoint, b: LinePoint): boolean {
  return a.point.direction === 'forward' && a.id === b.id;
}

function described(stage: Stage, failed: readonly Case[]) {
  const names = failed.flatMap(({ flow }): readonly string[] => {
    if ('ip' in flow.flow.to) return [flow.flow.to.ip];
    return flow.members?.map((m) => m.name) ?? [flow.flow.to.name];
  });
  const worst = failed[0]?.whole();
  const says =
    worst?.judgement.kind === 'broken' ? worst.judgement.says : 'it is not known whether it arrives';
  return {
    stage: stage.id,
    names: [...new Set(names)].sort(),
    vantagePoints: [...new Set(failed.map((c) => c.flow.flow.from))].sort(),
    because: says,
  };
}

/** Times of the changes from the one that opens the window to the one that closes it, both counted whole. */
function partsOf(start: Reader, stage: Stage, first: LinePoint, next: LinePoint) {
  const opens = stage.changes.findIndex((c) => c.id === first.point.after);
  const closes = stage.changes.findIndex((c) => c.id === next.point.after);
  const inside: readonly PlannedChange[] = stage.changes.slice(Math.max(0, opens), closes + 1);
  const times = inside.map((c) => durationOf(start, c));
  const moves = inside.some(
    (c) => c.change.kind === 'set' && c.change.settings.some((s) => s.of === 'service'),
  );
  return [...times, ...(moves ? [announcementTime()] : [])].map(({ says, seconds }) => ({ says, seconds }));
}
