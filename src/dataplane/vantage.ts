/* Vantage points: who starts a flow there, on which network, and how its first packet leaves. */
import type { Reader } from '#estate/estate.ts';
import type { Evidence } from '#estate/evidence.ts';
import type { VantagePoint } from '#estate/settings.ts';
import { type Family, familyOf, type Ip } from '#net/ip.ts';
import { contains, type Prefix, prefixBits } from '#net/prefix.ts';
import { defaultGateway, interfacesAround, networksAround, routeAt } from './route.ts';
import { ended, missing, type Next, on, type Place, unknownAt, type Way, withStep } from './way.ts';

export interface Vantage {
  readonly point: VantagePoint;
  readonly because: readonly Evidence[];
  /** Host of the first hop. */
  readonly host: string;
  readonly isHostNetwork?: boolean;
}

/** The vantage point of the id; `pod/<cluster>/<ns>/<name>` stands for any pod, told or not. */
export function vantageOf(reader: Reader, id: string): Vantage | undefined {
  const told = reader.get('vantagePoint', id);
  if (told?.value.pod && told.value.cluster)
    return (
      podVantage(reader, `${told.value.cluster}/${told.value.pod}`, told.value) ?? {
        point: told.value,
        because: [told.evidence],
        host: `vantage/${id}`,
      }
    );
  if (told?.value.kind === 'node' && told.value.cluster && told.value.node)
    return {
      point: told.value,
      because: [told.evidence],
      host: `node/${told.value.cluster}/${told.value.node}`,
    };
  if (told) return { point: told.value, because: [told.evidence], host: `vantage/${id}` };
  return id.startsWith('pod/') ? podVantage(reader, id.slice('pod/'.length), undefined) : undefined;
}

/** The client's address: the one asked for, else the first of the family that the vantage point has. */
export function sourceAt(reader: Reader, vantage: Vantage, family: Family): Ip | undefined {
  const { point } = vantage;
  const told = point.clients.find((c) => familyOf(c) === family);
  if (told || point.kind !== 'node' || !point.cluster || !point.node) return told;
  return reader
    .get('node', `${point.cluster}/${point.node}`)
    ?.value.internalIps.find((c) => familyOf(c) === family);
}

/** The network that a client is on: a firewall's interface says it best, then what sightline.yaml tells. */
export function networkAround(reader: Reader, vantage: Vantage, source: Ip): Prefix | undefined {
  const [around] = networksAround(reader, source);
  if (around) return around.network;
  const told = vantage.point.networks
    .filter((n) => contains(n, source))
    .sort((a, b) => prefixBits(b) - prefixBits(a));
  return told[0];
}

/** The first move of a packet from the vantage point. */
export function startAt(reader: Reader, vantage: Vantage, way: Way): Next {
  const { point } = vantage;
  switch (point.kind) {
    case 'internet':
      return on(way, { kind: 'internet' });
    case 'lan':
      return fromLan(reader, vantage, way);
    case 'vpn':
      return fromVpn(reader, vantage, way);
    case 'node':
    case 'pod':
      return fromNode(vantage, way);
    case 'tunnel-edge': {
      const says = 'A tunnel edge takes names only; no address leads into it.';
      return ended(
        withStep(way, vantage.host, { stage: 'tunnel', says, because: vantage.because }),
        'no-route',
      );
    }
    default:
      return point.kind satisfies never;
  }
}

function podVantage(reader: Reader, id: string, told: VantagePoint | undefined): Vantage | undefined {
  const pod = reader.get('pod', id);
  if (!pod) return undefined;
  const { cluster, node, ips } = pod.value;
  const clients = told && told.clients.length > 0 ? told.clients : ips;
  const point: VantagePoint = {
    id: `pod/${id}`,
    kind: 'pod',
    networks: [],
    pod: `${pod.value.namespace}/${pod.value.name}`,
    cluster,
    ...told,
    clients,
    ...(node && { node }),
  };
  return { point, because: [pod.evidence], host: `pod/${id}`, isHostNetwork: pod.value.hostNetwork };
}

function fromNode(vantage: Vantage, way: Way): Next {
  const { cluster, node, kind } = vantage.point;
  if (!cluster || !node) {
    const what = `which node the vantage point ${vantage.point.id} is on is not told`;
    return unknownAt(way, vantage.host, 'route', missing(`vantage/${vantage.point.id}`, 'pod', what));
  }
  const origin = kind === 'pod' && !vantage.isHostNetwork ? 'pod' : 'process';
  return on(way, { kind: 'node', cluster, node, origin });
}

function fromLan(reader: Reader, vantage: Vantage, way: Way): Next {
  const { source, destination } = way.packet;
  const network = networkAround(reader, vantage, source);
  if (network && contains(network, destination)) {
    const says = `${destination} is on the client's own network ${network}.`;
    const stepped = withStep(way, vantage.host, { stage: 'route', says, because: vantage.because });
    return on(stepped, { kind: 'link' });
  }
  const gateway = defaultGateway(reader, source, vantage.point.gateway);
  if ('gap' in gateway) return unknownAt(way, vantage.host, 'route', gateway.gap);
  const { firewall, name } = gateway.out.value;
  return throughGateway(vantage, way, { kind: 'firewall', firewall, interface: name }, gateway.out.evidence);
}

/** A VPN or tailnet comes in at its gateway: by the interface with its network, or by the route to it. */
function fromVpn(reader: Reader, vantage: Vantage, way: Way): Next {
  const { gateway } = vantage.point;
  const { source } = way.packet;
  const interfaces = interfacesAround(reader, source).filter((i) => !gateway || i.value.firewall === gateway);
  const [one, ...others] = interfaces;
  if (one && others.length === 0)
    return throughGateway(
      vantage,
      way,
      { kind: 'firewall', firewall: one.value.firewall, interface: one.value.name },
      one.evidence,
    );
  const route = gateway && routeAt(reader, gateway, source);
  if (route && route.kind === 'gap') return unknownAt(way, vantage.host, 'route', route.gap);
  if (route && route.kind === 'gateway' && !route.isDefault) {
    const { firewall, name } = route.out.value;
    return throughGateway(vantage, way, { kind: 'firewall', firewall, interface: name }, route.out.evidence);
  }
  const what = `where flows from ${vantage.point.id} (${source}) come in is not told`;
  const known = gateway ? undefined : reader.gap('firewallInterface');
  return unknownAt(
    way,
    vantage.host,
    'route',
    known ?? missing(`vantage/${vantage.point.id}/gateway`, 'firewallInterface', what),
  );
}

function throughGateway(
  vantage: Vantage,
  way: Way,
  place: Extract<Place, { kind: 'firewall' }>,
  evidence: Evidence,
): Next {
  const says = `The gateway is ${place.firewall}/${place.interface}.`;
  return on(
    withStep(way, vantage.host, { stage: 'route', says, because: [...vantage.because, evidence] }),
    place,
  );
}
