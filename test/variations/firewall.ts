/* A firewall's rules, its aliases, source translation, routes and addresses, and hops in front of it. */
import type { Fact } from '#estate/fact.ts';
import type { AddressMatch, PortMatch } from '#estate/firewall.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { alias, anyMatch, box, forward, iface, rule, stated, traefik, vantage, wan } from '#test/estates.ts';
import { at, lost, type Variation, web } from './variation.ts';

/** The forward without a rule of its own, so that the filter decides. */
const asked = forward(0, 443, { associatedRule: '' });
const range = (first: number, last = first): PortMatch => ({ kind: 'range', range: { first, last } });
const to203 = [
  traefik({ externalPolicy: 'local', vips: [{ ip: ip('10.0.20.203'), ipMode: 'VIP' }] }),
  alias('nginx', ['10.0.20.203']),
];

const passing = (
  match: Partial<typeof anyMatch>,
  more: Partial<Kinds['filterRule']> = {},
): readonly Fact[] => [asked, rule(1, ['wan'], { match: { ...anyMatch, ...match }, ...more })];

const destinations: readonly (readonly [string, AddressMatch])[] = [
  ['its prefix', { kind: 'address', prefix: prefix('10.0.20.0/24'), not: false }],
  ['all but its prefix', { kind: 'address', prefix: prefix('10.0.20.0/24'), not: true }],
  ['its alias', { kind: 'alias', name: 'nginx', not: false }],
  ['all but its alias', { kind: 'alias', name: 'nginx', not: true }],
  ['an alias that is missing', { kind: 'alias', name: 'gone', not: false }],
  ['the address of opt1', { kind: 'interface', name: 'opt1', part: 'address', not: false }],
  ['the network of opt1', { kind: 'interface', name: 'opt1', part: 'network', not: false }],
  ['all but the network of opt1', { kind: 'interface', name: 'opt1', part: 'network', not: true }],
  ['all but the address of opt1', { kind: 'interface', name: 'opt1', part: 'address', not: true }],
  [
    'the network of an interface that is missing',
    { kind: 'interface', name: 'opt9', part: 'network', not: false },
  ],
  ['the firewall itself', { kind: 'self', not: false }],
  ['all but the firewall itself', { kind: 'self', not: true }],
  ['what is not understood', { kind: 'unknown', text: 'pppoe' }],
];

const dynamicWan = iface('wan', '203.0.113.10', '203.0.113.0/24');
const { ipv4: _, ...withoutAddress } = dynamicWan.value;
const dynamic = stated('firewallInterface', { ...withoutAddress, isDynamic: true });
const outbound = (position: number, more: Partial<Kinds['outboundNatRule']> = {}) =>
  stated('outboundNatRule', {
    firewall: 'pfsense',
    position,
    interface: 'wan',
    isEnabled: true,
    isException: false,
    match: anyMatch,
    target: '',
    ...more,
  });
const away = at('192.0.2.80', { from: 'lan' });
const awayFromNode = at('192.0.2.80', { from: 'node' });
const awayFromPod = at('192.0.2.80', { from: 'pod' });
const gateway = (name: string, more: Partial<Kinds['gateway']>) =>
  stated('gateway', { firewall: 'pfsense', name, interface: 'opt1', isDefault: false, family: 4, ...more });
const staticRoute = (network: string, name: string) =>
  stated('staticRoute', { firewall: 'pfsense', network: prefix(network), gateway: name });
const virtual = (address: string, on = 'opt1') =>
  stated('virtualIp', {
    firewall: 'pfsense',
    mode: 'ipalias',
    interface: on,
    network: prefix(`${address}/32`),
    ip: ip(address),
  });
const inside = ['lan', 'near'].map((from) => at(wan, { from }));

