/*
 * A flow at a firewall, in pf's order (pfSense, config 24.x): redirection on the interface it came in by, filter, own
 * address or route, source translation and filter on the interface it leaves by.
 */
import type { Reader } from '#estate/estate.ts';
import type { Evidence } from '#estate/evidence.ts';
import type { FirewallInterface } from '#estate/firewall.ts';
import { familyOf } from '#net/ip.ts';
import { filterPacket, isFamilyAllowed } from './filter.ts';
import { type Box, viaGateway } from './firewall-out.ts';
import { isOwnAddress } from './match.ts';
import { addressOn, chooseSource, reflectionSource } from './outbound-nat.ts';
import { chooseForward, type Forwarding, reflectionOf } from './port-forward.ts';
import { type Route, routeAt } from './route.ts';
import type { Packet } from './trace.ts';
import {
  ended,
  missing,
  type Next,
  on,
  type Place,
  rewritten,
  unknownAt,
  type Way,
  withMtu,
  withStep,
} from './way.ts';

type Arrival = Extract<Place, { kind: 'firewall' }>;
type Applied = Extract<Forwarding, { kind: 'forward' }>;

/** What the firewall does with a packet that comes in by the interface. */
export function atFirewall(reader: Reader, way: Way, place: Arrival): readonly Next[] {
  const host = `firewall/${place.firewall}`;
  const firewall = reader.get('firewall', place.firewall);
  const arrival = reader.get('firewallInterface', `${place.firewall}/${place.interface}`);
  if (!firewall || !arrival) {
    const kind = firewall ? 'firewallInterface' : 'firewall';
    const what = `the configuration of firewall ${place.firewall}${firewall ? `, interface ${place.interface},` : ''} is not in the snapshot`;
    return [unknownAt(way, host, 'filter', reader.gap(kind, host) ?? missing(host, kind, what, host))];
  }
  const box: Box = { reader, host, firewall: firewall.value, arrival: arrival.value, came: way.packet };
  const mtu = arrival.value.mtu;
  const limited = withMtu(
    way,
    mtu
      ? { bytes: mtu, where: `${place.firewall}/${place.interface}`, because: [arrival.evidence] }
      : undefined,
  );
  if (!isFamilyAllowed(way.packet, firewall.value.isIpv6Allowed)) {
    const says = `${place.firewall} blocks all IPv6.`;
    return [
      ended(withStep(limited, host, { stage: 'filter', says, because: [firewall.evidence] }), 'denied'),
    ];
  }
  return redirect(box, limited);
}

function redirect(box: Box, way: Way): readonly Next[] {
  const forwarding = chooseForward(box.reader, box.firewall, box.arrival, way.packet);
  if (forwarding.kind === 'gap') return [unknownAt(way, box.host, 'port-forward', forwarding.gap)];
  if (forwarding.kind !== 'forward') return filtered(box, explained(box, way, forwarding), false, undefined);
  const after = { ...way.packet, destination: forwarding.to.ip, port: forwarding.to.port };
  const stage = forwarding.mode === 'own' ? 'port-forward' : 'reflect';
  const next = rewritten(way, box.host, after, {
    stage,
    says: forwardSays(box, forwarding),
    because: forwarding.because,
    rule: 'pf: rdr, first match',
  });
  const needsNoRule = forwarding.mode === 'nat-proxy' || forwarding.rule.value.associatedRule === 'pass';
  return filtered(box, next, needsNoRule, forwarding);
}

function forwardSays(box: Box, f: Applied): string {
  const name = f.rule.value.descr
    ? `Port forward "${f.rule.value.descr}"`
    : `Port forward ${f.rule.value.position}`;
  const how = {
    own: '',
    'pure-nat': `, reflected to ${box.arrival.name} (pure NAT)`,
    'nat-proxy': `, reflected to ${box.arrival.name} (NAT proxy)`,
  }[f.mode];
  return `${name}${how} leads to ${f.to.ip}:${f.to.port}.`;
}

function explained(box: Box, way: Way, forwarding: Forwarding): Way {
  if (forwarding.kind !== 'exception') return notReflected(box, way);
  const says = `An exception ("no rdr") leaves ${way.packet.destination}:${way.packet.port} alone.`;
  return withStep(way, box.host, {
    stage: 'port-forward',
    says,
    because: [forwarding.rule.evidence],
    rule: 'pf: no rdr',
  });
}

/** Says that a forward exists on another interface but is not reflected: the commonest surprise from inside. */
function notReflected(box: Box, way: Way): Way {
  if (box.arrival.isWan || !isOwnAddress(box.reader, box.firewall.name, way.packet.destination).holds)
    return way;
  const forwards = box.reader.by('portForward', 'firewall', box.firewall.name);
  const silent = forwards.find(
    (f) =>
      f.value.isEnabled &&
      f.value.interface !== box.arrival.name &&
      reflectionOf(box.firewall, f.value) === 'disable',
  );
  if (!silent) return way;
  const says = `Port forwards of ${silent.value.interface} are not reflected to ${box.arrival.name}: reflection is disabled.`;
  return withStep(way, box.host, {
    stage: 'reflect',
    says,
    because: [silent.evidence],
    rule: 'pfSense: NAT reflection',
  });
}

function filtered(box: Box, way: Way, needsNoRule: boolean, forward: Applied | undefined): readonly Next[] {
  if (needsNoRule) return routed(box, way, forward);
  const verdict = filterPacket(box.reader, box.arrival, 'in', way.packet);
  if (verdict.gap) return [unknownAt(way, box.host, 'filter', verdict.gap)];
  const stepped = withStep(way, box.host, {
    stage: 'filter',
    says: verdict.says,
    because: verdict.because,
    rule: 'pf: filter',
  });
  if (verdict.action !== 'pass') return [ended(stepped, verdict.action === 'reject' ? 'rejected' : 'denied')];
  return routed(box, stepped, forward);
}

