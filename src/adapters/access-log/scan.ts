/*
 * One line of a Traefik access log → who came to which router (Traefik 3.7, pkg/middlewares/accesslog). JSON lines have
 * their keys in alphabetical order, so the few that matter are found by looking for `"Key":"` in the text of the piece;
 * quotes inside values are escaped there, so that no value can pretend to be a key. What is odd goes to JSON.parse.
 */
import type { Counter } from './counter.ts';

/** Text of a piece of the file, one character a byte; lines end with a newline. */
export interface Piece {
  readonly text: string;
  /** The bytes again, for lines that are not ASCII. */
  utf8(start: number, end: number): string;
}

const clientAddr = '{"ClientAddr":"';
const clientHost = '","ClientHost":"';
const protocolKey = '"RequestProtocol":"';
const routerKey = '"RouterName":"';
const quote = 34;
const brace = 123;
const longestField = 1024;

export interface Tally {
  readonly counter: Counter;
  lines: number;
  unreadable: number;
  json: number;
  clf: number;
  /** Times as written in the first and last readable line. */
  first: string | undefined;
  last: string | undefined;
}

/** Counts every whole line of the piece. */
export function scanPiece(piece: Piece, tally: Tally): void {
  const { text } = piece;
  const length = text.length;
  const next: Next = { protocol: -1, router: -1 };
  let lastGood = -1;
  for (let start = 0; start < length; ) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = length;
    tally.lines++;
    const first = text.charCodeAt(start);
    const isRead =
      first === brace ? readJson(piece, start, end, next, tally) : readClf(piece, start, end, tally);
    if (isRead) {
      lastGood = start;
      tally.first ??= timeOf(piece, start);
    } else if (end > start + 1 || (first !== 13 && end > start)) tally.unreadable++;
    start = end + 1;
  }
  if (lastGood >= 0) tally.last = timeOf(piece, lastGood) ?? tally.last;
}

/** Where the keys come next, so that a line without them does not make every line search the rest of the piece. */
interface Next {
  protocol: number;
  router: number;
}

function readJson(piece: Piece, start: number, end: number, next: Next, tally: Tally): boolean {
  const { text } = piece;
  const addrStart = start + clientAddr.length;
  const addrEnd = text.startsWith(clientAddr, start) ? text.indexOf('"', addrStart) : -1;
  if (addrEnd < 0 || addrEnd > end || !text.startsWith(clientHost, addrEnd))
    return parseOdd(piece, start, end, tally);
  const hostStart = addrEnd + clientHost.length;
  const hostEnd = text.indexOf('"', hostStart);
  if (hostEnd < 0 || hostEnd > end) return parseOdd(piece, start, end, tally);
  if (next.protocol < hostEnd) next.protocol = indexOrEnd(text, protocolKey, hostEnd);
  if (next.protocol > end) return parseOdd(piece, start, end, tally);
  const protocolStart = next.protocol + protocolKey.length;
  const protocolEnd = text.indexOf('"', protocolStart);
  if (next.router < protocolEnd) next.router = indexOrEnd(text, routerKey, protocolEnd);
  const hasRouter = next.router < end;
  const routerStart = hasRouter ? next.router + routerKey.length : end;
  const routerEnd = hasRouter ? text.indexOf('"', routerStart) : end;
  if (routerEnd > end || routerEnd < 0 || !closes(text, end)) return parseOdd(piece, start, end, tally);
  const peer = withoutPort(text, addrStart, addrEnd);
  const client = text.slice(hostStart, hostEnd);
  const router = hasRouter ? text.slice(routerStart, routerEnd) : '-';
  const protocol = text.slice(protocolStart, protocolEnd);
  if (isOdd(client) || isOdd(router) || isOdd(protocol) || peer === undefined) {
    return parseOdd(piece, start, end, tally);
  }
  tally.json++;
  tally.counter.hit(router, peer, client, protocol, tally.lines);
  return true;
}

function indexOrEnd(text: string, key: string, from: number): number {
  const at = text.indexOf(key, from);
  return at < 0 ? Number.MAX_SAFE_INTEGER : at;
}

/** Whether the line ends as an object does; a line that was cut off does not. */
function closes(text: string, end: number): boolean {
  const last = text.charCodeAt(end - 1);
  return last === 125 || (last === 13 && text.charCodeAt(end - 2) === 125);
}

