/* Records of one zone → recordSet and zone facts. Records of one name and type are one set, whichever line they stand on. */
import type { RecordSet, RecordType, Zone } from '#estate/dns.ts';
import type { Evidence } from '#estate/evidence.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { DnsName } from '#net/name.ts';
import { knownTypes } from './record-data.ts';

export interface ReadRecord {
  readonly name: DnsName;
  readonly type: string;
  readonly ttlSeconds: number;
  readonly value: string;
  readonly isProxied?: boolean | undefined;
  readonly evidence: Evidence;
}

export interface ReadZone {
  readonly server: string;
  readonly view: string | undefined;
  readonly name: DnsName;
  readonly isPublic: boolean;
  readonly minimumTtlSeconds: number | undefined;
  readonly evidence: Evidence;
}

export function zoneFacts(zone: ReadZone, records: readonly ReadRecord[]): readonly Fact[] {
  const { server, view, name, isPublic, minimumTtlSeconds } = zone;
  const inView = view === undefined ? {} : { view };
  const value: Zone = {
    server,
    ...inView,
    name,
    ...(minimumTtlSeconds !== undefined && { minimumTtlSeconds }),
    isPublic,
  };
  const sets = [...grouped(records).values()].map((group) => setOf({ server, ...inView, zone: name }, group));
  return [fact('zone', value, zone.evidence), ...sets];
}

function grouped(records: readonly ReadRecord[]): ReadonlyMap<string, readonly ReadRecord[]> {
  const groups = new Map<string, ReadRecord[]>();
  for (const record of records) {
    const key = `${record.name}|${typeOf(record)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return groups;
}

function typeOf(record: ReadRecord): RecordType {
  return knownTypes.has(record.type) ? (record.type as RecordType) : 'OTHER';
}

/** TTLs in a set should be equal (RFC 2181, 5.2); where they are not, the largest counts: caches may hold it that long. */
function setOf(where: Pick<RecordSet, 'server' | 'view' | 'zone'>, group: readonly ReadRecord[]): Fact {
  const first = group[0] as ReadRecord;
  const proxied = group.map((r) => r.isProxied).filter((p) => p !== undefined);
  const value: RecordSet = {
    ...where,
    name: first.name,
    type: typeOf(first),
    ttlSeconds: Math.max(...group.map((r) => r.ttlSeconds)),
    values: [...new Set(group.map((r) => r.value))],
    ...(proxied.length > 0 && { isProxied: proxied.includes(true) }),
  };
  return fact('recordSet', value, { ...first.evidence, object: `${first.name} ${first.type}` });
}
