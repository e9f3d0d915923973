/*
 * Interfaces, tunnels, gateways, static routes and virtual IPs (pfSense interfaces.inc, gwlb.inc). An interface
 * counts as WAN where pfSense itself says it has a gateway (interface_has_gateway), or it is the one named wan.
 */
import type { FirewallInterface, VirtualIp } from '#estate/firewall.ts';
import { type Family, familyOf, type Ip, parseIp } from '#net/ip.ts';
import { makePrefix, type Prefix, parsePrefix, prefixToRange } from '#net/prefix.ts';
import { add, type Box, miss, quoted } from './context.ts';
import { all, at, has, prose, text } from './decode.ts';
import type { XmlElement } from './xml.ts';

const dynamicV4 = new Set(['dhcp', 'pppoe', 'ppp', 'pptp', 'l2tp']);
const dynamicV6 = new Set(['dhcp6', 'slaac', 'track6', '6rd', '6to4']);

export function convertInterfaces(box: Box): void {
  for (const element of at(box.root, 'interfaces')?.children ?? []) {
    const value = interfaceOf(box, element);
    add(box, 'firewallInterface', value, element, `interfaces/${element.name}`);
  }
  convertWireguard(box);
  convertOpenvpn(box);
}

function interfaceOf(box: Box, element: XmlElement): FirewallInterface {
  const v4 = text(element, 'ipaddr');
  const v6 = text(element, 'ipaddrv6');
  const gateway = text(element, 'gateway');
  const ipv4 = addressOf(box, element, { ip: v4, bits: text(element, 'subnet'), dynamic: dynamicV4 });
  const ipv6 = addressOf(box, element, { ip: v6, bits: text(element, 'subnetv6'), dynamic: dynamicV6 });
  const mtu = Number(text(element, 'mtu') ?? Number.NaN);
  const hasGateway =
    (gateway !== undefined && gateway !== 'none') || dynamicV4.has(v4 ?? '') || v6 === 'dhcp6';
  return {
    firewall: box.firewall,
    name: element.name,
    descr: prose(element, 'descr') || element.name.toUpperCase(),
    device: text(element, 'if') ?? '',
    isEnabled: has(element, 'enable'),
    isWan: hasGateway || element.name === 'wan',
    ...(ipv4 && { ipv4 }),
    ...(ipv6 && { ipv6 }),
    ...(gateway !== undefined && gateway !== 'none' && { gateway }),
    isDynamic: dynamicV4.has(v4 ?? '') || dynamicV6.has(v6 ?? ''),
    ...(Number.isInteger(mtu) && { mtu }),
    blocksPrivate: has(element, 'blockpriv'),
  };
}

interface Written {
  readonly ip: string | undefined;
  readonly bits: string | undefined;
  readonly dynamic: ReadonlySet<string>;
}

function addressOf(box: Box, element: XmlElement, written: Written) {
  if (written.ip === undefined || written.ip === 'none' || written.dynamic.has(written.ip)) return undefined;
  const address = networkOf(written.ip, written.bits);
  if (address === undefined) {
    miss(box, {
      about: `interfaces/${element.name}`,
      what: `interface ${element.name} has the address ${quoted(`${written.ip}/${written.bits ?? ''}`)}, which cannot be read`,
      kinds: ['firewallInterface'],
      element,
    });
  }
  return address;
}

/** Address and network of `10.0.0.1` and `24`; without bits a host network. */
export function networkOf(ipText: string, bits: string | undefined): { ip: Ip; network: Prefix } | undefined {
  const ip = parseIp(ipText);
  const network = parsePrefix(bits === undefined ? ipText : `${ipText}/${bits}`);
  return ip && network && { ip, network };
}

/** Tunnels of the WireGuard package that are not assigned as an interface; keys are not looked at. */
function convertWireguard(box: Box): void {
  const assigned = assignedDevices(box);
  const tunnels = all(at(box.root, 'installedpackages/wireguard/tunnels'), 'item');
  for (const [i, tunnel] of tunnels.entries()) {
    const name = text(tunnel, 'name');
    if (name === undefined || assigned.has(name) || text(tunnel, 'enabled') === 'no') continue;
    const rows = all(at(tunnel, 'addresses'), 'row');
    const addresses = rows.flatMap((r) => networkOf(text(r, 'address') ?? '', text(r, 'mask')) ?? []);
    const object = `installedpackages/wireguard/tunnels/item[${i}]`;
    addTunnel(box, { name, descr: prose(tunnel, 'descr'), addresses, element: tunnel, object });
  }
}