/** Escapes, and bytes that are not printable ASCII, need the slow way: their meaning is not their text. */
function isOdd(field: string): boolean {
  if (field.length > 64) return field.length > longestField || odd.test(field);
  for (let i = 0; i < field.length; i++) {
    const c = field.charCodeAt(i);
    if (c < 32 || c > 126 || c === 92) return true;
  }
  return false;
}
const odd = /[^ -~]|\\/;

/** `192.0.2.1:4711` and `[2001:db8::1]:4711` without port and brackets; undefined: neither. */
function withoutPort(text: string, start: number, end: number): string | undefined {
  let colon = end - 1;
  while (colon > start && text.charCodeAt(colon) !== 58) {
    const c = text.charCodeAt(colon--);
    if (c < 48 || c > 57) return undefined;
  }
  if (colon <= start) return undefined;
  const isBracketed = text.charCodeAt(start) === 91 && text.charCodeAt(colon - 1) === 93;
  return isBracketed ? text.slice(start + 1, colon - 1) : text.slice(start, colon);
}

/** Any JSON with the right fields, in any order and spacing. */
function parseOdd(piece: Piece, start: number, end: number, tally: Tally): boolean {
  const fields = parseFields(piece.utf8(start, end));
  if (fields === undefined) return false;
  const { ClientAddr: address, ClientHost: host, RouterName: router, RequestProtocol: protocol } = fields;
  if (typeof host !== 'string' && typeof address !== 'string') return false;
  const peer = typeof address === 'string' ? (withoutPort(address, 0, address.length) ?? '') : '';
  const client = typeof host === 'string' ? printable(host) : peer;
  tally.json++;
  tally.counter.hit(textOr(router, '-'), printable(peer), client, textOr(protocol, ''), tally.lines);
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

/** Fit for a terminal and a report: no control characters, no overlong text. */
function printable(text: string): string {
  return text.slice(0, longestField).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/**
 * `<ClientHost> - <user> [time] "GET /path HTTP/2.0" 200 17 "referer" "agent" 42 "router" "server" 3ms`. ClientHost may be
 * a list `a, b`. Read from both ends, since only the middle can hold what a client sent.
 */
function readClf(piece: Piece, start: number, end: number, tally: Tally): boolean {
  const { text } = piece;
  const stop = text.charCodeAt(end - 1) === 13 ? end - 1 : end;
  const dash = text.indexOf(' - ', start);
  const bracket = dash < 0 || dash > stop ? -1 : text.indexOf(' [', dash);
  const request = bracket < 0 || bracket > stop ? -1 : text.indexOf('] "', bracket);
  if (request < 0 || request > stop || dash === start || !text.startsWith('ms', stop - 2)) return false;
  const requestEnd = endOfQuoted(text, request + 3, stop);
  const serverEnd = text.lastIndexOf('" ', stop);
  const serverStart = text.lastIndexOf('"', serverEnd - 1);
  const routerEnd = serverStart - 2;
  const routerStart = text.lastIndexOf('"', routerEnd - 1) + 1;
  if (requestEnd < 0 || routerStart <= requestEnd || text.charCodeAt(routerEnd) !== quote) return false;
  const protocolStart = text.lastIndexOf(' ', requestEnd) + 1;
  const protocol = protocolStart > request ? text.slice(protocolStart, requestEnd) : '';
  const client = text.slice(start, dash);
  const router = text.slice(routerStart, routerEnd);
  if (client.length > longestField || router.length > longestField) return false;
  tally.clf++;
  tally.counter.hit(clean(router), '', clean(client), clean(protocol), tally.lines);
  return true;
}

function clean(field: string): string {
  return isOdd(field) ? printable(field) : field;
}

/** The closing quote; a quote inside is written `\"`. */
function endOfQuoted(text: string, start: number, stop: number): number {
  let end = text.indexOf('"', start);
  while (end > 0 && end < stop && text.charCodeAt(end - 1) === 92) end = text.indexOf('"', end + 1);
  return end < stop ? end : -1;
}

/** ISO time of the line at the start. */
function timeOf(piece: Piece, start: number): string | undefined {
  const end = piece.text.indexOf('\n', start);
  const line = piece.text.slice(start, end < 0 ? undefined : end);
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
