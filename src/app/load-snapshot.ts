/* Reads a snapshot folder into an estate: every source over its files, merged, with a gap for all that is missing. */
import { type Discovery, type SnapshotContext, type Source, systemOf } from '#adapters/source.ts';
import { messageOf } from '#estate/error.ts';
import { type Estate, makeEstate } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { fingerprintsOf } from '#estate/fingerprint.ts';
import { kindsOfHolds } from '#estate/holds.ts';
import { mergeFacts } from '#estate/merge.ts';
import { sha256 } from '#net/sha256.ts';
import {
  completenessGaps,
  type HashedFile,
  isAbsent,
  type OpenSnapshot,
  openSnapshot,
  snapshotSources,
} from './wire.ts';

export interface SnapshotFileHash {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface Fingerprint {
  /** Hash over all files. */
  readonly snapshot: string;
  /** Hash of each fact's value; computed when first asked for. */
  readonly objects: ReadonlyMap<FactKey, string>;
}

export interface Snapshot {
  readonly root: string;
  readonly estate: Estate;
  readonly files: readonly SnapshotFileHash[];
  readonly fingerprint: Fingerprint;
  readonly takenAt?: string;
  readonly description?: string;
}

export interface LoadOptions {
  /** Bytes up to which a file is read whole. */
  readonly maxBytes?: number;
  /** Instead of all that Sightline has. */
  readonly sources?: readonly Source[];
}

/** Throws SightlineError where the folder is no snapshot; what is wrong inside becomes gaps. */
export async function loadSnapshot(dir: string, options: LoadOptions = {}): Promise<Snapshot> {
  const open = await openSnapshot(dir, options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes });
  const sources = options.sources ?? (await snapshotSources());
  const read = await discoverAll(open, sources);
  const isRead = (path: string) => sources.some((s) => s.matches(path));
  const merged = mergeFacts(read.facts);
  const gaps = [...open.gaps, ...read.gaps, ...merged.gaps, ...completenessGaps(open, isRead)];
  const files = await hashes(open.files);
  const estate = makeEstate(merged.facts, acceptedLast(withUniqueIds(gaps), merged.facts));
  return {
    root: open.root,
    estate,
    files,
    fingerprint: fingerprintOf(estate, files),
    ...(open.takenAt !== undefined && { takenAt: open.takenAt }),
    ...(open.description !== undefined && { description: open.description }),
  };
}

/** One source after the other, so that only one holds its files in memory. */
async function discoverAll(open: OpenSnapshot, sources: readonly Source[]): Promise<Discovery> {
  const context = contextOf(open);
  const facts: Discovery['facts'][number][] = [];
  const gaps: Gap[] = [];
  for (const source of sources) {
    const files = open.files.filter((f) => source.matches(f.path));
    const found = await discoverSafely(source, files, context);
    for (const f of found.facts) facts.push(f);
    gaps.push(...found.gaps);
  }
  return { facts, gaps };
}

async function discoverSafely(
  source: Source,
  files: readonly HashedFile[],
  context: SnapshotContext,
): Promise<Discovery> {
  try {
    return await source.discover(files, context);
  } catch (error) {
    return { facts: [], gaps: files.map((f) => failedGap(source, f, error)) };
  }
}

/** A source that fails as a whole is a defect of Sightline; the files it had are gaps then. */
function failedGap(source: Source, file: HashedFile, error: unknown): Gap {
  const system = systemOf(file.path);
  return {
    id: `failed:${source.name}:${file.path}`,
    ...(system !== undefined && { system }),
    kinds: kindsOfHolds(file.holds, file.path.split('/')[0]),
    what: `the reader ${source.name} failed: ${messageOf(error)}`,
    expected: 'a reader that does not fail; please report it with the file',
    evidence: { file: file.path },
  };
}

function contextOf(open: OpenSnapshot): SnapshotContext {
  const byPath = new Map(open.files.map((f) => [f.path, f]));
  const declared = new Set<string>();
  const lacking = new Set<string>();
  for (const l of open.listed.values()) {
    const held = l.holds.map((h) => `${systemOf(l.path) ?? ''}|${h}`);
    for (const h of held) declared.add(h);
    if (!l.complete || !byPath.has(l.path)) for (const h of held) lacking.add(h);
  }
  const isHeld = (key: string) => declared.has(key) && !lacking.has(key);
  const systems = new Set(open.files.flatMap((f) => systemOf(f.path) ?? []));
  return {
    ...(open.takenAt !== undefined && { takenAt: open.takenAt }),
    file: (path) => byPath.get(path),
    isDeclared: (system, hold) => declared.has(`${system}|${hold}`),
    isComplete: (system, hold) => isHeld(`${system}|${hold}`) || isAbsent(open.absent, system, hold),
    systems: [...systems].sort(),
  };
}

async function hashes(files: readonly HashedFile[]): Promise<readonly SnapshotFileHash[]> {
  const out: SnapshotFileHash[] = [];
  for (const f of files) out.push({ path: f.path, sha256: await f.sha256(), bytes: f.bytes });
  return out;
}

function fingerprintOf(estate: Estate, files: readonly SnapshotFileHash[]): Fingerprint {
  let objects: ReadonlyMap<FactKey, string> | undefined;
  return {
    snapshot: sha256(files.map((f) => `${f.path}\0${f.sha256}\n`).join('')),
    get objects() {
      objects ??= fingerprintsOf(estate.facts);
      return objects;
    },
  };
}

/** A reader names the first gap of a kind: one that the user accepted must not stand before one that is open. */
function acceptedLast(gaps: readonly Gap[], facts: readonly Fact[]): readonly Gap[] {
  const accepted = new Set(facts.map((f) => f.key));
  const isOpen = (g: Gap) => !accepted.has(`acceptedGap:${g.id}`);
  return [...gaps.filter(isOpen), ...gaps.filter((g) => !isOpen(g))];
}

/** Ids are how a gap is accepted, so the second of a kind gets a number. */
function withUniqueIds(gaps: readonly Gap[]): readonly Gap[] {
  const seen = new Map<string, number>();
  return gaps.map((g) => {
    const n = (seen.get(g.id) ?? 0) + 1;
    seen.set(g.id, n);
    return n === 1 ? g : { ...g, id: `${g.id}#${n}` };
  });
}
