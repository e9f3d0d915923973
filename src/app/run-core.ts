/* What apply, resume and rollback share: the run's folder opened and checked, its world put together, its end told. */
import { join } from 'node:path';
import type { Actuator } from '#apply/actuator.ts';
import { checkIdentity } from '#apply/begin-run.ts';
import { execute, type RunResult } from '#apply/execute.ts';
import { parseJournal, type Record, type RunReach, reachOf } from '#apply/journal.ts';
import { isWithoutWriting } from '#apply/next.ts';
import type { KeptRun } from '#apply/run-store.ts';
import {
  type Clock,
  defaultPolicy,
  type GateProber,
  type Operator,
  type Order,
  type RunPolicy,
  type RunWorld,
  type Watcher,
} from '#apply/run-world.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import { readerOf } from '#estate/estate.ts';
import { sha256 } from '#net/sha256.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { Probers } from '#probe/prober.ts';
import type { Proved } from '#proof/result.ts';
import type { ClientLog } from './client-log.ts';
import { loadSnapshot, type Snapshot } from './load-snapshot.ts';
import { moved, parsePlan, parseProof, planHash, snapshotFolderOf } from './plan-file.ts';
import { changesUpTo, changesUpToLastGate, readerAfterChanges } from './plan-states.ts';
import { type Baseline, type ProbePace, ProbeRounds } from './probe-round.ts';
import { type RunPlace, runsAt } from './run-place.ts';

export type { RunResult } from '#apply/execute.ts';
export type { Entry } from '#apply/journal.ts';
export type { Clock, Operator, Order, Watcher } from '#apply/run-world.ts';
export type { Plan } from '#plan/plan.ts';

/** What a run shows and asks; a terminal, a test or a page fills it. */
export interface RunHooks {
  readonly clock: Clock;
  readonly operator: Operator;
  readonly watcher: Watcher;
  readonly interrupt?: () => Order | undefined | Promise<Order | undefined>;
  /** What goes on between the records: `asking every system`. */
  readonly working: (says: string) => void;
  /** A diff or a command is shown, under the title of its change; whether it may be. */
  readonly agree: (title: string, shown: string) => Promise<boolean>;
  /** A person is shown what to do and waited for. Nobody there: `stop`. */
  readonly doByHand: (title: string, instructions: string) => Promise<'done' | 'stop'>;
  /** Told the run's id and plan before its first record. */
  readonly begun?: (run: string, plan: Plan) => void;
}

/** The systems that a run writes, and who can probe them. */
export interface RunSystems {
  readonly actuators: readonly Actuator[];
  readonly probers: Probers;
  readonly policy?: Partial<RunPolicy>;
  /** Names that are probed; all where not given. */
  readonly mostNames?: number;
  /** Where the clients that the ingress logs can be read; undefined: the probes bring them. */
  readonly clientLog?: ClientLog;
  readonly pace?: ProbePace;
  /** What of the systems is not as it was before the run; only a lab can tell. */
  readonly changedSinceStart?: () => Promise<SystemsCompared>;
  readonly close?: () => Promise<void>;
}

export interface SystemsCompared {
  /** Objects, records and files that were compared. */
  readonly things: number;
  /** What is not as it was, by name. */
  readonly differences: readonly string[];
}

/** Builds them for a plan; the real ones, a lab's, or a test's. `reach`: of the run that is gone on with. */
export type SystemsOf = (
  snapshot: Snapshot,
  plan: Plan,
  proof: Proved,
  reach?: RunReach,
) => Promise<RunSystems>;

/** A run that is kept, checked to be of one piece. */
export interface OpenRun {
  readonly folder: KeptRun;
  readonly plan: Plan;
  readonly proof: Proved;
  readonly records: readonly Record[];
  readonly baseline?: Baseline;
}

/** Throws SightlineError where there is no such run, or its files do not belong together. */
export async function openRun(id: string, place: RunPlace): Promise<OpenRun> {
  const folder = await (await runsAt(place)).open(id);
  const [planJson, proofJson] = await Promise.all([text(folder, 'plan'), text(folder, 'proof')]);
  const plan = parsePlan(planJson, join(folder.path, 'plan.json'));
  const proof = parseProof(proofJson, join(folder.path, 'proof.json'), plan);
  if (proof.kind !== 'proved') throw new SightlineError('bad-proof', `the plan of run ${id} is not proved`);
  const { records } = parseJournal(await folder.journal.read());
  checkIdentity(records, { run: id, plan: planHash(plan), proof: sha256(proofJson) });
  const baseline = await readBaseline(folder);
  return { folder, plan, proof, records, ...(baseline && { baseline }) };
}

/** Throws where the run's systems were a lab's: they are gone, and the real ones were never written. */
export function refuseLabRun({ folder, records }: OpenRun): void {
  if (reachOf(records).isLab !== true) return;
  const what = `run ${folder.id} was made in the lab, whose systems went with it`;
  throw new SightlineError('lab-run', what, {
    hint: `there is nothing to go on with, to take back or to probe; apply its plan with --lab again`,
  });
}

