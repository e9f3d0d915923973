/* Hops in front of the firewall, IPv6, and where flows start: VPNs, nodes, pods. */
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import {
  alias,
  box,
  forward,
  iface,
  localTraefik,
  node,
  pod,
  record,
  rule,
  slice,
  stated,
  traefik,
  traefikPorts,
  vantage,
  vip,
  wan,
} from '#test/estates.ts';
import { at, changed, lost, type Variation, web } from './variation.ts';

const both = [
  { protocol: 'tcp', port: 443 },
  { protocol: 'udp', port: 443 },
] as const;
const hop = (more: Partial<Kinds['unmanagedHop']> = {}) =>
  stated('unmanagedHop', { id: 'isp', reason: 'theirs', clientAddress: 'kept', forwards: both, ...more });
const publicAddress = (more: Partial<Kinds['publicAddress']> = {}) =>
  stated('publicAddress', { ip: ip(wan), firewall: 'pfsense', interface: 'wan', through: ['isp'], ...more });
const bridged = (more: Partial<Kinds['unmanagedHop']>, address = '198.51.100.99') => [
  stated('publicAddress', { ip: ip(address), through: ['vps'] }),
  stated('unmanagedHop', {
    id: 'vps',
    reason: 'rented',
    clientAddress: 'own',
    ip: ip('10.0.20.60'),
    forwards: both.map((f) => ({ ...f, to: vip })),
    ...more,
  }),
];
const { interface: _, ...noInterface } = publicAddress().value;
const { forwards: __, ...unread } = hop().value;
const bothWays = [web(), web({ protocol: 'udp' }), web({ port: 80 })];
const ways = ['kept', 'own', 'proxy-protocol', 'unknown'] as const;
const inside = iface('wan', '192.168.178.2', '192.168.178.0/24');

/** Everything by IPv6 as well, routed without translation. */
const six: readonly Fact[] = [
  record('dns/cloudflare', 'immich.example.org', 'AAAA', ['2001:db8:20::200'], { isProxied: false }),
  record('dns/technitium', 'example.org', 'AAAA', ['2001:db8:20::200']),
  changed(iface('wan', '203.0.113.10', '203.0.113.0/24'), {
    ipv6: { ip: ip('2001:db8::10'), network: prefix('2001:db8::/64') },
  }),
  changed(iface('opt1', '10.0.20.1', '10.0.20.0/24'), {
    ipv6: { ip: ip('2001:db8:20::1'), network: prefix('2001:db8:20::/64') },
  }),
  changed(iface('lan', '192.168.1.1', '192.168.1.0/24'), {
    ipv6: { ip: ip('2001:db8:1::1'), network: prefix('2001:db8:1::/64') },
  }),
  stated('gateway', {
    firewall: 'pfsense',
    name: 'WAN6',
    interface: 'wan',
    ip: ip('2001:db8::1'),
    isDefault: true,
    family: 6,
  }),
  ...[1, 2, 3].map((n) =>
    node(n, {
      internalIps: [ip(`10.0.20.10${n}`), ip(`2001:db8:20::10${n}`)],
      podCidrs: [prefix(`10.10.${n}.0/24`), prefix(`fd10:${n}::/64`)],
    }),
  ),
  traefik({
    vips: [
      { ip: vip, ipMode: 'VIP' },
      { ip: ip('2001:db8:20::200'), ipMode: 'VIP' },
    ],
    clusterIps: [ip('10.96.0.80'), ip('fd96::80')],
    ipFamilies: [4, 6],
    ipFamilyPolicy: 'PreferDualStack',
  }),
  changed(
    slice(
      'traefik/traefik',
      [
        ['fd10:1::5', 1],
        ['fd10:2::5', 2],
      ],
      [
        { name: 'websecure', port: 8443, protocol: 'tcp' },
        { name: 'websecure-http3', port: 8443, protocol: 'udp' },
      ],
    ),
    { name: 'traefik-6', family: 6 },
  ),
  ...[1, 2].map((n) =>
    pod(`traefik/traefik-${n}`, `10.10.${n}.5`, n, { ips: [ip(`10.10.${n}.5`), ip(`fd10:${n}::5`)] }),
  ),
  pod('apps/cron-1', '10.10.1.33', 1, { ips: [ip('10.10.1.33'), ip('fd10:1::33')] }),
  changed(
    stated('pool', {
      cluster: 'home',
      namespace: 'metallb-system',
      name: 'default',
      labels: {},
      ranges: [
        { first: ip('10.0.20.200'), last: ip('10.0.20.220') },
        { first: ip('2001:db8:20::200'), last: ip('2001:db8:20::220') },
      ],
      autoAssign: true,
      avoidBuggyIps: false,
    }),
    {},
  ),
  vantage('internet', 'internet', ['198.51.100.7', '2001:db8:7::7']),
  vantage('lan', 'lan', ['192.168.1.20', '2001:db8:1::20'], { gateway: 'pfsense', resolver: 'technitium' }),
  vantage('near', 'lan', ['10.0.20.50', '2001:db8:20::50'], { gateway: 'pfsense', resolver: 'technitium' }),
  rule(1, ['wan'], {
    match: {
      family: 6,
      protocol: 'any',
      source: { kind: 'any' },
      sourcePort: { kind: 'any' },
      destination: { kind: 'any' },
      destinationPort: { kind: 'any' },
    },
  }),
];
const from6 = ['internet', 'lan', 'near', 'node', 'pod'].flatMap((from) => [
  web({ from, family: 6 }),
  at('2001:db8:20::200', { from, port: 5432 }),
]);
const vpn = (clients: readonly string[], more: Partial<Kinds['vantagePoint']> = {}) =>
  vantage('vpn', 'vpn', clients, { gateway: 'pfsense', resolver: 'technitium', ...more });
