/* `resume` and `rollback`: a run that ended in the middle goes on, or walks back, from its journal alone. */
import { continueRun } from '#apply/begin-run.ts';
import { turnBack } from '#apply/execute.ts';
import { reachOf } from '#apply/journal.ts';
import { directionOf } from '#apply/next.ts';
import { SightlineError } from '#estate/error.ts';
import { sha256 } from '#net/sha256.ts';
import type { Plan } from '#plan/plan.ts';
import { planHash } from './plan-file.ts';
import {
  carryOn,
  type OpenRun,
  openRun,
  type RunHooks,
  type RunResult,
  refuseLabRun,
  type SystemsOf,
  snapshotOf,
  stateOf,
  worldOf,
} from './run-core.ts';
import { commandFor, lockRun, type RunPlace, runsAt } from './run-place.ts';

export interface ResumeRequest extends RunPlace {
  readonly run: string;
  readonly hooks: RunHooks;
  readonly systems: SystemsOf;
  /** Set: walk back from here on; why, for the journal. */
  readonly turn?: string;
}

export interface ResumeEnd {
  readonly run: string;
  readonly plan: Plan;
  readonly result: RunResult;
}

/** Goes on with the run, or rolls it back. Throws SightlineError where it cannot be gone on with. */
export async function resumeRun(request: ResumeRequest): Promise<ResumeEnd> {
  const runs = await runsAt(request);
  const lock = await lockRun(runs, request.run, request.hooks.working);
  try {
    return await goOn(request, await openRun(request.run, { runs }));
  } finally {
    await lock.release();
  }
}

async function goOn(request: ResumeRequest, run: OpenRun): Promise<ResumeEnd> {
  const { folder, plan, proof, baseline } = run;
  const { hooks } = request;
  refuseLabRun(run);
  hooks.working('reading the journal');
  const { snapshot, isAsPlanned } = await snapshotOf(plan, folder.path);
  const isForward = request.turn === undefined && directionOf(run.records) === 'forward';
  if (isForward && !isAsPlanned)
    throw new SightlineError('plan-moved', `the snapshot that run ${folder.id} was planned from has moved`, {
      hint: `bring ${plan.snapshot.path} back as it was; or ${commandFor('rollback', folder.id, request)}, which needs no prediction`,
    });
  const systems = await request.systems(snapshot, plan, proof, reachOf(run.records));
  try {
    hooks.begun?.(folder.id, plan);
    const carrying = {
      folder,
      plan,
      proof,
      ...(isAsPlanned && { snapshot }),
      ...(baseline && { baseline }),
      systems,
      hooks,
    };
    const world = worldOf(carrying);
    await continueRun(world, { run: folder.id, plan: planHash(plan), proof: sha256(await folder.proof()) });
    if (request.turn !== undefined && stateOf(run.records) !== 'rolled-back')
      await turnBack(world, request.turn);
    return { run: folder.id, plan, result: await carryOn(carrying) };
  } finally {
    await systems.close?.();
  }
}
