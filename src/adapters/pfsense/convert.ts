/* A whole config.xml → facts and gaps (pfSense 2.7 and 2.8, configuration 21 to 24.x). Pure. */
import type { Firewall } from '#estate/firewall.ts';
import type { Kind } from '#estate/kinds.ts';
import type { Discovery } from '../source.ts';
import { convertAliases } from './aliases.ts';
import { add, type Box, miss, quoted } from './context.ts';
import { all, at, has, text } from './decode.ts';
import { convertDhcp } from './dhcp.ts';
import { convertFilter } from './filter.ts';
import { convertGateways, convertStaticRoutes } from './gateways.ts';
import { convertInterfaces, convertVirtualIps } from './interfaces.ts';
import type { Names } from './match.ts';
import { convertNat } from './nat.ts';
import { convertResolvers } from './resolvers.ts';
import { isXmlProblem, parseXml, type XmlElement } from './xml.ts';

/** Every kind that a firewall's configuration gives. */
export const firewallKinds: readonly Kind[] = [
  'firewall',
  'firewallInterface',
  'gateway',
  'staticRoute',
  'alias',
  'portForward',
  'filterRule',
  'outboundNatRule',
  'virtualIp',
  'dhcpRange',
  'nameRule',
  'resolver',
];

export interface ConfigFile {
  readonly firewall: string;
  readonly file: string;
  readonly text: string;
}

export function convertConfig({ firewall, file, text: content }: ConfigFile): Discovery {
  const root = parseXml(content);
  if (isXmlProblem(root)) return unreadable({ firewall, file }, root.what, root.line);
  if (root.name !== 'pfsense') return foreign({ firewall, file }, root);
  const box: Box = { firewall, file, root, facts: [], gaps: [] };
  add(box, 'firewall', firewallOf(box), root, 'pfsense');
  convertInterfaces(box);
  convertGateways(box);
  convertStaticRoutes(box);
  convertAliases(box);
  convertVirtualIps(box);
  const names = namesOf(box);
  convertNat(box, names);
  convertFilter(box, names);
  convertDhcp(box);
  convertResolvers(box);
  noteHaproxy(box);
  noteEmpty(box);
  return { facts: box.facts, gaps: box.gaps };
}

/** A gap that covers all that the file could have told. */
export function unreadable(at: { firewall: string; file: string }, what: string, line?: number): Discovery {
  const gap = {
    id: `firewall/${at.firewall}/config.xml`,
    system: `firewall/${at.firewall}`,
    kinds: firewallKinds,
    what: `the configuration cannot be read: ${what}`,
    expected: 'config.xml as pfSense exports it (Diagnostics, Backup & Restore, without encryption)',
    evidence: { file: at.file, ...(line !== undefined && { line }) },
  };
  return { facts: [], gaps: [gap] };
}

function foreign(where: { firewall: string; file: string }, root: XmlElement): Discovery {
  if (root.name === 'opnsense') {
    return unreadable(where, 'it is of OPNsense, which Sightline does not read yet', root.line);
  }
  return unreadable(where, `its root element is ${quoted(root.name)}, not pfsense`, root.line);
}

/*
 * Global reflection, as system_advanced_firewall.php writes it: proxy removes both elements, pure NAT sets its own
 * and removes the other, disabled sets disablenatreflection.
 */
function firewallOf(box: Box): Firewall {
  const system = at(box.root, 'system');
  const isPure = has(system, 'enablenatreflectionpurenat');
  const reflection = has(system, 'disablenatreflection') ? 'disable' : isPure ? 'pure-nat' : 'nat-proxy';
  const version = text(box.root, 'version');
  return {
    name: box.firewall,
    product: 'pfsense',
    ...(version !== undefined && { version: `config ${version}` }),
    outboundNat: outboundModeOf(box),
    reflection,
    reflectionSnat:
      has(system, 'enablenatreflectionhelper') && text(system, 'enablenatreflectionhelper') !== 'no',
    isIpv6Allowed: has(system, 'ipv6allow'),
  };
}

function outboundModeOf(box: Box): Firewall['outboundNat'] {
  const mode = text(box.root, 'nat/outbound/mode');
  if (mode === 'hybrid' || mode === 'disabled') return mode;
  if (mode === 'advanced' || (mode === undefined && has(box.root, 'nat/advancedoutbound/enable')))
    return 'manual';
  return 'automatic';
}

/** Names that may stand in rules; the tunnels that pfSense groups by itself are interfaces too. */
function namesOf(box: Box): Names {
  const values = box.facts.map((f) => f.value);
  const interfaces = values.flatMap((v) => ('isWan' in v ? [v.name] : []));
  const groups = all(at(box.root, 'ifgroups'), 'ifgroupentry').flatMap((g) => text(g, 'ifname') ?? []);
  const aliases = values.flatMap((v) => ('entries' in v && 'firewall' in v ? [v.name] : []));
  return {
    interfaces: new Set([...interfaces, ...groups, 'openvpn', 'WireGuard', 'l2tp', 'pppoe']),
    aliases: new Set(aliases),
  };
}

function noteHaproxy(box: Box): void {
  const haproxy = at(box.root, 'installedpackages/haproxy');
  if (haproxy === undefined || !has(haproxy, 'enable')) return;
  const what =
    'HAProxy runs on the firewall and is not read: it may answer on ports that no port forward names';
  miss(box, { about: 'installedpackages/haproxy', what, kinds: ['portForward'], element: haproxy });
}

/** A configuration without interfaces is no configuration: an empty rule list from it must not count as "no rules". */
function noteEmpty(box: Box): void {
  if (box.facts.some((f) => f.kind === 'firewallInterface')) return;
  const what = 'the configuration has no interfaces';
  miss(box, { about: 'interfaces', what, kinds: firewallKinds, element: box.root, object: 'pfsense' });
}
