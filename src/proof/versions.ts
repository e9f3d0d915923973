/*
 * Numbers that tell what a view holds without comparing it: one for every content, one for every touched key, one for all
 * that is held at some keys. They stay the same as long as their maker lives, and count from one reading of an estate.
 */
import { type Estate, keysTouched, type ReadKey, type Write } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import { type Bits, hasBit, setBit, type Touchable } from './read-set.ts';

/** Keys that answers depend on, as bits by number of the touchable key. */
export interface Shape {
  readonly id: number;
  readonly bits: Bits;
}

/** What a view holds at the shape's keys, as a number: equal only where all of it is equal. */
export type Signing = (shape: Shape) => number;

export class Versions {
  readonly #origin: Estate;
  readonly #contents = new Map<string, number>();
  readonly #ofFact = new WeakMap<Fact, number>();
  readonly #keysOfPart = new Map<string, readonly ReadKey[]>();
  readonly #touched: ReadKey[] = [];
  readonly #numberOfKey = new Map<ReadKey, number>();
  readonly #shapes = new Map<string, Shape>();
  readonly #signatures = new Map<string, number>();
  #views = 0;

  constructor(origin: Estate) {
    this.#origin = origin;
  }

  /** Every key that a view touches, numbered in the order of their coming. */
  readonly touchable: Touchable = { all: this.#touched, numbers: this.#numberOfKey };

  /** The next view's number. */
  nextSerial(): number {
    return this.#views++;
  }

  /** Equal for facts of equal values; 0: there is none. */
  content(fact: Fact | undefined): number {
    if (fact === undefined) return 0;
    const known = this.#ofFact.get(fact);
    if (known !== undefined) return known;
    const number = this.#number(canonical(fact.value));
    this.#ofFact.set(fact, number);
    return number;
  }

  /** Version of every key that is touched where the facts stand instead of what the origin says. */
  of(facts: ReadonlyMap<FactKey, Fact | undefined>): ReadonlyMap<ReadKey, number> {
    const parts = new Map<ReadKey, string[]>();
    for (const [key, after] of facts) {
      const before = this.#origin.facts.get(key);
      if (this.content(before) === this.content(after)) continue;
      const part = `${key}#${this.content(after)}`;
      for (const touched of this.#keysOf(part, { key, before, after })) {
        const list = parts.get(touched);
        if (list === undefined) parts.set(touched, [part]);
        else list.push(part);
      }
    }
    const keys = [...parts.keys()].sort();
    this.#touch(keys);
    return new Map(keys.map((key) => [key, this.#number((parts.get(key) ?? []).sort().join('\n'))]));
  }

  /** The keys at which two views differ. */
  differing(a: ReadonlyMap<ReadKey, number>, b: ReadonlyMap<ReadKey, number>): Bits {
    const bits: number[] = new Array(Math.ceil(this.#touched.length / 32)).fill(0);
    const take = (key: ReadKey) => setBit(bits, this.#numberOfKey.get(key) ?? 0);
    for (const [key, version] of a) if (b.get(key) !== version) take(key);
    for (const [key, version] of b) if (a.get(key) !== version) take(key);
    return bits;
  }

  /** The same object for equal bits. */
  shapeOf(bits: Bits): Shape {
    const text = bits.join(',').replace(/(,0)+$/, '');
    const known = this.#shapes.get(text);
    if (known !== undefined) return known;
    const shape = { id: this.#shapes.size, bits };
    this.#shapes.set(text, shape);
    return shape;
  }

  /** Signs shapes for the view of the versions, each once. */
  signing(versions: ReadonlyMap<ReadKey, number>): Signing {
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

  #touch(keys: readonly ReadKey[]): void {
    for (const key of keys) {
      if (this.#numberOfKey.has(key)) continue;
      this.#numberOfKey.set(key, this.#touched.length);
      this.#touched.push(key);
    }
  }

  /** Versions by the numbers of their keys: those of a view do not change. */
  #numbered(versions: ReadonlyMap<ReadKey, number>): readonly (readonly [number, number])[] {
    return [...versions].map(([key, version]) => [this.#numberOfKey.get(key) ?? 0, version] as const);
  }

  /** What a write touches hangs on its key and what it leaves there: before it stands what the origin says. */
  #keysOf(part: string, write: Write): readonly ReadKey[] {
    const known = this.#keysOfPart.get(part) ?? keysTouched(write);
    this.#keysOfPart.set(part, known);
    return known;
  }

  #number(text: string): number {
    const known = this.#contents.get(text);
    if (known !== undefined) return known;
    const number = this.#contents.size + 1;
    this.#contents.set(text, number);
    return number;
  }
}
