/*
 * From the Internet towards the estate: hops that nobody can read (an ISP's router, a bridge on a rented machine),
 * believed only as far as sightline.yaml tells what they pass on, then the firewall's outer interface.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { UnmanagedHop } from '#estate/settings.ts';
import { familyOf } from '#net/ip.ts';
import { contains } from '#net/prefix.ts';
import { firstGap } from './gaps.ts';
import { interfacesAround, isPrivate, networksAround, onlyWan } from './route.ts';
import {
  addStep,
  type Ended,
  ended,
  missing,
  type Next,
  on,
  type Place,
  unknownAt,
  type Way,
  withStep,
} from './way.ts';

const outsideHost = 'internet';

/** Where a packet in the Internet goes. */
export function inInternet(reader: Reader, way: Way): Next {
  const { destination } = way.packet;
  const told = reader.get('publicAddress', destination);
  if (told) return towardsTold(reader, way, told);
  if (isPrivate(destination)) {
    const says = `The Internet has no route to the private address ${destination}.`;
    return ended(withStep(way, outsideHost, { stage: 'route', says, because: [] }), 'no-route');
  }
  const gap =
    firstGap(reader, ['publicAddress', 'firewallInterface', 'virtualIp']) ?? dynamicGap(reader, way);
  if (gap) return unknownAt(way, outsideHost, 'route', gap);
  const says = `${destination} is not an address of the estate: the flow goes elsewhere in the Internet.`;
  return ended(withStep(way, outsideHost, { stage: 'route', says, because: [] }), 'exits');
}

function towardsTold(reader: Reader, way: Way, told: Fact<'publicAddress'>): Next {
  const says = `${told.value.ip} is the public address told for the estate.`;
  let current = withStep(way, outsideHost, { stage: 'route', says, because: [told.evidence] });
  for (const id of told.value.through) {
    const passed = throughHop(reader, current, id);
    if ('kind' in passed) return passed;
    current = passed;
  }
  return behindHops(reader, current, told);
}

function behindHops(reader: Reader, way: Way, told: Fact<'publicAddress'>): Next {
  const { firewall, interface: named, through } = told.value;
  if (firewall === undefined) return behindBridge(reader, way, told);
  const wan = named ?? onlyWan(reader, firewall)?.value.name;
  if (wan === undefined) {
    const what = `by which interface of ${firewall} flows to ${told.value.ip} come in is not told`;
    const known = reader.gap('firewallInterface', `firewall/${firewall}`);
    return unknownAt(
      way,
      outsideHost,
      'route',
      known ?? missing(`publicAddress/${told.value.ip}`, 'publicAddress', what),
    );
  }
  const place: Place = { kind: 'firewall', firewall, interface: wan };
  const i = reader.get('firewallInterface', `${firewall}/${wan}`);
  const own = familyOf(told.value.ip) === 4 ? i?.value.ipv4?.ip : i?.value.ipv6?.ip;
  if (
    through.length === 0 ||
    own === undefined ||
    way.packet.destination !== told.value.ip ||
    own === told.value.ip
  )
    return on(way, place);
  const host = `unmanaged/${through.at(-1)}`;
  const after = { ...way.packet, destination: own };
  const says = `What it passes on goes to ${firewall}'s ${wan}, ${own}.`;
  const hops = addStep(way.hops, host, {
    stage: 'unmanaged',
    says,
    because: i ? [i.evidence] : [],
    before: way.packet,
    after,
  });
  const session = { host, before: way.packet, after, because: [told.evidence] };
  return on({ ...way, packet: after, hops, sessions: [...way.sessions, session] }, place);
}

/** No firewall told: the last hop hands the flow to whoever has the address. */
function behindBridge(reader: Reader, way: Way, told: Fact<'publicAddress'>): Next {
  const place = ownerPlace(reader, way);
  if (place) return on(way, place);
  if (way.packet.destination !== told.value.ip) return on(way, placeOfBridge(reader, way));
  const what = `where flows to ${told.value.ip} go after ${told.value.through.at(-1) ?? 'the Internet'} is not told`;
  return unknownAt(
    way,
    outsideHost,
    'route',
    missing(`publicAddress/${told.value.ip}`, 'publicAddress', what),
  );
}

/** A bridge may itself stand on a network of a firewall (a VPN to it, for example): then that firewall routes. */
function placeOfBridge(reader: Reader, way: Way): Place {
  const { source, destination } = way.packet;
  const around = isPrivate(source) ? networksAround(reader, source)[0] : undefined;
  if (!around || contains(around.network, destination)) return { kind: 'link' };
  return { kind: 'firewall', firewall: around.out.value.firewall, interface: around.out.value.name };
}

