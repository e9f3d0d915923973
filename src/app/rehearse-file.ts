/* A plan file rehearsed: read, bound to its snapshot, proved again, carried out in the lab. */
import { SightlineError } from '#estate/error.ts';
import type { LabUnavailable } from '#lab/kernel/availability.ts';
import type { Rehearsal } from '#report/rehearsal.ts';
import { proveSnapshot } from './plan.ts';
import { openPlan } from './prove.ts';
import { type RehearsalOptions, rehearse } from './rehearse.ts';

/** Throws SightlineError where the plan is not proved for the snapshot as it is. */
export async function rehearsePlanFile(
  file: string,
  options: RehearsalOptions,
): Promise<Rehearsal | LabUnavailable> {
  const { plan, snapshot } = await openPlan(file);
  const proof = proveSnapshot(snapshot, plan);
  if (proof.kind !== 'proved')
    throw new SightlineError('not-proved', `the plan is ${proof.kind} for this snapshot`, {
      hint: 'Only a proved plan is carried out, in the lab too. sightline prove says why.',
    });
  return rehearse(snapshot, plan, proof, options);
}
