/*
 * The address that a masqueraded packet shows to an endpoint: that of the interface by which it leaves the node
 * (Linux MASQUERADE), so it depends on the pod network and its encapsulation. Measured in the lab for no encapsulation.
 */
import type { Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Node, PodNetwork } from '#estate/kubernetes.ts';
import { familyOf, type Ip, ipToNumber, numberToIp } from '#net/ip.ts';
import { contains, parsePrefix, prefixFamily, prefixToRange } from '#net/prefix.ts';
import { clusterGap } from './cluster-gap.ts';
import type { Reached } from './trace.ts';

/** What the endpoint sees; `ip` undefined with a gap: not known; undefined with `keepsSource`: the client itself. */
export interface MasqueradeAddress {
  readonly ip?: Ip;
  /** The endpoint is the node itself: the packet never leaves, so it is not masqueraded. */
  readonly keepsSource?: true;
  readonly says: string;
  readonly because: readonly Evidence[];
  readonly gap?: Gap;
}

/** The address that a packet masqueraded on `fromNode` shows to the endpoint. */
export function masqueradeAddress(
  reader: Reader,
  cluster: string,
  fromNode: string,
  endpoint: Reached,
): MasqueradeAddress {
  const from = reader.get('node', `${cluster}/${fromNode}`);
  if (from === undefined)
    return notKnown(reader.gap('node', `cluster/${cluster}`) ?? noNode(cluster, fromNode));
  const family = familyOf(endpoint.ip);
  if (from.value.internalIps.includes(endpoint.ip)) {
    return { keepsSource: true, says: 'the endpoint is on the node itself', because: [from.evidence] };
  }
  if (reader.by('node', 'ip', endpoint.ip).some((n) => n.value.cluster === cluster)) {
    return shown(
      nodeIp(from.value, family),
      'the address of the node that forwards',
      [from.evidence],
      cluster,
    );
  }
  const network = reader.get('podNetwork', cluster);
  const gap = reader.gap('podNetwork', `cluster/${cluster}`);
  if (network === undefined || gap !== undefined) return notKnown(gap ?? noNetwork(cluster, network));
  return throughPodNetwork(reader, from, network, endpoint);
}

function throughPodNetwork(
  reader: Reader,
  from: Fact<'node'>,
  network: Fact<'podNetwork'>,
  endpoint: Reached,
): MasqueradeAddress {
  const because = [network.evidence, from.evidence];
  const { cluster } = network.value;
  if (endpoint.node === undefined) return notKnown(noNetwork(cluster, network));
  const to = reader.get('node', `${cluster}/${endpoint.node}`);
  const way =
    endpoint.node === from.value.name
      ? onSameNode(network.value, from.value, familyOf(endpoint.ip))
      : toOtherNode(network.value, from.value, to?.value, familyOf(endpoint.ip));
  return way === undefined
    ? notKnown(noNetwork(cluster, network))
    : shown(way.ip, way.says, because, cluster);
}

interface Way {
  readonly ip: Ip | undefined;
  readonly says: string;
}

/** undefined: not sourced for this network. */
function onSameNode(network: PodNetwork, node: Node, family: 4 | 6): Way | undefined {
  switch (network.program) {
    case 'calico':
      return {
        ip: nodeIp(node, family),
        says: 'Calico’s pod interfaces have no address, so the node’s is used',
      };
    case 'flannel':
    case 'bridge':
      return { ip: ofPodCidr(node, family, 1n), says: 'the address of the pod bridge on the same node' };
    default:
      return undefined;
  }
}

function toOtherNode(network: PodNetwork, from: Node, to: Node | undefined, family: 4 | 6): Way | undefined {
  const direct: Way = { ip: nodeIp(from, family), says: 'the address of the node that forwards' };
  switch (network.program) {
    case 'bridge':
      return network.encapsulation === 'none' ? direct : undefined;
    case 'flannel':
      if (network.encapsulation === 'none') return direct;
      if (network.encapsulation !== 'vxlan' || family === 6) return undefined;
      return { ip: ofPodCidr(from, family, 0n), says: 'the address of flannel.1 on the node that forwards' };
    case 'calico':
      return calicoWay(network, from, to, family, direct);
    default:
      return undefined;
  }
}

const calicoTunnels = {
  vxlan: ['VXLANTunnelAddr'],
  ipip: ['IPIPTunnelAddr'],
  wireguard: ['WireguardInterfaceAddr'],
};

function calicoWay(
  network: PodNetwork,
  from: Node,
  to: Node | undefined,
  family: 4 | 6,
  direct: Way,
): Way | undefined {
  switch (network.encapsulation) {
    case 'none':
      return direct;
    case 'vxlan':
    case 'ipip':
    case 'wireguard':
      return calicoTunnel(from, family, calicoTunnels[network.encapsulation]);
    case 'cross-subnet': {
      const isNear = isInCalicoSubnet(from, to, family);
      if (isNear === undefined) return undefined;
      return isNear ? direct : calicoTunnel(from, family, ['VXLANTunnelAddr', 'IPIPTunnelAddr']);
    }
    default:
      return undefined;
  }
}

/** Calico writes a node's tunnel addresses into annotations such as projectcalico.org/IPv4VXLANTunnelAddr. */
function calicoTunnel(node: Node, family: 4 | 6, names: readonly string[]): Way | undefined {
  const addresses = names.flatMap(
    (n) => parsePrefix(node.annotations[`projectcalico.org/IPv${family}${n}`] ?? '') ?? [],
  );
  const [only, other] = addresses;
  if (only === undefined || other !== undefined) return undefined;
  return { ip: prefixToRange(only).first, says: 'the tunnel address of the node that forwards' };
}

/** undefined: a node's subnet is not known. */
function isInCalicoSubnet(from: Node, to: Node | undefined, family: 4 | 6): boolean | undefined {
  const subnet = parsePrefix(from.annotations[`projectcalico.org/IPv${family}Address`] ?? '');
  const other = to && nodeIp(to, family);
  return subnet === undefined || other === undefined ? undefined : contains(subnet, other);
}

function nodeIp(node: Node, family: 4 | 6): Ip | undefined {
  return node.internalIps.find((ip) => familyOf(ip) === family);
}

function ofPodCidr(node: Node, family: 4 | 6, offset: bigint): Ip | undefined {
  const cidr = node.podCidrs.find((p) => prefixFamily(p) === family);
  return cidr && numberToIp(ipToNumber(prefixToRange(cidr).first) + offset, family);
}

function shown(
  ip: Ip | undefined,
  says: string,
  because: readonly Evidence[],
  cluster: string,
): MasqueradeAddress {
  if (ip !== undefined) return { ip, says: `the endpoint sees ${ip}, ${says}`, because };
  const gap = clusterGap(
    'masquerade-address',
    cluster,
    ['node'],
    `the node says no address for this: ${says}`,
  );
  return notKnown(gap);
}

function notKnown(gap: Gap): MasqueradeAddress {
  return { says: gap.what, because: gap.evidence ? [gap.evidence] : [], gap };
}

function noNode(cluster: string, node: string): Gap {
  return clusterGap(`node-unknown/${node}`, cluster, ['node'], `node ${node} is not in the snapshot`);
}

function noNetwork(cluster: string, network: Fact<'podNetwork'> | undefined): Gap {
  const what = network
    ? `the address that ${network.value.program} (${network.value.encapsulation}) masquerades to is not known`
    : `the pod network of ${cluster} is not known`;
  return clusterGap(
    'pod-network',
    cluster,
    ['podNetwork'],
    what,
    'the pod network and its encapsulation, or an access log that shows the address',
    network?.evidence,
  );
}
