/*
 * A view: the estate with some facts laid over it, never stored as a copy. It knows the version of every key that the
 * overlay touches, so that a kept answer can be told good or stale without asking again.
 */
import { type Estate, type Reader, type ReadKey, readerOf, readerOver, type Write } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { Bits, Touchable } from './read-set.ts';
import { type Shape, type Signing, Versions } from './versions.ts';

export interface View {
  /** Equal for views that hold equal facts. */
  readonly id: string;
  /** The same as a number. */
  readonly serial: number;
  readonly overlay: ReadonlyMap<FactKey, Fact | undefined>;
  readonly reader: Reader;
  /** Reader of the estate itself. */
  readonly base: Reader;
  /** Version of every touched key; a key that is not here is as in the estate that versions count from. Ordered by key. */
  readonly versions: ReadonlyMap<ReadKey, number>;
  /** Every key that any view of the estate touches, shared by all; it only grows. */
  readonly touchable: Touchable;
  /** Looked at and left, as a state with a fault is: no view is made from it, so nobody asks what its answers read. */
  readonly isFleeting: boolean;
  /** View that this one was made from, and the keys that differ from it. */
  readonly parent?: { readonly view: View; readonly differs: Bits };
  /** The touchable keys as a shape; the same object for equal ones. */
  readonly shapeOf: (bits: Bits) => Shape;
  readonly signatureOf: Signing;
}

/** Makes views of one reading of an estate. */
export class Views {
  readonly base: View;
  readonly versions: Versions;
  readonly #estate: Estate;
  /** What the reading says where it is not the one that versions count from. */
  readonly #edits: ReadonlyMap<FactKey, Fact | undefined>;
  readonly #known = new Map<string, View>();
  readonly #differences = new Map<View, Map<View, Bits>>();

  /** `earlier`: views of another reading. Where a view of either holds the same, answers are good for both. */
  constructor(estate: Estate, earlier?: Views) {
    this.#estate = estate;
    this.versions = earlier?.versions ?? new Versions(estate);
    this.#edits =
      earlier === undefined ? new Map() : new Map([...earlier.#edits, ...editsOf(earlier.#estate, estate)]);
    const reader = readerOf(estate);
    this.base = this.#viewOf('', new Map(), reader, reader, false, earlier?.base);
    this.#known.set('', this.base);
  }

  /** The view with the writes laid over it; the same object for equal contents. */
  with(view: View, writes: readonly Write[], isFleeting = false): View {
    const overlay = new Map(view.overlay);
    for (const w of writes) this.#lay(overlay, w);
    const id = this.#idOf(overlay);
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const made = this.#make(id, overlay, view, isFleeting);
    this.#known.set(id, made);
    return made;
  }

  get count(): number {
    return this.#known.size;
  }

  /** The keys in which two views differ. */
  differing(a: View, b: View): Bits {
    if (b.parent?.view === a) return b.parent.differs;
    let ofA = this.#differences.get(a);
    if (ofA === undefined) {
      ofA = new Map();
      this.#differences.set(a, ofA);
    }
    const known = ofA.get(b);
    if (known !== undefined) return known;
    const bits = this.versions.differing(a.versions, b.versions);
    ofA.set(b, bits);
    return bits;
  }

  #lay(overlay: Map<FactKey, Fact | undefined>, write: Write): void {
    const base = this.#estate.facts.get(write.key);
    if (this.versions.content(base) === this.versions.content(write.after)) overlay.delete(write.key);
    else overlay.set(write.key, write.after);
  }

  #idOf(overlay: ReadonlyMap<FactKey, Fact | undefined>): string {
    return [...overlay]
      .map(([key, fact]) => `${key}#${this.versions.content(fact)}`)
      .sort()
      .join('\n');
  }

  #make(
    id: string,
    overlay: ReadonlyMap<FactKey, Fact | undefined>,
    parent: View,
    isFleeting: boolean,
  ): View {
    const writes = [...overlay].map(([key, after]) => ({ key, before: this.#estate.facts.get(key), after }));
    const reader = readerOver(this.base.reader, writes);
    return this.#viewOf(
      id,
      overlay,
      reader,
      this.base.reader,
      isFleeting,
      parent.isFleeting ? undefined : parent,
    );
  }

  #viewOf(
    id: string,
    overlay: View['overlay'],
    reader: Reader,
    base: Reader,
    isFleeting: boolean,
    parent: View | undefined,
  ): View {
    const held = this.#edits.size === 0 ? overlay : new Map([...this.#edits, ...overlay]);
    const versions = this.versions.of(held);
    return {
      id,
      serial: this.versions.nextSerial(),
      isFleeting,
      overlay,
      reader,
      base,
      versions,
      touchable: this.versions.touchable,
      shapeOf: (bits) => this.versions.shapeOf(bits),
      signatureOf: this.versions.signing(versions),
      ...(parent && {
        parent: { view: parent, differs: this.versions.differing(parent.versions, versions) },
      }),
    };
  }
}

/** What one has to lay over the one estate to have the other. */
export function editsOf(before: Estate, after: Estate): ReadonlyMap<FactKey, Fact | undefined> {
  const keys = new Set<FactKey>([...before.facts.keys(), ...after.facts.keys()]);
  const differing = [...keys].filter((k) => !isSame(before.facts.get(k), after.facts.get(k)));
  return new Map(differing.map((key) => [key, after.facts.get(key)]));
}

function isSame(a: Fact | undefined, b: Fact | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && canonical(a.value) === canonical(b.value));
}
