/*
 * Kubernetes objects of a vector, as the estate has them. Vectors give specs without the API server's defaults; the
 * estate has them applied, so they are applied here: no type is ClusterIP, no policy Cluster, no family policy single.
 */
import type { Endpoint, EndpointSlice, Labels, Node, Selector, Service } from '#estate/kubernetes.ts';
import type { Pool } from '#estate/metallb.ts';
import { familyOf, type Ip, ip, parseIp } from '#net/ip.ts';
import type { Protocol } from '#net/port.ts';
import { parsePrefix, parseRange } from '#net/prefix.ts';
import { arrayOf, asObject, at, type Json, type JsonObject, maybeText, text, texts } from './vector.ts';

export const cluster = 'test';

export function serviceOf(o: JsonObject): Service {
  const annotations = labelsOf(at(o, 'metadata', 'annotations'));
  const pick = (name: string) =>
    annotations[`metallb.io/${name}`] ?? annotations[`metallb.universe.tf/${name}`];
  const clusterIps = clusterIpsOf(o);
  const requestedIps = pick('loadBalancerIPs');
  const requestedPool = pick('address-pool');
  const sharingKey = pick('allow-shared-ip');
  const loadBalancerIp = maybeText(at(o, 'spec', 'loadBalancerIP'));
  const healthCheckNodePort = Number(at(o, 'spec', 'healthCheckNodePort') ?? 0);
  const selector = at(o, 'spec', 'selector');
  return {
    cluster,
    namespace: maybeText(at(o, 'metadata', 'namespace')) ?? '',
    name: maybeText(at(o, 'metadata', 'name')) ?? 'test',
    type: (maybeText(at(o, 'spec', 'type')) ?? 'ClusterIP') as Service['type'],
    labels: labelsOf(at(o, 'metadata', 'labels')),
    annotations,
    ...(selector !== undefined && { selector: labelsOf(selector) }),
    ports: arrayOf(at(o, 'spec', 'ports')).map(portOf),
    clusterIps,
    externalIps: texts(at(o, 'spec', 'externalIPs')).map(ip),
    externalPolicy: at(o, 'spec', 'externalTrafficPolicy') === 'Local' ? 'local' : 'cluster',
    internalPolicy: at(o, 'spec', 'internalTrafficPolicy') === 'Local' ? 'local' : 'cluster',
    ipFamilies: familiesOf(o, clusterIps),
    ipFamilyPolicy: (maybeText(at(o, 'spec', 'ipFamilyPolicy')) ??
      'SingleStack') as Service['ipFamilyPolicy'],
    sourceRanges: texts(at(o, 'spec', 'loadBalancerSourceRanges')).flatMap(
      (r) => parsePrefix(r.trim()) ?? [],
    ),
    ...(loadBalancerIp !== undefined && { loadBalancerIp }),
    ...(requestedIps !== undefined && { requestedIps }),
    ...(requestedPool !== undefined && { requestedPool }),
    ...(sharingKey !== undefined && { sharingKey }),
    allocateNodePorts: true,
    ...(healthCheckNodePort > 0 && { healthCheckNodePort }),
    vips: ingressOf(o).map((i) => ({ ip: i.ip, ipMode: i.ipMode })),
  };
}

function clusterIpsOf(o: JsonObject): readonly Ip[] {
  const list = texts(at(o, 'spec', 'clusterIPs'));
  const single = maybeText(at(o, 'spec', 'clusterIP'));
  return (list.length > 0 ? list : single ? [single] : []).flatMap((t) => parseIp(t) ?? []);
}

function familiesOf(o: JsonObject, clusterIps: readonly Ip[]): readonly (4 | 6)[] {
  const given = texts(at(o, 'spec', 'ipFamilies'));
  if (given.length > 0) return given.map((f) => (f === 'IPv6' ? 6 : 4));
  return clusterIps.map(familyOf).slice(0, 0);
}

