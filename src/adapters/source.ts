/*
 * What every reader of a snapshot looks like. A source is given the files that it asked for and answers with facts and
 * gaps; one broken file or object costs its own facts and no others, so discover() throws for none of them.
 */
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';

export interface SnapshotFile {
  /** Relative to the snapshot's root, separated by `/`. */
  readonly path: string;
  /** What snapshot.json says the file holds completely (see estate/holds.ts); empty: it is not listed there. */
  readonly holds: readonly string[];
  readonly bytes: number;
  /** The whole file; rejects with SightlineError `file-too-large` above the limit for files read whole. */
  read(): Promise<Uint8Array>;
  /** The whole file as UTF-8 without byte order mark; rejects with SightlineError `not-utf8`. */
  text(): Promise<string>;
  /** The file in pieces, of any size: for logs. */
  stream(): AsyncIterable<Uint8Array>;
}

export interface Discovery {
  readonly facts: readonly Fact[];
  readonly gaps: readonly Gap[];
}

export interface SnapshotContext {
  /** ISO time of the snapshot; undefined: not stated. */
  readonly takenAt?: string;
  /** Any file inside the snapshot, for includes; undefined: not there, or outside. */
  file(path: string): SnapshotFile | undefined;
  /** Whether snapshot.json lists a file of the system that holds it, even if that file is missing now. */
  isDeclared(system: string, hold: string): boolean;
  /** Whether every file that should hold it is there and complete, or snapshot.json says that there is none. */
  isComplete(system: string, hold: string): boolean;
  /** `cluster/home`, `dns/technitium` … of all files that are there, ordered. */
  readonly systems: readonly string[];
}

export interface Source {
  /** Name of its folder. */
  readonly name: string;
  /** Whether it reads the file at this path of a snapshot. Several sources may read one file. */
  matches(path: string): boolean;
  discover(files: readonly SnapshotFile[], context: SnapshotContext): Promise<Discovery>;
}

/** `cluster/home` for `cluster/home/services.yaml`, `tunnel/edge` for `tunnel/edge.json`; undefined for files at the root. */
export function systemOf(path: string): string | undefined {
  const [folder, name] = path.split('/');
  if (folder === undefined || name === undefined) return undefined;
  return `${folder}/${path.split('/').length === 2 ? name.replace(/\.[^.]*$/, '') : name}`;
}
