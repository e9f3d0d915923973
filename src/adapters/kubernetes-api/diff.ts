/*
 * The difference of two objects as a JSON patch: every operation that replaces or removes is preceded by a test of what
 * was there, so that nothing is overwritten that was not seen. Lists are exchanged whole, so no key can fold their items.
 */
import type { Operation } from './api.ts';
import { isMap, type Json } from './decode.ts';

/** Operations that turn `from` into `to`. */
export function operationsBetween(from: Json, to: Json, path = ''): readonly Operation[] {
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  return keys.flatMap((key) => differenceAt(from[key], to[key], `${path}/${escaped(key)}`));
}

function differenceAt(from: unknown, to: unknown, path: string): readonly Operation[] {
  if (canonical(from) === canonical(to)) return [];
  if (from === undefined) return [{ op: 'add', path, value: to }];
  const test: Operation = { op: 'test', path, value: from };
  if (to === undefined) return [test, { op: 'remove', path }];
  if (isMap(from) && isMap(to)) return operationsBetween(from, to, path);
  return [test, { op: 'replace', path, value: to }];
}

/** RFC 6901. */
export function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Text that is equal for equal values, whatever the order of keys; absent fields count as left out. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isMap(value)) return JSON.stringify(value) ?? 'null';
  const keys = Object.keys(value).filter((k) => value[k] !== undefined);
  return `{${keys
    .sort()
    .map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`)
    .join(',')}}`;
}

/** A copy with the value at a path of keys; undefined takes it away. Maps on the way are made. */
export function withValue(object: Json, path: readonly string[], value: unknown): Json {
  const [key = '', ...rest] = path;
  const copy: Record<string, unknown> = { ...object };
  if (rest.length > 0) {
    const inner = isMap(copy[key]) ? (copy[key] as Json) : {};
    const changed = withValue(inner, rest, value);
    if (value === undefined && !isMap(copy[key])) return object;
    copy[key] = changed;
  } else if (value === undefined) delete copy[key];
  else copy[key] = value;
  return copy;
}

export function valueAt(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), object);
}
