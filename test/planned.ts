/* Changes, waits and small plans as tests write them. */
import type { Snapshot } from '#app/load-snapshot.ts';
import { bindTo } from '#app/plan.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Gate, Plan } from '#plan/plan.ts';

const because = { says: 'the test wants it', serves: 'goal', evidence: [] } as const;

/** A change of some settings through the API of a system. */
export function apiChange(
  id: string,
  system: string,
  settings: readonly unknown[],
  more: Partial<PlannedChange> = {},
): PlannedChange {
  return {
    id,
    title: id,
    change: { kind: 'set', settings } as unknown as PlannedChange['change'],
    through: { by: 'api', system },
    because,
    ...more,
  };
}

export function waitOf(id: string, seconds: number, says: string, system: string): PlannedChange {
  return {
    id,
    title: `Wait ${seconds} s`,
    change: { kind: 'wait', for: { kind: 'condition', says, seconds } },
    through: { by: 'time', system },
    because,
  };
}

export interface TwoStages {
  /** The snapshot's folder as the plan names it. */
  readonly path: string;
  readonly first: readonly PlannedChange[];
  readonly firstGate: Gate;
  readonly second: readonly PlannedChange[];
  readonly secondGate?: Gate;
}

/** A plan on the office's estate that changes nothing which its traffic needs. */
export function twoStages(read: Snapshot, { path, first, firstGate, second, secondGate }: TwoStages): Plan {
  return bindTo(read, {
    format: 1,
    snapshot: { path, takenAt: read.takenAt ?? '', fingerprint: { files: {}, objects: {} } },
    goal: { kind: 'set-policy', service: 'office/ingress-nginx/public-controller', policy: 'cluster' },
    style: 'additive',
    outOfScope: [],
    decisions: [],
    stages: [
      { id: 'first', title: 'First things', changes: first, gates: [firstGate] },
      { id: 'second', title: 'Second things', changes: second, gates: secondGate ? [secondGate] : [] },
    ],
  });
}
