/* Parts of pfSense's rules one by one: matches, aliases, whose address it is, which source it shows, two outer interfaces. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import type { AddressMatch } from '#estate/firewall.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import {
  alias,
  anyMatch,
  box,
  forward,
  homeReader,
  iface,
  localTraefik,
  rule,
  stated,
} from '#test/estates.ts';
import { keepingReader } from '#test/keeping-reader.ts';
import { changed, lost } from '#test/variations/variation.ts';
import { gapIds, hostsOf, pathOf, stagesAt } from '#test/walked.ts';
import { resolveAlias } from './alias.ts';
import { isOwnAddress, matchAddress, matchPacket } from './match.ts';
import { addressOn, chooseSource, reflectionSource } from './outbound-nat.ts';
import { chooseForward } from './port-forward.ts';

const six = (ipText: string, network: string) => ({ ipv6: { ip: ip(ipText), network: prefix(network) } });
const lan6 = changed(iface('lan', '192.168.1.1', '192.168.1.0/24'), six('2001:db8:1::1', '2001:db8:1::/64'));
const { ipv4: _, ...withoutAddress } = iface('wan', '203.0.113.10', '203.0.113.0/24').value;
const dynamicWan = (more: Partial<Kinds['firewallInterface']> = {}) =>
  stated('firewallInterface', { ...withoutAddress, isDynamic: true, ...more });
const told = (address: string, more: Partial<Kinds['publicAddress']> = {}) =>
  stated('publicAddress', { ip: ip(address), firewall: 'pfsense', interface: 'wan', through: [], ...more });
const wan2 = iface('wan2', '192.0.2.2', '192.0.2.0/24', { isWan: true, blocksPrivate: false });
const moved = [...localTraefik(), alias('nginx', ['10.0.20.203'])];

describe('a match of an address', () => {
  const network = (name: string, not = false): AddressMatch => ({
    kind: 'interface',
    name,
    part: 'network',
    not,
  });
  const cases: readonly [string, AddressMatch, string, boolean][] = [
    ['on the network of the interface', network('lan'), '192.168.1.20', true],
    ['outside of it', network('lan'), '192.168.2.20', false],
    ['outside of it, negated', network('lan', true), '192.168.2.20', true],
    ['on its IPv6 network', network('lan'), '2001:db8:1::20', true],
    ['outside its IPv6 network', network('lan'), '2001:db8:2::20', false],
    ['an interface without an IPv6 network', network('opt1'), '2001:db8:1::20', false],
    ['an interface without one, negated', network('opt1', true), '2001:db8:1::20', true],
    ['the firewall itself', { kind: 'self', not: false }, '10.0.20.1', true],
    ['the firewall itself, negated', { kind: 'self', not: true }, '10.0.20.1', false],
    ['not the firewall itself, negated', { kind: 'self', not: true }, '10.0.20.2', true],
  ];
  test.each(cases)('%s', (_name, match, address, holds) => {
    expect(matchAddress(homeReader({ add: [lan6] }), 'pfsense', match, ip(address)).holds).toBe(holds);
  });

  test('an interface that is not there: the gap of interfaces where there is one', () => {
    const match = network('opt9');
    const gapOf = (gaps = [lost('firewallInterface', 'firewall/pfsense')]) =>
      matchAddress(homeReader({ gaps }), 'pfsense', match, ip('192.0.2.1')).gap?.id;
    expect(gapOf()).toBe('lost/firewallInterface');
    expect(gapOf([])).toBe('firewall/pfsense/interface/opt9');
  });
});

describe('whose address it is', () => {
  const own = (address: string, add: readonly Fact[]) =>
    isOwnAddress(homeReader({ add }), 'pfsense', ip(address)).holds;
  const virtual = (mode: Kinds['virtualIp']['mode']) =>
    stated('virtualIp', {
      firewall: 'pfsense',
      mode,
      interface: 'wan',
      network: prefix('203.0.113.40/32'),
      ip: ip('203.0.113.40'),
    });
  test.each([
    [
      'a public address told for the dynamic interface',
      [dynamicWan(), told('203.0.113.77')],
      '203.0.113.77',
      true,
    ],
    ['told for an interface with an address of its own', [told('203.0.113.77')], '203.0.113.77', false],
    [
      'told for another interface',
      [dynamicWan(), told('203.0.113.77', { interface: 'wan2' })],
      '203.0.113.77',
      false,
    ],
    [
      'told for another firewall',
      [dynamicWan(), told('203.0.113.77', { firewall: 'far' })],
      '203.0.113.77',
      false,
    ],
    ['a CARP address', [virtual('carp')], '203.0.113.40', true],
    ['an address that it answers ARP for alone', [virtual('proxyarp')], '203.0.113.40', false],
  ] as const)('%s', (_name, add, address, holds) => {
    expect(own(address, add)).toBe(holds);
  });
});

describe('an alias', () => {
  const content = (add: readonly Fact[], name = 'a') => {
    const { ranges, ports, gap } = resolveAlias(homeReader({ add }), 'pfsense', name);
    return { ranges: ranges.map((r) => r.first), ports: ports.map((p) => p.first), gap: gap?.id };
  };
  const gap = 'firewall/pfsense/alias/a';
  test.each([
    [
      'of ports holds no address',
      alias('a', ['443', '10.0.20.7'], 'port'),
      { ranges: [], ports: [443], gap },
    ],
    [
      'of hosts holds no port',
      alias('a', ['10.0.20.7', '443'], 'host'),
      { ranges: ['10.0.20.7'], ports: [], gap: 'firewall/pfsense/alias/443' },
    ],
    [
      'of networks',
      alias('a', ['10.0.20.0/24'], 'network'),
      { ranges: ['10.0.20.0'], ports: [], gap: undefined },
    ],
  ] as const)('%s', (_name, fact, is) => {
    expect(content([fact])).toEqual(is);
  });

  test('that is not there: the gap of aliases where there is one', () => {
    const gaps = [lost('alias', 'firewall/pfsense')];
    expect(resolveAlias(homeReader({ gaps }), 'pfsense', 'gone').gap?.id).toBe('lost/alias');
    expect(resolveAlias(homeReader(), 'pfsense', 'gone').gap?.id).toBe('firewall/pfsense/alias/gone');
  });
});

describe('a match of ports', () => {
  const packet = {
    source: ip('192.0.2.9'),
    destination: ip('10.0.20.7'),
    port: 443,
    protocol: 'tcp',
  } as const;
  const named = (name: string) => ({ kind: 'alias', name }) as const;
  const matched = (more: Partial<typeof anyMatch>) => {
    const add = [alias('web', ['443'], 'port'), alias('mail', ['25'], 'port')];
    const match = matchPacket(homeReader({ add }), 'pfsense', { ...anyMatch, ...more }, packet);
    return match.gap?.id ?? match.holds;
  };
  test.each([
    ['in the alias', { destinationPort: named('web') }, true],
    ['not in the alias', { destinationPort: named('mail') }, false],
    ['of an alias that is not there', { destinationPort: named('gone') }, 'firewall/pfsense/alias/gone'],
    [
      'a source port by alias, which clients choose',
      { sourcePort: named('web') },
      'firewall/pfsense/source-port',
    ],
  ] as const)('%s', (_name, more, is) => {
    expect(matched(more)).toBe(is);
  });
});

describe('the source that is shown', () => {
  const packet = (source: string, destination = '192.0.2.80') =>
    ({ source: ip(source), destination: ip(destination), port: 443, protocol: 'tcp' }) as const;
  const shown = (
    add: readonly Fact[],
    source: string,
    more: Partial<Kinds['firewall']> = {},
    out = 'wan',
  ) => {
    const reader = homeReader({ add });
    const at = reader.get('firewallInterface', `pfsense/${out}`)?.value;
    if (!at) throw new Error(out);
    const found = chooseSource(reader, box(more).value, at, packet(source));
    return found.kind === 'source' ? found.ip : found.kind === 'gap' ? found.gap.id : 'none';
  };
  const manual = (match: Partial<Kinds['outboundNatRule']['match']>, target = '') =>
    stated('outboundNatRule', {
      firewall: 'pfsense',
      position: 0,
      interface: 'wan',
      isEnabled: true,
      isException: false,
      match: { ...anyMatch, ...match },
      target,
    });
  const wan6 = changed(iface('wan', '203.0.113.10', '203.0.113.0/24'), six('2001:db8::10', '2001:db8::/64'));
  const routed6 = stated('staticRoute', {
    firewall: 'pfsense',
    network: prefix('2001:db8:9::/64'),
    gateway: 'INSIDE',
    isEnabled: true,
  } as Kinds['staticRoute']);
  const both = { outboundNat: 'manual' } as const;
  const told77 = [dynamicWan(), told('203.0.113.77'), told('203.0.113.10', { interface: 'lan' })];
  test.each([
    [
      'automatic: an inner network, the address of the outer interface',
      [],
      '192.168.1.20',
      {},
      '203.0.113.10',
    ],
    [
      'automatic: its own address before the one that the world sees',
      [told('198.51.100.9')],
      '192.168.1.20',
      {},
      '203.0.113.10',
    ],
    [
      'automatic: a dynamic one, as told',
      [...told77, told('2001:db8::77')],
      '192.168.1.20',
      {},
      '203.0.113.77',
    ],
    [
      'automatic: a dynamic one, of which two are told',
      [...told77, told('203.0.113.78')],
      '192.168.1.20',
      {},
      'firewall/pfsense/wan/address',
    ],
    [
      'automatic: a dynamic one, told for another interface',
      [dynamicWan(), told('203.0.113.10', { interface: 'wan2' })],
      '192.168.1.20',
      {},
      'firewall/pfsense/wan/address',
    ],
    [
      'automatic: a dynamic one, told for another firewall',
      [dynamicWan(), told('203.0.113.10', { firewall: 'far' })],
      '192.168.1.20',
      {},
      'firewall/pfsense/wan/address',
    ],
    ['automatic: who is on an outer network is nobody of ours', [wan2], '192.0.2.50', {}, 'none'],
    [
      'automatic: beside an interface without an address',
      [dynamicWan({ name: 'aux', isWan: false })],
      '192.168.1.20',
      {},
      '203.0.113.10',
    ],
    ['automatic: never IPv6', [wan6, lan6], '2001:db8:1::20', {}, 'none'],
    ['automatic: never IPv6, a routed network either', [wan6, routed6], '2001:db8:9::20', {}, 'none'],
    ['manual: the interface, IPv4', [wan6, manual({ family: 4 })], '192.168.1.20', both, '203.0.113.10'],
    [
      'manual: its own address before the one that the world sees',
      [told('198.51.100.9'), manual({})],
      '192.168.1.20',
      both,
      '203.0.113.10',
    ],
    ['manual: a dynamic one, as told', [...told77, manual({})], '192.168.1.20', both, '203.0.113.77'],
  ] as const)('%s', (_name, add, source, more, is) => {
    expect(shown(add, source, more)).toBe(is);
  });

  test('manual: the interface, IPv6', () => {
    const reader = homeReader({ add: [wan6, manual({ family: 6 })] });
    const found = chooseSource(
      reader,
      box(both).value,
      wan6.value,
      packet('2001:db8:1::20', '2001:db8:7::7'),
    );
    expect(found).toMatchObject({ kind: 'source', ip: '2001:db8::10' });
    expect(addressOn(wan6.value, 4)).toBe('203.0.113.10');
  });

  test.each([
    ['a client on the target\u2019s network', '192.168.1.20', true, '192.168.1.1'],
    ['a client elsewhere', '10.0.20.50', true, undefined],
    ['a client on its IPv6 network', '2001:db8:1::20', true, '2001:db8:1::1'],
    ['a client elsewhere in IPv6', '2001:db8:2::20', true, undefined],
    ['where it is not asked for', '192.168.1.20', false, undefined],
  ] as const)('reflection: %s', (_name, source, reflectionSnat, is) => {
    expect(reflectionSource(box({ reflectionSnat }).value, lan6.value, packet(source))).toBe(is);
  });

  test('reflection: an interface without a network of the family', () => {
    const lan = iface('lan', '192.168.1.1', '192.168.1.0/24').value;
    expect(reflectionSource(box({ reflectionSnat: true }).value, lan, packet('2001:db8:1::20'))).toBe(
      undefined,
    );
  });
});

describe('two outer interfaces', () => {
  test('a forward is reflected to inner interfaces only', () => {
    const reader = homeReader({ add: [wan2] });
    const packet = {
      source: ip('198.51.100.7'),
      destination: ip('203.0.113.10'),
      port: 443,
      protocol: 'tcp',
    } as const;
    const firewall = box({ reflection: 'pure-nat' }).value;
    const lan = iface('lan', '192.168.1.1', '192.168.1.0/24').value;
    expect(chooseForward(reader, firewall, wan2.value, packet).kind).toBe('none');
    expect(chooseForward(reader, firewall, lan, packet)).toMatchObject({ kind: 'forward', mode: 'pure-nat' });
    const keeping = keepingReader(reader);
    const kinds = [lan, { ...lan, isWan: true }, lan].map(
      (at) => chooseForward(keeping, firewall, at, packet).kind,
    );
    expect(kinds).toEqual(['forward', 'none', 'forward']);
  });

  test('what comes in from outside is not told about reflection', () => {
    const add = [wan2, rule(1, ['wan']), forward(7, 443, { interface: 'wan2' })];
    expect(stagesAt(pathOf({ add }, { port: 22 }), 'firewall/pfsense')).toEqual(['filter', 'deliver']);
  });
});

test('a forward on the client\u2019s own interface is not one that is not reflected', () => {
  const add = [forward(7, 8443, { interface: 'lan' })];
  const without = ['portForward:pfsense/00000', 'portForward:pfsense/00001'] as const;
  const inner = homeReader({ add }).by('portForward', 'firewall', 'pfsense');
  expect(inner.map((f) => f.key)).toContain(without[0]);
  const path = pathOf({ add, without }, { vantage: 'lan', to: '192.168.1.1', port: 22 });
  expect(stagesAt(path, 'firewall/pfsense')).toEqual(['filter', 'deliver']);
});

describe('the way on', () => {
  test('a NAT proxy shows the firewall on the target\u2019s network', () => {
    const add = [...moved, box({ reflection: 'nat-proxy' })];
    expect(pathOf({ add }, { vantage: 'lan' })).toMatchObject({
      disposition: 'delivered',
      seenAs: '10.0.20.1',
    });
  });

  test('of two limits that are alike the first is named', () => {
    const narrow = (name: string, address: string, network: string) =>
      iface(name, address, network, { mtu: 1400 });
    const add = [
      ...moved,
      narrow('wan', '203.0.113.10', '203.0.113.0/24'),
      narrow('opt1', '10.0.20.1', '10.0.20.0/24'),
    ];
    expect(pathOf({ add }).mtu).toMatchObject({ bytes: 1400, where: 'pfsense/wan' });
  });

  test('a gateway on an inner network is no default', () => {
    const inner = {
      firewall: 'pfsense',
      name: 'IN',
      interface: 'opt1',
      isDefault: false,
      family: 4,
    } as const;
    const add = [stated('gateway', inner)];
    const path = pathOf({ add, without: ['gateway:pfsense/WANGW'] }, { vantage: 'lan', to: '192.0.2.80' });
    expect(path.disposition).toBe('exits');
    expect(stagesAt(path, 'firewall/pfsense')).toContain('outbound-nat');
  });

  test('a gateway of a static route without an address leads nowhere that is known', () => {
    const add = [
      stated('gateway', { firewall: 'pfsense', name: 'DYN', interface: 'opt1', isDefault: false, family: 4 }),
      stated('staticRoute', {
        firewall: 'pfsense',
        network: prefix('192.0.2.0/24'),
        gateway: 'DYN',
      } as Kinds['staticRoute']),
    ];
    const path = pathOf({ add }, { vantage: 'lan', to: '192.0.2.80' });
    expect(gapIds(path)).toEqual(['firewall/pfsense/gateway/opt1']);
    expect(hostsOf(path)).toEqual(['vantage/lan', 'firewall/pfsense']);
  });
});
