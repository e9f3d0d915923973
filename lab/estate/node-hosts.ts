/*
 * Nodes and their pods. The pods of a node share a netns beside it; a pod from which flows start has one of its own, since
 * what goes from it to a pod of the same node must pass the node. Addresses of the pods' side follow the pod network:
 * Calico's cables have none, a bridge and flannel have the first of the node's range, an overlay shows its own.
 */
import type { Reader } from '#estate/estate.ts';
import type { Node, Pod } from '#estate/kubernetes.ts';
import { familyOf, type Ip, ipToNumber, numberToIp } from '#net/ip.ts';
import { contains, type Prefix, prefixFamily, prefixToRange } from '#net/prefix.ts';
import type { LabAddress, LabHost, LabLink } from '../kernel/topology.ts';
import { gatewayRoutes } from './clients.ts';
import { hostName } from './names.ts';
import { nodeRules } from './node-rules.ts';
import { cable, type Part, plug, routerSysctls } from './plan-hosts.ts';
import { podsDev } from './proxy-facts.ts';
import { type Segment, segmentOf, withLength } from './segments.ts';

const overlaySwitch = 'overlay';

export function nodeHosts(reader: Reader, segments: readonly Segment[]): Part {
  const nodes = reader.all('node').map((n) => n.value);
  const parts = nodes.map((n) => nodePart(reader, segments, n));
  return {
    hosts: parts.flatMap((p) => p.hosts),
    links: [...parts.flatMap((p) => p.links), ...overlayCables(reader, nodes)],
    notBuilt: parts.flatMap((p) => p.notBuilt),
  };
}

/** The host that answers for a pod: the node itself, the pods beside it, or one of its own. */
export function hostOfPod(reader: Reader, pod: Pod): string {
  if (pod.hostNetwork) return hostName('node', pod.node ?? '');
  if (hasOwnHost(reader, pod)) return hostName('pod', pod.namespace, pod.name);
  return hostName('pods', pod.node ?? '');
}

/** Pods that flows start from: vantage points, tunnels' connectors, and name servers that ask others. */
function hasOwnHost(reader: Reader, pod: Pod): boolean {
  const isTold = reader
    .all('vantagePoint')
    .some((v) => v.value.pod === `${pod.namespace}/${pod.name}` && v.value.cluster === pod.cluster);
  return isTold || isConnector(pod) || isForwarder(reader, pod);
}

/** A pod behind the address of a resolver that forwards. */
function isForwarder(reader: Reader, pod: Pod): boolean {
  const addresses = reader
    .all('resolver')
    .flatMap((r) => (r.value.address && r.value.forwardsTo ? [r.value.address] : []));
  const services = addresses.flatMap((ip) => [
    ...reader.by('service', 'clusterIp', ip),
    ...reader.by('service', 'vip', ip),
  ]);
  return services.some(({ value: s }) => {
    const slices = reader.by('endpointSlice', 'service', `${s.cluster}/${s.namespace}/${s.name}`);
    return slices.some((e) => e.value.endpoints.some((one) => one.pod === `${pod.namespace}/${pod.name}`));
  });
}

/** A pod of cloudflared, by its image. */
export function isConnector(pod: Pod): boolean {
  return pod.containers.some((c) => /(^|\/)cloudflared(:|@|$)/.test(c.image));
}

export function podsOn(reader: Reader, node: Node): readonly Pod[] {
  return reader
    .by('pod', 'node', `${node.cluster}/${node.name}`)
    .map((p) => p.value)
    .filter((p) => !p.hostNetwork && p.ips.length > 0);
}

function nodePart(reader: Reader, segments: readonly Segment[], node: Node): Part {
  const [first] = node.internalIps;
  const segment = first && segmentOf(segments, first);
  if (!segment) return { hosts: [], links: [], notBuilt: [`node ${node.name} has no address`] };
  const pods = podsOn(reader, node);
  const alone = pods.filter((p) => hasOwnHost(reader, p));
  const name = hostName('node', node.name);
  const beside = hostName('pods', node.name);
  const devOf = new Map(
    pods.map((p) => [p, alone.includes(p) ? `${podsDev}${alone.indexOf(p) + 1}` : podsDev]),
  );
  const devs = [podsDev, ...alone.map((p) => devOf.get(p) ?? podsDev)];
  const rules = nodeRules(reader, node);
  const host: LabHost = {
    name,
    addresses: [
      ...node.internalIps.map((ip) => ({ dev: 'eth0', address: withLength(segment, ip) })),
      ...devs.flatMap((dev) => gatewayAddresses(reader, node, dev)),
      ...tunnelAddresses(reader, node).map((address) => ({ dev: overlaySwitch, address })),
    ],
    routes: [
      ...gatewayRoutes(reader, segment, node.internalIps),
      ...pods.flatMap((p) => p.ips.map((ip) => podRoute(node, ip, devOf.get(p) ?? podsDev))),
      ...otherNodesRoutes(reader, node),
    ],
    sysctls: routerSysctls,
    ruleset: rules.nft,
    ...(rules.iptables && { iptables: rules.iptables }),
  };
  const podHosts = [
    podsHost(
      reader,
      node,
      beside,
      pods.filter((p) => !alone.includes(p)),
    ),
  ];
  const own = alone.map((p) => podsHost(reader, node, hostOfPod(reader, p), [p]));
  return {
    hosts: [host, ...podHosts, ...own],
    links: [
      plug(segment, name, 'eth0'),
      cable(name, podsDev, beside, 'eth0', podMtu(reader, node)),
      ...alone.map(
        (p): LabLink =>
          cable(name, devOf.get(p) ?? podsDev, hostOfPod(reader, p), 'eth0', podMtu(reader, node)),
      ),
    ],
    notBuilt: [],
  };
}

