/*
 * Which layer-2 networks an estate has: one for each network of a firewall's interface, and further ones for nodes and
 * clients that stand on none of these. Hosts are attached by address.
 */
import type { Reader } from '#estate/estate.ts';
import { type Family, familyOf, type Ip } from '#net/ip.ts';
import { contains, makePrefix, type Prefix, prefixBits, prefixFamily } from '#net/prefix.ts';
import { hostName } from './names.ts';

/** One switch and the prefixes of those on it. */
export interface Segment {
  /** The switch's name in the topology. */
  readonly name: string;
  readonly prefixes: readonly Prefix[];
}

/** All segments, firewalls' first. */
export function segmentsOf(reader: Reader): readonly Segment[] {
  const segments: Segment[] = [];
  for (const { value: i } of reader.all('firewallInterface')) {
    const prefixes = [i.ipv4?.network, i.ipv6?.network].filter((p) => p !== undefined);
    if (i.isEnabled && prefixes.length > 0)
      addSegment(segments, hostName('sw', i.firewall, i.name), prefixes);
  }
  for (const { value: n } of reader.all('node')) {
    const missing = n.internalIps.filter((ip) => !segmentOf(segments, ip));
    for (const ip of missing)
      addSegment(segments, hostName('sw', `${segments.length}`), [toldNetwork(reader, ip)]);
  }
  for (const { value: v } of reader.all('vantagePoint')) {
    const missing =
      v.kind === 'lan' || v.kind === 'vpn' ? v.clients.filter((ip) => !segmentOf(segments, ip)) : [];
    for (const ip of missing) addSegment(segments, hostName('sw', v.id), [toldNetwork(reader, ip)]);
  }
  return segments;
}

/** The segment on which an address lies. */
export function segmentOf(segments: readonly Segment[], ip: Ip): Segment | undefined {
  return segments.find((s) => s.prefixes.some((p) => contains(p, ip)));
}

/** The prefix of a segment that holds the address. */
export function prefixAround(segment: Segment, ip: Ip): Prefix | undefined {
  return segment.prefixes.find((p) => contains(p, ip));
}

/** `10.0.20.101/22`, as `ip address add` wants it. */
export function withLength(segment: Segment, ip: Ip): string {
  const around = prefixAround(segment, ip);
  return `${ip}/${around ? prefixBits(around) : familyOf(ip) === 4 ? 32 : 128}`;
}

export function hasFamily(segment: Segment, family: Family): boolean {
  return segment.prefixes.some((p) => prefixFamily(p) === family);
}

/** The narrowest network that some vantage point tells around the address, else what a home network would be. */
function toldNetwork(reader: Reader, ip: Ip): Prefix {
  const told = reader
    .all('vantagePoint')
    .flatMap((v) => (v.value.kind === 'internet' ? [] : v.value.networks))
    .filter((p) => contains(p, ip) && prefixBits(p) > 0)
    .sort((a, b) => prefixBits(b) - prefixBits(a));
  return told[0] ?? makePrefix(ip, familyOf(ip) === 4 ? 24 : 64);
}

/** A network that is there already only gains what it lacks. */
function addSegment(segments: Segment[], name: string, prefixes: readonly Prefix[]): void {
  const at = segments.findIndex((s) => s.prefixes.some((p) => prefixes.includes(p)));
  const known = segments[at];
  if (!known) segments.push({ name, prefixes });
  else segments[at] = { ...known, prefixes: [...new Set([...known.prefixes, ...prefixes])] };
}
