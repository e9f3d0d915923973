/* Addresses in any text, with their offsets, and the lines of offsets: for readers that only look for places. */
import { type Ip, parseIp } from '#net/ip.ts';

export interface AddressPlace {
  readonly start: number;
  readonly text: string;
  readonly ip: Ip;
}

const address =
  /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)|(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{0,4}|\d{1,3}(?:\.\d{1,3}){3})(?![\w:]))/gi;

/** Every address that all programs read alike, in order; `::` alone is none. */
export function addressesAt(text: string): readonly AddressPlace[] {
  return [...text.matchAll(address)].flatMap((m) => {
    const ip = parseIp(m[0]);
    return ip === undefined || m[0] === '::' ? [] : [{ start: m.index, text: m[0], ip }];
  });
}

/** Offsets at which lines begin. */
export function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** 1-based line of an offset. */
export function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
