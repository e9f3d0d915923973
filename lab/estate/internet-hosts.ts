/*
 * The Internet as far as an estate needs it: one router that knows the clients outside and the ways to public addresses,
 * and the hops that nobody manages, which do just what sightline.yaml says they do.
 */
import type { Reader } from '#estate/estate.ts';
import type { UnmanagedHop } from '#estate/settings.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import { contains, type Prefix, prefixFamily } from '#net/prefix.ts';
import type { LabAddress, LabHost } from '../kernel/topology.ts';
import { coreAddresses } from '../systems/resolvers.ts';
import { core, hostName } from './names.ts';
import { cable, type Part, plug, routerSysctls } from './plan-hosts.ts';
import { prefixAround, type Segment, segmentOf, withLength } from './segments.ts';

/** The router's address on every cable outside; a client needs no more than a next hop. */
const next4 = '169.254.0.1';
const next6 = 'fe80::1';

export function internetHosts(reader: Reader, segments: readonly Segment[]): Part {
  const parts = [...outsiders(reader), ...hops(reader, segments), ...uplinks(reader, segments)];
  const host: LabHost = {
    name: core,
    addresses: [
      ...parts.flatMap((p) => p.addresses),
      ...coreAddresses(reader).map((ip) => ({ dev: 'lo', address: alone(ip) })),
    ],
    routes: [...parts.flatMap((p) => p.routes), 'blackhole default', 'blackhole ::/0'],
    sysctls: { ...routerSysctls, 'net.ipv4.conf.*.arp_ignore': 0 },
  };
  return {
    hosts: [host, ...parts.flatMap((p) => p.hosts)],
    links: parts.flatMap((p) => p.links),
    notBuilt: parts.flatMap((p) => p.notBuilt),
  };
}

/** What one cable adds to the core. */
interface Outside extends Part {
  readonly addresses: readonly LabAddress[];
  readonly routes: readonly string[];
}

function outsiders(reader: Reader): readonly Outside[] {
  const points = reader.all('vantagePoint').filter((v) => v.value.kind === 'internet');
  return points.map(({ value: v }, at) => {
    const host: LabHost = {
      name: hostName('vp', v.id),
      addresses: v.clients.map((ip) => ({ dev: 'eth0', address: alone(ip) })),
      routes: defaultRoutes('eth0'),
    };
    return {
      ...onCable(`c${at}`, v.clients),
      hosts: [host],
      links: [cable(core, `c${at}`, host.name, 'eth0')],
      notBuilt: [],
    };
  });
}

/** Hops that public addresses come in through. */
function hops(reader: Reader, segments: readonly Segment[]): readonly Outside[] {
  const all = reader.all('unmanagedHop').map((h) => h.value);
  return all.map((hop, at) => hopHost(reader, segments, hop, `h${at}`));
}

function hopHost(reader: Reader, segments: readonly Segment[], hop: UnmanagedHop, dev: string): Outside {
  const segment = hop.ip && segmentOf(segments, hop.ip);
  if (!hop.ip || !segment) return { ...nothing, notBuilt: [`${hop.id} stands on no network of the estate`] };
  const publics = reader
    .all('publicAddress')
    .map((p) => p.value)
    .filter((p) => p.through[0] === hop.id);
  const chained = publics
    .filter((p) => p.through.length > 1)
    .map((p) => `${p.ip}: more than one hop before it`);
  const own = publics.map((p) => p.ip);
  const isGateway = own.some((ip) => familyOf(ip) === 4);
  const name = hostName('hop', hop.id);
  const inner = isGateway ? undefined : gatewayIn(reader, segment);
  const host: LabHost = {
    name,
    addresses: [
      { dev: 'in', address: withLength(segment, hop.ip) },
      ...own.map((ip) => ({ dev: 'out', address: alone(ip) })),
    ],
    routes: [
      `${next4} dev out`,
      inner === undefined ? `default via ${next4} dev out` : `default via ${inner}`,
      `::/0 via ${next6} dev out`,
    ],
    sysctls: routerSysctls,
    ruleset: hopRules(reader, hop),
  };
  return {
    ...onCable(dev, own),
    hosts: [host],
    links: [cable(core, dev, name, 'out'), plug(segment, name, 'in')],
    notBuilt: chained,
  };
}

