/*
 * A firewall as a host: its interfaces' addresses, virtual ones among them, its gateways and routes, and its rules.
 */
import type { Reader } from '#estate/estate.ts';
import type { FirewallInterface } from '#estate/firewall.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import { prefixBits } from '#net/prefix.ts';
import type { LabAddress, LabHost } from '../kernel/topology.ts';
import { firewallDev, hostName } from './names.ts';
import { enabledInterfaces, firewallRuleset } from './pf-rules.ts';
import { joinParts, type Part, plug, routerSysctls } from './plan-hosts.ts';
import { type Segment, segmentOf } from './segments.ts';

export function firewallHosts(reader: Reader, segments: readonly Segment[]): Part {
  return joinParts(reader.all('firewall').map((f) => firewallHost(reader, segments, f.value.name)));
}

function firewallHost(reader: Reader, segments: readonly Segment[], name: string): Part {
  const interfaces = enabledInterfaces(reader, name).filter((i) => i.ipv4 || i.ipv6);
  const host: LabHost = {
    name: hostName('fw', name),
    addresses: [...interfaces.flatMap(ownAddresses), ...virtualAddresses(reader, name, interfaces)],
    routes: [...defaults(reader, name), ...statics(reader, name, interfaces)],
    sysctls: routerSysctls,
    ruleset: firewallRuleset(reader, name),
  };
  const links = interfaces.flatMap((i) => {
    const ip = i.ipv4?.ip ?? i.ipv6?.ip;
    const segment = ip && segmentOf(segments, ip);
    return segment ? [plug(segment, host.name, firewallDev(i.name))] : [];
  });
  return { hosts: [host], links, notBuilt: [] };
}

function ownAddresses(i: FirewallInterface): readonly LabAddress[] {
  const both = [i.ipv4, i.ipv6].filter((one) => one !== undefined);
  return both.map((one) => ({ dev: firewallDev(i.name), address: `${one.ip}/${prefixBits(one.network)}` }));
}

/** A proxy-ARP address belongs to nobody and is only answered for: the lab leaves those out. */
function virtualAddresses(
  reader: Reader,
  name: string,
  interfaces: readonly FirewallInterface[],
): readonly LabAddress[] {
  const own = reader.by('virtualIp', 'firewall', name).map((v) => v.value);
  return own
    .filter(
      (v) => (v.mode === 'ipalias' || v.mode === 'carp') && interfaces.some((i) => i.name === v.interface),
    )
    .map((v) => ({ dev: firewallDev(v.interface), address: alone(v.ip) }));
}

function defaults(reader: Reader, name: string): readonly string[] {
  return reader
    .by('gateway', 'firewall', name)
    .map((g) => g.value)
    .flatMap((g) => (g.isDefault && g.ip ? [`${g.family === 4 ? 'default' : '::/0'} via ${g.ip}`] : []));
}

/** Routes whose gateway lies on none of the firewall's networks would be refused by the kernel. */
function statics(reader: Reader, name: string, interfaces: readonly FirewallInterface[]): readonly string[] {
  return reader.by('staticRoute', 'firewall', name).flatMap(({ value: r }) => {
    const gateway = reader.get('gateway', `${name}/${r.gateway}`)?.value;
    const isOn = interfaces.some((i) => i.name === gateway?.interface);
    return gateway?.ip && isOn ? [`${r.network} via ${gateway.ip}`] : [];
  });
}

function alone(ip: Ip): string {
  return familyOf(ip) === 4 ? `${ip}/32` : `${ip}/128`;
}
