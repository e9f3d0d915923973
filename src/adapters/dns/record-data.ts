/* The data of a record in presentation form: addresses and names canonical, so that equal data are equal text. */
import { recordTypes } from '#estate/dns.ts';
import { parseIp } from '#net/ip.ts';
import { parseName } from '#net/name.ts';
import { printable } from './context.ts';

export const knownTypes: ReadonlySet<string> = new Set(recordTypes.filter((type) => type !== 'OTHER'));

/** Positions of names among the words of a type's data. */
const namesAt: ReadonlyMap<string, readonly number[]> = new Map(
  Object.entries({
    CNAME: [0],
    NS: [0],
    PTR: [0],
    MX: [1],
    SRV: [3],
    HTTPS: [1],
    SVCB: [1],
    SOA: [0, 1],
  }),
);
const wordsOf: ReadonlyMap<string, number> = new Map(
  Object.entries({
    A: 1,
    AAAA: 1,
    CNAME: 1,
    NS: 1,
    PTR: 1,
    MX: 2,
    SRV: 4,
    SOA: 7,
  }),
);
const longestText = 2000;

/** Canonical value, or undefined where the words are no data of the type. `full` completes a relative name. */
export function dataText(
  type: string,
  words: readonly string[],
  full: (name: string) => string | undefined,
): string | undefined {
  const count = wordsOf.get(type);
  if (words.length === 0 || (count !== undefined && words.length !== count)) return undefined;
  if (type === 'A' || type === 'AAAA') return addressText(type, words[0] ?? '');
  if (type === 'TXT') return printable(words.join('').slice(0, longestText));
  if (!knownTypes.has(type)) return printable(`${type} ${words.join(' ')}`.slice(0, longestText));
  const positions = namesAt.get(type) ?? [];
  const completed = words.map((w, i) => (positions.includes(i) ? nameText(w, full) : printable(w)));
  return completed.every((w) => w !== undefined) ? completed.join(' ').slice(0, longestText) : undefined;
}

/** An AAAA of an IPv4-mapped address is kept as IPv6, as the server sends it. */
function addressText(type: string, text: string): string | undefined {
  const address = parseIp(text);
  if (address === undefined) return undefined;
  if (type === 'AAAA')
    return text.includes(':') ? (address.includes(':') ? address : `::ffff:${address}`) : undefined;
  return text.includes(':') ? undefined : address;
}

function nameText(word: string, full: (name: string) => string | undefined): string | undefined {
  if (word === '.') return '.';
  return full(word);
}

/** For exports that write names in full: relative to nothing. */
export function fullName(word: string): string | undefined {
  return parseName(word);
}
