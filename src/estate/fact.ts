/* A fact: one thing read, where it was read, and who would write it again. */
import type { Evidence, Owner } from './evidence.ts';
import { kindTable } from './kind-table.ts';
import type { Kind, Kinds } from './kinds.ts';

/** `service:home/traefik/traefik`: unique in an estate. */
export type FactKey = `${Kind}:${string}`;

export interface Fact<K extends Kind = Kind> {
  readonly kind: K;
  readonly key: FactKey;
  readonly value: Kinds[K];
  readonly evidence: Evidence;
  /** undefined: nobody known. */
  readonly owner?: Owner;
}

/** The fact of a value; its key comes from the kind's table. */
export function fact<K extends Kind>(kind: K, value: Kinds[K], evidence: Evidence, owner?: Owner): Fact<K> {
  const key = keyOf(kind, value);
  return owner === undefined ? { kind, key, value, evidence } : { kind, key, value, evidence, owner };
}

export function keyOf<K extends Kind>(kind: K, value: Kinds[K]): FactKey {
  return `${kind}:${kindTable[kind].id(value)}`;
}

/** `kind:*` (everything of a kind), or `kind@index=value`: what a collection read depends on. */
export type CollectionKey = `${Kind}:*` | `${Kind}@${string}=${string}`;

/** Every collection that the value is a member of. A write touches these of the value before and after. */
export function collectionsOf<K extends Kind>(kind: K, value: Kinds[K]): readonly CollectionKey[] {
  const keys: CollectionKey[] = [`${kind}:*`];
  for (const [index, valuesOf] of Object.entries(kindTable[kind].indexes)) {
    for (const v of valuesOf(value)) keys.push(`${kind}@${index}=${v}`);
  }
  return keys;
}