async function text(folder: KeptRun, what: 'plan' | 'proof'): Promise<string> {
  try {
    return await folder[what]();
  } catch (cause) {
    throw new SightlineError('bad-run', `run ${folder.id} has no ${what}: ${messageOf(cause)}`, {
      hint: 'it ended while its folder was made, before anything was written; apply the plan again',
      cause,
    });
  }
}

async function readBaseline(folder: KeptRun): Promise<Baseline | undefined> {
  try {
    return JSON.parse(await folder.baseline()) as Baseline;
  } catch {
    return undefined; // the gates then go by the prediction alone
  }
}

/** The snapshot of a run's plan as it is now. Throws SightlineError `no-snapshot` where it is gone. */
export async function snapshotOf(
  plan: Plan,
  near: string,
): Promise<{ readonly snapshot: Snapshot; readonly isAsPlanned: boolean }> {
  const snapshot = await loadSnapshot(await snapshotFolderOf(plan, near));
  return { snapshot, isAsPlanned: moved(plan, snapshot) === undefined };
}

export interface Carrying {
  readonly folder: KeptRun;
  readonly plan: Plan;
  readonly proof: Proved;
  readonly snapshot?: Snapshot;
  readonly baseline?: Baseline;
  readonly systems: RunSystems;
  readonly hooks: RunHooks;
}

/** Goes on with the run as its journal says. */
export async function carryOn(carrying: Carrying): Promise<RunResult> {
  return execute(carrying.plan, carrying.proof, worldOf(carrying));
}

export function worldOf(carrying: Carrying): RunWorld {
  const { folder, systems, hooks } = carrying;
  return {
    actuators: systems.actuators,
    journal: folder.journal,
    clock: hooks.clock,
    operator: hooks.operator,
    gates: gatesOf(carrying),
    watcher: hooks.watcher,
    ...(hooks.interrupt && { interrupt: hooks.interrupt }),
    policy: { ...defaultPolicy, ...systems.policy },
  };
}

export const nothingFromHere =
  'no vantage point of the plan is here: say with --from where this machine stands';

/** Probes after a stage, against the state that the model expects there. */
function gatesOf({ plan, snapshot, baseline, systems, hooks }: Carrying): GateProber {
  return {
    check: async (stage) => {
      if (snapshot === undefined)
        return {
          passed: false,
          says: 'the snapshot of the plan is gone or has moved, so that nothing can be predicted',
        };
      const start = readerOf(snapshot.estate);
      const rounds = new ProbeRounds(start, plan, systems);
      if (rounds.size === 0)
        return {
          passed: false,
          says: 'nothing can be probed from here: say where this machine stands with --from',
        };
      const states = {
        before: readerAfterChanges(start, changesUpToLastGate(plan, stage.id)),
        after: readerAfterChanges(start, changesUpTo(plan, stage.id)),
      };
      hooks.working(
        `probing after ${stage.title} (${rounds.forGate(states).length} of ${rounds.size} probes)`,
      );
      const report = await rounds.checkGate(states, baseline);
      return { passed: report.isGood, says: report.says };
    },
  };
}

/** The changes that stand in the systems by the journal, in the order in which they were made. */
export function standingChanges(plan: Plan, records: readonly Record[]): readonly PlannedChange[] {
  const stands = new Map<string, boolean>();
  for (const { entry: e } of records)
    if (e.kind === 'verified' || e.kind === 'unsettled') stands.set(e.change, e.direction === 'forward');
  return plan.stages.flatMap((s) => s.changes).filter((c) => stands.get(c.id) === true);
}

export type RunState = 'done' | 'rolled-back' | 'paused' | 'stopped' | 'nothing-begun';

/** How the journal ends. `stopped`: in the middle, without a word (a crash, or it is still going on). */
export function stateOf(records: readonly Record[]): RunState {
  const last = records.at(-1)?.entry;
  if (last?.kind === 'finished') return last.result;
  if (last?.kind === 'paused') return 'paused';
  const hasBegun = records.some(({ entry }) => entry.kind === 'intent' || entry.kind === 'waiting');
  return hasBegun ? 'stopped' : 'nothing-begun';
}

/** Whether something in the systems may not be as before the run, nor as the plan wants it. */
export function isUnfinished(records: readonly Record[]): boolean {
  const state = stateOf(records);
  if (state === 'nothing-begun' || state === 'done' || state === 'rolled-back') return false;
  const mayStand = new Map<string, boolean>();
  for (const { entry: e } of records) {
    if (e.kind === 'intent') mayStand.set(e.change, true);
    // what was turned down was not there before either, or it would not have been tried
    else if (e.kind === 'outcome' && e.direction === 'forward' && isWithoutWriting(e.outcome))
      mayStand.set(e.change, false);
    else if (e.kind === 'verified' && e.direction === 'back') mayStand.set(e.change, false);
  }
  return [...mayStand.values()].some((may) => may);
}