function routed(box: Box, way: Way, forward: Applied | undefined): readonly Next[] {
  const own = isOwnAddress(box.reader, box.firewall.name, way.packet.destination);
  if (own.holds) return [toItself(box, way)];
  const route = routeAt(box.reader, box.firewall.name, way.packet.destination);
  if (route.kind === 'gap') return [unknownAt(way, box.host, 'route', route.gap)];
  if (route.kind === 'none') {
    const says = `${box.firewall.name} has no route to ${way.packet.destination}.`;
    return [ended(withStep(way, box.host, { stage: 'route', says, because: [] }), 'no-route')];
  }
  const out = route.out;
  const mtu = out.value.mtu;
  const limited = withMtu(
    way,
    mtu
      ? { bytes: mtu, where: `${box.firewall.name}/${out.value.name}`, because: [out.evidence] }
      : undefined,
  );
  return translated(box, limited, route, forward);
}

/** A packet for the firewall's own address: it arrives; whether a program listens there is not configuration. */
function toItself(box: Box, way: Way): Next {
  const { destination, port, protocol } = way.packet;
  const gap = missing(
    `${box.host}/${protocol}/${port}`,
    'firewall',
    `whether ${box.firewall.name} itself listens on ${destination}:${port}/${protocol} is not in its configuration`,
    box.host,
  );
  const says = `${destination} is ${box.firewall.name}'s own address: the packet ends at the firewall itself.`;
  const session = {
    host: box.host,
    before: box.came,
    after: way.packet,
    because: [],
    inside: { firewall: box.firewall.name, in: box.arrival.name },
  };
  const stepped = withStep(way, box.host, { stage: 'deliver', says, because: [] });
  return ended(
    { ...stepped, gaps: [...stepped.gaps, gap], sessions: [...stepped.sessions, session] },
    'delivered',
    { ip: destination, port },
  );
}

type Onward = Exclude<Route, { kind: 'none' } | { kind: 'gap' }>;

function translated(box: Box, way: Way, route: Onward, forward: Applied | undefined): readonly Next[] {
  const out = route.out.value;
  const hidden = forward && hiddenBy(forward, box, out, way.packet);
  if (hidden) return leave(box, shown(box, way, hidden), route);
  const source = chooseSource(box.reader, box.firewall, out, way.packet);
  if (source.kind === 'gap') return [unknownAt(way, box.host, 'outbound-nat', source.gap)];
  if (source.kind === 'none') return leave(box, way, route);
  const after = { ...way.packet, source: source.ip };
  const next = rewritten(way, box.host, after, {
    stage: 'outbound-nat',
    says: source.says,
    because: source.because,
    rule: 'pf: nat',
  });
  return leave(box, asGateway(box, next, source.because), route);
}

interface Hidden {
  readonly source: Packet['source'];
  readonly says: string;
  readonly because: readonly Evidence[];
}

/** The source that reflection shows instead of the client's; undefined: the client's own. */
function hiddenBy(forward: Applied, box: Box, out: FirewallInterface, packet: Packet): Hidden | undefined {
  const isProxy = forward.mode === 'nat-proxy';
  const source = isProxy
    ? addressOn(out, familyOf(packet.destination))
    : forward.mode === 'pure-nat'
      ? reflectionSource(box.firewall, out, packet)
      : undefined;
  const says = isProxy
    ? 'The NAT proxy dials the target itself.'
    : "Reflection hides clients of the target's own network.";
  return source && { source, says, because: [forward.rule.evidence] };
}

function shown(box: Box, way: Way, { source, says, because }: Hidden): Way {
  const next = rewritten(
    way,
    box.host,
    { ...way.packet, source },
    { stage: 'reflect', says: `${says} It shows ${source}.`, because, rule: 'pfSense: NAT reflection' },
  );
  return asGateway(box, next, because);
}

function asGateway(box: Box, way: Way, because: readonly Evidence[]): Way {
  return { ...way, peer: { is: 'gateway', says: `${box.firewall.name} translated the source`, because } };
}

function leave(box: Box, way: Way, route: Onward): readonly Next[] {
  const out = route.out.value;
  const verdict = filterPacket(box.reader, out, 'out', way.packet);
  if (verdict.gap) return [unknownAt(way, box.host, 'filter', verdict.gap)];
  if (verdict.action !== 'pass') {
    const stopped = withStep(way, box.host, {
      stage: 'filter',
      says: verdict.says,
      because: verdict.because,
      rule: 'pf: filter',
    });
    return [ended(stopped, verdict.action === 'reject' ? 'rejected' : 'denied')];
  }
  const inside = { firewall: box.firewall.name, in: box.arrival.name, out: out.name };
  const session = {
    host: box.host,
    before: box.came,
    after: way.packet,
    because: [route.out.evidence],
    inside,
  };
  const kept = { ...way, sessions: [...way.sessions, session] };
  return route.kind === 'link' ? [toLink(box, kept, route)] : viaGateway(box, kept, route);
}

function toLink(box: Box, way: Way, route: Extract<Route, { kind: 'link' }>): Next {
  const says = `${way.packet.destination} is on the network of ${route.out.value.name} (${route.network}).`;
  return on(withStep(way, box.host, { stage: 'route', says, because: [route.out.evidence] }), {
    kind: 'link',
  });
}