export const firewallVariations: readonly Variation[] = [
  {
    name: 'as it is, from everywhere',
    flows: ['internet', 'lan', 'near', 'node', 'pod', 'edge', 'nowhere'].flatMap((from) => [
      web({ from }),
      at(wan, { from }),
      at('10.0.20.200', { from }),
    ]),
  },
  ...destinations.map(
    ([name, destination]): Variation => ({
      name: `a rule for ${name}`,
      add: passing({ destination }),
      flows: [web()],
    }),
  ),
  ...destinations.map(
    ([name, source]): Variation => ({
      name: `a rule from ${name}`,
      add: [rule(11, ['opt1'], { match: { ...anyMatch, source } })],
      flows: [awayFromNode],
    }),
  ),
  ...(['any', 'tcp', 'udp', 'tcp/udp', 'icmp', 'other'] as const).map(
    (protocol): Variation => ({
      name: `a rule for ${protocol}`,
      add: passing({ protocol }),
      flows: [web(), web({ protocol: 'udp' })],
    }),
  ),
  ...([4, 6, 'both'] as const).map(
    (family): Variation => ({
      name: `a rule for family ${family}`,
      add: passing({ family }),
      flows: [web()],
    }),
  ),
  ...(
    [
      ['any port', { kind: 'any' }],
      ['the port', range(443)],
      ['ports up to it', range(80, 443)],
      ['ports beside it', range(444, 500)],
      ['an alias of ports', { kind: 'alias', name: 'ports' }],
      ['an alias of other ports', { kind: 'alias', name: 'others' }],
      ['an alias of nested ports', { kind: 'alias', name: 'nested' }],
      ['an alias that is missing', { kind: 'alias', name: 'gone' }],
    ] as const
  ).map(
    ([name, destinationPort]): Variation => ({
      name: `a rule for ${name}`,
      add: [
        ...passing({ destinationPort }),
        alias('ports', ['443', '8443'], 'port'),
        alias('others', ['1000:2000', '', '80'], 'port'),
        alias('nested', ['ports'], 'port'),
      ],
      flows: [web()],
    }),
  ),
  ...(
    [
      [1024, 65_535],
      [1025, 65_535],
      [1024, 65_534],
      [1, 65_535],
    ] as const
  ).map(
    ([first, last]): Variation => ({
      name: `a rule from source ports ${first} to ${last}`,
      add: passing({ sourcePort: range(first, last) }),
      flows: [web()],
    }),
  ),
  {
    name: 'a rule that does not hold, however unknown a part of it',
    add: passing({ destination: { kind: 'unknown', text: 'x' }, protocol: 'udp' }),
    flows: [web()],
  },
  {
    name: 'a source that fails makes an unknown destination irrelevant',
    add: passing({
      destination: { kind: 'alias', name: 'gone', not: false },
      source: { kind: 'address', prefix: prefix('192.0.2.0/24'), not: false },
    }),
    flows: [web()],
  },
  {
    name: 'aliases: a list that is downloaded and holds it, one that does not, a host name',
    add: [
      ...passing({ source: { kind: 'alias', name: 'feed', not: false } }),
      alias('feed', ['198.51.100.0/24'], 'url'),
    ],
    flows: [web()],
  },
  {
    name: 'a list of another sort that does not hold it',
    add: [
      ...passing({ source: { kind: 'alias', name: 'feed', not: false } }),
      alias('feed', ['192.0.2.0/24'], 'other'),
    ],
    flows: [web()],
  },
  {
    name: 'a host name beside the address',
    add: [
      ...passing({ source: { kind: 'alias', name: 'some', not: false } }),
      alias('some', ['home.example.net', '198.51.100.7', 'inner']),
      alias('inner', ['some']),
    ],
    flows: [web()],
  },
  {
    name: 'two lists that are not known: the first is named',
    add: [
      ...passing({ source: { kind: 'alias', name: 'some', not: false } }),
      alias('some', ['a.example.net', 'gone', 'also_gone']),
    ],
    flows: [web()],
  },
  {
    name: 'a rule that is switched off, of another interface, of the other direction, of all',
    add: [
      asked,
      rule(1, ['wan'], { isEnabled: false }),
      rule(2, ['lan']),
      rule(3, ['wan'], { direction: 'out' }),
      rule(4, [], { isFloating: true, direction: 'any' }),
    ],
    flows: [web()],
  },
  {
    name: 'a rule that blocks and is switched off',
    add: [asked, rule(1, ['wan'], { isEnabled: false, action: 'block' }), rule(2, ['wan'])],
    flows: [web()],
  },
  {
    name: 'the first rule of an interface decides, quick or not',
    add: [asked, rule(1, ['wan'], { isQuick: false, action: 'block' }), rule(2, ['wan'])],
    flows: [web()],
  },
  {
    name: 'the NAT proxy needs no rule',
    add: [
      ...to203,
      box({ reflection: 'nat-proxy' }),
      forward(0, 443, { associatedRule: '' }),
      rule(10, ['lan'], { action: 'block' }),
    ],
    flows: inside,
  },
  {
    name: 'a forward of its own interface hides nobody',
    add: [
      ...to203,
      box({ reflection: 'pure-nat', reflectionSnat: true }),
      forward(0, 443, {
        interface: 'opt1',
        match: { ...anyMatch, destination: { kind: 'self', not: false } },
      }),
    ],
    flows: [at('10.0.20.1', { from: 'near' })],
  },
  {
    name: 'a public address without a hop, dialled from inside',
    add: [
      stated('publicAddress', { ip: ip('203.0.114.10'), firewall: 'pfsense', interface: 'wan', through: [] }),
    ],
    flows: [at('203.0.114.10', { from: 'lan' })],
  },
  {
    name: 'a default gateway that is a firewall of the estate',
    add: [
      gateway('WANGW', { interface: 'wan', ip: ip('203.0.113.254'), isDefault: true }),
      stated('firewall', { ...box().value, name: 'outer' }),
      stated('firewallInterface', {
        ...iface('lan', '203.0.113.254', '203.0.113.0/24').value,
        firewall: 'outer',
      }),
    ],
    flows: [away],
  },
  {
    name: 'a firewall that is missing behind a gap',
    gaps: [lost('firewall', 'firewall/pfsense')],
    without: ['firewall:pfsense'],
    flows: [web()],
  },
  {
    name: 'a floating rule on the way out rejects',
    add: [rule(1, ['opt1'], { isFloating: true, direction: 'out', action: 'reject' })],
    flows: [web(), at('10.0.20.200', { from: 'lan' })],
  },
  {
    name: 'one that is not known on the way out',
    add: [
      rule(1, ['opt1'], {
        isFloating: true,
        direction: 'out',
        action: 'block',
        match: { ...anyMatch, source: { kind: 'alias', name: 'gone', not: false } },
      }),
    ],
    flows: [web()],
  },
  {
    name: 'policy routing of a rule that blocks is none',
    add: passing({}, { gateway: 'WAN2', action: 'block' }),
    flows: [web()],
  },
  { name: 'a rule without a description', add: passing({}, { descr: '' }), flows: [web()] },
  {
    name: 'private sources are blocked inside',
    add: [iface('lan', '192.168.1.1', '192.168.1.0/24', { blocksPrivate: true })],
    flows: [web({ from: 'lan' })],
  },
  { name: 'a private client outside', add: [vantage('internet', 'internet', ['10.66.0.7'])], flows: [web()] },
  {
    name: 'private sources on the way out do not matter',
    add: [iface('opt1', '10.0.20.1', '10.0.20.0/24', { blocksPrivate: true })],
    flows: [at('10.0.20.200', { from: 'lan' })],
  },
  ...(['disable', 'pure-nat', 'nat-proxy'] as const).flatMap((reflection) =>
    [true, false].map(
      (reflectionSnat): Variation => ({
        name: `reflection ${reflection}${reflectionSnat ? ' with its translation' : ''}`,
        add: [...to203, box({ reflection, reflectionSnat })],
        flows: inside,
      }),
    ),
  ),
  ...(['disable', 'pure-nat', 'nat-proxy', 'default'] as const).map(
    (reflection): Variation => ({
      name: `a forward whose own reflection is ${reflection}`,
      add: [...to203, forward(0, 443, { reflection }), box({ reflection: 'pure-nat' })],
      flows: inside,
    }),
  ),
  {
    name: 'a forward of any destination is not reflected',
    add: [...to203, box({ reflection: 'pure-nat' }), forward(0, 443, { match: anyMatch })],
    flows: inside,
  },
  {
    name: 'an exception is not reflected',
    add: [...to203, box({ reflection: 'pure-nat' }), forward(0, 443, { isException: true }), forward(2, 443)],
    flows: [...inside, web()],
  },
  {
    name: 'a forward of a WAN at another WAN',
    add: [
      iface('opt2', '203.0.114.10', '203.0.114.0/24', { isWan: true }),
      stated('publicAddress', {
        ip: ip('203.0.114.10'),
        firewall: 'pfsense',
        interface: 'opt2',
        through: [],
      }),
      box({ reflection: 'pure-nat' }),
    ],
    flows: [at('203.0.114.10')],
  },
  {
    name: 'a forward of another port, of no description',
    add: [...to203, forward(0, 443, { localPort: 80, descr: '' })],
    flows: [web()],
  },
  {
    name: 'a range of ports keeps its offset',
    add: [
      ...to203,
      forward(0, 443, { localPort: 400, match: { ...asked.value.match, destinationPort: range(400, 500) } }),
    ],
    flows: [web()],
  },
  {
    name: 'a port by alias',
    add: [...to203, forward(0, 443, { localPort: 'secure' }), alias('secure', ['443'], 'port')],
    flows: [web()],
  },
  {
    name: 'an empty alias for a port',
    add: [...to203, forward(0, 443, { localPort: 'secure' }), alias('secure', [], 'port')],
    flows: [web()],
  },
  {
    name: 'an alias for a port that is partly known',
    add: [...to203, forward(0, 443, { localPort: 'secure' }), alias('secure', ['443', 'gone'], 'port')],
    flows: [web()],
  },
  {
    name: 'a target of several addresses',
    add: [forward(0, 443, { target: 'many' }), alias('many', ['10.0.20.200', '10.0.20.203'])],
    flows: [web()],
  },
  {
    name: 'a target of a range',
    add: [forward(0, 443, { target: 'many' }), alias('many', ['10.0.20.200-10.0.20.203'])],
    flows: [web()],
  },
  {
    name: 'a target with one address of each family',
    add: [...to203, forward(0, 443, { target: 'many' }), alias('many', ['fd00::1', '10.0.20.203'])],
    flows: [web()],
  },
  {
    name: 'a target of the other family, then one that fits',
    add: [...to203, forward(0, 443, { target: 'fd00::1' }), forward(2, 443, { target: '10.0.20.203' })],
    flows: [web()],
  },
  {
    name: 'an alias of the other family',
    add: [forward(0, 443, { target: 'six' }), alias('six', ['fd00::1'])],
    flows: [web()],
  },
  {
    name: 'a forward that may match',
    add: [
      forward(0, 443, {
        match: { ...asked.value.match, source: { kind: 'alias', name: 'gone', not: false } },
      }),
      forward(2, 443),
    ],
    flows: [web()],
  },
  {
    name: 'a forward of another firewall, of an interface that is off',
    add: [forward(0, 443, { firewall: 'other' }), forward(0, 443, { isEnabled: false })],
    flows: [web(), ...inside],
  },
  ...(['automatic', 'hybrid', 'manual', 'disabled'] as const).map(
    (outboundNat): Variation => ({
      name: `outbound NAT ${outboundNat}`,
      add: [
        box({ outboundNat }),
        outbound(0, {
          target: '203.0.113.77',
          match: { ...anyMatch, source: { kind: 'address', prefix: prefix('192.168.1.0/24'), not: false } },
        }),
      ],
      flows: [away, awayFromNode, awayFromPod],
    }),
  ),
  ...(['', '203.0.113.77', 'shown', 'gone', 'six', 'part'] as const).map(
    (target): Variation => ({
      name: `outbound NAT to "${target}"`,
      add: [
        box({ outboundNat: 'manual' }),
        outbound(0, { target }),
        alias('shown', ['203.0.113.78']),
        alias('six', ['2001:db8::78']),
        alias('part', ['203.0.113.79', 'gone']),
      ],
      flows: [away],
    }),
  ),
  {
    name: 'outbound rules: off, of another interface, that does not match, an exception',
    add: [
      box({ outboundNat: 'hybrid' }),
      outbound(0, { isEnabled: false, target: '203.0.113.71' }),
      outbound(1, { interface: 'opt1', target: '203.0.113.72' }),
      outbound(2, { match: { ...anyMatch, protocol: 'udp' }, target: '203.0.113.73' }),
      outbound(3, { isException: true }),
      outbound(4, { target: '203.0.113.74' }),
    ],
    flows: [away, at('192.0.2.80', { from: 'lan', protocol: 'udp' })],
  },
  {
    name: 'an outbound rule that may match',
    add: [
      box({ outboundNat: 'hybrid' }),
      outbound(0, { match: { ...anyMatch, source: { kind: 'alias', name: 'gone', not: false } } }),
    ],
    flows: [away],
  },
  {
    name: 'a dynamic WAN with a public address that is told',
    add: [dynamic],
    flows: [web(), away, at(wan, { from: 'lan' }), at('192.0.2.80')],
  },
  {
    name: 'a dynamic WAN that shows its address by a rule',
    add: [dynamic, box({ outboundNat: 'manual' }), outbound(0)],
    flows: [away],
  },
  {
    name: 'a dynamic WAN of which no address is told',
    add: [dynamic],
    without: ['publicAddress:203.0.113.10'],
    flows: [web(), away, at('192.0.2.80'), at('2001:db8:9::9')],
  },
  {
    name: 'a dynamic WAN that shows no address by a rule',
    add: [dynamic, box({ outboundNat: 'manual' }), outbound(0)],
    without: ['publicAddress:203.0.113.10'],
    flows: [away],
  },
  {
    name: 'sources behind a static route are translated too',
    add: [
      gateway('NODE', { ip: ip('10.0.20.101') }),
      staticRoute('10.77.0.0/16', 'NODE'),
      vantage('vpn', 'vpn', ['10.77.0.7'], { gateway: 'pfsense', resolver: 'technitium' }),
      rule(12, ['opt1']),
    ],
    flows: [at('192.0.2.80', { from: 'vpn' }), web({ from: 'vpn' })],
  },
  {
    name: 'sources of nowhere are not',
    add: [
      box({ outboundNat: 'automatic' }),
      vantage('vpn', 'vpn', ['10.88.0.7'], { gateway: 'pfsense', resolver: 'technitium' }),
    ],
    flows: [at('192.0.2.80', { from: 'vpn' })],
  },
  {
    name: 'a gateway that is a node, a firewall, a stranger',
    add: [
      gateway('NODE', { ip: ip('10.0.20.101') }),
      gateway('SELF', { ip: ip('10.0.20.1') }),
      gateway('WHO', { ip: ip('10.0.20.99') }),
      gateway('BLIND', {}),
      staticRoute('10.71.0.0/16', 'NODE'),
      staticRoute('10.72.0.0/16', 'SELF'),
      staticRoute('10.73.0.0/16', 'WHO'),
      staticRoute('10.74.0.0/16', 'BLIND'),
      staticRoute('10.75.0.0/16', 'GONE'),
      staticRoute('10.10.0.0/16', 'NODE'),
    ],
    flows: [1, 2, 3, 4, 5]
      .map((n) => at(`10.7${n}.0.1`, { from: 'lan' }))
      .concat(at('10.10.1.5', { from: 'lan' }), at('10.96.0.80', { from: 'lan' })),
  },
  {
    name: 'a static route longer than a network, one as long, one shorter',
    add: [
      gateway('WHO', { ip: ip('10.0.20.99') }),
      staticRoute('10.0.20.200/32', 'WHO'),
      staticRoute('10.0.20.0/24', 'WHO'),
      staticRoute('10.0.0.0/8', 'WHO'),
    ],
    flows: [web(), at('10.0.20.203', { from: 'lan' }), at('10.1.1.1', { from: 'lan' })],
  },
  {
    name: 'networks inside each other',
    add: [iface('opt2', '10.0.20.193', '10.0.20.192/26'), rule(12, ['opt2'])],
    flows: [web(), at('10.0.20.200', { from: 'near' }), web({ from: 'near' })],
  },
  {
    name: 'an interface that is off',
    add: [iface('opt1', '10.0.20.1', '10.0.20.0/24', { isEnabled: false })],
    flows: [web(), web({ from: 'near' }), awayFromNode],
  },
  {
    name: 'a gateway of a WAN that is not the default one',
    add: [
      stated('gateway', {
        firewall: 'pfsense',
        name: 'WANGW',
        interface: 'wan',
        ip: ip('203.0.113.1'),
        isDefault: false,
        family: 4,
      }),
    ],
    flows: [away],
  },
  {
    name: 'no gateway at all, and one WAN',
    without: ['gateway:pfsense/WANGW'],
    flows: [away, at('10.99.0.1', { from: 'lan' })],
  },
  {
    name: 'no gateway at all, and two',
    add: [iface('opt2', '203.0.114.10', '203.0.114.0/24', { isWan: true })],
    without: ['gateway:pfsense/WANGW'],
    flows: [away, web()],
  },
  {
    name: 'a default gateway of an interface that is missing',
    add: [gateway('WANGW', { interface: 'opt9', isDefault: true })],
    flows: [away],
  },
  {
    name: 'a default gateway of the other family alone',
    add: [gateway('WANGW', { interface: 'wan', isDefault: true, family: 6 })],
    flows: [away],
  },
  {
    name: 'virtual addresses of the firewall',
    add: [
      virtual('10.0.20.3'),
      virtual('203.0.113.11', 'wan'),
      forward(0, 443, {
        match: {
          ...asked.value.match,
          destination: { kind: 'address', prefix: prefix('203.0.113.11/32'), not: false },
        },
      }),
      stated('publicAddress', { ip: ip('203.0.113.11'), firewall: 'pfsense', interface: 'wan', through: [] }),
    ],
    flows: [at('203.0.113.11'), at('10.0.20.3', { from: 'near' }), at('203.0.113.11', { from: 'lan' })],
  },
  {
    name: 'a virtual address outside that nobody told',
    add: [virtual('203.0.113.12', 'wan')],
    flows: [at('203.0.113.12')],
  },
  {
    name: 'small and large frames on the way',
    add: [
      iface('wan', '203.0.113.10', '203.0.113.0/24', { mtu: 1492 }),
      iface('opt1', '10.0.20.1', '10.0.20.0/24', { mtu: 1400 }),
    ],
    flows: [web(), web({ from: 'lan' })],
  },
  {
    name: 'frames that grow on the way',
    add: [
      iface('wan', '203.0.113.10', '203.0.113.0/24', { mtu: 1300 }),
      iface('opt1', '10.0.20.1', '10.0.20.0/24', { mtu: 1301 }),
    ],
    flows: [web()],
  },
  {
    name: 'ports of the firewall itself',
    flows: [
      at(wan, { port: 22 }),
      at('192.168.1.1', { from: 'lan', port: 22 }),
      at('10.0.20.1', { from: 'lan', port: 22 }),
      at('10.0.20.1', { from: 'near', protocol: 'udp', port: 53 }),
      at('10.0.20.1', { from: 'node', port: 22 }),
      at('10.0.20.1', { from: 'pod', port: 22 }),
    ],
  },
  {
    name: 'private and public strangers',
    flows: ['10.99.0.1', '192.0.2.9', '203.0.113.77'].flatMap((a) =>
      ['internet', 'lan', 'node', 'pod'].map((from) => at(a, { from })),
    ),
  },
  ...(
    [
      'portForward',
      'filterRule',
      'alias',
      'outboundNatRule',
      'firewallInterface',
      'gateway',
      'staticRoute',
      'firewall',
      'virtualIp',
      'publicAddress',
      'unmanagedHop',
    ] as const
  ).map(
    (kind): Variation => ({
      name: `a gap: ${kind}`,
      gaps: [
        lost(kind, kind === 'publicAddress' || kind === 'unmanagedHop' ? undefined : 'firewall/pfsense'),
      ],
      add: [
        asked,
        rule(1, ['wan'], {
          match: { ...anyMatch, destination: { kind: 'alias', name: 'gone', not: false } },
        }),
        rule(2, ['wan']),
      ],
      flows: [web(), web({ from: 'lan' }), web({ from: 'near' }), away, awayFromPod, at('192.0.2.80')],
    }),
  ),
  { name: 'a firewall that is missing', without: ['firewall:pfsense'], flows: [web(), web({ from: 'lan' })] },
  { name: 'an outer interface that is missing', without: ['firewallInterface:pfsense/wan'], flows: [web()] },
];