/** Servers of OpenVPN; the firewall has the first address of the tunnel network (server in `topology subnet`). */
function convertOpenvpn(box: Box): void {
  const assigned = assignedDevices(box);
  for (const [i, server] of all(at(box.root, 'openvpn'), 'openvpn-server').entries()) {
    const name = `ovpns${text(server, 'vpnid') ?? i}`;
    if (has(server, 'disable') || assigned.has(name)) continue;
    const networks = [text(server, 'tunnel_network'), text(server, 'tunnel_networkv6')];
    const addresses = networks.flatMap((n) => firstHost(n) ?? []);
    const object = `openvpn/openvpn-server[${i}]`;
    addTunnel(box, { name, descr: prose(server, 'description'), addresses, element: server, object });
  }
}

function firstHost(networkText: string | undefined): { ip: Ip; network: Prefix } | undefined {
  const network = networkText === undefined ? undefined : parsePrefix(networkText);
  if (network === undefined) return undefined;
  const base = prefixToRange(network).first;
  const ip = parseIp(
    base.includes(':') ? base.replace(/::$/, '::1') : base.replace(/\d+$/, (d) => String(Number(d) + 1)),
  );
  return ip && { ip, network };
}

interface TunnelInterface {
  readonly name: string;
  readonly descr: string;
  readonly addresses: readonly { readonly ip: Ip; readonly network: Prefix }[];
  readonly element: XmlElement;
  readonly object: string;
}

function addTunnel(box: Box, tunnel: TunnelInterface): void {
  const of = (family: Family) => tunnel.addresses.find((a) => familyOf(a.ip) === family);
  const ipv4 = of(4);
  const ipv6 = of(6);
  const value: FirewallInterface = {
    firewall: box.firewall,
    name: tunnel.name,
    descr: tunnel.descr || tunnel.name,
    device: tunnel.name,
    isEnabled: true,
    isWan: false,
    ...(ipv4 && { ipv4 }),
    ...(ipv6 && { ipv6 }),
    isDynamic: false,
    blocksPrivate: false,
  };
  add(box, 'firewallInterface', value, tunnel.element, tunnel.object);
}

function assignedDevices(box: Box): ReadonlySet<string> {
  return new Set((at(box.root, 'interfaces')?.children ?? []).flatMap((i) => text(i, 'if') ?? []));
}

const vipModes: ReadonlyMap<string, VirtualIp['mode']> = new Map(
  Object.entries({
    ipalias: 'ipalias',
    carp: 'carp',
    proxyarp: 'proxyarp',
  }),
);

export function convertVirtualIps(box: Box): void {
  const vips = all(at(box.root, 'virtualip'), 'vip');
  const carrier = new Map(vips.map((v) => [`_vip${text(v, 'uniqid') ?? ''}`, text(v, 'interface') ?? '']));
  for (const [i, element] of vips.entries()) {
    const on = text(element, 'interface') ?? '';
    const address = networkOf(text(element, 'subnet') ?? '', text(element, 'subnet_bits'));
    if (address === undefined) {
      const what = `virtual IP ${i} has the address ${quoted(text(element, 'subnet'))}, which cannot be read`;
      miss(box, { about: `virtualip/vip[${i}]`, what, kinds: ['virtualIp'], element });
      continue;
    }
    const value = {
      firewall: box.firewall,
      mode: vipModes.get(text(element, 'mode') ?? '') ?? ('other' as const),
      interface: carrier.get(on) ?? on,
      network:
        text(element, 'type') === 'single'
          ? makePrefix(address.ip, familyOf(address.ip) === 4 ? 32 : 128)
          : address.network,
      ip: address.ip,
    };
    // pfSense keeps the subnet of an IP alias or CARP address even where type says "single": it is the mask on the wire
    const network = value.mode === 'ipalias' || value.mode === 'carp' ? address.network : value.network;
    add(box, 'virtualIp', { ...value, network }, element, `virtualip/vip[${i}]`);
  }
}
