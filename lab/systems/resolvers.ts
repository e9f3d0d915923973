/*
 * Which name servers the lab runs, and where: one for each resolver of the estate that clients ask or that another one
 * forwards to, at the address that it has there.
 */

import type { NameRule, Resolver } from '#estate/dns.ts';
import type { Reader } from '#estate/estate.ts';
import { type Ip, ip } from '#net/ip.ts';
import { core, hostName } from '../estate/names.ts';
import { hostOfPod } from '../estate/node-hosts.ts';

/** One running name server. */
export interface ServerPlace {
  readonly resolver: Resolver;
  readonly host: string;
  /** The address it listens on there: a pod's, the firewall's, the core's. */
  readonly listen: Ip;
}

/** Where the lab answers for public DNS when sightline.yaml gives it no address (a documentation address). */
export const publicDns = ip('192.0.2.53');

/** The address that clients ask; undefined: the estate tells none. */
export function addressOf(resolver: Resolver | undefined): Ip | undefined {
  return resolver?.address ?? (resolver?.program === 'public' ? publicDns : undefined);
}

/** Every place where a name server runs. A resolver behind a Service runs in each of its pods. */
export function serverPlaces(reader: Reader): readonly ServerPlace[] {
  return reader.all('resolver').flatMap(({ value: resolver }) => {
    const address = addressOf(resolver);
    if (!address || !isAsked(reader, resolver.id)) return [];
    if (resolver.program === 'public') return [{ resolver, host: core, listen: address }];
    const onFirewall = reader.by('firewallInterface', 'ip', address)[0]?.value;
    if (onFirewall) return [{ resolver, host: hostName('fw', onFirewall.firewall), listen: address }];
    const onHop = reader.by('unmanagedHop', 'ip', address)[0]?.value;
    if (onHop) return [{ resolver, host: hostName('hop', onHop.id), listen: address }];
    return podPlaces(reader, resolver, address);
  });
}

/** Addresses that the core must hold itself. */
export function coreAddresses(reader: Reader): readonly Ip[] {
  return serverPlaces(reader).flatMap((p) => (p.host === core ? [p.listen] : []));
}

function isAsked(reader: Reader, id: string): boolean {
  const byClient = reader.all('vantagePoint').some((v) => v.value.resolver === id);
  const address = addressOf(reader.get('resolver', id)?.value);
  const byRule = reader
    .all('nameRule')
    .some(
      ({ value: { rule } }) => rule.kind === 'forward' && address !== undefined && rule.to.includes(address),
    );
  return byClient || byRule || reader.all('resolver').some((r) => r.value.forwardsTo === id);
}

function podPlaces(reader: Reader, resolver: Resolver, address: Ip): readonly ServerPlace[] {
  const services = [...reader.by('service', 'vip', address), ...reader.by('service', 'clusterIp', address)];
  const service = services
    .map((s) => s.value)
    .find((s) => s.ports.some((p) => p.port === 53 && p.protocol === 'udp'));
  if (!service) return [];
  const id = `${service.cluster}/${service.namespace}/${service.name}`;
  const endpoints = reader.by('endpointSlice', 'service', id).flatMap((e) => e.value.endpoints);
  return endpoints.flatMap((e) => {
    const pod = e.pod === undefined ? undefined : reader.get('pod', `${service.cluster}/${e.pod}`)?.value;
    const [listen] = e.addresses;
    return pod && listen ? [{ resolver, host: hostOfPod(reader, pod), listen }] : [];
  });
}

/** The addresses that a rule's or resolver's forward means; the nodes' resolv.conf is the resolver's own `forwardsTo`. */
export function forwardAddresses(
  reader: Reader,
  resolver: Resolver,
  to: readonly string[],
): readonly string[] {
  return to.flatMap((one): readonly string[] =>
    one.startsWith('/') ? upstreamOf(reader, resolver) : [one.replace(/:53$/, '')],
  );
}

export function upstreamOf(reader: Reader, resolver: Resolver): readonly Ip[] {
  if (resolver.program === 'public') return [];
  const told = resolver.forwardsTo ?? 'public';
  const address = addressOf(reader.get('resolver', told)?.value);
  return address ? [address] : [];
}

export function rulesOf(reader: Reader, resolver: Resolver): readonly NameRule['rule'][] {
  return reader.by('nameRule', 'resolver', resolver.id).map((r) => r.value.rule);
}
