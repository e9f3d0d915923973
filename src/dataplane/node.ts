/*
 * A flow at a Kubernetes node: Service rules first (service.ts), then the node's own address with host ports and host
 * network, then pods of the cluster, then the way out by the node's default gateway.
 */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import { contains } from '#net/prefix.ts';
import { throughServiceLb } from './k3s-service-lb.ts';
import { type AtNode, leaveNode, type Spot } from './node-out.ts';
import { interfacesAround, isPrivate } from './route.ts';
import { decideService, masqueradeAddress, type ServiceDecision } from './service.ts';
import type { Disposition, Packet, Reached } from './trace.ts';
import {
  type Ended,
  ended,
  missing,
  type Next,
  rewritten,
  unknownAt,
  type Way,
  withMtu,
  withStep,
} from './way.ts';

/** What a node does with a packet that arrives at it or starts on it. */
export function atNode(reader: Reader, way: Way, place: AtNode): readonly Next[] {
  const spot: Spot = { ...place, reader, host: `node/${place.cluster}/${place.node}` };
  const origin = { isPod: place.origin === 'pod', isLocalProcess: place.origin === 'process' };
  const decision = decideService(reader, place, way.packet, origin);
  switch (decision.verdict) {
    case 'unknown':
      return [
        unknownAt(way, spot.host, 'service', decision.gap ?? missing(spot.host, 'service', decision.says)),
      ];
    case 'dnat':
      return decision.endpoints.map((e) => toEndpoint(spot, way, decision, e));
    case 'drop':
    case 'reject':
      return [refused(spot, way, decision)];
    case 'none':
      return unserved(spot, way, decision);
    default:
      return decision.verdict satisfies never;
  }
}

function refused(spot: Spot, way: Way, decision: ServiceDecision): Ended {
  const step = {
    stage: 'service' as const,
    says: decision.says,
    because: decision.because,
    ...(decision.rule && { rule: decision.rule }),
  };
  return ended(withStep(way, spot.host, step), dispositionOf(decision));
}

function dispositionOf({ cause }: ServiceDecision): Disposition {
  switch (cause) {
    case 'source-ranges':
      return 'denied';
    case 'no-endpoint':
    case 'no-local-endpoint':
      return 'no-endpoint';
    case 'not-served':
    case undefined:
      return 'no-listener';
    default:
      return cause satisfies never;
  }
}

/** DNAT to one endpoint, masqueraded where the rules say so. */
function toEndpoint(spot: Spot, way: Way, decision: ServiceDecision, endpoint: Reached): Next {
  const before = way.packet;
  const after: Packet = { ...before, destination: endpoint.ip, port: endpoint.port };
  const step = {
    stage: 'service' as const,
    says: `${decision.says}.`,
    because: decision.because,
    ...(decision.rule && { rule: decision.rule }),
  };
  const isHairpin = decision.hairpins?.some((h) => h.ip === endpoint.ip);
  const translated = rewritten(way, spot.host, after, step);
  const shown = decision.masquerades || isHairpin ? masqueraded(spot, translated, endpoint) : translated;
  const session = { host: spot.host, before, after: shown.packet, because: decision.because };
  const affinity = decision.service
    ? spot.reader.get('service', decision.service)?.value.sessionAffinitySeconds
    : undefined;
  const choice = {
    endpoints: decision.endpoints,
    ...(affinity !== undefined && { affinitySeconds: affinity }),
  };
  return delivered(spot.reader, { ...shown, choice, sessions: [...shown.sessions, session] }, endpoint, spot);
}

function masqueraded(spot: Spot, way: Way, endpoint: Reached): Way {
  const shown = masqueradeAddress(spot.reader, spot.cluster, spot.node, endpoint);
  if (shown.keepsSource || shown.ip === way.packet.source) return way;
  const step = {
    stage: 'service' as const,
    says: `Masqueraded: ${shown.says}.`,
    because: shown.because,
    rule: 'Linux MASQUERADE',
  };
  const peer = { is: 'node' as const, says: `masqueraded on node ${spot.node}`, because: shown.because };
  if (shown.ip) {
    const { isSourceUnknown: _, ...next } = rewritten(
      way,
      spot.host,
      { ...way.packet, source: shown.ip },
      step,
    );
    return { ...next, peer };
  }
  const gap = shown.gap ?? missing(`masquerade/${spot.cluster}/${spot.node}`, 'podNetwork', shown.says);
  const hidden = withStep(way, spot.host, step);
  return { ...hidden, peer, isSourceUnknown: true, gaps: [...hidden.gaps, gap] };
}

