/*
 * `verify`: probes from here, against what the model says of the state (a plan's end, or where a run stands) and, for a
 * run, against what was seen before its first write.
 */

import { reachOf } from '#apply/journal.ts';
import { SightlineError } from '#estate/error.ts';
import { type Reader, readerOf } from '#estate/estate.ts';
import type { Plan } from '#plan/plan.ts';
import type { ProbeReport } from '#probe/probe-report.ts';
import type { Probers } from '#probe/prober.ts';
import { clientLogOf } from './client-log.ts';
import type { Snapshot } from './load-snapshot.ts';
import { readerAfterChanges } from './plan-states.ts';
import { type Baseline, ProbeRounds } from './probe-round.ts';
import { openPlan } from './prove.ts';
import { nothingFromHere, openRun, refuseLabRun, snapshotOf, standingChanges } from './run-core.ts';
import { type RunPlace, runsAt } from './run-place.ts';

export interface VerifyRequest extends RunPlace {
  /** File of a plan, or id of a run. */
  readonly what: string;
  /** `from`: where the run's machine stood, if it is a run that said so. */
  readonly probers: (snapshot: Snapshot, from?: string) => Promise<Probers>;
  readonly working: (says: string) => void;
}

export interface VerifyReport extends ProbeReport {
  readonly format: 1;
  readonly what: string;
  /** `the end of the plan`, `run X with 3 of 7 changes done`. */
  readonly state: string;
  /** When the baseline was taken; undefined: there is none. */
  readonly baselineAt?: string;
}

/** Throws SightlineError where nothing can be probed from here. */
export async function verify(request: VerifyRequest): Promise<VerifyReport> {
  const subject = await subjectOf(request);
  const start = readerOf(subject.snapshot.estate);
  const rounds = new ProbeRounds(start, subject.plan, {
    probers: await request.probers(subject.snapshot, subject.from),
    clientLog: await clientLogOf(subject.snapshot),
  });
  if (rounds.size === 0)
    throw new SightlineError('nothing-to-probe', nothingFromHere, {
      hint: 'sightline.yaml names the vantage points; sightline runbook PLAN has the checks for a person',
    });
  request.working(`${rounds.size} probes`);
  const report = await rounds.check(subject.reader, subject.baseline);
  return {
    format: 1,
    what: request.what,
    state: subject.state,
    ...(subject.baseline && { baselineAt: subject.baseline.takenAt }),
    ...report,
  };
}

interface Subject {
  readonly plan: Plan;
  readonly snapshot: Snapshot;
  readonly state: string;
  /** Undefined: the model does not know the state. */
  readonly reader: Reader | undefined;
  readonly baseline?: Baseline;
  readonly from?: string;
}

async function subjectOf(request: VerifyRequest): Promise<Subject> {
  const ids = await (await runsAt(request)).ids();
  return ids.includes(request.what) ? ofRun(request) : ofPlan(request.what);
}

async function ofPlan(path: string): Promise<Subject> {
  const { plan, snapshot } = await openPlan(path);
  const changes = plan.stages.flatMap((s) => s.changes);
  const reader = readerAfterChanges(readerOf(snapshot.estate), changes);
  return { plan, snapshot, reader, state: 'the end of the plan' };
}

async function ofRun(request: VerifyRequest): Promise<Subject> {
  const run = await openRun(request.what, request);
  refuseLabRun(run);
  const { folder, plan, records, baseline } = run;
  const { from } = reachOf(records);
  const { snapshot, isAsPlanned } = await snapshotOf(plan, folder.path);
  const done = standingChanges(plan, records);
  const all = plan.stages.flatMap((s) => s.changes).length;
  return {
    plan,
    snapshot,
    reader: isAsPlanned ? readerAfterChanges(readerOf(snapshot.estate), done) : undefined,
    state: `run ${request.what}, with ${done.length} of ${all} changes done`,
    ...(baseline && { baseline }),
    ...(from !== undefined && { from }),
  };
}
