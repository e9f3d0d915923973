/*
 * One line of Traefik's common format (logger_formatters.go):
 * `<ClientHost> - <user> [time] "GET /path HTTP/2.0" 200 17 "referer" "agent" 42 "router" "server" 3ms`.
 * ClientHost may be a list `a, b`. Read from both ends, since only the middle holds what a client sent.
 */
import type { Spans } from './counter.ts';
import { longestField, printable, type Tally } from './tally.ts';

const space = 32;
const quote = 34;
const dash = 45;
const openBracket = 91;
const backslash = 92;

export function readClf(bytes: Buffer, start: number, end: number, spans: Spans, tally: Tally): boolean {
  spans.peerStart = 0;
  spans.peerEnd = 0;
  if (!readStart(bytes, start, end, spans) || !readEnd(bytes, end, spans)) return false;
  if (
    spans.clientEnd - spans.clientStart > longestField ||
    spans.routerEnd - spans.routerStart > longestField
  )
    return false;
  tally.clf++;
  if (isPlain(bytes, spans)) tally.counter.hitBytes(bytes, spans, tally.lines);
  else countOdd(bytes, spans, tally);
  return true;
}

/** Client and protocol, from the start of the line. */
function readStart(bytes: Uint8Array, start: number, end: number, spans: Spans): boolean {
  let at = start;
  while (at < end && !(bytes[at] === space && bytes[at + 1] === dash && bytes[at + 2] === space)) at++;
  if (at >= end || at === start) return false;
  spans.clientStart = start;
  spans.clientEnd = at;
  at += 3;
  while (at < end && !(bytes[at] === openBracket && bytes[at - 1] === space)) at++;
  // `[02/Jan/2006:15:04:05 -0700] "` has one length
  const request = at + 30;
  if (request >= end || bytes[request - 1] !== quote || bytes[request - 2] !== space) return false;
  let last = request;
  for (at = request; at < end && bytes[at] !== quote; at++) {
    if (bytes[at] === backslash) at++;
    else if (bytes[at] === space) last = at + 1;
  }
  spans.protocolStart = last;
  spans.protocolEnd = Math.min(at, end);
  return at < end;
}

/**
 * Router, from the end of the line: `… "router" "server" 3ms`. The generic format (3.6 and later) ends after the agent
 * and has no router: then the dash behind the client stands for it.
 */
function readEnd(bytes: Uint8Array, end: number, spans: Spans): boolean {
  if (bytes[end - 1] === quote && end - 1 > spans.protocolEnd) {
    spans.routerStart = spans.clientEnd + 1;
    spans.routerEnd = spans.clientEnd + 2;
    return bytes[spans.protocolEnd + 1] === space;
  }
  if (bytes[end - 1] !== 115 || bytes[end - 2] !== 109) return false;
  const serverEnd = quoteBefore(bytes, end - 3, spans.protocolEnd);
  const serverStart = quoteBefore(bytes, serverEnd - 1, spans.protocolEnd);
  spans.routerEnd = serverStart - 2;
  if (bytes[spans.routerEnd] !== quote || bytes[serverStart - 1] !== space) return false;
  spans.routerStart = quoteBefore(bytes, spans.routerEnd - 1, spans.protocolEnd) + 1;
  return spans.routerStart > spans.protocolEnd;
}

function quoteBefore(bytes: Uint8Array, from: number, least: number): number {
  let at = from;
  while (at > least && bytes[at] !== quote) at--;
  return at > least ? at : -1;
}

function isPlain(bytes: Uint8Array, spans: Spans): boolean {
  return (
    isAscii(bytes, spans.clientStart, spans.clientEnd) &&
    isAscii(bytes, spans.routerStart, spans.routerEnd) &&
    isAscii(bytes, spans.protocolStart, spans.protocolEnd)
  );
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const c = bytes[i] ?? 0;
    if (c < 32 || c > 126) return false;
  }
  return true;
}

function countOdd(bytes: Buffer, spans: Spans, tally: Tally): void {
  const text = (start: number, end: number) => printable(bytes.toString('utf8', start, end));
  const router = text(spans.routerStart, spans.routerEnd);
  const client = text(spans.clientStart, spans.clientEnd);
  const protocol = text(spans.protocolStart, spans.protocolEnd);
  tally.counter.hit({ router, peer: '', client, protocol }, tally.lines);
}