/** Plain NAT for what it passes on with the client's address kept; a bridge that shows its own is a process instead. */
export function hopRules(reader: Reader, hop: UnmanagedHop): string {
  const publics = reader
    .all('publicAddress')
    .map((p) => p.value)
    .filter((p) => p.through.includes(hop.id));
  const lines =
    hop.clientAddress !== 'kept'
      ? []
      : publics.flatMap((p) => {
          const wan =
            p.firewall && reader.get('firewallInterface', `${p.firewall}/${p.interface ?? 'wan'}`)?.value;
          return (hop.forwards ?? []).flatMap((f) => {
            const to = f.to ?? (wan ? (familyOf(p.ip) === 4 ? wan.ipv4?.ip : wan.ipv6?.ip) : undefined);
            if (!to || familyOf(to) !== familyOf(p.ip)) return [];
            const ip = familyOf(p.ip) === 4 ? 'ip' : 'ip6';
            return [
              `iifname "out" ${ip} daddr ${p.ip} meta l4proto ${f.protocol} th dport ${f.port} dnat ${ip} to ${to}`,
            ];
          });
        });
  return [
    'table inet hop',
    'delete table inet hop',
    'table inet hop {',
    'chain in {',
    'type nat hook prerouting priority dstnat;',
    ...lines,
    '}',
    'chain out {',
    'type nat hook postrouting priority srcnat;',
    'oifname "out" meta nfproto ipv4 masquerade',
    '}',
    'chain transit {',
    'type filter hook forward priority filter;',
    'iifname "out" ct status dnat accept',
    'iifname "out" ct state established,related accept',
    'iifname "out" drop',
    '}',
    'chain self {',
    'type filter hook input priority filter;',
    'iifname "out" ct state established,related accept',
    ...(hop.clientAddress === 'kept' ? ['iifname "out" meta l4proto { tcp, udp } drop'] : []),
    '}',
    '}',
    '',
  ].join('\n');
}

/** Outer interfaces of firewalls whose gateway is no hop of the estate: the core is that gateway. */
function uplinks(reader: Reader, segments: readonly Segment[]): readonly Outside[] {
  const wans = reader
    .all('firewallInterface')
    .map((i) => i.value)
    .filter((i) => i.isWan && i.isEnabled);
  const taken = new Set(reader.all('unmanagedHop').flatMap((h) => (h.value.ip ? [h.value.ip] : [])));
  return wans.flatMap((wan, at): readonly Outside[] => {
    const own = [wan.ipv4?.ip, wan.ipv6?.ip].filter((ip) => ip !== undefined);
    const [first] = own;
    const segment = first && segmentOf(segments, first);
    if (!segment)
      return [{ ...nothing, notBuilt: [`${wan.firewall}/${wan.name} has no address of its own`] }];
    const gateways = reader
      .by('gateway', 'firewall', wan.firewall)
      .flatMap((g) => (g.value.interface === wan.name && g.value.ip ? [g.value.ip] : []))
      .filter((ip) => prefixAround(segment, ip) && !taken.has(ip));
    if (gateways.length === 0) return [];
    const dev = `u${at}`;
    return [
      {
        ...nothing,
        addresses: gateways.map((ip) => ({ dev, address: withLength(segment, ip) })),
        routes: behind(reader, wan.firewall, wan.name, own),
        links: [plug(segment, core, dev)],
      },
    ];
  });
}

/** Public networks behind a firewall, and public addresses that are not on the outer network itself. */
function behind(reader: Reader, firewall: string, wan: string, own: readonly Ip[]): readonly string[] {
  const inner = reader
    .by('firewallInterface', 'firewall', firewall)
    .map((i) => i.value)
    .filter((i) => i.isEnabled && !i.isWan);
  const networks = inner.flatMap((i) => [i.ipv4?.network, i.ipv6?.network]).filter((n) => n !== undefined);
  const outer = reader.get('firewallInterface', `${firewall}/${wan}`)?.value;
  const outerNets = [outer?.ipv4?.network, outer?.ipv6?.network].filter((n) => n !== undefined);
  const told = reader
    .all('publicAddress')
    .map((p) => p.value)
    .filter((p) => p.firewall === firewall && p.through.length === 0)
    .filter((p) => !outerNets.some((n) => contains(n, p.ip)))
    .map((p) => alone(p.ip) as Prefix);
  const via = (family: 4 | 6) => own.find((ip) => familyOf(ip) === family);
  return [...networks.filter(isPublic), ...told].flatMap((net) => {
    const next = via(prefixFamily(net));
    return next ? [`${net} via ${next}`] : [];
  });
}

/** Where the hosts of a segment send what is not theirs: a firewall's address on it. */
export function gatewayIn(reader: Reader, segment: Segment, family: 4 | 6 = 4): Ip | undefined {
  const on = reader
    .all('firewallInterface')
    .map((i) => (family === 4 ? i.value.ipv4?.ip : i.value.ipv6?.ip))
    .find((ip) => ip !== undefined && prefixAround(segment, ip));
  const hop = reader.all('unmanagedHop').find((h) => h.value.ip && prefixAround(segment, h.value.ip))
    ?.value.ip;
  return on ?? (hop && familyOf(hop) === family ? hop : undefined);
}

function onCable(dev: string, behindIt: readonly Ip[]): Pick<Outside, 'addresses' | 'routes'> {
  return {
    addresses: [
      { dev, address: `${next4}/32` },
      { dev, address: `${next6}/64` },
    ],
    routes: behindIt.map((ip) => `${alone(ip)} dev ${dev}`),
  };
}

function defaultRoutes(dev: string): readonly string[] {
  return [`${next4} dev ${dev}`, `default via ${next4} dev ${dev}`, `::/0 via ${next6} dev ${dev}`];
}

function alone(ip: Ip): string {
  return familyOf(ip) === 4 ? `${ip}/32` : `${ip}/128`;
}

function isPublic(network: Prefix): boolean {
  return !/^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd])/i.test(
    network,
  );
}

const nothing: Outside = { hosts: [], links: [], notBuilt: [], addresses: [], routes: [] };
