/*
 * CrowdSec's answers and files → facts (LAPI and cscli 1.4 to 1.7). What a JSON file is, its shape says: allowlists have
 * items, decisions have a scope and a value, bouncers have a last pull, parsers have a local version. Pure.
 */
import type { BanAllowlist } from '#estate/ban-list.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { Kind } from '#estate/kinds.ts';
import { parseIp } from '#net/ip.ts';
import { type IpRange, type Prefix, parsePrefix, parseRange } from '#net/prefix.ts';
import { asObject, type JsonDocument } from '../json-lines.ts';
import type { Discovery } from '../source.ts';
import { addressFieldOfVersion } from './parser-version.ts';

export interface CrowdsecFile {
  /** `crowdsec/<folder>`. */
  readonly system: string;
  readonly file: string;
  readonly document: JsonDocument;
}

type Json = Readonly<Record<string, unknown>>;

/** Facts about the engine that several files give a part of. */
export interface EnginePart {
  readonly version?: string;
  readonly parserVersion?: string;
  readonly readsAddressFrom?: 'ClientAddr' | 'ClientHost' | 'ClientHost-last';
  readonly evidence: Evidence;
}

export interface Converted extends Discovery {
  readonly engine?: EnginePart;
}

const none: Converted = { facts: [], gaps: [] };

/** A JSON file of any kind. `null` is how CrowdSec writes an empty list. */
export function convertJson(at: CrowdsecFile): Converted {
  const { value } = at.document;
  const top = asObject(value);
  const parsers = top?.parsers;
  if (Array.isArray(parsers)) return convertParsers(parsers, at);
  if (top !== undefined && 'local_version' in top) return convertParsers([top], at);
  if (typeof top?.version === 'string')
    return { ...none, engine: { version: top.version, evidence: place(at, top) } };
  if (top !== undefined && 'new' in top)
    return merge([top.new ?? []].flat().map((d) => convertDecision(d, at)));
  if (value === null) return none;
  if (top !== undefined && Array.isArray(top.items)) return convertAllowlist(top, at);
  if (!Array.isArray(value)) return unknownFile(at);
  return merge(value.map((node) => convertItem(node, at)));
}

function convertItem(node: unknown, at: CrowdsecFile): Converted {
  const item = asObject(node) ?? {};
  if (Array.isArray(item.decisions)) return merge(item.decisions.map((d) => convertDecision(d, at)));
  if ('items' in item || 'console_managed' in item) return convertAllowlist(item, at);
  if ('scope' in item && 'value' in item) return convertDecision(item, at);
  if ('last_pull' in item || 'revoked' in item) return convertBouncer(item, at);
  if ('local_version' in item) return convertParsers([item], at);
  return unknownFile(at);
}

function merge(parts: readonly Converted[]): Converted {
  const engine = parts.find((p) => p.engine !== undefined)?.engine;
  const gaps = new Map(parts.flatMap((p) => p.gaps).map((g) => [g.id, g]));
  return { facts: parts.flatMap((p) => p.facts), gaps: [...gaps.values()], ...(engine && { engine }) };
}

const never = /^0001-01-01T/;

function convertAllowlist(list: Json, at: CrowdsecFile): Converted {
  const name = typeof list.name === 'string' ? printable(list.name) : undefined;
  if (name === undefined)
    return problem(at, list, { what: 'an allowlist has no name', kinds: ['banAllowlist'] });
  if (!Array.isArray(list.items)) {
    // the list of lists leaves the contents out unless asked with_content
    const what = `the allowlist ${name} was exported without its items`;
    return problem(at, list, {
      what,
      kinds: ['banAllowlist'],
      expected: 'cscli allowlists inspect NAME -o json',
    });
  }
  const entries = list.items.map((i) => entryOf(asObject(i) ?? {}));
  const value = { system: at.system, name, layer: 'lapi' as const, ...split(entries) };
  return { facts: [fact('banAllowlist', value, place(at, list, `allowlist ${name}`))], gaps: [] };
}

/** An entry that expires is no lasting protection: it is kept as text only. */
function entryOf(item: Json): string {
  const value = String(item.value ?? '');
  const until = item.expiration;
  return typeof until === 'string' && until !== '' && !never.test(until) ? `${value} until ${until}` : value;
}

/** Entries that are addresses, and the others. */
export function split(entries: readonly string[]): Pick<BanAllowlist, 'ranges' | 'other'> {
  const ranges: (Prefix | IpRange)[] = [];
  const other: string[] = [];
  for (const entry of entries) {
    const range = parsePrefix(entry) ?? parseRange(entry);
    if (range === undefined) other.push(printable(entry));
    else ranges.push(range);
  }
  return { ranges, other };
}

