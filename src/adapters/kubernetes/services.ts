/* Service, EndpointSlice and the older Endpoints, with the defaults that the API server would fill in. */
import { type Fact, fact } from '#estate/fact.ts';
import type { Endpoint, EndpointSlice, Service, ServicePort, TrafficPolicy } from '#estate/kubernetes.ts';
import { familyOf, type Ip, parseIp } from '#net/ip.ts';
import type { Protocol } from '#net/port.ts';
import type { KubeObject } from './object.ts';
import {
  flagAt,
  given,
  isMap,
  listAt,
  mapAt,
  mapsAt,
  needIp,
  needPort,
  needPrefix,
  numberAt,
  type Raw,
  textAt,
  textMapAt,
  textsAt,
  WrongShape,
} from './raw.ts';

const affinityDefaultSeconds = 10_800;

export function service(o: KubeObject): Fact<'service'> {
  const { spec } = o;
  const type = serviceType(textAt(spec, 'type'));
  const clusterIps = clusterIpsOf(spec);
  const value: Service = {
    cluster: o.cluster,
    namespace: o.namespace,
    name: o.name,
    type,
    labels: o.labels,
    annotations: o.annotations,
    ...given('selector', textMapAt(spec, 'selector')),
    ports: mapsAt(spec, 'ports').map(servicePort),
    clusterIps,
    externalIps: textsAt(spec, 'externalIPs').map((t, i) => needIp(t, `spec.externalIPs[${i}]`)),
    externalPolicy: policy(textAt(spec, 'externalTrafficPolicy'), 'spec.externalTrafficPolicy'),
    internalPolicy: policy(textAt(spec, 'internalTrafficPolicy'), 'spec.internalTrafficPolicy'),
    ipFamilies: familiesOf(spec, clusterIps),
    ipFamilyPolicy: familyPolicy(textAt(spec, 'ipFamilyPolicy')),
    sourceRanges: textsAt(spec, 'loadBalancerSourceRanges').map((t, i) =>
      needPrefix(t, `spec.loadBalancerSourceRanges[${i}]`),
    ),
    ...given('sessionAffinitySeconds', affinitySeconds(spec)),
    ...given('loadBalancerClass', textAt(spec, 'loadBalancerClass')),
    ...given('loadBalancerIp', textAt(spec, 'loadBalancerIP') || undefined),
    ...given('requestedIps', annotationOf(o, requestedIpKeys)),
    ...given('requestedPool', annotationOf(o, poolKeys)),
    ...given('sharingKey', annotationOf(o, sharingKeys)),
    allocateNodePorts: flagAt(spec, 'allocateLoadBalancerNodePorts') ?? true,
    ...given('healthCheckNodePort', numberAt(spec, 'healthCheckNodePort') || undefined),
    vips: vipsOf(o),
    ...given('trafficDistribution', textAt(spec, 'trafficDistribution')),
  };
  return fact('service', value, o.evidence, o.owner);
}

/** MetalLB reads its new spelling first; the others are Cilium's and kube-vip's. */
const requestedIpKeys = [
  'metallb.io/loadBalancerIPs',
  'metallb.universe.tf/loadBalancerIPs',
  'lbipam.cilium.io/ips',
  'io.cilium/lb-ipam-ips',
  'kube-vip.io/loadbalancerIPs',
];
const poolKeys = ['metallb.io/address-pool', 'metallb.universe.tf/address-pool'];
const sharingKeys = [
  'metallb.io/allow-shared-ip',
  'metallb.universe.tf/allow-shared-ip',
  'lbipam.cilium.io/sharing-key',
  'io.cilium/lb-ipam-sharing-key',
];

function annotationOf(o: KubeObject, keys: readonly string[]): string | undefined {
  const key = keys.find((k) => o.annotations[k] !== undefined);
  return key === undefined ? undefined : o.annotations[key];
}

function serviceType(text: string | undefined): Service['type'] {
  if (text === undefined) return 'ClusterIP';
  if (text === 'ClusterIP' || text === 'NodePort' || text === 'LoadBalancer' || text === 'ExternalName')
    return text;
  throw new WrongShape('spec.type', 'a type of Service');
}

function servicePort(p: Raw, i: number): ServicePort {
  const port = needPort(p, 'port');
  const target = p.targetPort ?? port;
  if (typeof target !== 'number' && typeof target !== 'string')
    throw new WrongShape(`spec.ports[${i}].targetPort`, 'a port or the name of one');
  return {
    ...given('name', textAt(p, 'name')),
    port,
    protocol: protocolOf(textAt(p, 'protocol')),
    targetPort: typeof target === 'string' && /^\d+$/.test(target) ? Number(target) : target,
    ...given('nodePort', numberAt(p, 'nodePort') || undefined),
  };
}

