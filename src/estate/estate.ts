/*
 * The estate at one moment, and how everything reads it. A Reader answers from one state (the estate, or the estate
 * with some writes and faults laid over it); a recording reader also remembers what was asked, which is the evidence
 * of a trace and what decides whether a kept answer is still good (see docs/adr/0003).
 */
import type { Gap } from './evidence.ts';
import { type CollectionKey, collectionsOf, type Fact, type FactKey, keyOf } from './fact.ts';
import { kindTable } from './kind-table.ts';
import type { Kind, Kinds } from './kinds.ts';

export interface Estate {
  readonly facts: ReadonlyMap<FactKey, Fact>;
  /** Members by collection, in the order of their keys. */
  readonly collections: ReadonlyMap<CollectionKey, readonly Fact[]>;
  readonly gaps: readonly Gap[];
}

/** What a trace was read from: fact keys, collections, and gap look-ups. */
export type ReadKey = FactKey | CollectionKey | `gap:${string}`;

export interface Reader {
  get<K extends Kind>(kind: K, id: string): Fact<K> | undefined;
  /** All facts of the kind, ordered by key. */
  all<K extends Kind>(kind: K): readonly Fact<K>[];
  /** Facts found under a value of one of the kind's indexes, ordered by key. */
  by<K extends Kind>(kind: K, index: string, value: string): readonly Fact<K>[];
  /** The first gap that may hide facts of the kind in the system (undefined system: any). */
  gap(kind: Kind, system?: string): Gap | undefined;
  /** Where parts of answers are kept: the part of that key, computed with the reader that it is handed or kept. */
  keep?<T>(key: string, compute: (reader: Reader) => T): T;
}

/** A part of an answer that depends on the key and on what it reads only: kept where the reader keeps parts. */
export function keptPart<T>(reader: Reader, key: string, compute: (reader: Reader) => T): T {
  return reader.keep === undefined ? compute(reader) : reader.keep(key, compute);
}

/** One change of a state: a fact appears, changes or goes. */
export interface Write {
  readonly key: FactKey;
  readonly before: Fact | undefined;
  readonly after: Fact | undefined;
}

