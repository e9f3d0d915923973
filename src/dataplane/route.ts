/* Where a packet goes next: a firewall's connected networks, static routes and default; a host's default gateway. */
import type { Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { FirewallInterface } from '#estate/firewall.ts';
import { type Family, familyOf, type Ip } from '#net/ip.ts';
import { contains, type Prefix, prefix, prefixBits } from '#net/prefix.ts';
import { announcerOf } from './announce.ts';
import { firstGap } from './gaps.ts';
import { missing } from './way.ts';

export type Route =
  | { readonly kind: 'link'; readonly out: Fact<'firewallInterface'>; readonly network: Prefix }
  | {
      readonly kind: 'gateway';
      readonly out: Fact<'firewallInterface'>;
      /** undefined: dynamic. */
      readonly ip?: Ip;
      readonly isDefault: boolean;
      readonly because: readonly Evidence[];
    }
  | { readonly kind: 'none' }
  | { readonly kind: 'gap'; readonly gap: Gap };

const privateRanges = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
].map(prefix);

export function isPrivate(address: Ip): boolean {
  return privateRanges.some((p) => contains(p, address));
}

/** The network of an interface for the family. */
export function networkOf(i: FirewallInterface, family: Family): Prefix | undefined {
  return family === 4 ? i.ipv4?.network : i.ipv6?.network;
}

/**
 * Longest prefix among connected networks and static routes, then the default gateway of the family; a gap where a router
 * may have been told of the address, which its settings do not show.
 */
export function routeAt(reader: Reader, firewall: string, destination: Ip): Route {
  const gap = firstGap(reader, ['firewallInterface', 'gateway', 'staticRoute'], `firewall/${firewall}`);
  if (gap) return { kind: 'gap', gap };
  const interfaces = reader.by('firewallInterface', 'firewall', firewall).filter((i) => i.value.isEnabled);
  const connected = [...around(interfaces, destination)].sort(
    (a, b) => prefixBits(b.network) - prefixBits(a.network),
  )[0];
  const fixed = reader
    .by('staticRoute', 'firewall', firewall)
    .filter((r) => contains(r.value.network, destination))
    .sort((a, b) => prefixBits(b.value.network) - prefixBits(a.value.network))[0];
  if (connected && (!fixed || prefixBits(fixed.value.network) <= prefixBits(connected.network)))
    return { kind: 'link', ...connected };
  const learned = announcerOf(reader, destination)?.routedGap;
  if (learned) return { kind: 'gap', gap: learned };
  return viaGateway(reader, firewall, familyOf(destination), fixed);
}

/** A network of a firewall, and the interface that is on it. */
export interface Around {
  readonly out: Fact<'firewallInterface'>;
  readonly network: Prefix;
}

/** Networks of firewalls that hold the address. */
export function networksAround(reader: Reader, address: Ip): readonly Around[] {
  return around(
    reader.all('firewallInterface').filter((i) => i.value.isEnabled),
    address,
  );
}

function around(interfaces: readonly Fact<'firewallInterface'>[], address: Ip): readonly Around[] {
  const family = familyOf(address);
  return interfaces.flatMap((out) => {
    const network = networkOf(out.value, family);
    return network !== undefined && contains(network, address) ? [{ out, network }] : [];
  });
}

/** Interfaces of firewalls on such networks: candidates for the address's default gateway. */
export function interfacesAround(reader: Reader, address: Ip): readonly Fact<'firewallInterface'>[] {
  return networksAround(reader, address).map((n) => n.out);
}

/** The one firewall interface that a host with the address uses as its default gateway. */
export function defaultGateway(
  reader: Reader,
  address: Ip,
  said: string | undefined,
): { readonly out: Fact<'firewallInterface'> } | { readonly gap: Gap } {
  const gap = reader.gap('firewallInterface', said && `firewall/${said}`);
  const on = interfacesAround(reader, address);
  const candidates = said === undefined ? on : on.filter((i) => i.value.firewall === said);
  const [one, ...others] = candidates;
  if (one && others.length === 0 && (said !== undefined || !gap)) return { out: one };
  if (gap) return { gap };
  const what =
    others.length > 0
      ? `which of ${candidates.map((c) => `${c.value.firewall}/${c.value.name}`).join(', ')} is the default gateway of ${address} is not told`
      : `no firewall interface is on the network of ${address}, so its default gateway is not known`;
  return { gap: missing(`gateway/${address}`, 'firewallInterface', what) };
}

function viaGateway(
  reader: Reader,
  firewall: string,
  family: Family,
  fixed: Fact<'staticRoute'> | undefined,
): Route {
  const gateways = reader.by('gateway', 'firewall', firewall);
  const chosen = fixed
    ? gateways.find((g) => g.value.name === fixed.value.gateway)
    : (gateways.find((g) => g.value.isDefault && g.value.family === family) ??
      gateways.find((g) => g.value.family === family && isWanOf(reader, firewall, g.value.interface)));
  if (chosen === undefined) return fixed ? { kind: 'none' } : implicitDefault(reader, firewall);
  const out = reader.get('firewallInterface', `${firewall}/${chosen.value.interface}`);
  if (out === undefined) return { kind: 'none' };
  const because = fixed ? [fixed.evidence, chosen.evidence] : [chosen.evidence];
  return {
    kind: 'gateway',
    out,
    isDefault: !fixed,
    because,
    ...(chosen.value.ip && { ip: chosen.value.ip }),
  };
}

function isWanOf(reader: Reader, firewall: string, name: string): boolean {
  return reader.get('firewallInterface', `${firewall}/${name}`)?.value.isWan === true;
}

/** pfSense makes a gateway of its own for a dynamic WAN, which its configuration does not list. */
function implicitDefault(reader: Reader, firewall: string): Route {
  const wan = onlyWan(reader, firewall);
  return wan ? { kind: 'gateway', out: wan, isDefault: true, because: [wan.evidence] } : { kind: 'none' };
}

/** The firewall's outer interface, where it has one alone. */
export function onlyWan(reader: Reader, firewall: string): Fact<'firewallInterface'> | undefined {
  const [wan, ...others] = reader
    .by('firewallInterface', 'firewall', firewall)
    .filter((i) => i.value.isWan && i.value.isEnabled);
  return others.length === 0 ? wan : undefined;
}
