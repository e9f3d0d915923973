/*
 * `apply`: proves the plan afresh, asks every system whether it could, takes the baseline, and carries the plan out under
 * a lock and a journal. What is refused is refused before the first write.
 */

import { beginRun } from '#apply/begin-run.ts';
import { turnBack } from '#apply/execute.ts';
import { parseJournal, type RunReach, reachOf } from '#apply/journal.ts';
import { type Problem, preflight } from '#apply/preflight.ts';
import type { KeptRun, RunStore } from '#apply/run-store.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import { readerOf } from '#estate/estate.ts';
import { sha256 } from '#net/sha256.ts';
import type { Plan } from '#plan/plan.ts';
import type { ProbeReport } from '#probe/probe-report.ts';
import type { ProofResult, Proved } from '#proof/result.ts';
import type { Snapshot } from './load-snapshot.ts';
import { planHash, planText, proofText } from './plan-file.ts';
import { readerAfterChanges } from './plan-states.ts';
import { type Baseline, ProbeRounds } from './probe-round.ts';
import { openPlan, timedProof } from './prove.ts';
import {
  type Carrying,
  carryOn,
  isUnfinished,
  nothingFromHere,
  openRun,
  type RunHooks,
  type RunResult,
  type RunSystems,
  type SystemsCompared,
  type SystemsOf,
  standingChanges,
  worldOf,
} from './run-core.ts';
import { commandFor, lockRun, type RunPlace, runsAt } from './run-place.ts';

export interface ApplyRequest extends RunPlace {
  /** File of the plan. */
  readonly plan: string;
  /** The file's plan as it was read and proved a moment ago; undefined: it is proved now. */
  readonly known?: { readonly plan: Plan; readonly snapshot: Snapshot; readonly proof: Proved };
  /** Preflight only. */
  readonly isDry: boolean;
  readonly hooks: RunHooks;
  readonly systems: SystemsOf;
  /** Kept in the journal, so that the run is gone on with in the same way. */
  readonly reach?: RunReach;
  /** Called when the run has ended and its systems are still there; its result counts. */
  readonly afterwards?: (run: EndedRun) => Promise<RunResult>;
}

export interface EndedRun {
  readonly run: string;
  readonly result: RunResult;
  /** Probes against the state in which the run left the systems. */
  readonly check: () => Promise<ProbeReport>;
  readonly rollBack: (because: string) => Promise<RunResult>;
  /** What of the systems is not as it was before the run; undefined: they cannot be compared. */
  readonly changedSinceStart?: () => Promise<SystemsCompared>;
}

export type ApplyEnd =
  | { readonly kind: 'not-proved'; readonly plan: Plan; readonly proof: Exclude<ProofResult, Proved> }
  | { readonly kind: 'problems'; readonly plan: Plan; readonly problems: readonly Problem[] }
  | { readonly kind: 'ready'; readonly plan: Plan; readonly proof: Proved; readonly probes: number }
  | { readonly kind: 'run'; readonly run: string; readonly plan: Plan; readonly result: RunResult };

/** Applies the plan of the file. Throws SightlineError where nothing could be begun. */
export async function applyPlan(request: ApplyRequest): Promise<ApplyEnd> {
  const { hooks } = request;
  if (request.known === undefined) hooks.working('proving the plan');
  const { plan, snapshot } = request.known ?? (await openPlan(request.plan));
  const proof = request.known?.proof ?? timedProof(snapshot, plan);
  if (proof.kind !== 'proved') return { kind: 'not-proved', plan, proof };
  const systems = await request.systems(snapshot, plan, proof);
  try {
    return await withLock(request, (runs, id) =>
      begin({ request, plan, snapshot, proof, systems, runs, id }),
    );
  } finally {
    await systems.close?.();
  }
}

interface Beginning {
  readonly request: ApplyRequest;
  readonly plan: Plan;
  readonly snapshot: Snapshot;
  readonly proof: Proved;
  readonly systems: RunSystems;
  readonly runs: RunStore;
  readonly id: string;
}

async function withLock(
  request: ApplyRequest,
  then: (runs: RunStore, id: string) => Promise<ApplyEnd>,
): Promise<ApplyEnd> {
  const runs = await runsAt(request);
  const id = await freeId(runs, request.hooks.clock.now());
  const lock = await unlessFull(() => lockRun(runs, id, request.hooks.working));
  try {
    await refuseBesideUnfinished(runs, request);
    return await then(runs, id);
  } finally {
    await lock.release();
  }
}

