/*
 * A small cluster for tests of the exact part of the data plane: three nodes, MetalLB in layer 2 mode, kube-proxy with
 * iptables, and Services to taste. Every part can be replaced.
 */
import { type Estate, makeEstate, type Reader, readerOf } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';
import type { EndpointSlice, Node, PodNetwork, Service, ServiceProxy } from '#estate/kubernetes.ts';
import type { Announcing, L2Advertisement, Pool } from '#estate/metallb.ts';
import { ip } from '#net/ip.ts';
import { parseRange, prefix } from '#net/prefix.ts';

export const vip = ip('10.0.20.200');
export const client = ip('198.51.100.7');
export const nodeNames = ['k8s-node1', 'k8s-node2', 'k8s-node3'] as const;

export function node(name: string, change: Partial<Node> = {}): Node {
  const n = Number(/\d$/.exec(name)?.[0] ?? 9);
  return {
    cluster: 'home',
    name,
    labels: {},
    annotations: {},
    internalIps: [ip(`10.0.20.10${n}`)],
    podCidrs: [prefix(`10.42.${n}.0/24`)],
    isReady: true,
    isNetworkUnavailable: false,
    isSchedulable: true,
    ...change,
  };
}

export function service(name: string, change: Partial<Service> = {}): Service {
  return {
    cluster: 'home',
    namespace: 'apps',
    name,
    type: 'LoadBalancer',
    labels: {},
    annotations: {},
    selector: { app: name },
    ports: [{ name: 'web', port: 443, protocol: 'tcp', targetPort: 8443, nodePort: 31443 }],
    clusterIps: [ip('10.43.0.10')],
    externalIps: [],
    externalPolicy: 'cluster',
    internalPolicy: 'cluster',
    ipFamilies: [4],
    ipFamilyPolicy: 'SingleStack',
    sourceRanges: [],
    allocateNodePorts: true,
    vips: [{ ip: vip, ipMode: 'VIP' }],
    ...change,
  };
}

/** A slice of the Service with one endpoint on each of the nodes. */
export function slice(
  name: string,
  nodes: readonly string[],
  change: Partial<EndpointSlice> = {},
): EndpointSlice {
  return {
    cluster: 'home',
    namespace: 'apps',
    name: `${name}-1`,
    service: name,
    family: 4,
    ports: [
      { name: 'web', port: 8443, protocol: 'tcp' },
      { name: 'quic', port: 8443, protocol: 'udp' },
    ],
    endpoints: nodes.map((n) => ({
      addresses: [ip(`10.42.${n.slice(-1)}.5`)],
      node: n,
      pod: `apps/${name}-${n}`,
      ready: true,
      serving: true,
    })),
    ...change,
  };
}

export function proxy(change: Partial<ServiceProxy> = {}): ServiceProxy {
  return {
    cluster: 'home',
    program: 'kube-proxy',
    mode: 'iptables',
    version: 'v1.33.4',
    clusterCidrs: [prefix('10.42.0.0/16')],
    serviceCidrs: [prefix('10.43.0.0/16')],
    masqueradeAll: false,
    strictArp: false,
    ...change,
  };
}

export function podNetwork(change: Partial<PodNetwork> = {}): PodNetwork {
  return { cluster: 'home', program: 'flannel', encapsulation: 'vxlan', ...change };
}

export function announcing(change: Partial<Announcing> = {}): Announcing {
  return {
    cluster: 'home',
    program: 'metallb',
    version: '0.15.2',
    ignoreExcludeLabel: false,
    speakerNodes: [...nodeNames],
    isMemberlistDisabled: false,
    ...change,
  };
}

export function pool(name: string, ranges: readonly string[], change: Partial<Pool> = {}): Pool {
  return {
    cluster: 'home',
    namespace: 'metallb-system',
    name,
    labels: {},
    ranges: ranges.flatMap((r) => parseRange(r) ?? []),
    autoAssign: true,
    avoidBuggyIps: false,
    ...change,
  };
}

export function advertisement(name: string, change: Partial<L2Advertisement> = {}): L2Advertisement {
  return {
    cluster: 'home',
    name,
    pools: [],
    poolSelectors: [],
    nodeSelectors: [],
    serviceSelectors: [],
    interfaces: [],
    preferredNodes: [],
    ...change,
  };
}

export type Parts = { readonly [K in Kind]?: readonly Kinds[K][] };

/** The cluster, with the kinds given in place of its own. */
export function home(parts: Parts = {}, gaps: readonly Gap[] = []): Estate {
  const all: Parts = {
    node: nodeNames.map((n) => node(n)),
    service: [service('edge')],
    endpointSlice: [slice('edge', ['k8s-node1', 'k8s-node2'])],
    serviceProxy: [proxy()],
    podNetwork: [podNetwork()],
    announcing: [announcing()],
    pool: [pool('home', ['10.0.20.200-10.0.20.209'])],
    l2Advertisement: [advertisement('home')],
    ...parts,
  };
  return makeEstate(factsOf(all), gaps);
}

export function readHome(parts: Parts = {}, gaps: readonly Gap[] = []): Reader {
  return readerOf(home(parts, gaps));
}

export function gapIn(...kinds: Kind[]): Gap {
  return {
    id: `unread/${kinds.join('+')}`,
    system: 'cluster/home',
    kinds,
    what: `${kinds.join(', ')} not read`,
  };
}

function factsOf(parts: Parts): readonly Fact[] {
  return (Object.entries(parts) as [Kind, readonly Kinds[Kind][]][]).flatMap(([kind, values]) =>
    values.map((v, i) => fact(kind, v, { file: `${kind}.yaml`, line: i + 1 })),
  );
}
