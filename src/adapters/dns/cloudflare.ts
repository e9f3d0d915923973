/* Cloudflare's API answer of /zones/{id}/dns_records: `proxied` records are answered by its edge; TTL 1 is 300 s. */
import { type DnsName, isUnder, parentOf, parseName } from '#net/name.ts';
import { asObject } from '../json-lines.ts';
import { type Found, missing } from './context.ts';
import { dataText, fullName } from './record-data.ts';
import { type ReadRecord, zoneFacts } from './record-sets.ts';
import type { ApiFile } from './technitium.ts';

export function isCloudflareRecords(value: unknown): boolean {
  const result = asObject(value)?.result;
  return (
    Array.isArray(result) && result.length > 0 && result.every((r) => asObject(r)?.content !== undefined)
  );
}

export function convertCloudflare(value: unknown, where: ApiFile): Found {
  const found: Found = { facts: [], gaps: [] };
  const nodes = (asObject(value)?.result ?? []) as readonly unknown[];
  const zone = zoneOf(nodes);
  if (zone === undefined) {
    found.gaps.push(missing({ ...where, what: 'the records are of no one zone' }));
    return found;
  }
  const pages = asObject(asObject(value)?.result_info);
  if (typeof pages?.total_pages === 'number' && pages.total_pages > 1) {
    found.gaps.push(missing({ ...where, what: `the answer is one page of ${pages.total_pages}` }));
  }
  const records = nodes.flatMap((node) => readRecord(node, { found, where, zone }));
  const evidence = { file: where.file, line: 1, object: `zone ${zone}` };
  const { server } = where;
  const facts = zoneFacts(
    { server, view: undefined, name: zone, isPublic: true, minimumTtlSeconds: undefined, evidence },
    records,
  );
  found.facts.push(...facts);
  return found;
}

/** The zone is named in each record (until 2024), or is the shortest name that all are under. */
function zoneOf(nodes: readonly unknown[]): DnsName | undefined {
  const named = asObject(nodes[0])?.zone_name;
  if (typeof named === 'string') return parseName(named);
  const names = nodes.flatMap((n) => parseName(String(asObject(n)?.name ?? '')) ?? []);
  let zone = names.toSorted((a, b) => a.length - b.length)[0];
  while (zone !== undefined && !names.every((n) => isUnder(n, zone as DnsName))) zone = parentOf(zone);
  return zone?.includes('.') ? zone : undefined;
}

interface Around {
  readonly found: Found;
  readonly where: ApiFile;
  readonly zone: DnsName;
}

function readRecord(node: unknown, { found, where, zone }: Around): readonly ReadRecord[] {
  const record = asObject(node) ?? {};
  const line = where.document.lineOf(node);
  const type = String(record.type ?? '');
  const name = parseName(String(record.name ?? ''));
  const words = type === 'TXT' ? [String(record.content)] : String(record.content ?? '').split(/\s+/);
  const withPriority =
    type === 'MX' && record.priority !== undefined ? [String(record.priority), ...words] : words;
  const value = dataText(type, withPriority, fullName);
  if (name === undefined || value === undefined || !isUnder(name, zone)) {
    found.gaps.push(
      missing({ server: where.server, file: where.file, line, what: `a ${type} record cannot be read` }),
    );
    return [];
  }
  const ttl = typeof record.ttl === 'number' ? record.ttl : 1;
  const isProxied = ['A', 'AAAA', 'CNAME'].includes(type) ? record.proxied === true : undefined;
  const evidence = { file: where.file, ...(line !== undefined && { line }) };
  return [{ name, type, ttlSeconds: ttl === 1 ? 300 : ttl, value, isProxied, evidence }];
}
