/* Adds a record to the journal, and tells whoever watches once it is kept. */
import { type Entry, journalFormat, journalLine, type Record } from './journal.ts';
import type { RunWorld } from './run-world.ts';

/** `count`: of the records that are there. */
export async function append(
  { journal, clock, watcher }: Pick<RunWorld, 'journal' | 'clock' | 'watcher'>,
  count: number,
  entry: Entry,
): Promise<Record> {
  const record: Record = { n: count + 1, at: clock.now(), format: journalFormat, entry };
  await journal.append(journalLine(record));
  watcher.record(entry);
  return record;
}
