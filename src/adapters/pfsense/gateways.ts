/*
 * Gateways and static routes (pfSense gwlb.inc, config 24.x). Gateways of dynamic interfaces are not in the file:
 * pfSense makes one per family and names it after the interface, such as WAN_DHCP; so do we.
 */
import type { Gateway } from '#estate/firewall.ts';
import { type Family, parseIp } from '#net/ip.ts';
import { parsePrefix } from '#net/prefix.ts';
import { aliasEntries } from './aliases.ts';
import { add, type Box, miss, quoted } from './context.ts';
import { all, at, has, prose, text } from './decode.ts';
import type { XmlElement } from './xml.ts';

interface Found {
  readonly gateway: Omit<Gateway, 'isDefault'>;
  readonly wasDefault: boolean;
  readonly element: XmlElement;
  readonly object: string;
}

export function convertGateways(box: Box): void {
  const written = writtenGateways(box);
  const names = new Set(written.map((f) => f.gateway.name));
  const found = [...written, ...dynamicGateways(box).filter((f) => !names.has(f.gateway.name))];
  const defaults = new Set([defaultOf(box, found, 4), defaultOf(box, found, 6)]);
  for (const f of found) {
    add(box, 'gateway', { ...f.gateway, isDefault: defaults.has(f.gateway.name) }, f.element, f.object);
  }
}

function writtenGateways(box: Box): readonly Found[] {
  return all(at(box.root, 'gateways'), 'gateway_item').flatMap((element, i): Found[] => {
    const name = text(element, 'name');
    if (name === undefined || has(element, 'disabled')) return [];
    const address = text(element, 'gateway') ?? 'dynamic';
    const ip = parseIp(address.replace(/%.*$/, ''));
    if (ip === undefined && address !== 'dynamic') {
      const what = `gateway ${quoted(name)} has the address ${quoted(address)}, which cannot be read`;
      miss(box, { about: `gateways/${name}`, what, kinds: ['gateway'], element });
    }
    const gateway = {
      firewall: box.firewall,
      name,
      interface: text(element, 'interface') ?? '',
      ...(ip && { ip }),
      family: familyOfGateway(text(element, 'ipprotocol'), ip),
    };
    return [
      { gateway, wasDefault: has(element, 'defaultgw'), element, object: `gateways/gateway_item[${i}]` },
    ];
  });
}

function familyOfGateway(protocol: string | undefined, ip: string | undefined): Family {
  return protocol === 'inet6' || ip?.includes(':') ? 6 : 4;
}

const kindsOfDynamic: readonly [string, string, Family][] = [
  ['dhcp', 'DHCP', 4],
  ['pppoe', 'PPPOE', 4],
  ['ppp', 'PPP', 4],
  ['pptp', 'PPTP', 4],
  ['l2tp', 'L2TP', 4],
  ['dhcp6', 'DHCP6', 6],
  ['slaac', 'SLAAC', 6],
  ['6rd', '6RD', 6],
  ['6to4', '6TO4', 6],
];

function dynamicGateways(box: Box): readonly Found[] {
  return (at(box.root, 'interfaces')?.children ?? []).flatMap((element) =>
    kindsOfDynamic.flatMap(([mode, suffix, family]): Found[] => {
      const isIt = text(element, family === 4 ? 'ipaddr' : 'ipaddrv6') === mode;
      if (!isIt || !has(element, 'enable')) return [];
      const name = `${(prose(element, 'descr') || element.name).toUpperCase()}_${suffix}`;
      const gateway = { firewall: box.firewall, name, interface: element.name, family };
      return [{ gateway, wasDefault: false, element, object: `interfaces/${element.name}` }];
    }),
  );
}

/** Name of the default gateway: the one chosen, or of a chosen group its first tier, or what pfSense picks itself. */
function defaultOf(box: Box, found: readonly Found[], family: Family): string | undefined {
  const chosen = text(box.root, `gateways/defaultgw${family}`);
  const ofFamily = found.filter((f) => f.gateway.family === family);
  if (chosen === '-') return undefined;
  if (chosen !== undefined) return memberOfGroup(box, chosen) ?? chosen;
  const automatic = ofFamily.find((f) => f.wasDefault) ?? ofFamily.find((f) => f.gateway.interface === 'wan');
  return (automatic ?? ofFamily[0])?.gateway.name;
}

function memberOfGroup(box: Box, name: string): string | undefined {
  const group = all(at(box.root, 'gateways'), 'gateway_group').find((g) => text(g, 'name') === name);
  const members = all(group, 'item').map((item) => item.text.split('|'));
  const best = members.sort((a, b) => Number(a[1] ?? 9) - Number(b[1] ?? 9))[0];
  if (group !== undefined && members.length > 1) {
    const what = `the default gateway is the group ${quoted(name)}: which member carries traffic depends on their state`;
    miss(box, { about: `gateways/${name}`, what, kinds: ['gateway'], element: group });
  }
  return best?.[0];
}

export function convertStaticRoutes(box: Box): void {
  for (const [i, element] of all(at(box.root, 'staticroutes'), 'route').entries()) {
    if (has(element, 'disabled')) continue;
    const written = text(element, 'network') ?? '';
    const gateway = text(element, 'gateway') ?? '';
    const networks = parsePrefix(written) ? [written] : aliasEntries(box, written);
    const prefixes = networks.flatMap((n) => parsePrefix(n) ?? []);
    if (prefixes.length === 0 || prefixes.length < networks.length) {
      const what = `static route ${i} goes to ${quoted(written)}, which cannot be read whole`;
      miss(box, { about: `staticroutes/route[${i}]`, what, kinds: ['staticRoute'], element });
    }
    for (const network of prefixes) {
      add(
        box,
        'staticRoute',
        { firewall: box.firewall, network, gateway },
        element,
        `staticroutes/route[${i}]`,
      );
    }
  }
}
