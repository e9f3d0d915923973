/* A plan file rehearsed: read, bound to its snapshot, proved again, carried out in the lab. */
import { SightlineError } from '#estate/error.ts';
import type { LabUnavailable } from '#lab/kernel/availability.ts';
import { type Rehearsal, totals } from '#report/rehearsal.ts';
import { proveSnapshot } from './plan.ts';
import { openPlan } from './prove.ts';
import { type RehearsalOptions, rehearse } from './rehearse.ts';

/** More would not end within a coffee. */
const mostRuns = 20;

/** Once, or again and again until so many requests were sent: each time in a lab of its own, after one proof. */
export interface SetOptions extends RehearsalOptions {
  readonly leastRequests?: number;
  readonly onRun?: (run: Rehearsal, requests: number) => void;
}

/** Throws SightlineError where the plan is not proved for the snapshot as it is. */
export async function rehearsePlanFile(
  file: string,
  { leastRequests = 1, onRun, ...options }: SetOptions,
): Promise<readonly Rehearsal[] | LabUnavailable> {
  const { plan, snapshot } = await openPlan(file);
  const proof = proveSnapshot(snapshot, plan);
  if (proof.kind !== 'proved')
    throw new SightlineError('not-proved', `the plan is ${proof.kind} for this snapshot`, {
      hint: 'Only a proved plan is carried out, in the lab too. sightline prove says why.',
    });
  const runs: Rehearsal[] = [];
  for (let requests = 0; requests < leastRequests && runs.length < mostRuns; ) {
    const run = await rehearse(snapshot, plan, proof, options);
    if (run.kind === 'unavailable') return run;
    runs.push(run);
    requests += totals(run).requests;
    onRun?.(run, requests);
  }
  return runs;
}
