/*
 * What kube-proxy must make of every Service on one node: frontends with the endpoints that each may choose. Follows the
 * documented behaviour of Kubernetes 1.28 and later (concepts "Service", "Virtual IPs and Service Proxies", KEP-1669 for
 * terminating endpoints) and is written for the lab alone; the two renderers turn it into nftables or iptables rules.
 */
import type { Reader } from '#estate/estate.ts';
import type {
  Endpoint,
  EndpointSlice,
  Node,
  Service,
  ServicePort,
  TrafficPolicy,
} from '#estate/kubernetes.ts';
import { type Family, familyOf, type Ip } from '#net/ip.ts';
import { type Prefix, prefixFamily } from '#net/prefix.ts';

export interface Backend {
  readonly ip: Ip;
  readonly port: number;
}

/** One address (or every node address) and port of a Service, in one family. */
export interface Frontend {
  /** Unique on the node: shared by all frontends with the same choice of endpoints. */
  readonly portId: string;
  readonly family: Family;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** undefined: a node port. */
  readonly ip?: Ip;
  readonly port: number;
  readonly isExternal: boolean;
  readonly policy: TrafficPolicy;
  /** Only these may use it; undefined: everybody. */
  readonly sourceRanges?: readonly Prefix[];
  readonly affinitySeconds?: number;
  /** Endpoints for Cluster policy, on any node. */
  readonly anywhere: readonly Backend[];
  /** Endpoints for Local policy: this node's. */
  readonly here: readonly Backend[];
}

/** Every frontend on a node, Services in the order of their keys. */
export function frontendsOn(reader: Reader, node: Node): readonly Frontend[] {
  return reader
    .by('service', 'cluster', node.cluster)
    .flatMap((s, at) => frontendsOf(reader, node, s.value, at));
}

function frontendsOf(reader: Reader, node: Node, service: Service, at: number): readonly Frontend[] {
  if (service.type === 'ExternalName' || service.clusterIps.length === 0) return [];
  const slices = reader
    .by('endpointSlice', 'service', `${service.cluster}/${service.namespace}/${service.name}`)
    .map((e) => e.value);
  return service.ipFamilies.flatMap((family) =>
    service.ports.flatMap((port, n) => {
      const endpoints = endpointsOf(slices, port, family);
      const base = {
        portId: `${at}-${n}`,
        family,
        protocol: port.protocol,
        ...(service.sessionAffinitySeconds !== undefined && {
          affinitySeconds: service.sessionAffinitySeconds,
        }),
        anywhere: usable(endpoints),
        here: usable(endpoints.filter((e) => e.endpoint.node === node.name)),
      };
      return addressesOf(service, port, family).map((where) => ({ ...base, ...where }));
    }),
  );
}

type Where = Pick<Frontend, 'ip' | 'port' | 'isExternal' | 'policy' | 'sourceRanges'>;

function addressesOf(service: Service, port: ServicePort, family: Family): readonly Where[] {
  const inside = { port: port.port, isExternal: false, policy: service.internalPolicy };
  const outside = { port: port.port, isExternal: true, policy: service.externalPolicy };
  const hasNodePort = service.type !== 'ClusterIP' && port.nodePort !== undefined;
  const ranges = service.sourceRanges.filter((p) => prefixFamily(p) === family);
  // Ranges of the other family alone limit nobody: kube-proxy keeps them apart (serviceport.go, MapCIDRsByIPFamily).
  const isLimited = service.type === 'LoadBalancer' && ranges.length > 0;
  const vips =
    service.type === 'LoadBalancer' ? service.vips.filter((v) => v.ipMode === 'VIP').map((v) => v.ip) : [];
  const ofFamily = (ips: readonly Ip[]) => ips.filter((ip) => familyOf(ip) === family);
  return [
    ...ofFamily(service.clusterIps).map((ip) => ({ ip, ...inside })),
    ...ofFamily(service.externalIps).map((ip) => ({ ip, ...outside })),
    ...ofFamily(vips).map((ip) => ({ ip, ...outside, ...(isLimited && { sourceRanges: ranges }) })),
    ...(hasNodePort ? [{ ...outside, port: port.nodePort ?? 0 }] : []),
  ];
}

interface Candidate {
  readonly endpoint: Endpoint;
  readonly backend: Backend;
}

function endpointsOf(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  family: Family,
): readonly Candidate[] {
  return slices
    .filter((s) => s.family === family)
    .flatMap((slice) => {
      const found = slice.ports.find(
        (p) => (p.name ?? '') === (port.name ?? '') && p.protocol === port.protocol,
      );
      const number = found?.port;
      if (number === undefined) return [];
      return slice.endpoints.flatMap((endpoint) => {
        const ip = endpoint.addresses[0];
        return ip === undefined ? [] : [{ endpoint, backend: { ip, port: number } }];
      });
    });
}

/** The ready ones; where there are none, those that end but still serve. */
function usable(candidates: readonly Candidate[]): readonly Backend[] {
  const ready = candidates.filter((c) => c.endpoint.ready !== false);
  const serving = candidates.filter((c) => c.endpoint.serving !== false && c.endpoint.terminating === true);
  const chosen = ready.length > 0 ? ready : serving;
  const unique = new Map(chosen.map((c) => [`${c.backend.ip} ${c.backend.port}`, c.backend]));
  return [...unique.values()];
}
