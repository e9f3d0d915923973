/*
 * What an answer was read from, as a tree of key sets: a walk holds the sets of its stages instead of a copy of them.
 * Against the keys that views touch it is a row of bits, asked once per set and joined for whole walks.
 */
import type { ReadKey } from '#estate/estate.ts';

/** Every key that any view of an estate touches, numbered in the order of their coming; it only grows. */
export interface Touchable {
  readonly all: readonly ReadKey[];
  readonly numbers: ReadonlyMap<ReadKey, number>;
}

/** Bits by number of the touchable key, 32 a word. */
export type Bits = readonly number[];

export class ReadSet {
  readonly #own: OwnKeys;
  readonly #parts: readonly ReadSet[];
  #bits: number[] = [];
  #known = 0;

  constructor(own: ReadonlySet<string> | OwnKeys, parts: readonly ReadSet[] = []) {
    this.#own = own instanceof OwnKeys ? own : new OwnKeys(own);
    this.#parts = parts;
  }

  /** The same keys of its own with other parts. */
  with(parts: readonly ReadSet[]): ReadSet {
    return new ReadSet(this.#own, parts);
  }

  has(key: string): boolean {
    return this.#own.keys.has(key) || this.#parts.some((p) => p.has(key));
  }

  /** Whether one of the keys is among its own. */
  ownsAny(keys: ReadonlySet<string>): boolean {
    for (const key of keys) if (this.#own.keys.has(key)) return true;
    return false;
  }

  /** Which of the touchable keys are among its own, as of now. */
  own(touchable: Touchable): Bits {
    return this.#own.bits(touchable);
  }

  /** How many of the touchable keys are among its own, as of now. */
  ownCount(touchable: Touchable): number {
    return this.#own.count(touchable);
  }

  /** Which of the touchable keys are in the set, as of now. */
  bits(touchable: Touchable): Bits {
    if (this.#known === touchable.all.length) return this.#bits;
    const bits = this.#own.bits(touchable).slice();
    for (const part of this.#parts) join(bits, part.bits(touchable));
    this.#bits = bits;
    this.#known = touchable.all.length;
    return bits;
  }
}

class OwnKeys {
  readonly keys: ReadonlySet<string>;
  #bits: number[] = [];
  #known = 0;
  #count = 0;

  constructor(keys: ReadonlySet<string>) {
    this.keys = keys;
  }

  count(touchable: Touchable): number {
    this.bits(touchable);
    return this.#count;
  }

  bits({ all, numbers }: Touchable): Bits {
    if (this.#known === all.length) return this.#bits;
    const bits = this.#bits.slice();
    for (let words = Math.ceil(all.length / 32); bits.length < words; ) bits.push(0);
    const take = (i: number | undefined) => {
      if (i === undefined || i < this.#known) return;
      setBit(bits, i);
      this.#count++;
    };
    if (this.keys.size < all.length - this.#known) for (const k of this.keys) take(numbers.get(k as ReadKey));
    else for (let i = this.#known; i < all.length; i++) if (this.keys.has(all[i] as ReadKey)) take(i);
    this.#bits = bits;
    this.#known = all.length;
    return bits;
  }
}

export function setBit(bits: number[], i: number): void {
  bits[i >> 5] = (bits[i >> 5] ?? 0) | (1 << (i & 31));
}

export function hasBit(bits: Bits, i: number): boolean {
  return (((bits[i >> 5] ?? 0) >>> (i & 31)) & 1) === 1;
}

export function intersects(a: Bits, b: Bits): boolean {
  const words = Math.min(a.length, b.length);
  for (let w = 0; w < words; w++) if (((a[w] ?? 0) & (b[w] ?? 0)) !== 0) return true;
  return false;
}

function join(into: number[], more: Bits): void {
  for (let w = 0; w < more.length; w++) into[w] = (into[w] ?? 0) | (more[w] ?? 0);
}