/** One hop: passes the packet on as it is told to, or ends it. */
function throughHop(reader: Reader, way: Way, id: string): Way | Ended {
  const host = `unmanaged/${id}`;
  const hop = reader.get('unmanagedHop', id);
  if (hop?.value.forwards === undefined) {
    const what = `what ${id} passes on cannot be read${hop ? `: ${hop.value.reason}` : ''}`;
    return unknownAt(way, host, 'unmanaged', missing(host, 'unmanagedHop', what));
  }
  const { port, protocol } = way.packet;
  const forward = hop.value.forwards.find((f) => f.protocol === protocol && f.port === port);
  if (forward) return passedOn(way, host, hop, forward.to);
  const ends = hop.value.clientAddress === 'own' || hop.value.clientAddress === 'proxy-protocol';
  const says = `${id} is not said to pass on ${port}/${protocol}.`;
  const stepped = withStep(way, host, { stage: 'unmanaged', says, because: [hop.evidence] });
  return ended(stepped, ends ? 'no-listener' : 'denied');
}

function passedOn(
  way: Way,
  host: string,
  hop: Fact<'unmanagedHop'>,
  to: Way['packet']['destination'] | undefined,
): Way {
  const destination = to ?? way.packet.destination;
  const isProxy = hop.value.clientAddress === 'own' || hop.value.clientAddress === 'proxy-protocol';
  const after = { ...way.packet, destination, source: (isProxy && hop.value.ip) || way.packet.source };
  const hops = addStep(way.hops, host, {
    stage: 'unmanaged',
    says: hopSays(hop.value, destination),
    because: [hop.evidence],
    before: way.packet,
    after,
  });
  const session = { host, before: way.packet, after, because: [hop.evidence] };
  const next: Way = { ...way, packet: after, hops, sessions: [...way.sessions, session] };
  return hop.value.clientAddress === 'kept' ? next : asBridge(next, way, hop, isProxy);
}

function asBridge(next: Way, came: Way, hop: Fact<'unmanagedHop'>, isProxy: boolean): Way {
  const isKnown = isProxy && hop.value.ip !== undefined;
  const gap = missing(
    `unmanaged/${hop.value.id}/address`,
    'unmanagedHop',
    `which address ${hop.value.id} shows is not told`,
  );
  return {
    ...next,
    peer: {
      is: isProxy ? 'bridge' : 'unknown',
      says: `${hop.value.id} opens a connection of its own`,
      because: [hop.evidence],
    },
    ...(!isKnown && { isSourceUnknown: true, gaps: [...next.gaps, gap] }),
    ...(hop.value.clientAddress === 'proxy-protocol' && { proxyClient: came.packet.source }),
  };
}

function hopSays(hop: UnmanagedHop, to: string): string {
  const how = {
    kept: 'the client address is kept',
    own: 'with its own address',
    'proxy-protocol': 'with its own address and the client in a PROXY header',
    unknown: 'how it shows the client is not known',
  }[hop.clientAddress];
  return `${hop.id} is said to pass it on to ${to}, ${how}.`;
}

/** The firewall that holds the address, or behind which it is routed without translation. */
function ownerPlace(reader: Reader, way: Way): Place | undefined {
  const { destination } = way.packet;
  const i = reader.by('firewallInterface', 'ip', destination)[0];
  if (i) return { kind: 'firewall', firewall: i.value.firewall, interface: i.value.name };
  const virtual = reader.by('virtualIp', 'ip', destination)[0];
  if (virtual)
    return { kind: 'firewall', firewall: virtual.value.firewall, interface: virtual.value.interface };
  if (isPrivate(destination)) return undefined;
  const behind = interfacesAround(reader, destination).find((f) => !f.value.isWan);
  const wan = behind && onlyWan(reader, behind.value.firewall)?.value;
  return wan && { kind: 'firewall', firewall: wan.firewall, interface: wan.name };
}

/** A dynamic outer address that nobody told might be the one dialled. */
function dynamicGap(reader: Reader, way: Way) {
  const told = reader.all('publicAddress');
  const dynamic = reader.all('firewallInterface').find((i) => {
    const has = familyOf(way.packet.destination) === 4 ? i.value.ipv4 : i.value.ipv6;
    const isTold = told.some(
      (p) =>
        p.value.firewall === i.value.firewall && familyOf(p.value.ip) === familyOf(way.packet.destination),
    );
    return i.value.isWan && i.value.isDynamic && !has && !isTold;
  });
  if (!dynamic) return undefined;
  const what = `the address of ${dynamic.value.firewall}'s ${dynamic.value.name} is dynamic and no public address is told, so whether ${way.packet.destination} is it is not known`;
  return {
    ...missing(`firewall/${dynamic.value.firewall}/${dynamic.value.name}/address`, 'publicAddress', what),
    evidence: dynamic.evidence,
  };
}
