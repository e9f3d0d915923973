/*
 * Technitium's API answers as files (HTTP 200 always; `status` tells): /api/zones/records/get with listZone=true,
 * /api/zones/list, /api/settings/get and /api/apps/config/get. Followed: its API documentation of DNS Server 15.2.
 */
import type { Resolver } from '#estate/dns.ts';
import { fact } from '#estate/fact.ts';
import { type DnsName, isUnder, parseName } from '#net/name.ts';
import { asObject, type JsonDocument } from '../json-lines.ts';
import { type Found, missing } from './context.ts';
import { dataText, fullName } from './record-data.ts';
import { type ReadRecord, zoneFacts } from './record-sets.ts';

export interface ApiFile {
  readonly server: string;
  readonly file: string;
  readonly document: JsonDocument;
  readonly isPublic: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** Fields of rData in the order of the presentation form. */
const fields: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    A: ['ipAddress'],
    AAAA: ['ipAddress'],
    CNAME: ['cname'],
    NS: ['nameServer'],
    PTR: ['ptrName'],
    TXT: ['text'],
    MX: ['preference', 'exchange'],
    SRV: ['priority', 'weight', 'port', 'target'],
    SOA: ['primaryNameServer', 'responsiblePerson', 'serial', 'refresh', 'retry', 'expire', 'minimum'],
  }),
);
/** Types that answer with addresses in a way that facts cannot say. */
const computed = new Set(['APP', 'ANAME', 'DNAME']);
const internal = new Set(['RRSIG', 'DNSKEY', 'NSEC', 'NSEC3', 'NSEC3PARAM', 'DS']);

/** Facts of `{zone, records}`. */
export function convertRecords(response: Json, where: ApiFile): Found {
  const { server, file, document, isPublic } = where;
  const found: Found = { facts: [], gaps: [] };
  const zone = asObject(response.zone);
  const name = parseName(String(zone?.name ?? ''));
  if (zone === undefined || name === undefined) {
    found.gaps.push(missing({ server, file, what: 'the answer names no zone' }));
    return found;
  }
  if (zone.disabled === true) return found;
  const nodes = Array.isArray(response.records) ? response.records : [];
  const read = { found, where, zone: name };
  const records = nodes.flatMap((node) => readRecord(node, read));
  const soa = nodes.map(asObject).find((r) => r?.type === 'SOA');
  const minimum = asObject(soa?.rData)?.minimum;
  const minimumTtlSeconds = typeof minimum === 'number' ? minimum : undefined;
  const evidence = { file, line: document.lineOf(zone) ?? 1, object: `zone ${name}` };
  found.facts.push(
    ...zoneFacts({ server, view: undefined, name, isPublic, minimumTtlSeconds, evidence }, records),
  );
  nodes.forEach((node, position) => {
    addForwarder(node, { ...read, position });
  });
  return found;
}

interface Around {
  readonly found: Found;
  readonly where: ApiFile;
  readonly zone: DnsName;
}

function readRecord(node: unknown, { found, where, zone }: Around): readonly ReadRecord[] {
  const record = asObject(node);
  const line = where.document.lineOf(node);
  const type = String(record?.type ?? '');
  if (record === undefined || record.disabled === true || type === 'FWD' || internal.has(type)) return [];
  const name = parseName(String(record.name ?? ''));
  const value = dataText(type, wordsOf(type, asObject(record.rData) ?? {}), fullName);
  const isKnown = !computed.has(type) && name !== undefined && value !== undefined && isUnder(name, zone);
  if (!isKnown) {
    const what = computed.has(type)
      ? `${record.name} is answered by a ${type} record, which is not read`
      : `the ${type} record of ${record.name} cannot be read`;
    found.gaps.push(missing({ server: where.server, file: where.file, line, what }));
    return [];
  }
  const ttlSeconds = typeof record.ttl === 'number' ? record.ttl : 3600;
  return [
    { name, type, ttlSeconds, value, evidence: { file: where.file, ...(line !== undefined && { line }) } },
  ];
}

function wordsOf(type: string, data: Json): readonly string[] {
  if (type === 'HTTPS' || type === 'SVCB') {
    const params = Object.entries(asObject(data.svcParams) ?? {}).map(([k, v]) => `${k}=${String(v)}`);
    return [String(data.svcPriority ?? ''), String(data.svcTargetName ?? '') || '.', ...params];
  }
  const named = fields.get(type);
  if (named !== undefined) return named.map((f) => String(data[f] ?? ''));
  return Object.values(data).map(String);
}

/** A conditional forwarder: `this-server` means its own recursion. */
function addForwarder(node: unknown, around: Around & { readonly position: number }): void {
  const { found, where, position } = around;
  const record = asObject(node);
  if (record?.type !== 'FWD' || record.disabled === true) return;
  const zone = parseName(String(record.name ?? ''));
  const forwarder = asObject(record.rData)?.forwarder;
  if (zone === undefined || typeof forwarder !== 'string' || forwarder === 'this-server') return;
  const line = where.document.lineOf(node);
  const rule = { kind: 'forward' as const, zone, to: [forwarder] };
  const evidence = { file: where.file, ...(line !== undefined && { line }), object: `${zone} FWD` };
  found.facts.push(fact('nameRule', { resolver: where.server, position, rule }, evidence));
}

/** Zones that the server says it has and whose records are in no other file. */
export function missingZones(response: Json, where: ApiFile, known: ReadonlySet<string>): Found {
  const zones = Array.isArray(response.zones) ? response.zones : [];
  const gaps = zones.map(asObject).flatMap((z) => {
    const name = parseName(String(z?.name ?? ''));
    if (name === undefined || z?.internal === true || z?.disabled === true || known.has(name)) return [];
    const what = `the server has the zone ${name}, and its records are not in the snapshot`;
    return [missing({ server: where.server, file: where.file, line: where.document.lineOf(z), what })];
  });
  return { facts: [], gaps };
}

/** The server as a resolver; what it remembers comes from its settings. */
export function convertSettings(response: Json, where: ApiFile): Found {
  const number = (key: string) => (typeof response[key] === 'number' ? (response[key] as number) : undefined);
  const max = number('cacheMaximumRecordTtl');
  const min = number('cacheMinimumRecordTtl');
  const stale = response.serveStale === true ? (number('serveStaleTtl') ?? 259_200) : 0;
  const cache = {
    ...(max !== undefined && { maxTtlSeconds: max }),
    ...(min !== undefined && { minTtlSeconds: min }),
    serveStaleSeconds: stale,
  };
  const value: Resolver = { id: where.server, program: 'technitium', serves: [where.server], cache };
  return { facts: [fact('resolver', value, { file: where.file, line: 1, object: 'settings' })], gaps: [] };
}