/** Estate of the facts; a later fact with the same key wins (merge decides who is later). */
export function makeEstate(facts: Iterable<Fact>, gaps: readonly Gap[] = []): Estate {
  const byKey = new Map<FactKey, Fact>();
  for (const f of facts) byKey.set(f.key, f);
  const collections = new Map<CollectionKey, Fact[]>();
  const sorted = [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  for (const f of sorted) {
    for (const c of collectionsOf(f.kind, f.value)) {
      const members = collections.get(c);
      if (members === undefined) collections.set(c, [f]);
      else if (members.at(-1) !== f) members.push(f);
    }
  }
  return { facts: byKey, collections, gaps };
}

/** Reader of the estate as it stands. */
export function readerOf(estate: Estate): Reader {
  return new EstateReader(estate);
}

/**
 * Reader of a state: the one below with the writes laid over it, last write of a key last. `touched`: the keys that these
 * touch, where they are known already.
 */
export function readerOver(
  below: Reader,
  writes: readonly Write[],
  touched: { has(key: ReadKey): boolean } = new Set(writes.flatMap(keysTouched)),
): Reader {
  return writes.length === 0 ? below : new OverlayReader(below, writes, touched);
}

/** Reader that calls `note` with every key that an answer depends on; `keep` has to note what kept parts read. */
export function recordingReader(
  below: Reader,
  note: (key: ReadKey) => void,
  keep?: NonNullable<Reader['keep']>,
): Reader {
  const reader: Reader = new RecordingReader(below, note);
  if (keep !== undefined) reader.keep = keep;
  return reader;
}

/** Every key whose readers may see the write: the fact, and collections that it enters, stays in or leaves. */
export function keysTouched(write: Write): readonly ReadKey[] {
  const keys = new Set<ReadKey>([write.key]);
  for (const f of [write.before, write.after]) {
    if (f) for (const c of collectionsOf(f.kind, f.value)) keys.add(c);
  }
  return [...keys];
}

/** The write that replaces, adds or removes a value, with evidence and owner of what stood there. */
export function writeOf<K extends Kind>(reader: Reader, kind: K, value: Kinds[K]): Write {
  const key = keyOf(kind, value);
  const before = reader.get(kind, key.slice(kind.length + 1));
  const evidence = before?.evidence ?? { file: 'plan' };
  return {
    key,
    before,
    after: { kind, key, value, evidence, ...(before?.owner && { owner: before.owner }) },
  };
}

export function removalOf<K extends Kind>(reader: Reader, kind: K, id: string): Write {
  return { key: `${kind}:${id}`, before: reader.get(kind, id), after: undefined };
}

class EstateReader implements Reader {
  readonly #estate: Estate;
  constructor(estate: Estate) {
    this.#estate = estate;
  }
  get<K extends Kind>(kind: K, id: string) {
    return this.#estate.facts.get(`${kind}:${id}`) as Fact<K> | undefined;
  }
  all<K extends Kind>(kind: K) {
    return (this.#estate.collections.get(`${kind}:*`) ?? []) as readonly Fact<K>[];
  }
  by<K extends Kind>(kind: K, index: string, value: string) {
    checkIndex(kind, index);
    return (this.#estate.collections.get(`${kind}@${index}=${value}`) ?? []) as readonly Fact<K>[];
  }
  gap(kind: Kind, system?: string) {
    return this.#estate.gaps.find(
      (g) => g.kinds.includes(kind) && (!g.system || !system || g.system === system),
    );
  }
}

class OverlayReader implements Reader {
  readonly #below: Reader;
  readonly #facts: ReadonlyMap<FactKey, Fact | undefined>;
  readonly #touched: { has(key: ReadKey): boolean };
  #added: ReadonlyMap<CollectionKey, readonly Fact[]> | undefined;

  constructor(below: Reader, writes: readonly Write[], touched: { has(key: ReadKey): boolean }) {
    this.#below = below;
    this.#facts = new Map(writes.map((w) => [w.key, w.after]));
    this.#touched = touched;
  }
  get<K extends Kind>(kind: K, id: string) {
    const key: FactKey = `${kind}:${id}`;
    return (this.#facts.has(key) ? this.#facts.get(key) : this.#below.get(kind, id)) as Fact<K> | undefined;
  }
  all<K extends Kind>(kind: K) {
    return this.#merged(`${kind}:*`, () => this.#below.all(kind));
  }
  by<K extends Kind>(kind: K, index: string, value: string) {
    return this.#merged(`${kind}@${index}=${value}`, () => this.#below.by(kind, index, value));
  }
  gap(kind: Kind, system?: string) {
    return this.#below.gap(kind, system);
  }
  #merged<K extends Kind>(key: CollectionKey, below: () => readonly Fact<K>[]): readonly Fact<K>[] {
    if (!this.#touched.has(key)) return below();
    const kept = below().filter((f) => !this.#facts.has(f.key));
    this.#added ??= membersOf(this.#facts.values());
    const added = (this.#added.get(key) ?? []) as readonly Fact<K>[];
    return [...kept, ...added].sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

function membersOf(facts: Iterable<Fact | undefined>): ReadonlyMap<CollectionKey, readonly Fact[]> {
  const members = new Map<CollectionKey, Fact[]>();
  for (const f of facts) {
    if (f === undefined) continue;
    for (const c of collectionsOf(f.kind, f.value)) {
      const list = members.get(c);
      if (list === undefined) members.set(c, [f]);
      else list.push(f);
    }
  }
  return members;
}

class RecordingReader implements Reader {
  readonly #below: Reader;
  readonly #note: (key: ReadKey) => void;
  constructor(below: Reader, note: (key: ReadKey) => void) {
    this.#below = below;
    this.#note = note;
  }
  get<K extends Kind>(kind: K, id: string) {
    this.#note(`${kind}:${id}`);
    return this.#below.get(kind, id);
  }
  all<K extends Kind>(kind: K) {
    this.#note(`${kind}:*`);
    return this.#below.all(kind);
  }
  by<K extends Kind>(kind: K, index: string, value: string) {
    this.#note(`${kind}@${index}=${value}`);
    return this.#below.by(kind, index, value);
  }
  gap(kind: Kind, system?: string) {
    this.#note(`gap:${kind}`);
    return this.#below.gap(kind, system);
  }
}

function checkIndex(kind: Kind, index: string): void {
  if (!(index in kindTable[kind].indexes)) throw new RangeError(`${kind} has no index ${index}`);
}
