/*
 * Lines of a Traefik access log → who came to which router (Traefik 3.7, pkg/middlewares/accesslog). JSON lines have
 * their keys in alphabetical order, so the few that matter are found by looking for `"Key":"` in the bytes; quotes inside
 * values are escaped there, so that no value can pretend to be a key. Whatever is odd goes the slow way.
 */
import type { Spans } from './counter.ts';
import { readClf } from './scan-clf.ts';
import { countOddJson, longestField, type Tally, timeOf } from './tally.ts';

const clientAddr = Buffer.from('{"ClientAddr":"');
const clientHost = Buffer.from('","ClientHost":"');
// without their opening quote: it is so frequent that a search for it first costs twice the time
const protocolKey = Buffer.from('RequestProtocol":"');
const routerKey = Buffer.from('RouterName":"');
const newline = 10;
const carriageReturn = 13;
const quote = 34;
const colon = 58;
const backslash = 92;
const openBrace = 123;
const closeBrace = 125;

/** Counts every line; the bytes end where a line ends. */
export function scanLines(bytes: Buffer, tally: Tally): void {
  const next: Next = { protocol: -1, router: -1 };
  let lastRead = -1;
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(newline, start);
    const after = found < 0 ? bytes.length : found;
    const end = after > start && bytes[after - 1] === carriageReturn ? after - 1 : after;
    tally.lines++;
    if (readLine(bytes, start, end, next, tally)) {
      lastRead = start;
      tally.first ??= timeAt(bytes, start);
    } else if (end > start) tally.unreadable++;
    start = after + 1;
  }
  if (lastRead >= 0) tally.last = timeAt(bytes, lastRead) ?? tally.last;
}

/** Where the keys come next, so that a line without them does not make every line search the rest of the piece. */
interface Next {
  protocol: number;
  router: number;
}

const spans: Spans = {
  routerStart: 0,
  routerEnd: 0,
  peerStart: 0,
  peerEnd: 0,
  clientStart: 0,
  clientEnd: 0,
  protocolStart: 0,
  protocolEnd: 0,
};

function readLine(bytes: Buffer, start: number, end: number, next: Next, tally: Tally): boolean {
  if (bytes[start] !== openBrace) return readClf(bytes, start, end, spans, tally);
  if (!findFields(bytes, start, end, next)) return countOddJson(bytes.toString('utf8', start, end), tally);
  tally.json++;
  tally.counter.hitBytes(bytes, spans, tally.lines);
  return true;
}

/** Puts the places of the four texts into `spans`; false where the line is not what Traefik itself writes. */
function findFields(bytes: Buffer, start: number, end: number, next: Next): boolean {
  if (bytes[end - 1] !== closeBrace || !standsAt(bytes, start, clientAddr)) return false;
  spans.peerStart = start + clientAddr.length;
  const addressEnd = endOfText(bytes, spans.peerStart, end);
  if (addressEnd < 0 || !cutPort(bytes, addressEnd) || !standsAt(bytes, addressEnd, clientHost)) return false;
  spans.clientStart = addressEnd + clientHost.length;
  spans.clientEnd = endOfText(bytes, spans.clientStart, end);
  if (spans.clientEnd < 0) return false;
  if (next.protocol < spans.clientEnd) next.protocol = indexOrEnd(bytes, protocolKey, spans.clientEnd);
  if (next.protocol >= end || bytes[next.protocol - 1] !== quote) return false;
  spans.protocolStart = next.protocol + protocolKey.length;
  spans.protocolEnd = endOfText(bytes, spans.protocolStart, end);
  if (spans.protocolEnd < 0) return false;
  if (next.router < spans.protocolEnd) next.router = indexOrEnd(bytes, routerKey, spans.protocolEnd);
  if (next.router >= end || bytes[next.router - 1] !== quote) return false;
  spans.routerStart = next.router + routerKey.length;
  spans.routerEnd = endOfText(bytes, spans.routerStart, end);
  return spans.routerEnd > spans.routerStart;
}

function indexOrEnd(bytes: Buffer, key: Buffer, from: number): number {
  const at = bytes.indexOf(key, from);
  return at < 0 ? Number.MAX_SAFE_INTEGER : at;
}

function standsAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** The closing quote; -1 where the text is escaped, not ASCII, too long or not closed. */
function endOfText(bytes: Uint8Array, start: number, end: number): number {
  const stop = Math.min(end, start + longestField);
  for (let i = start; i < stop; i++) {
    const c = bytes[i] ?? 0;
    if (c === quote) return i;
    if (c < 32 || c > 126 || c === backslash) return -1;
  }
  return -1;
}

/** Sets the peer to `192.0.2.1` of `192.0.2.1:4711`, or to what is in the brackets of `[2001:db8::1]:4711`. */
function cutPort(bytes: Uint8Array, addressEnd: number): boolean {
  let at = addressEnd - 1;
  while (at > spans.peerStart && isDigit(bytes[at])) at--;
  if (bytes[at] !== colon || at === spans.peerStart || at === addressEnd - 1) return false;
  const isBracketed = bytes[spans.peerStart] === 91 && bytes[at - 1] === 93;
  if (isBracketed) spans.peerStart++;
  spans.peerEnd = isBracketed ? at - 1 : at;
  return true;
}

function isDigit(c: number | undefined): boolean {
  return c !== undefined && c >= 48 && c <= 57;
}

function timeAt(bytes: Buffer, start: number): string | undefined {
  const end = bytes.indexOf(newline, start);
  return timeOf(bytes.toString('latin1', start, end < 0 ? bytes.length : end));
}
