/* Fingerprints: whether a fact, or the estate, is still what a plan was made for. Only values count, not where they stood. */
import { sha256 } from '#net/sha256.ts';
import type { Fact, FactKey } from './fact.ts';

/** Hash of a fact's value; equal for equal values, whatever the order of their fields. */
export function fingerprintOf(f: Fact): string {
  return sha256(canonical(f.value));
}

/** Hash of each fact. */
export function fingerprintsOf(facts: ReadonlyMap<FactKey, Fact>): ReadonlyMap<FactKey, string> {
  return new Map([...facts].map(([key, f]) => [key, fingerprintOf(f)]));
}

/** JSON with the fields of every object in order of their names; fields that are undefined do not count. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = Object.entries(value).filter(([, v]) => v !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`;
}
