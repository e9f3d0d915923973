/* The way out of a node: pods show their node's address, and the default gateway is the firewall on the node's network. */
import type { Reader } from '#estate/estate.ts';
import type { Evidence } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { type Family, familyOf, type Ip } from '#net/ip.ts';
import { defaultGateway, interfacesAround } from './route.ts';
import {
  ended,
  missing,
  type Next,
  on,
  type Place,
  rewritten,
  unknownAt,
  type Way,
  withStep,
} from './way.ts';

export type AtNode = Extract<Place, { kind: 'node' }>;

export interface Spot extends AtNode {
  readonly reader: Reader;
  readonly host: string;
}

/** Out of the cluster: pods show their node's address there, as pod networks do unless told otherwise. */
export function leaveNode(spot: Spot, way: Way, node: Fact<'node'> | undefined): readonly Next[] {
  const { reader, cluster } = spot;
  if (node === undefined) {
    const known = reader.gap('node', `cluster/${cluster}`);
    const gap = known ?? missing(spot.host, 'node', `node ${spot.node} is not in the snapshot`);
    return [unknownAt(way, spot.host, 'route', gap)];
  }
  const own = nodeAddress(node, familyOf(way.packet.destination));
  if (own === undefined) {
    const says = `${spot.node} has no IPv${familyOf(way.packet.destination)} address.`;
    return [ended(withStep(way, spot.host, { stage: 'route', says, because: [node.evidence] }), 'no-route')];
  }
  const out = spot.origin === 'pod' ? hidden(spot, way, own) : way;
  return [outOf(spot, out, own, [node.evidence])];
}

function hidden(spot: Spot, way: Way, own: Ip): Way {
  const network = spot.reader.get('podNetwork', spot.cluster);
  const because = network ? [network.evidence] : [];
  const after = { ...way.packet, source: own };
  const says = `Leaving the cluster, the pod shows its node's address ${own}.`;
  const next = rewritten(way, spot.host, after, {
    stage: 'outbound-nat',
    says,
    because,
    rule: 'pod network: masquerade of outgoing flows',
  });
  const session = { host: spot.host, before: way.packet, after, because };
  return {
    ...next,
    peer: { is: 'node', says: `the pod's node ${spot.node} translated the source`, because },
    sessions: [...next.sessions, session],
  };
}

function outOf(spot: Spot, way: Way, own: Ip, because: readonly Evidence[]): Next {
  const { destination } = way.packet;
  const near = interfacesAround(spot.reader, destination).find((i) =>
    interfacesAround(spot.reader, own).some((o) => o.key === i.key),
  );
  if (near) {
    const says = `${destination} is on ${spot.node}'s own network.`;
    return on(withStep(way, spot.host, { stage: 'route', says, because: [near.evidence] }), { kind: 'link' });
  }
  const gateway = defaultGateway(spot.reader, own, gatewaySaid(spot));
  if ('gap' in gateway) return unknownAt(way, spot.host, 'route', gateway.gap);
  const { firewall, name } = gateway.out.value;
  const says = `${spot.node} sends it to its default gateway ${firewall}/${name}.`;
  return on(withStep(way, spot.host, { stage: 'route', says, because: [...because, gateway.out.evidence] }), {
    kind: 'firewall',
    firewall,
    interface: name,
  });
}

/** What sightline.yaml says about the gateway of nodes of this cluster. */
export function gatewaySaid(at: {
  readonly reader: Reader;
  readonly cluster: string;
  readonly node: string;
}): string | undefined {
  const told = at.reader
    .all('vantagePoint')
    .filter((v) => v.value.cluster === at.cluster && v.value.gateway && v.value.kind !== 'vpn');
  return (told.find((v) => v.value.node === at.node) ?? told[0])?.value.gateway;
}

export function nodeAddress(node: Fact<'node'>, family: Family): Ip | undefined {
  return node.value.internalIps.find((a) => familyOf(a) === family);
}