/** The packet arrives at an endpoint: over the pod network where that is on another node. */
export function delivered(
  reader: Reader,
  way: Way,
  endpoint: Reached,
  from: { readonly cluster: string; readonly node: string },
): Ended {
  const network = reader.get('podNetwork', from.cluster);
  const limit = network?.value.mtu
    ? { bytes: network.value.mtu, where: `pod network of ${from.cluster}`, because: [network.evidence] }
    : undefined;
  const limited = withMtu(way, limit);
  const host = endpoint.pod ? `pod/${endpoint.pod}` : `host/${endpoint.ip}`;
  const across =
    endpoint.node && endpoint.node !== from.node
      ? withStep(limited, `node/${from.cluster}/${endpoint.node}`, {
          stage: 'route',
          says: `The pod network carries it to ${endpoint.node}.`,
          because: network ? [network.evidence] : [],
        })
      : limited;
  const says = `Delivered to ${endpoint.pod ?? endpoint.ip} at ${endpoint.ip}:${endpoint.port}.`;
  return ended(withStep(across, host, { stage: 'deliver', says, because: [] }), 'delivered', endpoint);
}

/** No Service rule: own address, a pod, or on to somewhere else. */
function unserved(spot: Spot, way: Way, decision: ServiceDecision): readonly Next[] {
  const { reader, cluster } = spot;
  const { destination } = way.packet;
  if (decision.healthCheck) return [healthCheck(spot, way, decision)];
  const node = reader.get('node', `${cluster}/${spot.node}`);
  if (node?.value.internalIps.includes(destination)) return [atOwnAddress(spot, way, node)];
  const pod = reader
    .by('pod', 'ip', destination)
    .find((p) => p.value.cluster === cluster && !p.value.hostNetwork);
  if (pod) return [toPod(spot, way, pod, { ip: destination, port: way.packet.port })];
  const lost = hiddenPod(spot, destination);
  if (lost) return [unknownAt(way, spot.host, 'deliver', lost)];
  const claimed = notServed(spot, way);
  if (claimed && (spot.origin === 'network' || isClusterIp(reader, cluster, destination))) return [claimed];
  if (spot.origin === 'network') return [strayed(spot, way)];
  return leaveNode(spot, way, node);
}

/** Where pods were not all read, an inner address on no firewall's network may be one's. */
function hiddenPod(spot: Spot, address: Ip): Gap | undefined {
  const mayBe = isPrivate(address) && interfacesAround(spot.reader, address).length === 0;
  return mayBe ? spot.reader.gap('pod', `cluster/${spot.cluster}`) : undefined;
}

function healthCheck(spot: Spot, way: Way, decision: ServiceDecision): Ended {
  const stepped = withStep(way, spot.host, {
    stage: 'service',
    says: `${decision.says}.`,
    because: decision.because,
  });
  const reached = {
    cluster: spot.cluster,
    node: spot.node,
    ip: way.packet.destination,
    port: way.packet.port,
  };
  return decision.healthCheck?.isAccepted ? ended(stepped, 'delivered', reached) : ended(stepped, 'denied');
}

/** Some Service has the address, and none of them this port. */
function notServed(spot: Spot, way: Way): Ended | undefined {
  const { destination, port, protocol } = way.packet;
  const { reader } = spot;
  const owners = [
    ...reader.by('service', 'vip', destination),
    ...reader.by('service', 'clusterIp', destination),
    ...reader.by('service', 'externalIp', destination),
  ].filter((s) => s.value.cluster === spot.cluster);
  const proxy = reader.get('serviceProxy', spot.cluster);
  const isServiceRange = proxy?.value.serviceCidrs.some((c) => contains(c, destination));
  if (owners.length === 0 && !isServiceRange) return undefined;
  const says = `No Service serves ${port}/${protocol} on ${destination}.`;
  return ended(
    withStep(way, spot.host, { stage: 'service', says, because: owners.map((s) => s.evidence) }),
    'no-listener',
  );
}

