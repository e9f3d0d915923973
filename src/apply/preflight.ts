/*
 * Right before the first write: every change and every undo of it has a writer that reaches its system with the rights
 * it needs, and every setting still is what the plan was made from. One problem is enough to begin nothing.
 */
import { inverseOf, type PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { Actuator } from './actuator.ts';
import { accessHint, actuatorFor } from './run-world.ts';

export interface Problem {
  readonly change: string;
  readonly says: string;
}

/** What stands in the way of the plan; empty: it may begin. Asks every system, writes nothing. */
export async function preflight(plan: Plan, actuators: readonly Actuator[]): Promise<readonly Problem[]> {
  const writes = plan.stages.flatMap((s) => s.changes).filter((c) => c.change.kind === 'set');
  const problems: Problem[] = [];
  const touched = new Set<string>();
  for (const change of writes) {
    problems.push(...(await problemsOf(change, actuators, isFirstTouch(change, touched))));
  }
  return problems;
}

/** Only the first change of a setting can be compared with the live system; later ones build on earlier ones. */
function isFirstTouch(change: PlannedChange, touched: Set<string>): boolean {
  if (change.change.kind !== 'set') return false;
  const keys = change.change.settings.map((s) => `${s.of}:${s.id}`);
  const isFirst = keys.every((k) => !touched.has(k));
  for (const k of keys) touched.add(k);
  return isFirst;
}

async function problemsOf(
  change: PlannedChange,
  actuators: readonly Actuator[],
  isFirst: boolean,
): Promise<readonly Problem[]> {
  const actuator = actuatorFor(actuators, change);
  if (actuator === undefined) {
    const { system } = change.through;
    return [
      { change: change.id, says: `nothing is configured that can write ${system}: ${accessHint(change)}` },
    ];
  }
  const forward = await actuator.preflight(change);
  const undo = await actuator.preflight({ ...change, change: inverseOf(change.change) });
  const moved = isFirst ? await movedSince(change, actuator) : [];
  const says = [
    ...forward,
    ...undo.filter((u) => !forward.includes(u)).map((u) => `its undo: ${u}`),
    // what stops a write often hides what is there as well: told once
    ...moved.filter((m) => !forward.some((f) => m.includes(f))),
  ];
  return says.map((s) => ({ change: change.id, says: s }));
}

async function movedSince(change: PlannedChange, actuator: Actuator): Promise<readonly string[]> {
  const seen = await actuator.observe(change);
  switch (seen.kind) {
    case 'before':
      return [];
    case 'after':
      return ['it is done already: make a new plan from a new snapshot'];
    case 'other':
      return [`it is no longer what the plan was made from: ${seen.says}`];
    case 'unreachable':
      return [`it cannot be read: ${seen.says}`];
  }
}
