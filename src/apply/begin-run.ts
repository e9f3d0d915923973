/* The first record of a journal: which plan and proof the run carries out. No other plan is ever gone on with. */
import { SightlineError } from '#estate/error.ts';
import { type Record, type RunReach, readJournal } from './journal.ts';
import { append } from './note.ts';
import type { RunWorld } from './run-world.ts';

export interface RunIdentity {
  readonly run: string;
  /** Hashes. */
  readonly plan: string;
  readonly proof: string;
}

/** Writes the first record; nothing is begun before it is kept. */
export async function beginRun(
  world: Pick<RunWorld, 'journal' | 'clock' | 'watcher'>,
  of: RunIdentity,
  reach?: RunReach,
): Promise<void> {
  const isPlain = reach === undefined || Object.keys(reach).length === 0;
  await append(world, 0, { kind: 'run', ...of, ...(!isPlain && { reach }) });
}

/** The records of the run. Throws SightlineError `bad-journal` where they are of another run, plan or proof. */
export async function continueRun(
  world: Pick<RunWorld, 'journal'>,
  of: RunIdentity,
): Promise<readonly Record[]> {
  const records = await readJournal(world.journal);
  checkIdentity(records, of);
  return records;
}

export function checkIdentity(records: readonly Record[], of: RunIdentity): void {
  const first = records[0]?.entry;
  if (first === undefined) {
    throw new SightlineError(
      'nothing-begun',
      `the journal of run ${of.run} is empty: it ended before it began`,
      {
        hint: 'nothing was written, and the plan can be applied again; unless journal.jsonl was removed: then restore it',
      },
    );
  }
  if (first.kind !== 'run') throw other(of, 'does not begin with the record of a run');
  for (const what of ['run', 'plan', 'proof'] as const)
    if (first[what] !== of[what]) throw other(of, `is of another ${what} than the one beside it`);
}

function other(of: RunIdentity, what: string): SightlineError {
  return new SightlineError('bad-journal', `the journal of run ${of.run} ${what}`, {
    hint: 'the folder of the run was changed: restore plan.json, proof.json and journal.jsonl together',
  });
}
