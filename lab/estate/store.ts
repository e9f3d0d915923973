/*
 * The lab's object store: the estate's facts as they stand now. Actuators write into it, as API clients write into an
 * API server; the lab's controllers are told of every write and follow.
 */
import { type Estate, makeEstate, type Reader, readerOf } from '#estate/estate.ts';
import { type Fact, type FactKey, fact, keyOf } from '#estate/fact.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';

/** Told of what a write touched, in the order of writes. */
export type StoreListener = (keys: readonly FactKey[]) => void;

export class LabStore {
  private readonly facts: Map<FactKey, Fact>;
  private readonly listeners: StoreListener[] = [];
  private current: Reader | undefined;

  constructor(estate: Estate) {
    this.facts = new Map(estate.facts);
  }

  /** The facts as they stand; read anew after a write. */
  get reader(): Reader {
    this.current ??= readerOf(makeEstate(this.facts.values()));
    return this.current;
  }

  /** Adds or replaces one fact; its evidence stays where it had some. */
  put<K extends Kind>(kind: K, value: Kinds[K]): void {
    const key = keyOf(kind, value);
    const before = this.facts.get(key);
    this.facts.set(key, fact(kind, value, before?.evidence ?? { file: 'lab' }, before?.owner));
    this.changed([key]);
  }

  remove(key: FactKey): void {
    if (this.facts.delete(key)) this.changed([key]);
  }

  /** Calls back after every write. */
  watch(listener: StoreListener): void {
    this.listeners.push(listener);
  }

  private changed(keys: readonly FactKey[]): void {
    this.current = undefined;
    for (const listener of this.listeners) listener(keys);
  }
}