const { gateway: ___, ...vpnWithoutGateway } = vpn(['10.66.0.9']).value;

export const outsideVariations: readonly Variation[] = [
  ...ways.map(
    (clientAddress): Variation => ({
      name: `an ISP's router, client address ${clientAddress}`,
      add: [publicAddress(), hop({ clientAddress, ip: ip('192.168.178.1') })],
      flows: bothWays,
    }),
  ),
  ...ways.map(
    (clientAddress): Variation => ({
      name: `one of unknown address, client address ${clientAddress}`,
      add: [publicAddress(), hop({ clientAddress })],
      flows: [web()],
    }),
  ),
  ...ways.map(
    (clientAddress): Variation => ({
      name: `a bridge without firewall, client address ${clientAddress}`,
      add: bridged({ clientAddress }),
      flows: [at('198.51.100.99'), at('198.51.100.99', { port: 80 })],
    }),
  ),
  {
    name: 'a router that says nothing',
    add: [publicAddress(), stated('unmanagedHop', unread)],
    flows: [web()],
  },
  {
    name: 'a router of which nothing is told',
    add: [publicAddress()],
    flows: [web(), at(wan, { from: 'lan' })],
  },
  {
    name: 'two routers in a row',
    add: [
      publicAddress({ through: ['outer', 'isp'] }),
      hop(),
      hop({ id: 'outer', clientAddress: 'own', ip: ip('198.51.100.50') }),
    ],
    flows: [web()],
  },
  {
    name: 'a router that passes on to the inner address',
    add: [
      publicAddress(),
      hop({ forwards: both.map((f) => ({ ...f, to: ip('192.168.178.2') })) }),
      inside,
      forward(0, 443),
    ],
    flows: [web()],
  },
  {
    name: 'a router that does not say where to',
    add: [publicAddress(), hop(), inside, forward(0, 443)],
    flows: [web(), web({ protocol: 'udp' })],
  },
  {
    name: 'a router in front of a firewall without outer address',
    add: [publicAddress(), hop(), changed(inside, { isDynamic: true })].map((f) => f),
    flows: [web()],
  },
  {
    name: 'an interface that nobody told: the only WAN',
    add: [stated('publicAddress', { ...noInterface, through: [] })],
    flows: [web()],
  },
  {
    name: 'an interface that nobody told: two WANs',
    add: [
      stated('publicAddress', { ...noInterface, through: [] }),
      iface('opt2', '203.0.114.10', '203.0.114.0/24', { isWan: true }),
    ],
    flows: [web()],
  },
  {
    name: 'an interface that nobody told: two WANs, one off',
    add: [
      stated('publicAddress', { ...noInterface, through: [] }),
      iface('opt2', '203.0.114.10', '203.0.114.0/24', { isWan: true, isEnabled: false }),
    ],
    flows: [web()],
  },
  {
    name: 'an interface that nobody told, behind a gap',
    add: [
      stated('publicAddress', { ...noInterface, through: [] }),
      iface('opt2', '203.0.114.10', '203.0.114.0/24', { isWan: true }),
    ],
    gaps: [lost('firewallInterface', 'firewall/pfsense')],
    flows: [web()],
  },
  {
    name: 'a public address without firewall or hop',
    add: [stated('publicAddress', { ip: ip('198.51.100.98'), through: [] })],
    flows: [at('198.51.100.98')],
  },
  {
    name: 'a public address of a router that passes nothing on elsewhere',
    add: bridged({ clientAddress: 'kept', forwards: both }),
    flows: [at('198.51.100.99')],
  },
  {
    name: 'a bridge to the address of the firewall',
    add: bridged({ forwards: both.map((f) => ({ ...f, to: ip(wan) })) }),
    flows: [at('198.51.100.99')],
  },
  {
    name: 'a bridge to a virtual address',
    add: [
      ...bridged({ forwards: both.map((f) => ({ ...f, to: ip('203.0.113.11') })) }),
      stated('virtualIp', {
        firewall: 'pfsense',
        mode: 'ipalias',
        interface: 'wan',
        network: prefix('203.0.113.11/32'),
        ip: ip('203.0.113.11'),
      }),
    ],
    flows: [at('198.51.100.99')],
  },
  {
    name: 'a bridge on another network of the firewall',
    add: bridged({ ip: ip('192.168.1.60') }),
    flows: [at('198.51.100.99')],
  },
  { name: 'a bridge on no network', add: bridged({ ip: ip('10.123.0.60') }), flows: [at('198.51.100.99')] },
  {
    name: 'a bridge with a public address of its own',
    add: bridged({ ip: ip('198.51.100.60') }),
    flows: [at('198.51.100.99')],
  },
  {
    name: 'a bridge that tells the client, and an ingress that listens',
    add: [...bridged({ clientAddress: 'proxy-protocol' }), ...localTraefik('10.0.20.200')],
    flows: [at('198.51.100.99')],
  },
  { name: 'IPv6 without translation, from everywhere', add: six, flows: from6 },
  {
    name: 'IPv6 that the firewall does not allow',
    add: [...six, box({ isIpv6Allowed: false })],
    flows: from6,
  },
  {
    name: 'IPv6 under Local',
    add: [
      ...six,
      traefik({
        externalPolicy: 'local',
        vips: [{ ip: ip('2001:db8:20::200'), ipMode: 'VIP' }],
        clusterIps: [ip('fd96::80')],
        ipFamilies: [6],
        ports: traefikPorts,
      }),
    ],
    flows: [web({ family: 6 }), web({ family: 6, from: 'near' })],
  },
  {
    name: 'IPv6 behind two WANs',
    add: [...six, iface('opt2', '203.0.114.10', '203.0.114.0/24', { isWan: true })],
    flows: [web({ family: 6 })],
  },
  { name: 'IPv6 with a gateway of IPv4 alone', add: six, without: ['gateway:pfsense/WAN6'], flows: from6 },
  {
    name: 'IPv6 to a stranger',
    add: six,
    flows: ['lan', 'node', 'pod'].map((from) => at('2001:db8:99::1', { from })),
  },
  {
    name: 'IPv6 of a dynamic WAN',
    add: [...six, changed(iface('wan', '203.0.113.10', '203.0.113.0/24'), { isDynamic: true })],
    flows: [at('2001:db8:99::1'), web()],
  },
  {
    name: 'clients without IPv6',
    flows: ['internet', 'lan', 'node', 'pod'].map((from) => at('2001:db8:20::200', { from })),
  },
  {
    name: 'a VPN on a network of the firewall',
    add: [vpn(['10.66.0.9']), iface('opt3', '10.66.0.1', '10.66.0.0/24'), rule(12, ['opt3'])],
    flows: [web({ from: 'vpn' }), at(wan, { from: 'vpn' })],
  },
  {
    name: 'a VPN behind a static route',
    add: [
      vpn(['10.66.0.9']),
      stated('gateway', {
        firewall: 'pfsense',
        name: 'VPN',
        interface: 'opt1',
        ip: ip('10.0.20.70'),
        isDefault: false,
        family: 4,
      }),
      stated('staticRoute', { firewall: 'pfsense', network: prefix('10.66.0.0/24'), gateway: 'VPN' }),
    ],
    flows: [web({ from: 'vpn' })],
  },
  { name: 'a VPN that comes in nowhere', add: [vpn(['10.66.0.9'])], flows: [web({ from: 'vpn' })] },
  {
    name: 'a VPN of which no gateway is told',
    add: [stated('vantagePoint', vpnWithoutGateway)],
    flows: [web({ from: 'vpn' })],
  },
  {
    name: 'a VPN of which no gateway is told, on a network',
    add: [
      stated('vantagePoint', vpnWithoutGateway),
      iface('opt3', '10.66.0.1', '10.66.0.0/24'),
      rule(12, ['opt3']),
    ],
    flows: [web({ from: 'vpn' })],
  },
  {
    name: 'a VPN on two networks',
    add: [
      vpn(['10.66.0.9']),
      iface('opt3', '10.66.0.1', '10.66.0.0/24'),
      iface('opt4', '10.66.0.2', '10.66.0.0/16'),
    ],
    flows: [web({ from: 'vpn' })],
  },
  {
    name: 'a VPN on a network of another firewall',
    add: [
      vpn(['10.66.0.9']),
      stated('firewall', { ...box().value, name: 'second' }),
      changed(iface('opt3', '10.66.0.1', '10.66.0.0/24'), { firewall: 'second' }),
    ],
    flows: [web({ from: 'vpn' })],
  },
  {
    name: 'a VPN behind gaps',
    add: [vpn(['10.66.0.9'])],
    gaps: [lost('firewallInterface', 'firewall/pfsense')],
    flows: [web({ from: 'vpn' })],
  },
  {
    name: 'a VPN whose link is narrow',
    add: [
      vpn(['10.66.0.9'], { mtu: 1300 }),
      iface('opt3', '10.66.0.1', '10.66.0.0/24', { mtu: 1420 }),
      rule(12, ['opt3']),
    ],
    flows: [web({ from: 'vpn' })],
  },
  {
    name: 'a client on a network that only the settings tell',
    add: [
      vantage('lan', 'lan', ['172.20.0.9'], {
        gateway: 'pfsense',
        resolver: 'technitium',
        networks: [prefix('172.20.0.0/16'), prefix('172.20.0.0/24')],
      }),
    ],
    flows: [at('172.20.0.77', { from: 'lan' }), at('172.20.9.77', { from: 'lan' }), web({ from: 'lan' })],
  },
  {
    name: 'a client whose gateway is another firewall',
    add: [vantage('lan', 'lan', ['192.168.1.20'], { gateway: 'second', resolver: 'technitium' })],
    flows: [web({ from: 'lan' })],
  },
  {
    name: 'a client of which no gateway is told',
    add: [vantage('lan', 'lan', ['192.168.1.20'], { resolver: 'technitium' })],
    flows: [web({ from: 'lan' })],
  },
  {
    name: 'a client of which no gateway is told, behind a gap',
    add: [vantage('lan', 'lan', ['192.168.1.20'], { resolver: 'technitium' })],
    gaps: [lost('firewallInterface', 'firewall/pfsense')],
    flows: [web({ from: 'lan' })],
  },
  {
    name: 'two firewalls on the network of the clients',
    add: [
      stated('firewall', { ...box().value, name: 'second' }),
      changed(iface('lan', '192.168.1.2', '192.168.1.0/24'), { firewall: 'second' }),
      vantage('lan', 'lan', ['192.168.1.20'], { resolver: 'technitium' }),
      vantage('said', 'lan', ['192.168.1.21'], { gateway: 'second', resolver: 'technitium' }),
    ],
    flows: [web({ from: 'lan' }), web({ from: 'said' })],
  },
  {
    name: 'two firewalls on the network of the nodes: one is said',
    add: [
      stated('firewall', { ...box().value, name: 'second' }),
      changed(iface('opt1', '10.0.20.2', '10.0.20.0/24'), { firewall: 'second' }),
      vantage('node', 'node', ['10.0.20.101'], {
        cluster: 'home',
        node: 'k8s-node1',
        resolver: 'technitium',
        gateway: 'second',
      }),
    ],
    flows: [web(), at('192.0.2.80', { from: 'node' }), at('192.0.2.80', { from: 'pod' })],
  },
  {
    name: 'two firewalls: one said for a node, another for the cluster',
    add: [
      stated('firewall', { ...box().value, name: 'second' }),
      changed(iface('opt1', '10.0.20.2', '10.0.20.0/24'), { firewall: 'second' }),
      vantage('a', 'node', [], { cluster: 'home', node: 'k8s-node3', gateway: 'pfsense' }),
      vantage('b', 'node', [], { cluster: 'home', node: 'k8s-node1', gateway: 'second' }),
      vantage('c', 'vpn', [], { cluster: 'home', node: 'k8s-node2', gateway: 'second' }),
    ],
    flows: [
      at('192.0.2.80', { from: 'node' }),
      web(),
      at('192.0.2.80', { from: 'pod/home/traefik/traefik-2' }),
    ],
  },
  {
    name: 'nodes and pods as vantage points that tell less',
    add: [
      vantage('anode', 'node', [], { cluster: 'home', node: 'k8s-node2', resolver: 'technitium' }),
      vantage('lost', 'node', [], { resolver: 'technitium' }),
      vantage('gone', 'node', [], { cluster: 'home', node: 'k8s-node9', resolver: 'technitium' }),
      vantage('gonepod', 'pod', [], { cluster: 'home', pod: 'apps/gone', resolver: 'technitium' }),
      vantage('own', 'pod', ['10.10.1.99'], { cluster: 'home', pod: 'apps/cron-1', resolver: 'technitium' }),
      vantage('nopod', 'pod', ['10.10.1.98'], { cluster: 'home', resolver: 'technitium' }),
    ],
    flows: [
      'anode',
      'lost',
      'gone',
      'gonepod',
      'own',
      'nopod',
      'pod/home/apps/immich-3',
      'pod/home/apps/gone',
    ].flatMap((from) => [web({ from }), at('192.0.2.80', { from })]),
  },
  {
    name: 'nodes and pods that tell less, behind gaps',
    add: [
      vantage('gone', 'node', [], { cluster: 'home', node: 'k8s-node9', resolver: 'technitium' }),
      vantage('gonepod', 'pod', [], { cluster: 'home', pod: 'apps/gone', resolver: 'technitium' }),
    ],
    gaps: [lost('node', 'cluster/home'), lost('pod', 'cluster/home')],
    flows: ['gone', 'gonepod', 'pod/home/apps/gone', 'nowhere', 'pod'].flatMap((from) => [
      web({ from }),
      at('192.0.2.80', { from }),
    ]),
  },
  {
    name: 'a pod in the host network, a pod on no node',
    add: [
      pod('apps/cron-1', '10.0.20.101', 1, { hostNetwork: true }),
      stated('pod', (({ node: ____, ...rest }) => rest)(pod('apps/immich-3', '10.10.3.7', 3).value)),
    ],
    flows: [web({ from: 'pod' }), at('192.0.2.80', { from: 'pod' }), web({ from: 'pod/home/apps/immich-3' })],
  },
  {
    name: 'a source that the flow names itself',
    flows: [
      web({ source: ip('198.51.100.200') }),
      web({ from: 'lan', source: ip('192.168.1.99') }),
      at('192.0.2.80', { from: 'pod', source: ip('10.10.1.44') }),
    ],
  },
  {
    name: 'an answer by another interface than the question',
    add: [
      ...localTraefik(),
      alias('nginx', ['10.0.20.203']),
      iface('opt2', '10.0.21.1', '10.0.21.0/24'),
      ...[1, 2, 3].map((n) => node(n, { internalIps: [ip(`10.0.21.10${n}`)] })),
    ],
    flows: [web(), web({ from: 'lan' })],
  },
];