function convertDecision(node: unknown, at: CrowdsecFile): Converted {
  const d = asObject(node);
  if (d === undefined || d.value === undefined) {
    return problem(at, node, { what: 'a decision has no value', kinds: ['banDecision'] });
  }
  const until = typeof d.until === 'string' && d.until !== '' ? d.until : undefined;
  const id = String(d.id ?? `${String(d.scope)}:${String(d.value)}:${String(d.type)}`);
  const value = {
    system: at.system,
    id: printable(id),
    scope: printable(String(d.scope ?? '')),
    value: printable(String(d.value)),
    type: printable(String(d.type ?? 'ban')),
    origin: printable(String(d.origin ?? '')),
    ...(until !== undefined && { until }),
  };
  return { facts: [fact('banDecision', value, place(at, node, `decision ${value.id}`))], gaps: [] };
}

/** Keys that authenticate a bouncer may stand beside; they are not looked at. */
function convertBouncer(b: Json, at: CrowdsecFile): Converted {
  const ip = parseIp(String(b.ip_address ?? ''));
  const lastPull = typeof b.last_pull === 'string' && !never.test(b.last_pull) ? b.last_pull : undefined;
  const value = {
    system: at.system,
    name: printable(String(b.name ?? '')),
    type: printable(String(b.type ?? '')),
    ...(ip && { ip }),
    ...(lastPull !== undefined && lastPull !== '' && { lastPull }),
    isRevoked: b.revoked === true,
  };
  return { facts: [fact('bouncer', value, place(at, b, `bouncer ${value.name}`))], gaps: [] };
}

function convertParsers(list: readonly unknown[], at: CrowdsecFile): Converted {
  const node = list.find((p) => asObject(p)?.name === 'crowdsecurity/traefik-logs');
  const parser = asObject(node);
  if (parser === undefined) return none;
  const version = typeof parser.local_version === 'string' ? parser.local_version : undefined;
  const status = String(parser.status ?? '');
  const evidence = { ...place(at, parser, 'crowdsecurity/traefik-logs'), ...(version && { value: version }) };
  const isOwn = status.includes('tainted') || status.includes('local') || version === undefined;
  const readsAddressFrom = isOwn ? undefined : addressFieldOfVersion(version);
  return {
    ...none,
    engine: {
      ...(version && { parserVersion: version }),
      ...(readsAddressFrom && { readsAddressFrom }),
      evidence,
    },
  };
}

/** A whitelist of a parser or a postoverflow; which of them, its path says. */
export function convertWhitelist(at: CrowdsecFile): Converted {
  const top = asObject(at.document.value);
  const list = asObject(top?.whitelist);
  if (top === undefined || list === undefined) return none;
  const texts = (key: string) => (Array.isArray(list[key]) ? (list[key] as unknown[]).map(String) : []);
  const { ranges, other } = split([...texts('ip'), ...texts('cidr')]);
  const value = {
    system: at.system,
    name: printable(String(top.name ?? at.file.split('/').at(-1) ?? '')),
    layer: /postoverflow/i.test(at.file) ? ('postoverflow' as const) : ('parser' as const),
    ranges,
    other: [...other, ...texts('expression').map(printable)],
  };
  return { facts: [fact('banAllowlist', value, place(at, top, `whitelist ${value.name}`))], gaps: [] };
}

function unknownFile(at: CrowdsecFile): Converted {
  const kinds: readonly Kind[] = ['banAllowlist', 'banDecision', 'bouncer', 'banEngine'];
  const expected = "answers of CrowdSec's local API, or of cscli with -o json";
  return problem(at, at.document.value, {
    what: 'the file is JSON of no kind that is known here',
    kinds,
    expected,
  });
}

interface Problem {
  readonly what: string;
  readonly kinds: readonly Kind[];
  readonly expected?: string;
}

function problem(at: CrowdsecFile, node: unknown, { what, kinds, expected }: Problem): Converted {
  const evidence = place(at, node);
  const id = `${at.system}/${at.file.split('/').slice(2).join('/')}:${evidence.line ?? 1}`;
  const gap: Gap = {
    id,
    system: at.system,
    kinds,
    what,
    ...(expected !== undefined && { expected }),
    evidence,
  };
  return { facts: [], gaps: [gap] };
}

function place(at: CrowdsecFile, node: unknown, object?: string): Evidence {
  const line = at.document.lineOf(node);
  return { file: at.file, ...(line !== undefined && { line }), ...(object !== undefined && { object }) };
}

export function printable(text: string): string {
  return text.slice(0, 500).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** Every fact of the engine's parts: the first file that says something counts. */
export function engineFact(system: string, parts: readonly EnginePart[]): readonly Fact[] {
  const first = parts[0];
  if (first === undefined) return [];
  const version = parts.find((p) => p.version !== undefined)?.version;
  const parser = parts.find((p) => p.parserVersion !== undefined);
  const reads = parts.find((p) => p.readsAddressFrom !== undefined);
  const value = {
    system,
    ...(version !== undefined && { version: printable(version) }),
    ...(parser?.parserVersion !== undefined && { parserVersion: printable(parser.parserVersion) }),
    readsAddressFrom: reads?.readsAddressFrom ?? ('unknown' as const),
  };
  return [fact('banEngine', value, (reads ?? parser ?? first).evidence)];
}
