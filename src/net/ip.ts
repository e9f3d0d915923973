/*
 * An IP address as canonical text. Refuses what parsers disagree about (leading zeros, zones, short forms),
 * and unmaps IPv4 written inside IPv6, so that equal addresses are equal strings.
 */
import ipaddr from 'ipaddr.js';

/** Canonical text: dotted quad, or RFC 5952 IPv6 without zone. */
export type Ip = string & { readonly ip: unique symbol };
export type Family = 4 | 6;

const dottedQuad = /^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/;
const values = new Map<string, bigint>();

/** Canonical address, or undefined where the text is not one address that every program reads alike. */
export function parseIp(text: string): Ip | undefined {
  if (text.includes(':')) return parseV6(text);
  return dottedQuad.test(text) && ipaddr.IPv4.isValidFourPartDecimal(text) ? (text as Ip) : undefined;
}

/** The address in text known to be valid (tests, constants); throws RangeError otherwise. */
export function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new RangeError(`not an IP address: ${JSON.stringify(text)}`);
  return parsed;
}

export function familyOf(address: Ip): Family {
  return address.includes(':') ? 6 : 4;
}

/** Number of the address within its family (0 … 2^32-1 or 2^128-1). */
export function ipToNumber(address: Ip): bigint {
  const known = values.get(address);
  if (known !== undefined) return known;
  let value = 0n;
  for (const byte of ipaddr.parse(address).toByteArray()) value = (value << 8n) | BigInt(byte);
  if (values.size > 200_000) values.clear();
  values.set(address, value);
  return value;
}

/** Inverse of ipToNumber. */
export function numberToIp(value: bigint, family: Family): Ip {
  if (family === 4) {
    const n = Number(value);
    return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}` as Ip;
  }
  const bytes = Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(8 * (15 - i))) & 0xffn));
  return ipaddr.fromByteArray(bytes).toString() as Ip;
}

/** Orders by family (4 before 6), then by number. */
export function compareIps(a: Ip, b: Ip): number {
  if (a === b) return 0;
  const families = familyOf(a) - familyOf(b);
  if (families !== 0) return families;
  return ipToNumber(a) < ipToNumber(b) ? -1 : 1;
}

function parseV6(text: string): Ip | undefined {
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  const tail = text.slice(text.lastIndexOf(':') + 1);
  if (tail.includes('.') && !dottedQuad.test(tail)) return undefined;
  const parsed = ipaddr.IPv6.parse(text);
  return (parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed).toString() as Ip;
}
