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
  readonly #own: ReadonlySet<ReadKey>;
  readonly #parts: readonly ReadSet[];
  #bits: number[] = [];
  #known = 0;

  constructor(own: ReadonlySet<ReadKey>, parts: readonly ReadSet[] = []) {
    this.#own = own;
    this.#parts = parts;
  }

  has(key: string): boolean {
    return this.#own.has(key as ReadKey) || this.#parts.some((p) => p.has(key));
  }

  /** Which of the touchable keys are in the set, as of now. */
  bits(touchable: Touchable): Bits {
    const { all, numbers } = touchable;
    if (this.#known === all.length) return this.#bits;
    const words = Math.ceil(all.length / 32);
    const bits = this.#bits.slice();
    while (bits.length < words) bits.push(0);
    if (this.#own.size < all.length - this.#known) {
      for (const key of this.#own) {
        const i = numbers.get(key);
        if (i !== undefined) setBit(bits, i);
      }
    } else {
      for (let i = this.#known; i < all.length; i++) {
        if (this.#own.has(all[i] as ReadKey)) setBit(bits, i);
      }
    }
    for (const part of this.#parts) join(bits, part.bits(touchable));
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