function ingressOf(o: JsonObject) {
  return arrayOf(at(o, 'status', 'loadBalancer', 'ingress')).flatMap((i) => {
    const address = maybeText(at(i, 'ip'));
    const ipMode = at(i, 'ipMode') === 'Proxy' ? ('Proxy' as const) : ('VIP' as const);
    return address ? [{ ip: ip(address), ipMode }] : [];
  });
}

function portOf(p: Json): Service['ports'][number] {
  const name = maybeText(at(p, 'name'));
  const nodePort = Number(at(p, 'nodePort') ?? 0);
  const port = Number(at(p, 'port'));
  return {
    ...(name ? { name } : {}),
    port,
    protocol: protocolOf(at(p, 'protocol')),
    targetPort: (at(p, 'targetPort') as number | string | undefined) ?? port,
    ...(nodePort > 0 && { nodePort }),
  };
}

export function protocolOf(value: Json | undefined): Protocol {
  return (maybeText(value) ?? 'TCP').toLowerCase() as Protocol;
}

export function labelsOf(value: Json | undefined): Labels {
  return value === undefined || value === null ? {} : (asObject(value) as Labels);
}

export function sliceOf(o: JsonObject): EndpointSlice {
  const service = maybeText(at(o, 'metadata', 'labels', 'kubernetes.io/service-name'));
  return {
    cluster,
    namespace: maybeText(at(o, 'metadata', 'namespace')) ?? '',
    name: maybeText(at(o, 'metadata', 'name')) ?? 'slice',
    ...(service !== undefined && { service }),
    family: at(o, 'addressType') === 'IPv6' ? 6 : 4,
    ports: arrayOf(at(o, 'ports')).map((p) => {
      const name = maybeText(at(p, 'name'));
      return {
        ...(name ? { name } : {}),
        port: Number(at(p, 'port')),
        protocol: protocolOf(at(p, 'protocol')),
      };
    }),
    endpoints: arrayOf(at(o, 'endpoints')).map(endpointOf),
  };
}

function endpointOf(e: Json): Endpoint {
  const node = maybeText(at(e, 'nodeName'));
  return {
    addresses: texts(at(e, 'addresses')).map(ip),
    ...(node !== undefined && { node }),
    ...conditionsOf(at(e, 'conditions')),
  };
}

export function conditionsOf(value: Json | undefined): Pick<Endpoint, 'ready' | 'serving' | 'terminating'> {
  const pick = (name: string) => {
    const c = at(value, name);
    return typeof c === 'boolean' ? { [name]: c } : {};
  };
  return { ...pick('ready'), ...pick('serving'), ...pick('terminating') };
}

export function nodeOf(name: string, ips: readonly Ip[], labels: Labels = {}): Node {
  return {
    cluster,
    name,
    labels,
    annotations: {},
    internalIps: ips,
    podCidrs: [],
    isReady: true,
    isNetworkUnavailable: false,
    isSchedulable: true,
  };
}

/** `team=metallb` or `a=b,c=d`. */
export function selectorOf(written: string): Selector {
  return { matchLabels: Object.fromEntries(written.split(',').map((p) => p.split('=') as [string, string])) };
}

export function poolOf(o: Json): Pool {
  const allocation = at(o, 'serviceAllocation');
  return {
    cluster,
    namespace: 'metallb-system',
    name: text(at(o, 'name')),
    labels: {},
    ranges: texts(at(o, 'cidrs')).flatMap((c) => parseRange(c) ?? []),
    autoAssign: at(o, 'autoAssign') === true,
    avoidBuggyIps: at(o, 'avoidBuggyIPs') === true,
    ...(allocation !== undefined &&
      allocation !== null && {
        serviceAllocation: {
          priority: Number(at(allocation, 'priority') ?? 0),
          namespaces: texts(at(allocation, 'namespaces')),
          namespaceSelectors: [],
          serviceSelectors: texts(at(allocation, 'serviceSelectors')).map(selectorOf),
        },
      }),
  };
}
