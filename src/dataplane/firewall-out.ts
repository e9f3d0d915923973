/* Out of a firewall by a gateway: to another router of the estate, or out of the estate. */
import type { Reader } from '#estate/estate.ts';
import type { Firewall, FirewallInterface } from '#estate/firewall.ts';
import { isPrivate, type Route } from './route.ts';
import type { Packet } from './trace.ts';
import { ended, missing, type Next, on, type Place, unknownAt, type Way, withStep } from './way.ts';

export interface Box {
  readonly reader: Reader;
  readonly host: string;
  readonly firewall: Firewall;
  readonly arrival: FirewallInterface;
  /** The packet as it came in, for the session. */
  readonly came: Packet;
}

export function viaGateway(box: Box, way: Way, route: Extract<Route, { kind: 'gateway' }>): readonly Next[] {
  const how = route.isDefault ? 'the default route' : 'a static route';
  const says = `${way.packet.destination} goes out of ${route.out.value.name} by ${how}${route.ip ? ` to ${route.ip}` : ''}.`;
  const stepped = withStep(way, box.host, { stage: 'route', says, because: route.because });
  const nextHop = route.ip && !route.isDefault ? hopAt(box.reader, route.ip) : undefined;
  if (nextHop) return [on(stepped, nextHop)];
  return [outside(box, stepped, route)];
}

/** A gateway that is itself a firewall or a node of the estate. */
function hopAt(reader: Reader, address: Packet['source']): Place | undefined {
  const i = reader.by('firewallInterface', 'ip', address)[0];
  if (i) return { kind: 'firewall', firewall: i.value.firewall, interface: i.value.name };
  const node = reader.by('node', 'ip', address)[0];
  return node && { kind: 'node', cluster: node.value.cluster, node: node.value.name, origin: 'network' };
}

/** The flow leaves the estate. It may meet it again from outside, which only the hop there could tell. */
function outside(box: Box, way: Way, route: Extract<Route, { kind: 'gateway' }>): Next {
  const { destination } = way.packet;
  const told = box.reader.get('publicAddress', destination);
  if (told) {
    const first = told.value.through.at(-1) ?? 'its holder';
    const gap = missing(
      `unmanaged/${first}/hairpin`,
      'unmanagedHop',
      `whether ${first} turns a flow from inside to ${destination} back inside is not known`,
    );
    return unknownAt(way, `unmanaged/${first}`, 'unmanaged', gap);
  }
  if (!route.isDefault) {
    const gap = missing(
      `${box.host}/gateway/${route.ip ?? route.out.value.name}`,
      'gateway',
      `what stands behind gateway ${route.ip ?? route.out.value.name} of ${box.firewall.name} is not known`,
      box.host,
    );
    return unknownAt(way, box.host, 'route', gap);
  }
  if (isPrivate(destination)) {
    const says = `The Internet has no route to the private address ${destination}.`;
    return ended(withStep(way, box.host, { stage: 'route', says, because: [] }), 'no-route');
  }
  return ended(way, 'exits');
}