/** TCP where nothing is said. */
export function protocolOf(text: string | undefined): Protocol {
  const protocol = (text ?? 'TCP').toLowerCase();
  if (protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp') return protocol;
  throw new WrongShape('protocol', 'TCP, UDP or SCTP');
}

function policy(text: string | undefined, path: string): TrafficPolicy {
  if (text === undefined || text === 'Cluster') return 'cluster';
  if (text === 'Local') return 'local';
  throw new WrongShape(path, 'Cluster or Local');
}

function clusterIpsOf(spec: Raw): readonly Ip[] {
  const several = textsAt(spec, 'clusterIPs');
  const one = textAt(spec, 'clusterIP');
  const texts = several.length > 0 ? several : one === undefined || one === '' ? [] : [one];
  return texts.filter((t) => t !== 'None').map((t, i) => needIp(t, `spec.clusterIPs[${i}]`));
}

function familiesOf(spec: Raw, clusterIps: readonly Ip[]): readonly (4 | 6)[] {
  const stated = textsAt(spec, 'ipFamilies').map((f) => (f === 'IPv6' ? 6 : 4) as 4 | 6);
  if (stated.length > 0) return stated;
  return clusterIps.length > 0 ? clusterIps.map(familyOf) : [4];
}

function familyPolicy(text: string | undefined): Service['ipFamilyPolicy'] {
  if (text === 'PreferDualStack' || text === 'RequireDualStack') return text;
  return 'SingleStack';
}

function affinitySeconds(spec: Raw): number | undefined {
  if (textAt(spec, 'sessionAffinity') !== 'ClientIP') return undefined;
  const clientIp = mapAt(mapAt(spec, 'sessionAffinityConfig'), 'clientIP');
  return numberAt(clientIp, 'timeoutSeconds') ?? affinityDefaultSeconds;
}

function vipsOf(o: KubeObject): Service['vips'] {
  return mapsAt(mapAt(o.status, 'loadBalancer'), 'ingress').flatMap((v, i) => {
    const text = textAt(v, 'ip');
    if (text === undefined || text === '') return [];
    const ipMode = textAt(v, 'ipMode') === 'Proxy' ? ('Proxy' as const) : ('VIP' as const);
    return [{ ip: needIp(text, `status.loadBalancer.ingress[${i}].ip`), ipMode }];
  });
}

/** undefined: a slice of names, which no Service on an address uses. */
export function endpointSlice(o: KubeObject): Fact<'endpointSlice'> | undefined {
  const type = textAt(o.raw, 'addressType') ?? 'IPv4';
  if (type !== 'IPv4' && type !== 'IPv6') return undefined;
  const value: EndpointSlice = {
    cluster: o.cluster,
    namespace: o.namespace,
    name: o.name,
    ...given('service', o.labels['kubernetes.io/service-name']),
    family: type === 'IPv6' ? 6 : 4,
    ports: mapsAt(o.raw, 'ports').map(endpointPort),
    endpoints: mapsAt(o.raw, 'endpoints').map(endpointOf),
  };
  return fact('endpointSlice', value, o.evidence, o.owner);
}

function endpointPort(p: Raw): EndpointSlice['ports'][number] {
  return {
    ...given('name', textAt(p, 'name')),
    ...given('port', numberAt(p, 'port')),
    protocol: protocolOf(textAt(p, 'protocol')),
  };
}

function endpointOf(e: Raw, i: number): Endpoint {
  const conditions = mapAt(e, 'conditions');
  const hints = mapAt(e, 'hints');
  return {
    addresses: textsAt(e, 'addresses').map((a) => needIp(a, `endpoints[${i}].addresses`)),
    ...given('node', textAt(e, 'nodeName')),
    ...given('ready', flagAt(conditions, 'ready')),
    ...given('serving', flagAt(conditions, 'serving')),
    ...given('terminating', flagAt(conditions, 'terminating')),
    ...given('pod', podOf(mapAt(e, 'targetRef'))),
    ...given('zoneHints', hintsAt(hints, 'forZones')),
    ...given('nodeHints', hintsAt(hints, 'forNodes')),
  };
}

function hintsAt(hints: Raw, field: string): readonly string[] | undefined {
  const list = listAt(hints, field).flatMap((h) => (isMap(h) && typeof h.name === 'string' ? [h.name] : []));
  return list.length > 0 ? list : undefined;
}

function podOf(ref: Raw): string | undefined {
  if (ref.kind !== 'Pod' || typeof ref.name !== 'string') return undefined;
  return `${typeof ref.namespace === 'string' ? ref.namespace : ''}/${ref.name}`;
}

/** The older Endpoints as slices, one for each subset and family: for clusters whose slices were not collected. */
export function endpoints(o: KubeObject): readonly Fact<'endpointSlice'>[] {
  return mapsAt(o.raw, 'subsets').flatMap((subset, i) => {
    const all = [
      ...mapsAt(subset, 'addresses').map((a) => ({ a, ready: true })),
      ...mapsAt(subset, 'notReadyAddresses').map((a) => ({ a, ready: false })),
    ];
    return ([4, 6] as const).flatMap((family) => {
      const members = all.filter(({ a }) => isFamily(textAt(a, 'ip'), family));
      if (members.length === 0) return [];
      const value: EndpointSlice = {
        cluster: o.cluster,
        namespace: o.namespace,
        name: `${o.name}-endpoints-${i}-ipv${family}`,
        service: o.name,
        family,
        ports: mapsAt(subset, 'ports').map(endpointPort),
        endpoints: members.map(({ a, ready }) => oldEndpoint(a, ready)),
      };
      return [fact('endpointSlice', value, o.evidence, o.owner)];
    });
  });
}

function isFamily(text: string | undefined, family: 4 | 6): boolean {
  const ip = text === undefined ? undefined : parseIp(text);
  if (ip === undefined) throw new WrongShape('subsets.addresses.ip', 'an IP address');
  return familyOf(ip) === family;
}

function oldEndpoint(a: Raw, ready: boolean): Endpoint {
  return {
    addresses: [needIp(textAt(a, 'ip') ?? '', 'subsets.addresses.ip')],
    ...given('node', textAt(a, 'nodeName')),
    ready,
    ...given('pod', podOf(mapAt(a, 'targetRef'))),
  };
}