function podsHost(reader: Reader, node: Node, name: string, pods: readonly Pod[]): LabHost {
  const ips = pods.flatMap((p) => p.ips);
  const next = nextHop(reader, node);
  return {
    name,
    addresses: ips.map((ip) => ({ dev: 'eth0', address: alone(ip) })),
    routes: [
      `${next} dev eth0`,
      `default via ${next} dev eth0`,
      ...(ips.some((ip) => familyOf(ip) === 6) ? ['::/0 via fe80::1 dev eth0'] : []),
    ],
    // Two pods of this netns may talk through the node: then a packet comes in from an address of our own.
    sysctls: { 'net.ipv4.conf.*.accept_local': 1 },
  };
}

/** The pods' default gateway: Calico's well-known address, else the first of the node's range. */
function nextHop(reader: Reader, node: Node): string {
  const isBare = bareCables(reader, node);
  const range = node.podCidrs.find((p) => prefixFamily(p) === 4);
  return isBare || !range ? '169.254.1.1' : firstOf(range);
}

/** Whether the pod network gives its cables no address of their own. */
function bareCables(reader: Reader, node: Node): boolean {
  const program = reader.get('podNetwork', node.cluster)?.value.program;
  return program !== 'flannel' && program !== 'bridge' && program !== 'weave';
}

/** `scope link` keeps Calico's address from ever being taken as a source. */
function gatewayAddresses(reader: Reader, node: Node, dev: string): readonly LabAddress[] {
  const link: LabAddress = { dev, address: 'fe80::1/64' };
  if (bareCables(reader, node)) return [{ dev, address: '169.254.1.1/32 scope link' }, link];
  const firsts = node.podCidrs.map((p) => ({ dev, address: alone(firstOf(p)) }));
  return [...firsts, link];
}

function podRoute(node: Node, ip: Ip, dev: string): string {
  const own = node.internalIps.find((one) => familyOf(one) === familyOf(ip));
  return `${alone(ip)} dev ${dev}${own && familyOf(ip) === 4 ? ` src ${own}` : ''}`;
}

/** Ways to the pods of other nodes: their ranges, and single pods that lie outside of these. */
function otherNodesRoutes(reader: Reader, node: Node): readonly string[] {
  const others = reader
    .by('node', 'cluster', node.cluster)
    .map((n) => n.value)
    .filter((n) => n.name !== node.name);
  return others.flatMap((other) => {
    const strays = podsOn(reader, other)
      .flatMap((p) => p.ips)
      .filter((ip) => !other.podCidrs.some((c) => contains(c, ip)));
    const targets = [...other.podCidrs, ...strays.map((ip) => alone(ip) as Prefix)];
    return targets.flatMap((target) => wayTo(reader, node, other, target));
  });
}

function wayTo(reader: Reader, node: Node, other: Node, target: Prefix): readonly string[] {
  const family = prefixFamily(target);
  const [tunnel] = family === 4 ? tunnelAddresses(reader, other) : [];
  if (tunnel !== undefined && tunnelAddresses(reader, node).length > 0)
    return [`${target} via ${tunnel.split('/')[0]} dev ${overlaySwitch} onlink`];
  const next = other.internalIps.find((ip) => familyOf(ip) === family);
  return next ? [`${target} via ${next}`] : [];
}

/** The overlay interface's own address on a node; none where pods' packets travel as they are. */
function tunnelAddresses(reader: Reader, node: Node): readonly string[] {
  const network = reader.get('podNetwork', node.cluster)?.value;
  const encapsulates = network?.encapsulation === 'vxlan' || network?.encapsulation === 'ipip';
  if (!encapsulates) return [];
  const told = ['projectcalico.org/IPv4VXLANTunnelAddr', 'projectcalico.org/IPv4IPIPTunnelAddr']
    .map((key) => node.annotations[key])
    .find((text) => text !== undefined);
  if (told !== undefined) return [`${told}/32`];
  const range = node.podCidrs.find((p) => prefixFamily(p) === 4);
  return network.program === 'flannel' && range ? [`${prefixToRange(range).first}/32`] : [];
}

/** One cable from each node into the overlay's switch, which stands for the tunnels between all of them. */
function overlayCables(reader: Reader, nodes: readonly Node[]): readonly LabLink[] {
  return nodes
    .filter((n) => tunnelAddresses(reader, n).length > 0)
    .map((n, at) =>
      cable(hostName('node', n.name), overlaySwitch, overlaySwitch, `o${at}`, podMtu(reader, n)),
    );
}

/** Whether an estate's nodes need the overlay's switch. */
export function needsOverlay(reader: Reader): boolean {
  return reader.all('node').some((n) => tunnelAddresses(reader, n.value).length > 0);
}

export { overlaySwitch };

function podMtu(reader: Reader, node: Node): number | undefined {
  const network = reader.get('podNetwork', node.cluster)?.value;
  if (network?.mtu !== undefined) return network.mtu;
  return network?.encapsulation === 'vxlan' ? 1450 : network?.encapsulation === 'ipip' ? 1480 : undefined;
}

function firstOf(range: Prefix): Ip {
  const { first } = prefixToRange(range);
  return numberToIp(ipToNumber(first) + 1n, familyOf(first));
}

function alone(ip: Ip): string {
  return familyOf(ip) === 4 ? `${ip}/32` : `${ip}/128`;
}