/** A plan on top of half another one is proved for a start that is not there. */
async function refuseBesideUnfinished(runs: RunStore, place: RunPlace): Promise<void> {
  for (const id of await runs.ids()) {
    const run = await openRun(id, { runs }).catch((error: unknown) => unreadable(runs, id, error));
    // the systems of a lab are gone
    if (run === undefined || !isUnfinished(run.records) || reachOf(run.records).isLab) continue;
    const [resume, back, tell] = (['resume', 'rollback', 'runs'] as const).map((v) =>
      commandFor(v, id, place),
    );
    throw new SightlineError('unfinished-run', `run ${id} changed something and has not ended`, {
      hint: `${resume}, or ${back}; ${tell} tells how far it came`,
    });
  }
}

/** Undefined: it ended while its folder was made. Throws where it may have changed something. */
async function unreadable(runs: RunStore, id: string, error: unknown): Promise<undefined> {
  const text = await (await runs.open(id)).journal.read();
  if (text === '') return undefined;
  throw new SightlineError(
    'unreadable-run',
    `run ${id} cannot be read, and may have changed something: ${messageOf(error)}`,
    {
      hint: `mend it, or put back by hand what it did; then move its folder away: ${(await runs.open(id)).path}`,
      cause: error,
    },
  );
}

async function begin(b: Beginning): Promise<ApplyEnd> {
  const { plan, proof, systems, snapshot } = b;
  const { hooks, isDry } = b.request;
  hooks.working('asking every system that the plan writes');
  const rounds = new ProbeRounds(readerOf(snapshot.estate), plan, systems);
  const problems = [...(await preflight(plan, systems.actuators)), ...unprobed(plan, rounds)];
  if (problems.length > 0) return { kind: 'problems', plan, problems };
  if (isDry) return { kind: 'ready', plan, proof, probes: rounds.size };
  hooks.working(`taking the baseline (${rounds.size} probes)`);
  const baseline = await rounds.baseline(hooks.clock.now());
  const folder = await unlessFull(() => makeFolder(b, baseline));
  hooks.begun?.(b.id, plan);
  const carrying: Carrying = { folder, plan, proof, snapshot, baseline, systems, hooks };
  await beginRun(worldOf(carrying), identityOf(b), b.request.reach);
  const result = await carryOn(carrying);
  const { changedSinceStart } = systems;
  const ended = {
    run: b.id,
    result,
    ...afterwardsOf(b, carrying, rounds),
    ...(changedSinceStart && { changedSinceStart }),
  };
  return { kind: 'run', run: b.id, plan, result: (await b.request.afterwards?.(ended)) ?? result };
}

function afterwardsOf(
  { plan, snapshot }: Beginning,
  carrying: Carrying,
  rounds: ProbeRounds,
): Pick<EndedRun, 'check' | 'rollBack'> {
  const { folder, baseline } = carrying;
  return {
    check: async () => {
      const { records } = parseJournal(await folder.journal.read());
      const state = readerAfterChanges(readerOf(snapshot.estate), standingChanges(plan, records));
      return rounds.check(state, baseline);
    },
    rollBack: async (because) => {
      await turnBack(worldOf(carrying), because);
      return carryOn(carrying);
    },
  };
}

function identityOf({ id, plan, proof }: Beginning) {
  return { run: id, plan: planHash(plan), proof: sha256(proofText(plan, proof)) };
}

function makeFolder(b: Beginning, baseline: Baseline): Promise<KeptRun> {
  return b.runs.create(b.id, {
    plan: planText(b.plan),
    proof: proofText(b.plan, b.proof),
    baseline: `${JSON.stringify(baseline)}\n`,
  });
}

/** Gates that could never pass from here. */
function unprobed(plan: Plan, rounds: ProbeRounds): readonly Problem[] {
  const stage = plan.stages.find((s) => s.gates.some((g) => g.kind === 'probes'));
  if (stage === undefined || rounds.total === 0 || rounds.size > 0) return [];
  return [{ change: stage.id, says: nothingFromHere }];
}

/** Nothing was written yet: a full or read-only disk stops here. */
async function unlessFull<T>(make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (cause) {
    if (cause instanceof SightlineError) throw cause;
    throw new SightlineError('run-unwritable', `the run's folder cannot be written: ${messageOf(cause)}`, {
      hint: 'nothing was changed; make room or mend the folder, then apply again',
      cause,
    });
  }
}

/** `20261123-162451`, and a number behind it where that run is there already. */
async function freeId(runs: RunStore, now: string): Promise<string> {
  const base = now.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const taken = await runs.ids();
  for (let n = 1; ; n += 1) {
    const id = n === 1 ? base : `${base}-${n}`;
    if (!taken.includes(id)) return id;
  }
}
