/*
 * Which conntrack entries kube-proxy deletes as stale (pkg/proxy/conntrack/cleanup.go: CleanStaleEntries): UDP entries
 * to a Service that were translated to an address which no serving endpoint of it has. Policy and topology do not count.
 */
import type { EndpointSlice, Service, ServicePort } from '#estate/kubernetes.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import type { Protocol } from '#net/port.ts';
import { endpointsOfPort } from '../kube-proxy/endpoints.ts';
import { isSkipped } from '../kube-proxy/frontend.ts';
import type { CleanUpRules } from './rules.ts';

/** One entry of a node's table, as far as the clean-up looks at it. */
export interface ConntrackEntry {
  readonly protocol: Protocol;
  /** Destination before translation; undefined: not set, so only the port can match. */
  readonly destination?: Ip;
  readonly port: number;
  /** Source of the answers: the endpoint that was chosen. */
  readonly answersFrom: Ip;
}

/** true: deleted at the next synchronisation. undefined: this release has no reconciler (it works on changes). */
export function isStale(
  entry: ConntrackEntry,
  services: readonly Service[],
  slicesOf: (service: Service) => readonly EndpointSlice[],
  rules: CleanUpRules,
): boolean | undefined {
  if (entry.protocol !== 'udp') return false;
  if (!rules.reconciles) return undefined;
  const family = familyOf(entry.answersFrom);
  return services.some((service) => {
    if (isSkipped(service)) return false;
    return service.ports
      .filter((p) => p.protocol === 'udp' && matches(entry, service, p, rules))
      .some((p) => isOrphan(entry, servingIps(slicesOf(service), p, family), rules));
  });
}

function matches(entry: ConntrackEntry, service: Service, port: ServicePort, rules: CleanUpRules): boolean {
  if (port.nodePort === entry.port) return true;
  if (entry.destination === undefined || (rules.comparesPort && entry.port !== port.port)) return false;
  return (
    service.clusterIps.includes(entry.destination) ||
    service.externalIps.includes(entry.destination) ||
    service.vips.some((v) => v.ip === entry.destination && v.ipMode === 'VIP')
  );
}

function isOrphan(entry: ConntrackEntry, serving: ReadonlySet<Ip>, rules: CleanUpRules): boolean {
  if (serving.size === 0) return rules.cleansWithoutEndpoints;
  return !serving.has(entry.answersFrom);
}

function servingIps(slices: readonly EndpointSlice[], port: ServicePort, family: 4 | 6): ReadonlySet<Ip> {
  return new Set(
    endpointsOfPort(slices, port, family, '')
      .filter((e) => e.isServing)
      .map((e) => e.ip),
  );
}
