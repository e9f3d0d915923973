/*
 * Entries of a zone file → records: directives, relative names, the owner, class and TTL that an entry leaves out
 * (RFC 1035; RFC 2308 for $TTL). Includes are read through a function that the caller bounds.
 */
import { type DnsName, parseName } from '#net/name.ts';
import { type Entry, entriesOf, type Word } from './zone-tokens.ts';

export interface RawRecord {
  readonly file: string;
  readonly line: number;
  readonly name: DnsName;
  readonly type: string;
  /** undefined: not stated; the SOA's minimum applies. */
  readonly ttlSeconds: number | undefined;
  readonly data: readonly Word[];
  /** Origin that relative names in the data are under. */
  readonly origin: DnsName;
  readonly comment: string;
}

export interface ZoneProblem {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/** Text of a file to include, or why not. */
export type Include = (path: string, from: string) => { file: string; text: string } | { why: string };

export interface RawZone {
  readonly records: readonly RawRecord[];
  readonly problems: readonly ZoneProblem[];
}

const deepestInclude = 8;
const mostRecords = 1_000_000;
const mostProblems = 50;

/** Records of the file and of what it includes. `origin` holds until the file sets its own. */
export function readZoneFile(
  file: string,
  text: string,
  { origin, include }: { origin: DnsName | undefined; include: Include },
): RawZone {
  const reader = new ZoneReader(include);
  reader.read(file, text, { origin, owner: undefined, depth: 0 });
  return { records: reader.records, problems: reader.problems };
}

interface Position {
  origin: DnsName | undefined;
  owner: DnsName | undefined;
  readonly depth: number;
}

class ZoneReader {
  readonly records: RawRecord[] = [];
  readonly problems: ZoneProblem[] = [];
  readonly #include: Include;
  readonly #open = new Set<string>();
  #defaultTtl: number | undefined;
  #lastTtl: number | undefined;

  constructor(include: Include) {
    this.#include = include;
  }

  read(file: string, text: string, position: Position): undefined {
    this.#open.add(file);
    for (const entry of entriesOf(text)) {
      const first = entry.words[0]?.text ?? '';
      if (this.records.length >= mostRecords)
        return this.#problem(file, entry, `more than ${mostRecords} records`);
      if (first.startsWith('$') && !entry.startsBlank) this.#directive(file, entry, position);
      else this.#record(file, entry, position);
    }
    this.#open.delete(file);
  }

  #directive(file: string, entry: Entry, position: Position): undefined {
    const [name, value, extra] = entry.words.map((w) => w.text);
    switch (name?.toUpperCase()) {
      case '$ORIGIN': {
        const origin = absolute(value ?? '', position.origin);
        if (origin === undefined) return this.#problem(file, entry, '$ORIGIN without a readable name');
        position.origin = origin;
        return;
      }
      case '$TTL': {
        this.#defaultTtl = parseTtl(value ?? '');
        if (this.#defaultTtl === undefined) this.#problem(file, entry, '$TTL without a readable time');
        return;
      }
      case '$INCLUDE':
        return this.#includeFile(file, entry, { position, path: value ?? '', origin: extra });
      default:
        this.#problem(file, entry, `the directive ${name} is not read`);
    }
  }

  #includeFile(
    file: string,
    entry: Entry,
    { position, path, origin }: { position: Position; path: string; origin: string | undefined },
  ): undefined {
    if (position.depth >= deepestInclude)
      return this.#problem(file, entry, `$INCLUDE deeper than ${deepestInclude}`);
    const found = this.#include(path, file);
    if ('why' in found) return this.#problem(file, entry, `$INCLUDE: ${found.why}`);
    if (this.#open.has(found.file))
      return this.#problem(file, entry, '$INCLUDE of a file that includes this one');
    const under = origin === undefined ? position.origin : absolute(origin, position.origin);
    this.read(found.file, found.text, { origin: under, owner: position.owner, depth: position.depth + 1 });
  }

  #record(file: string, entry: Entry, position: Position): undefined {
    const words = [...entry.words];
    if (!entry.startsBlank) {
      const owner = absolute(words.shift()?.text ?? '', position.origin);
      if (owner === undefined) return this.#problem(file, entry, 'the owner is no readable name');
      position.owner = owner;
    }
    if (position.owner === undefined || position.origin === undefined) {
      return this.#problem(file, entry, 'a record before any owner or origin');
    }
    const ttl = takeTtlAndClass(words);
    const type = words.shift()?.text.toUpperCase();
    if (type === undefined || !/^[A-Z][A-Z0-9-]*$/.test(type))
      return this.#problem(file, entry, 'no record type');
    if (ttl !== undefined) this.#lastTtl = ttl;
    const ttlSeconds = ttl ?? this.#defaultTtl ?? this.#lastTtl;
    const { line, comment } = entry;
    const { owner, origin } = position;
    this.records.push({ file, line, name: owner, type, ttlSeconds, data: words, origin, comment });
  }

  #problem(file: string, entry: Entry, what: string): undefined {
    if (this.problems.length < mostProblems) this.problems.push({ file, line: entry.line, what });
    return undefined;
  }
}

/** TTL and class may come in either order, and both may be missing. Takes them off the front. */
function takeTtlAndClass(words: Word[]): number | undefined {
  let ttl: number | undefined;
  for (let taken = 0; taken < 2; taken++) {
    const text = words[0]?.text ?? '';
    if (/^(IN|CH|HS|CS)$/i.test(text)) words.shift();
    else if (ttl === undefined && /^\d/.test(text) && parseTtl(text) !== undefined) {
      ttl = parseTtl(text);
      words.shift();
    } else break;
  }
  return ttl;
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `3600`, or BIND's `1h30m`; at most 2^31-1 seconds (RFC 2181). */
export function parseTtl(text: string): number | undefined {
  if (text === '' || text.length > 24 || !/^(?:\d+[smhdw])*\d*$/i.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw]?)/gi)) {
    seconds += Number(count) * (units[unit?.toLowerCase() || 's'] ?? 1);
  }
  return seconds <= 2_147_483_647 ? seconds : undefined;
}

/** The full name of what is written in a zone file under the origin. */
export function absolute(written: string, origin: DnsName | undefined): DnsName | undefined {
  if (written === '@') return origin;
  if (written.endsWith('.')) return parseName(written);
  if (origin === undefined || written === '') return undefined;
  return parseName(origin === '' ? written : `${written}.${origin}`);
}
