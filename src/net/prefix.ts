/* A CIDR prefix, and inclusive address ranges: what pools, allowlists, routes and aliases are made of. */
import { compareIps, type Family, familyOf, type Ip, ipToNumber, numberToIp, parseIp } from './ip.ts';

/** Canonical text such as `10.0.20.0/22`; host bits are cleared. */
export type Prefix = string & { readonly prefix: unique symbol };

/** Addresses from first to last, both included, of one family. */
export interface IpRange {
  readonly first: Ip;
  readonly last: Ip;
}

const parsedPrefixes = new Map<string, { family: Family; first: bigint; last: bigint; bits: number }>();

/** Prefix from `a.b.c.d/n` or from a single address (then /32 or /128); undefined if it is neither. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const address = parseIp((slash < 0 ? text : text.slice(0, slash)).trim());
  if (address === undefined) return undefined;
  const width = familyOf(address) === 4 ? 32 : 128;
  const bitsText = slash < 0 ? String(width) : text.slice(slash + 1).trim();
  if (!/^(0|[1-9]\d{0,2})$/.test(bitsText) || Number(bitsText) > width) return undefined;
  return makePrefix(address, Number(bitsText));
}

/** The prefix in text known to be valid; throws RangeError otherwise. */
export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new RangeError(`not a CIDR prefix: ${JSON.stringify(text)}`);
  return parsed;
}

/** The prefix of that many bits that holds the address. */
export function makePrefix(address: Ip, bits: number): Prefix {
  const family = familyOf(address);
  const shift = BigInt((family === 4 ? 32 : 128) - bits);
  return `${numberToIp((ipToNumber(address) >> shift) << shift, family)}/${bits}` as Prefix;
}

export function contains(prefixText: Prefix, address: Ip): boolean {
  const p = bounds(prefixText);
  if (p.family !== familyOf(address)) return false;
  const value = ipToNumber(address);
  return value >= p.first && value <= p.last;
}

export function prefixBits(prefixText: Prefix): number {
  return bounds(prefixText).bits;
}

export function prefixFamily(prefixText: Prefix): Family {
  return bounds(prefixText).family;
}

export function prefixToRange(prefixText: Prefix): IpRange {
  const p = bounds(prefixText);
  return { first: numberToIp(p.first, p.family), last: numberToIp(p.last, p.family) };
}

/** Range from `a-b`, a prefix or a single address; undefined if none of them, or if a is above b. */
export function parseRange(text: string): IpRange | undefined {
  const dash = text.indexOf('-');
  if (dash < 0) {
    const p = parsePrefix(text);
    return p && prefixToRange(p);
  }
  const first = parseIp(text.slice(0, dash).trim());
  const last = parseIp(text.slice(dash + 1).trim());
  if (first === undefined || last === undefined || familyOf(first) !== familyOf(last)) return undefined;
  return compareIps(first, last) <= 0 ? { first, last } : undefined;
}

export function rangeHas(range: IpRange, address: Ip): boolean {
  return (
    familyOf(range.first) === familyOf(address) &&
    compareIps(range.first, address) <= 0 &&
    compareIps(address, range.last) <= 0
  );
}

export function rangesOverlap(a: IpRange, b: IpRange): boolean {
  return (
    familyOf(a.first) === familyOf(b.first) &&
    compareIps(a.first, b.last) <= 0 &&
    compareIps(b.first, a.last) <= 0
  );
}

/** The smallest list of prefixes that covers just the range, ascending. */
export function rangeToPrefixes(range: IpRange): readonly Prefix[] {
  const family = familyOf(range.first);
  const width = family === 4 ? 32 : 128;
  const out: Prefix[] = [];
  let at = ipToNumber(range.first);
  const last = ipToNumber(range.last);
  while (at <= last) {
    let size = 0;
    while (size < width && (at >> BigInt(size)) % 2n === 0n && at + (1n << BigInt(size + 1)) - 1n <= last)
      size++;
    out.push(`${numberToIp(at, family)}/${width - size}` as Prefix);
    at += 1n << BigInt(size);
  }
  return out;
}

function bounds(text: Prefix) {
  const known = parsedPrefixes.get(text);
  if (known !== undefined) return known;
  const slash = text.lastIndexOf('/');
  const address = text.slice(0, slash) as Ip;
  const family = familyOf(address);
  const bits = Number(text.slice(slash + 1));
  const first = ipToNumber(address);
  const value = { family, bits, first, last: first + (1n << BigInt((family === 4 ? 32 : 128) - bits)) - 1n };
  parsedPrefixes.set(text, value);
  return value;
}
