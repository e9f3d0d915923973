/* The state that the model expects when every change of a plan is done, each with what follows by itself. */
import { SightlineError } from '#estate/error.ts';
import { type Reader, readerOver, type Write } from '#estate/estate.ts';
import type { Plan } from '#plan/plan.ts';
import { realWorld } from '#plan/real-world.ts';
import { simulate } from '#plan/simulate.ts';

/** Throws SightlineError where the plan does not fit the state. */
export function readerAfter(start: Reader, plan: Plan): Reader {
  const writes: Write[] = [];
  for (const change of plan.stages.flatMap((s) => s.changes)) {
    const done = simulate(realWorld, readerOver(start, writes), change);
    if (!done.ok)
      throw new SightlineError('plan-does-not-fit', `${change.id}: ${done.says}`, {
        hint: 'Make a new plan from this snapshot.',
      });
    writes.push(...done.moves.flatMap((m) => m.writes));
  }
  return readerOver(start, writes);
}
