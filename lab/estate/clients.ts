/*
 * Clients on the estate's own networks: one host for each vantage point of a LAN or VPN.
 */
import type { Reader } from '#estate/estate.ts';
import type { VantagePoint } from '#estate/settings.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import type { LabHost } from '../kernel/topology.ts';
import { gatewayIn } from './internet-hosts.ts';
import { hostName } from './names.ts';
import { joinParts, type Part, plug } from './plan-hosts.ts';
import { prefixAround, type Segment, segmentOf, withLength } from './segments.ts';

export function clientHosts(reader: Reader, segments: readonly Segment[]): Part {
  const points = reader.all('vantagePoint').map((v) => v.value);
  const inside = points.filter((v) => v.kind === 'lan' || v.kind === 'vpn');
  return joinParts(inside.map((v) => clientHost(reader, segments, v)));
}

function clientHost(reader: Reader, segments: readonly Segment[], v: VantagePoint): Part {
  const [first] = v.clients;
  const segment = first && segmentOf(segments, first);
  if (!segment) return { hosts: [], links: [], notBuilt: [`${v.id} stands on no network of the estate`] };
  const here = v.clients.filter((ip) => prefixAround(segment, ip));
  const apart = v.clients
    .filter((ip) => !prefixAround(segment, ip))
    .map((ip) => `${v.id}'s ${ip} is on another network`);
  const host: LabHost = {
    name: hostName('vp', v.id),
    addresses: here.map((ip) => ({ dev: 'eth0', address: withLength(segment, ip) })),
    routes: gatewayRoutes(reader, segment, here, v),
  };
  return { hosts: [host], links: [plug(segment, host.name, 'eth0', v.mtu)], notBuilt: apart };
}

/** Default routes of the families that a host and its gateway have on the segment. */
export function gatewayRoutes(
  reader: Reader,
  segment: Segment,
  hosts: readonly Ip[],
  v?: VantagePoint,
): readonly string[] {
  const told = v?.gateway?.replace(/^firewall\//, '');
  const own = reader
    .all('firewallInterface')
    .map((i) => i.value)
    .filter((i) => told === undefined || i.firewall === told);
  const families = ([4, 6] as const).filter((family) => hosts.some((ip) => familyOf(ip) === family));
  return families.flatMap((family) => {
    const on = own
      .map((i) => (family === 4 ? i.ipv4?.ip : i.ipv6?.ip))
      .find((ip) => ip !== undefined && prefixAround(segment, ip));
    const gateway = on ?? gatewayIn(reader, segment, family);
    return gateway ? [`${family === 4 ? 'default' : '::/0'} via ${gateway}`] : [];
  });
}
