/*
 * Reading values of which only the author knows the shape. What must be there and is not, or is something else, throws
 * WrongShape with its path; the object that holds it becomes a gap.
 */
import { type Ip, parseIp } from '#net/ip.ts';
import { type Prefix, parsePrefix } from '#net/prefix.ts';

export type Raw = Readonly<Record<string, unknown>>;

/** One object has not the shape that its kind has. */
export class WrongShape extends Error {
  readonly path: string;
  readonly expected: string;
  constructor(path: string, expected: string) {
    super(`${path} is not ${expected}`);
    this.path = path;
    this.expected = expected;
  }
}

export function isMap(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object there; empty where there is none. */
export function mapAt(raw: Raw, field: string): Raw {
  const value = raw[field];
  if (value === undefined || value === null) return {};
  if (!isMap(value)) throw new WrongShape(field, 'an object');
  return value;
}

export function listAt(raw: Raw, field: string): readonly unknown[] {
  const value = raw[field];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new WrongShape(field, 'a list');
  return value;
}

export function mapsAt(raw: Raw, field: string): readonly Raw[] {
  return listAt(raw, field).map((v, i) => {
    if (!isMap(v)) throw new WrongShape(`${field}[${i}]`, 'an object');
    return v;
  });
}

/** Text, also where YAML took it for a number or a truth value; undefined where there is none. */
export function textAt(raw: Raw, field: string): string | undefined {
  const value = raw[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new WrongShape(field, 'text');
}

export function needText(raw: Raw, field: string): string {
  const value = textAt(raw, field);
  if (value === undefined || value === '') throw new WrongShape(field, 'text');
  return value;
}

export function numberAt(raw: Raw, field: string): number | undefined {
  const value = raw[field];
  if (value === undefined || value === null) return undefined;
  const n = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof n !== 'number' || !Number.isFinite(n)) throw new WrongShape(field, 'a number');
  return n;
}

export function needPort(raw: Raw, field: string): number {
  const n = numberAt(raw, field);
  if (n === undefined || !Number.isInteger(n) || n < 1 || n > 65_535) throw new WrongShape(field, 'a port');
  return n;
}

export function flagAt(raw: Raw, field: string): boolean | undefined {
  const value = raw[field];
  if (value === undefined || value === null) return undefined;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new WrongShape(field, 'true or false');
}

export function textsAt(raw: Raw, field: string): readonly string[] {
  return listAt(raw, field).map((v, i) => {
    if (typeof v !== 'string' && typeof v !== 'number' && typeof v !== 'boolean')
      throw new WrongShape(`${field}[${i}]`, 'text');
    return String(v);
  });
}

/** A map of texts, such as labels; undefined where there is none. */
export function textMapAt(raw: Raw, field: string): Readonly<Record<string, string>> | undefined {
  const value = raw[field];
  if (value === undefined || value === null) return undefined;
  if (!isMap(value)) throw new WrongShape(field, 'an object');
  const entries = Object.entries(value).map(([k, v]): [string, string] => {
    if (typeof v === 'object' && v !== null) throw new WrongShape(`${field}.${k}`, 'text');
    return [k, v === null || v === undefined ? '' : String(v)];
  });
  return Object.fromEntries(entries);
}

export function needIp(text: string, path: string): Ip {
  const ip = parseIp(text);
  if (ip === undefined) throw new WrongShape(path, `an IP address: ${JSON.stringify(text.slice(0, 60))}`);
  return ip;
}

export function needPrefix(text: string, path: string): Prefix {
  const p = parsePrefix(text.trim());
  if (p === undefined) throw new WrongShape(path, `an address range: ${JSON.stringify(text.slice(0, 60))}`);
  return p;
}

/** A field that is left out where its value is undefined. */
export function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