function isClusterIp(reader: Reader, cluster: string, address: Ip): boolean {
  if (reader.by('service', 'clusterIp', address).some((s) => s.value.cluster === cluster)) return true;
  const proxy = reader.get('serviceProxy', cluster);
  return proxy?.value.serviceCidrs.some((c) => contains(c, address)) === true;
}

/** Host ports and host network pods; else the node itself, of whose own programs the snapshot tells nothing. */
function atOwnAddress(spot: Spot, way: Way, node: Fact<'node'>): Next {
  const { reader, cluster } = spot;
  const { destination, port, protocol } = way.packet;
  const pods = reader.by('pod', 'node', `${cluster}/${spot.node}`);
  for (const pod of pods) {
    const at = hostPortOf(pod, way.packet);
    if (at !== undefined)
      return throughServiceLb(spot, way, { pod, own: at.ip, node }) ?? toPod(spot, way, pod, at);
  }
  const gap = reader.gap('pod', `cluster/${cluster}`);
  if (gap) return unknownAt(way, spot.host, 'deliver', gap);
  const open = missing(
    `${spot.host}/${protocol}/${port}`,
    'node',
    `whether ${spot.node} itself listens on ${port}/${protocol} is not in the snapshot`,
    `cluster/${cluster}`,
  );
  const says = `${destination} is ${spot.node}'s own address, and no Service or pod serves ${port}/${protocol} there.`;
  const stepped = withStep(way, spot.host, { stage: 'deliver', says, because: [node.evidence] });
  return ended({ ...stepped, gaps: [...stepped.gaps, open] }, 'delivered', {
    cluster,
    node: spot.node,
    ip: destination,
    port,
  });
}

/** The pod's socket behind the port of its node; portmap stays within the family. */
function hostPortOf(pod: Fact<'pod'>, { destination, port, protocol }: Packet): Socket | undefined {
  const { hostNetwork, ips, containers } = pod.value;
  const ip = hostNetwork ? destination : ips.find((a) => familyOf(a) === familyOf(destination));
  if (ip === undefined) return undefined;
  for (const c of containers)
    for (const p of c.ports) {
      if (p.protocol !== protocol) continue;
      if (hostNetwork ? p.containerPort === port : p.hostPort === port) return { ip, port: p.containerPort };
    }
  return undefined;
}

interface Socket {
  readonly ip: Ip;
  readonly port: number;
}

function toPod(spot: Spot, way: Way, pod: Fact<'pod'>, { ip, port }: Socket): Ended {
  const { namespace, name, node, cluster } = pod.value;
  const reached: Reached = {
    cluster,
    ip,
    port,
    pod: `${cluster}/${namespace}/${name}`,
    ...(node && { node }),
  };
  if (ip === way.packet.destination) return delivered(spot.reader, way, reached, spot);
  const after = { ...way.packet, destination: ip, port };
  const step = {
    stage: 'service' as const,
    says: `Host port ${way.packet.port} of ${spot.node} leads to the pod.`,
    because: [pod.evidence],
    rule: 'CNI portmap',
  };
  const next = rewritten(way, spot.host, after, step);
  const session = { host: spot.host, before: way.packet, after, because: [pod.evidence] };
  return delivered(spot.reader, { ...next, sessions: [...next.sessions, session] }, reached, spot);
}

/** A packet came in for an address that the node does not have and no rule translates. */
function strayed(spot: Spot, way: Way): Ended {
  const gap = spot.reader.gap('pod', `cluster/${spot.cluster}`);
  if (gap) return unknownAt(way, spot.host, 'route', gap);
  const says = `${spot.node} has nothing for ${way.packet.destination} and is no router for it.`;
  return ended(withStep(way, spot.host, { stage: 'route', says, because: [] }), 'no-route');
}
