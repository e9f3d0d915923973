/*
 * Zone files for BIND from the estate's record sets, for one view of one server. A name that a public DNS service answers
 * with its own edge has the edge's address.
 */

import type { RecordSet, Translation } from '#estate/dns.ts';
import type { Reader } from '#estate/estate.ts';
import { familyOf, type Ip } from '#net/ip.ts';

export interface ZoneFile {
  readonly zone: string;
  readonly text: string;
}

export interface ZoneOptions {
  /** The view's name; records without one are in all. */
  readonly view?: string;
  readonly translations: readonly Translation[];
  /** Factor on every TTL; never below one second. */
  readonly timeScale: number;
}

/** The zones that a server (`dns/technitium`, `cluster/home`) holds, as one view sees them. */
export function zoneFiles(reader: Reader, server: string, options: ZoneOptions): readonly ZoneFile[] {
  if (server.startsWith('cluster/')) return [clusterZone(reader, server.slice('cluster/'.length), options)];
  const zones = reader.by('zone', 'server', server).filter((z) => isIn(z.value.view, options.view));
  const names = [...new Set(zones.map((z) => z.value.name))];
  return names.map((zone) => {
    const sets = reader.all('recordSet').map((r) => r.value);
    const own = sets.filter((r) => r.server === server && r.zone === zone && isIn(r.view, options.view));
    const minimum = zones.find((z) => z.value.name === zone)?.value.minimumTtlSeconds ?? 300;
    const lines = own.flatMap((set) => recordLines(reader, set, options));
    return { zone, text: [head(zone, scaled(minimum, options)), ...lines, ''].join('\n') };
  });
}

/** The lines of one record set; types that the lab does not need are left out. */
export function recordLines(reader: Reader, set: RecordSet, options: ZoneOptions): readonly string[] {
  const ttl = scaled(set.ttlSeconds, options);
  if (set.isProxied)
    return edgeAddresses(reader).map(
      (ip) => `${set.name}. ${ttl} IN ${familyOf(ip) === 4 ? 'A' : 'AAAA'} ${ip}`,
    );
  switch (set.type) {
    case 'A':
    case 'AAAA':
      return set.values.map((v) => `${set.name}. ${ttl} IN ${set.type} ${translated(v, set.name, options)}`);
    case 'CNAME':
      return set.name === set.zone ? [] : set.values.map((v) => `${set.name}. ${ttl} IN CNAME ${v}.`);
    default:
      return [];
  }
}

export function scaled(seconds: number, { timeScale }: Pick<ZoneOptions, 'timeScale'>): number {
  return Math.max(1, Math.round(seconds * timeScale));
}

/** Where a tunnel's edge answers, for names that it takes: the addresses of the edge's vantage point. */
export function edgeAddresses(reader: Reader): readonly Ip[] {
  const edge = reader.all('vantagePoint').find((v) => v.value.kind === 'tunnel-edge');
  return edge?.value.clients ?? [];
}

function translated(value: string, name: string, { translations }: ZoneOptions): string {
  const found = translations.find(
    (t) =>
      t.isEnabled &&
      t.from === value &&
      (t.domains?.some((d) => name === d || name.endsWith(`.${d}`)) ?? true),
  );
  return found?.to ?? value;
}

function clusterZone(reader: Reader, cluster: string, options: ZoneOptions): ZoneFile {
  const services = reader.by('service', 'cluster', cluster).map((s) => s.value);
  const lines = services.flatMap((s) =>
    s.clusterIps.map(
      (ip) =>
        `${s.name}.${s.namespace}.svc ${scaled(30, options)} IN ${familyOf(ip) === 4 ? 'A' : 'AAAA'} ${ip}`,
    ),
  );
  return {
    zone: 'cluster.local',
    text: [head('cluster.local', scaled(30, options)), ...lines, ''].join('\n'),
  };
}

function head(zone: string, minimum: number): string {
  return [
    `$ORIGIN ${zone}.`,
    `$TTL ${minimum}`,
    `@ IN SOA ns.lab. hostmaster.lab. 1 3600 600 86400 ${minimum}`,
    '@ IN NS ns.lab.',
  ].join('\n');
}

function isIn(of: string | undefined, view: string | undefined): boolean {
  return of === undefined || of === view;
}
