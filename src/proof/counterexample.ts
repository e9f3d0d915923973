/* A broken invariant told as a history: what was done, what acted by itself, what was rolled back, what went wrong. */
import { flowText } from '#dataplane/flow.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { WholeCase } from './case.ts';
import { heldText } from './held.ts';
import type { LinePoint } from './line.ts';
import type { Counterexample } from './result.ts';

/** The counterexample of one flow. */
export function ofCase(found: WholeCase): Counterexample {
  const { point, fault, chosen, judgement, flow, invariant } = found;
  const says = judgement.kind === 'fine' ? '' : judgement.says;
  const held = chosen.map(heldText);
  return {
    invariant: invariant.code,
    says: `${flowText(flow.flow)}: ${says}`,
    at: point.point,
    ...(fault && { fault: fault.says }),
    held,
    timeline: [
      ...timelineOf(point),
      ...held.map((h) => `a cache still answers ${h}`),
      ...(fault ? [`fault: ${fault.says}`] : []),
      `${flowText(flow.flow)}: ${says}`,
    ],
    before: found.before.value,
    after: found.after.value,
    flow: flow.flow,
    ...(fault && { faultId: fault.id }),
    heldAnswers: chosen.map((h) => ({ record: h.key, seconds: h.hold.seconds })),
  };
}

/** The counterexample of one state. */
export function ofState(code: string, point: LinePoint, says: string): Counterexample {
  return { invariant: code, says, at: point.point, held: [], timeline: [...timelineOf(point), says] };
}

/** The counterexample of a change that cannot be made where the plan makes it. */
export function ofImpossible(at: LinePoint, change: PlannedChange, says: string): Counterexample {
  const sentence = `${change.title} cannot be done here: ${says}`;
  return {
    invariant: 'possible-order',
    says: sentence,
    at: at.point,
    held: [],
    timeline: [...timelineOf(at), sentence],
  };
}

/** What happened up to the point, oldest first. */
export function timelineOf(point: LinePoint): readonly string[] {
  const lines: string[] = [];
  for (let at: LinePoint | undefined = point; at?.from !== undefined; at = at.from) lines.push(lineFor(at));
  return lines.reverse();
}

function lineFor(at: LinePoint): string {
  const { point } = at;
  if (point.says !== undefined) return `  then ${point.says}`;
  return point.direction === 'forward'
    ? `${point.position}. ${point.after ?? ''}`
    : `taken back: ${point.after ?? ''}`;
}
