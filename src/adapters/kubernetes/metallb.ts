/* MetalLB's resources, metallb.io/v1beta1 (0.13 to 0.16). */
import { type Fact, fact } from '#estate/fact.ts';
import type { Pool } from '#estate/metallb.ts';
import { type IpRange, parseRange } from '#net/prefix.ts';
import type { KubeObject } from './object.ts';
import { flagAt, mapAt, mapsAt, needText, numberAt, type Raw, textAt, textsAt, WrongShape } from './raw.ts';
import { selectorOf } from './workloads.ts';

export function pool(o: KubeObject): Fact<'pool'> {
  const allocation = o.spec.serviceAllocation === undefined ? undefined : mapAt(o.spec, 'serviceAllocation');
  const value: Pool = {
    cluster: o.cluster,
    namespace: o.namespace,
    name: o.name,
    labels: o.labels,
    ranges: textsAt(o.spec, 'addresses').map(needRange),
    autoAssign: flagAt(o.spec, 'autoAssign') ?? true,
    avoidBuggyIps: flagAt(o.spec, 'avoidBuggyIPs') ?? false,
    ...(allocation && { serviceAllocation: allocationOf(allocation) }),
  };
  return fact('pool', value, o.evidence, o.owner);
}

function needRange(text: string, i: number): IpRange {
  const range = parseRange(text.trim());
  if (range === undefined) throw new WrongShape(`spec.addresses[${i}]`, 'a range a-b or a CIDR');
  return range;
}

function allocationOf(raw: Raw): NonNullable<Pool['serviceAllocation']> {
  return {
    priority: numberAt(raw, 'priority') ?? 0,
    namespaces: textsAt(raw, 'namespaces'),
    namespaceSelectors: mapsAt(raw, 'namespaceSelectors').map(selectorOf),
    serviceSelectors: mapsAt(raw, 'serviceSelectors').map(selectorOf),
  };
}

export function l2Advertisement(o: KubeObject): Fact<'l2Advertisement'> {
  const value = {
    cluster: o.cluster,
    name: o.name,
    pools: textsAt(o.spec, 'ipAddressPools'),
    poolSelectors: mapsAt(o.spec, 'ipAddressPoolSelectors').map(selectorOf),
    nodeSelectors: mapsAt(o.spec, 'nodeSelectors').map(selectorOf),
    serviceSelectors: mapsAt(o.spec, 'serviceSelectors').map(selectorOf),
    interfaces: textsAt(o.spec, 'interfaces'),
    preferredNodes: mapsAt(o.spec, 'preferredNodeSelectors').map((p) => ({
      weight: numberAt(p, 'weight') ?? 0,
      selector: selectorOf(mapAt(p, 'preference')),
    })),
  };
  return fact('l2Advertisement', value, o.evidence, o.owner);
}

export function bgpAdvertisement(o: KubeObject): Fact<'bgpAdvertisement'> {
  const value = {
    cluster: o.cluster,
    name: o.name,
    pools: textsAt(o.spec, 'ipAddressPools'),
    poolSelectors: mapsAt(o.spec, 'ipAddressPoolSelectors').map(selectorOf),
    nodeSelectors: mapsAt(o.spec, 'nodeSelectors').map(selectorOf),
  };
  return fact('bgpAdvertisement', value, o.evidence, o.owner);
}

/** Node and Service stand in the status, and as labels in both spellings. */
export function l2Status(o: KubeObject): Fact<'l2Status'> | undefined {
  const label = (key: string) => o.labels[`metallb.io/${key}`] ?? o.labels[`metallb.universe.tf/${key}`];
  const node = textAt(o.status, 'node') ?? label('node');
  const name = textAt(o.status, 'serviceName') ?? label('service-name');
  const namespace = textAt(o.status, 'serviceNamespace') ?? label('service-namespace');
  if (node === undefined || name === undefined || namespace === undefined) return undefined;
  const interfaces = mapsAt(o.status, 'interfaces').map((i) => needText(i, 'name'));
  const value = { cluster: o.cluster, service: `${namespace}/${name}`, node, interfaces };
  return fact('l2Status', value, o.evidence, o.owner);
}
