/*
 * A view: the estate with some facts laid over it, never stored as a copy. It knows the version of every key that the
 * overlay touches, so that a kept answer can be told good or stale without asking again.
 */
import {
  type Estate,
  keysTouched,
  type Reader,
  type ReadKey,
  readerOf,
  readerOver,
  type Write,
} from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import { type Bits, hasBit, setBit, type Touchable } from './read-set.ts';

export interface View {
  /** Equal for views that hold equal facts. */
  readonly id: string;
  /** The same as a number. */
  readonly serial: number;
  readonly overlay: ReadonlyMap<FactKey, Fact | undefined>;
  readonly reader: Reader;
  /** Reader of the estate itself. */
  readonly base: Reader;
  /** Version of every touched key; a key that is not here is as in the estate. Ordered by key. */
  readonly versions: ReadonlyMap<ReadKey, number>;
  /** Every key that any view of the estate touches, shared by all; it only grows. */
  readonly touchable: Touchable;
  /** Looked at and left, as a state with a fault is: no view is made from it, so nobody asks what its answers read. */
  readonly isFleeting: boolean;
  /** View that this one was made from, and the keys that differ from it. */
  readonly parent?: { readonly view: View; readonly differs: Bits };
  /** The touchable keys as a shape; the same object for equal ones. */
  readonly shapeOf: (bits: Bits) => Shape;
  /** What the view holds at the shape's keys, as a number: equal only where all of it is equal. */
  readonly signatureOf: (shape: Shape) => number;
}

/** Keys that answers depend on, as bits by number of the touchable key. */
export interface Shape {
  readonly id: number;
  readonly bits: Bits;
}

/** Makes views of one estate; versions are numbers that stay the same as long as the maker lives. */
export class Views {
  readonly base: View;
  readonly #estate: Estate;
  readonly #contents = new Map<string, number>();
  readonly #ofFact = new WeakMap<Fact, number>();
  readonly #keysOfPart = new Map<string, readonly ReadKey[]>();
  readonly #known = new Map<string, View>();
  readonly #touched: ReadKey[] = [];
  readonly #numberOfKey = new Map<ReadKey, number>();
  readonly #shapes = new Map<string, Shape>();
  readonly #signatures = new Map<string, number>();
  readonly #differences = new Map<View, Map<View, Bits>>();

  constructor(estate: Estate) {
    this.#estate = estate;
    const versions = new Map<ReadKey, number>();
    const reader = readerOf(estate);
    const touchable = { all: this.#touched, numbers: this.#numberOfKey };
    this.base = {
      id: '',
      serial: 0,
      isFleeting: false,
      overlay: new Map(),
      reader,
      base: reader,
      versions,
      touchable,
      shapeOf: (bits) => this.#shapeOf(bits),
      signatureOf: this.#signing(versions),
    };
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
    const bits = this.#bitsOf(differing(a.versions, b.versions));
    ofA.set(b, bits);
    return bits;
  }

  #lay(overlay: Map<FactKey, Fact | undefined>, write: Write): void {
    const base = this.#estate.facts.get(write.key);
    if (this.#content(base) === this.#content(write.after)) overlay.delete(write.key);
    else overlay.set(write.key, write.after);
  }

  #idOf(overlay: ReadonlyMap<FactKey, Fact | undefined>): string {
    return [...overlay]
      .map(([key, fact]) => `${key}#${this.#content(fact)}`)
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
    const versions = this.#versionsOf(writes);
    for (const key of versions.keys()) {
      if (this.#numberOfKey.has(key)) continue;
      this.#numberOfKey.set(key, this.#touched.length);
      this.#touched.push(key);
    }
    return {
      id,
      serial: this.#known.size,
      isFleeting,
      overlay,
      reader: readerOver(this.base.reader, writes),
      base: this.base.reader,
      versions,
      touchable: this.base.touchable,
      shapeOf: this.base.shapeOf,
      signatureOf: this.#signing(versions),
      ...(!parent.isFleeting && {
        parent: { view: parent, differs: this.#bitsOf(differing(parent.versions, versions)) },
      }),
    };
  }

  #bitsOf(keys: readonly ReadKey[]): Bits {
    const bits: number[] = new Array(Math.ceil(this.#touched.length / 32)).fill(0);
    for (const key of keys) setBit(bits, this.#numberOfKey.get(key) ?? 0);
    return bits;
  }

  #shapeOf(bits: Bits): Shape {
    const text = bits.join(',').replace(/(,0)+$/, '');
    const known = this.#shapes.get(text);
    if (known !== undefined) return known;
    const shape = { id: this.#shapes.size, bits };
    this.#shapes.set(text, shape);
    return shape;
  }

  /** Signs shapes for the view of the versions, each once. */
  #signing(versions: ReadonlyMap<ReadKey, number>): (shape: Shape) => number {
    const known: number[] = [];
    let numbered: readonly (readonly [number, number])[] | undefined;
    return (shape) => {
      const before = known[shape.id];
      if (before !== undefined) return before;
      numbered ??= this.#numbered(versions);
      const parts: string[] = [];
      for (const [i, version] of numbered) if (hasBit(shape.bits, i)) parts.push(`${i}=${version}`);
      const text = parts.join(';');
      const signature = this.#signatures.get(text) ?? this.#signatures.size + 1;
      this.#signatures.set(text, signature);
      known[shape.id] = signature;
      return signature;
    };
  }

  /** Versions by the numbers of their keys: those of a view do not change. */
  #numbered(versions: ReadonlyMap<ReadKey, number>): readonly (readonly [number, number])[] {
    return [...versions].map(([key, version]) => [this.#numberOfKey.get(key) ?? 0, version] as const);
  }

  #versionsOf(writes: readonly Write[]): ReadonlyMap<ReadKey, number> {
    const parts = new Map<ReadKey, string[]>();
    for (const w of writes) {
      const part = `${w.key}#${this.#content(w.after)}`;
      for (const key of this.#keysOf(part, w)) {
        const list = parts.get(key);
        if (list === undefined) parts.set(key, [part]);
        else list.push(part);
      }
    }
    const keys = [...parts.keys()].sort();
    return new Map(keys.map((key) => [key, this.#number((parts.get(key) ?? []).sort().join('\n'))]));
  }

  /** What a write touches hangs on its key and what it leaves there: before it stands what the estate says. */
  #keysOf(part: string, write: Write): readonly ReadKey[] {
    const known = this.#keysOfPart.get(part) ?? keysTouched(write);
    this.#keysOfPart.set(part, known);
    return known;
  }

  #content(fact: Fact | undefined): number {
    if (fact === undefined) return 0;
    const known = this.#ofFact.get(fact);
    if (known !== undefined) return known;
    const number = this.#number(canonical(fact.value));
    this.#ofFact.set(fact, number);
    return number;
  }

  #number(text: string): number {
    const known = this.#contents.get(text);
    if (known !== undefined) return known;
    const number = this.#contents.size + 1;
    this.#contents.set(text, number);
    return number;
  }
}

function differing(a: ReadonlyMap<ReadKey, number>, b: ReadonlyMap<ReadKey, number>): readonly ReadKey[] {
  const keys = new Set<ReadKey>();
  for (const [key, version] of a) if (b.get(key) !== version) keys.add(key);
  for (const [key, version] of b) if (a.get(key) !== version) keys.add(key);
  return [...keys];
}
