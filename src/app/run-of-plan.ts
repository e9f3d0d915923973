/* The run that carries a plan out, if one has begun: what a Job that is started again looks for. */
import { parseJournal } from '#apply/journal.ts';
import { planHash, readPlan } from './plan-file.ts';
import { openPlan } from './prove.ts';
import { type RunState, stateOf } from './run-core.ts';
import { type RunPlace, runsAt } from './run-place.ts';

export interface RunOfPlan {
  readonly run: string;
  readonly state: RunState;
}

/** The latest run of the plan in the file; undefined: none has begun. Throws where a run cannot be read. */
export async function runOfPlan(path: string, place: RunPlace): Promise<RunOfPlan | undefined> {
  const plan = /\.ya?ml$/.test(path) ? (await openPlan(path)).plan : await readPlan(path);
  const hash = planHash(plan);
  const runs = await runsAt(place);
  for (const run of [...(await runs.ids())].reverse()) {
    const { records } = parseJournal(await (await runs.open(run)).journal.read());
    const [first] = records;
    const state = stateOf(records);
    if (first?.entry.kind === 'run' && first.entry.plan === hash && state !== 'nothing-begun')
      return { run, state };
  }
  return undefined;
}
