/*
 * The journal: what was meant and what happened, one numbered JSON record a line, flushed before the next action. A
 * run is known from its journal alone, so everything that decides what comes next is a record.
 */
import { SightlineError } from '#estate/error.ts';

export type Direction = 'forward' | 'back';

/** How a run reaches what sightline.yaml does not name: it is gone on with in the same way. */
export interface RunReach {
  /** On a copy of the estate, which is gone with the process. */
  readonly isLab?: true;
  /** Vantage point at which the machine stands. */
  readonly from?: string;
  /** Folders of checkouts by the repository's id; absolute. */
  readonly checkouts?: { readonly [repository: string]: string };
  /** Owners' own commands are run. */
  readonly runsCommands?: true;
}

/** What a record says; `change` is the planned change's id, `stage` the stage's. */
export type Entry =
  | {
      readonly kind: 'run';
      readonly run: string;
      readonly plan: string;
      readonly proof: string;
      readonly reach?: RunReach;
    }
  /** Kept before a write so that its undo can be exact; `data` is the actuator's own, without secrets. */
  | { readonly kind: 'backup'; readonly change: string; readonly data: string }
  | { readonly kind: 'intent'; readonly change: string; readonly direction: Direction }
  | {
      readonly kind: 'outcome';
      readonly change: string;
      readonly direction: Direction;
      readonly outcome: 'written' | 'refused' | 'conflict' | 'unknown';
      readonly says?: string;
    }
  /** Read back: the system holds what the change (or its undo) says. `isSaid`: nobody saw it, a person said so. */
  | {
      readonly kind: 'verified';
      readonly change: string;
      readonly direction: Direction;
      readonly isSaid?: true;
    }
  /** Read back as well, and not settled: its owner would still change something. It is written all the same. */
  | {
      readonly kind: 'unsettled';
      readonly change: string;
      readonly direction: Direction;
      readonly says: string;
    }
  | {
      readonly kind: 'waiting';
      readonly change: string;
      readonly direction: Direction;
      readonly until: string;
    }
  | {
      readonly kind: 'gate';
      readonly stage: string;
      readonly direction: Direction;
      readonly passed: boolean;
      readonly says: string;
    }
  /** From here on the run walks backwards. */
  | { readonly kind: 'turned'; readonly because: string }
  | { readonly kind: 'paused'; readonly because: string; readonly next: string }
  | { readonly kind: 'finished'; readonly result: 'done' | 'rolled-back' };

/** `format` of the lines that are written; a newer one is refused. 2 has `unsettled`, which 1 wrote as `refused`. */
export const journalFormat = 2;

export interface Record {
  /** 1, 2, 3 … without holes. */
  readonly n: number;
  /** ISO time. */
  readonly at: string;
  readonly format: 1 | typeof journalFormat;
  readonly entry: Entry;
}

/** As the first record says. */
export function reachOf(records: readonly Record[]): RunReach {
  const first = records[0]?.entry;
  return (first?.kind === 'run' ? first.reach : undefined) ?? {};
}

/** Keeps the text of one run's journal. */
export interface JournalStore {
  /** All of it; '' where there is none yet. */
  read(): Promise<string>;
  /** Resolves when the line would survive a crash. */
  append(line: string): Promise<void>;
  /** Removes the end that a crash cut. */
  drop(tail: string): Promise<void>;
}

/** The records of the run so far, mended where a crash cut the last line. */
export async function readJournal(store: JournalStore): Promise<readonly Record[]> {
  const { records, cut } = parseJournal(await store.read());
  if (cut !== undefined) await store.drop(cut);
  return records;
}

export interface ParsedJournal {
  readonly records: readonly Record[];
  /** Bytes of a last line that was cut while it was written; it never counted. */
  readonly cut?: string;
}

/** Records of a journal's text. Throws SightlineError `bad-journal`; a cut last line is left out and told. */
export function parseJournal(text: string): ParsedJournal {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  const records = lines.map((line, i) => parseLine(line, i + 1));
  return last === '' ? { records } : { records, cut: last };
}

export function journalLine(record: Record): string {
  return `${JSON.stringify(record)}\n`;
}

function parseLine(line: string, n: number): Record {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw badJournal(
      n,
      'is no JSON',
      'a line in the middle is damaged: restore the file from a backup',
      cause,
    );
  }
  if (!isRecord(value)) throw badJournal(n, 'is no record', 'this is not a journal of Sightline');
  if (value.format > journalFormat) {
    throw badJournal(
      n,
      `has format ${value.format}`,
      'a newer Sightline wrote it: use that version to go on',
    );
  }
  if (value.n !== n)
    throw badJournal(n, `is numbered ${value.n}`, 'records are missing: restore the file from a backup');
  return value.format === 1 ? { ...value, entry: entryOfFormat1(value.entry) } : value;
}

/** Files were written and applied when format 1 said that this was refused. */
function entryOfFormat1(entry: Entry): Entry {
  const isUnsettled = entry.kind === 'outcome' && entry.outcome === 'refused';
  if (!isUnsettled || !entry.says?.startsWith("the owner's own plan is not empty")) return entry;
  const { change, direction, says } = entry;
  return { kind: 'unsettled', change, direction, says };
}

function isRecord(value: unknown): value is Record {
  const v = value as Partial<Record> | null;
  return (
    typeof v === 'object' &&
    v !== null &&
    typeof v.n === 'number' &&
    typeof v.format === 'number' &&
    typeof v.entry?.kind === 'string'
  );
}

function badJournal(line: number, what: string, hint: string, cause?: unknown): SightlineError {
  return new SightlineError('bad-journal', `line ${line} of the journal ${what}`, {
    hint,
    ...(cause !== undefined && { cause }),
  });
}
