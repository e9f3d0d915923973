/*
 * One question to the zones that a server holds: most specific zone, the view that answers the client, then the name
 * (RFC 1034 4.3.2) with wildcards (RFC 4592). Empty look-ups over a gap stay unknown.
 */

import type { RecordType } from '#estate/dns.ts';
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import { type DnsName, parentOf } from '#net/name.ts';
import { contains } from '#net/prefix.ts';
import { missing } from './way.ts';

export interface Question {
  readonly name: DnsName;
  readonly type: 'A' | 'AAAA';
  /** Who asks this server; undefined: not known (a forwarder without a known address). */
  readonly client?: Ip | undefined;
}

export type ZoneAnswer =
  /** No zone here is responsible. */
  | { readonly kind: 'not-here' }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { readonly kind: 'refused'; readonly zone: Fact<'zone'> }
  | { readonly kind: 'no-name' | 'no-data'; readonly zone: Fact<'zone'> }
  | { readonly kind: 'records'; readonly records: Fact<'recordSet'>; readonly zone: Fact<'zone'> }
  | { readonly kind: 'delegated'; readonly records: Fact<'recordSet'> };

/** Answer of the zones that the systems hold; `isWanted` narrows the zones (public ones only). */
export function askZones(
  reader: Reader,
  servers: readonly string[],
  question: Question,
  isWanted: (zone: Fact<'zone'>) => boolean = () => true,
): ZoneAnswer {
  if (servers.length === 0) return { kind: 'not-here' };
  for (let at: DnsName | undefined = question.name; at !== undefined; at = parentOf(at)) {
    const zones = reader
      .by('zone', 'name', at)
      .filter((z) => servers.includes(z.value.server) && isWanted(z));
    const [first] = zones;
    if (first) return askView(reader, first, zones, question, servers);
  }
  const gap = zoneGap(reader, servers);
  return gap ? { kind: 'gap', gap } : { kind: 'not-here' };
}

/** A gap may hide a more specific zone or the whole zone. */
function zoneGap(reader: Reader, servers: readonly string[]): Gap | undefined {
  let found: Gap | undefined;
  for (const server of servers) {
    const gap = reader.gap('zone', server);
    found ??= gap;
  }
  return found;
}

function askView(
  reader: Reader,
  first: Fact<'zone'>,
  zones: readonly Fact<'zone'>[],
  question: Question,
  servers: readonly string[],
): ZoneAnswer {
  const hidden = zoneGap(reader, servers);
  if (hidden) return { kind: 'gap', gap: hidden };
  const { server } = first.value;
  const view = viewFor(reader, server, question.client);
  if (typeof view === 'object') return { kind: 'gap', gap: view };
  const zone = zones.find(
    (z) => z.value.server === server && (z.value.view === undefined || z.value.view === view),
  );
  return zone ? askZone(reader, zone, view, question) : { kind: 'refused', zone: first };
}

/** The first view whose clients hold the asker; undefined: none does, or the server has no views. */
function viewFor(reader: Reader, server: string, client: Ip | undefined): string | undefined | Gap {
  const gap = reader.gap('dnsView', server);
  if (gap) return gap;
  const views = [...reader.by('dnsView', 'server', server)].sort(
    (a, b) => a.value.position - b.value.position,
  );
  if (views.length === 0) return undefined;
  if (client === undefined)
    return missing(
      `${server}/view`,
      'dnsView',
      `which view of ${server} answers is not known, because the address that asks it is not`,
    );
  return views.find((v) => v.value.clients.some((c) => contains(c, client)))?.value.name;
}

function askZone(
  reader: Reader,
  zone: Fact<'zone'>,
  view: string | undefined,
  question: Question,
): ZoneAnswer {
  const at = (name: DnsName) => recordsAt(reader, zone, view, name);
  for (
    let name: DnsName | undefined = question.name, isSelf = true;
    name !== undefined;
    name = parentOf(name), isSelf = false
  ) {
    const records = at(name);
    const cut = name !== zone.value.name ? records.find((r) => r.value.type === 'NS') : undefined;
    if (cut) return { kind: 'delegated', records: cut };
    if (isSelf && records.length > 0) return pick(zone, records, question.type);
    const exists = records.length > 0 || name === zone.value.name || isBetween(reader, zone, view, name);
    if (!exists) continue;
    const gap = reader.gap('recordSet', zone.value.server);
    if (gap) return { kind: 'gap', gap };
    if (isSelf) return { kind: 'no-data', zone };
    const wild = at(`*.${name}` as DnsName);
    return wild.length > 0 ? pick(zone, wild, question.type) : { kind: 'no-name', zone };
  }
  return { kind: 'no-name', zone };
}

function pick(zone: Fact<'zone'>, records: readonly Fact<'recordSet'>[], type: RecordType): ZoneAnswer {
  const found = records.find((r) => r.value.type === type) ?? records.find((r) => r.value.type === 'CNAME');
  return found ? { kind: 'records', records: found, zone } : { kind: 'no-data', zone };
}

function recordsAt(reader: Reader, zone: Fact<'zone'>, view: string | undefined, name: DnsName) {
  return reader
    .by('recordSet', 'name', `${zone.value.server}|${name}`)
    .filter((r) => r.value.zone === zone.value.name && (r.value.view === undefined || r.value.view === view));
}

/** A name without records below which others stand: it exists, so wildcards beside it do not reach under it. */
function isBetween(reader: Reader, zone: Fact<'zone'>, view: string | undefined, name: DnsName): boolean {
  return reader
    .by('recordSet', 'under', `${zone.value.server}|${name}`)
    .some((r) => r.value.zone === zone.value.name && (r.value.view === undefined || r.value.view === view));
}
