/* `runs`: every run with how it stands, and one run as the story that its journal tells. */
import { join } from 'node:path';
import { parseJournal, type Record, reachOf } from '#apply/journal.ts';
import type { RunStore } from '#apply/run-store.ts';
import { messageOf } from '#estate/error.ts';
import type { Plan } from '#plan/plan.ts';
import { onlySaid, titlesOf } from '#report/run-text.ts';
import { parsePlan } from './plan-file.ts';
import { isUnfinished, openRun, type RunState, standingChanges, stateOf } from './run-core.ts';
import { type RunPlace, runsAt } from './run-place.ts';

export interface RunSummary {
  readonly id: string;
  readonly state: RunState | 'unreadable';
  /** Undefined where its plan cannot be read. */
  readonly plan?: Plan;
  /** Changes that stand in the systems. */
  readonly standing: number;
  readonly began?: string;
  readonly ended?: string;
  /** Why it stands as it does. */
  readonly says: string;
  /** Its systems are gone. */
  readonly isLab: boolean;
}

export interface RunStory extends RunSummary {
  readonly path: string;
  readonly plan: Plan;
  readonly records: readonly Record[];
  /** Bytes of a last line that a crash cut; they never counted. */
  readonly cutBytes: number;
}

/** Every run, oldest first. One that cannot be read is told, not left out. */
export async function listRuns(place: RunPlace = {}): Promise<readonly RunSummary[]> {
  const runs = await runsAt(place);
  return Promise.all((await runs.ids()).map((id) => summaryOf(runs, id)));
}

/** One run with its records. Throws SightlineError where its folder is not of one piece. */
export async function tellRun(id: string, place: RunPlace = {}): Promise<RunStory> {
  const { folder, plan, records } = await openRun(id, place);
  const { cut } = parseJournal(await folder.journal.read());
  return {
    id,
    path: folder.path,
    ...standing(plan, records),
    plan,
    records,
    cutBytes: cut === undefined ? 0 : Buffer.byteLength(cut),
  };
}

async function summaryOf(runs: RunStore, id: string): Promise<RunSummary> {
  try {
    const folder = await runs.open(id);
    const plan = parsePlan(await folder.plan(), join(folder.path, 'plan.json'));
    const { records } = parseJournal(await folder.journal.read());
    return { id, ...standing(plan, records), plan };
  } catch (error) {
    return { id, state: 'unreadable', standing: 0, isLab: false, says: messageOf(error) };
  }
}

function standing(plan: Plan, records: readonly Record[]): Omit<RunSummary, 'id' | 'plan'> {
  const [first] = records;
  const last = records.at(-1);
  const state = stateOf(records);
  return {
    state,
    standing: standingChanges(plan, records).filter((c) => c.change.kind === 'set').length,
    ...(first && { began: first.at }),
    ...(last && { ended: last.at }),
    says: saysOf(state, records),
    isLab: reachOf(records).isLab === true,
  };
}

function saysOf(state: RunState, records: readonly Record[]): string {
  const last = records.at(-1)?.entry;
  if (last?.kind === 'paused') return last.because;
  const turned = records.findLast(({ entry }) => entry.kind === 'turned')?.entry;
  if (state === 'rolled-back' && turned?.kind === 'turned') return turned.because;
  if (state === 'stopped') return 'its last record is no end: it is going on, or was stopped';
  return '';
}

/** Titles of changes for which only the operator's word stands; those of a run that cannot be read are not known. */
export async function saidIn(id: string, place: RunPlace = {}): Promise<readonly string[]> {
  try {
    const { plan, records } = await openRun(id, place);
    const title = titlesOf(plan).change;
    return onlySaid(records).map((s) => (s.isUndone ? `taken back: ${title(s.change)}` : title(s.change)));
  } catch {
    return [];
  }
}

/** Whether the run left something that is neither as before nor as planned. A run that cannot be read may have. */
export async function isRunUnfinished(id: string, place: RunPlace = {}): Promise<boolean> {
  try {
    return isUnfinished((await openRun(id, place)).records);
  } catch {
    return true;
  }
}
