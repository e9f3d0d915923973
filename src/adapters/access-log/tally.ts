/* What reading a log adds up, and the texts of odd lines: the slow way that accepts any JSON. */
import type { Counter } from './counter.ts';

export interface Tally {
  readonly counter: Counter;
  lines: number;
  unreadable: number;
  json: number;
  clf: number;
  /** ISO times of the first and last readable line. */
  first: string | undefined;
  last: string | undefined;
}

export const longestField = 1024;

/** A line of JSON with the right fields, in any order and spacing; false: it is none. */
export function countOddJson(line: string, tally: Tally): boolean {
  const fields = parseFields(line);
  if (fields === undefined) return false;
  const { ClientAddr: address, ClientHost: host } = fields;
  if (typeof host !== 'string' && typeof address !== 'string') return false;
  const peer = typeof address === 'string' ? hostOf(address) : '';
  const client = typeof host === 'string' ? printable(host) : peer;
  const router = textOr(fields.RouterName, '-');
  tally.json++;
  tally.counter.hit({ router, peer, client, protocol: textOr(fields.RequestProtocol, '') }, tally.lines);
  return true;
}

function parseFields(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? printable(value) : otherwise;
}

/** `192.0.2.1:4711` and `[2001:db8::1]:4711` without port and brackets. */
function hostOf(address: string): string {
  const parts = /^(?:\[([^\]]*)\]|([^:]*)):\d+$/.exec(address);
  return printable(parts?.[1] ?? parts?.[2] ?? address);
}

/** Fit for a terminal and a report: no control characters, no overlong text. */
export function printable(text: string): string {
  return text.slice(0, longestField).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** ISO time that the line states, in either format. */
export function timeOf(line: string): string | undefined {
  const json = /"(?:time|StartUTC)" ?: ?"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"/.exec(
    line,
  )?.[1];
  return isoTime(json ?? clfTime(line));
}

const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';

function clfTime(line: string): string | undefined {
  const parts = /\[(\d\d)\/(\w{3})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)\]/.exec(line);
  const month = months.indexOf(parts?.[2] ?? '?') / 3 + 1;
  if (parts === null || month < 1) return undefined;
  const [, day, , year, time, hours, minutes] = parts;
  return `${year}-${String(month).padStart(2, '0')}-${day}T${time}${hours}:${minutes}`;
}

function isoTime(text: string | undefined): string | undefined {
  const time = new Date(text ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
