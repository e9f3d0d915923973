/* From outside: hops that nobody can read, routed networks, dynamic outer addresses, and what an edge hands on. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { alias, iface, ingress, localTraefik, node, rule, stated, vantage, vip } from '#test/estates.ts';
import { changed } from '#test/variations/variation.ts';
import { gapIds, hostsOf, pathOf, stagesAt, tracesOf } from '#test/walked.ts';

const both = [
  { protocol: 'tcp', port: 443 },
  { protocol: 'udp', port: 443 },
] as const;
const hop = (id: string, more: Partial<Kinds['unmanagedHop']> = {}) =>
  stated('unmanagedHop', { id, reason: 'theirs', clientAddress: 'kept', forwards: both, ...more });
const told = (address: string, more: Partial<Kinds['publicAddress']> = {}) =>
  stated('publicAddress', { ip: ip(address), firewall: 'pfsense', interface: 'wan', through: [], ...more });
/** Without a firewall: the last hop hands the flow on. */
const bridged = (address: string, through: readonly string[]) =>
  stated('publicAddress', { ip: ip(address), through });
const moved = [...localTraefik(), alias('nginx', ['10.0.20.203'])];
const inside = iface('wan', '192.168.178.2', '192.168.178.0/24', { blocksPrivate: false });
const { ipv4: _, ...withoutAddress } = iface('wan', '203.0.113.10', '203.0.113.0/24').value;
const dynamic = (more: Partial<Kinds['firewallInterface']> = {}) =>
  stated('firewallInterface', { ...withoutAddress, isDynamic: true, ...more });

describe('behind a router of somebody else', () => {
  const six = changed(inside, { ipv6: { ip: ip('2001:db8::2'), network: prefix('2001:db8::/64') } });
  const client6 = vantage('internet', 'internet', ['198.51.100.7', '2001:db8:7::7']);
  test.each([
    [
      'it is passed to the firewall\u2019s own IPv4 address',
      [inside, told('203.0.113.10', { through: ['isp'] })],
      '203.0.113.10',
      '192.168.178.2',
    ],
    [
      'to its own IPv6 address',
      [six, client6, told('2001:db8:5::10', { through: ['isp'] })],
      '2001:db8:5::10',
      '2001:db8::2',
    ],
    [
      'to the address dialled, where its own is not known',
      [dynamic(), told('203.0.113.10', { through: ['isp'] })],
      '203.0.113.10',
      '203.0.113.10',
    ],
    [
      'to the address dialled, where the firewall has it',
      [told('203.0.113.10', { through: ['isp'] })],
      '203.0.113.10',
      '203.0.113.10',
    ],
  ] as const)('%s', (_name, add, to, arrives) => {
    const path = pathOf({ add: [hop('isp'), ...add] }, { to });
    const outside = path.hops.slice(0, hostsOf(path).indexOf('firewall/pfsense'));
    const packets = outside.flatMap((h) => h.steps.flatMap((s) => (s.after ? [s.after] : [])));
    expect(packets.at(-1)?.destination).toBe(arrives);
    expect(hostsOf(path)).toContain('firewall/pfsense');
  });
});

describe('bridges', () => {
  const vps = (more: Partial<Kinds['unmanagedHop']> = {}) =>
    hop('vps', {
      clientAddress: 'own',
      ip: ip('10.0.20.60'),
      forwards: both.map((f) => ({ ...f, to: vip })),
      ...more,
    });
  const dial = (add: readonly Fact[]) => pathOf({ add }, { to: '198.51.100.99' });

  test.each([
    ['a connection of its own', vps(), 'bridge'],
    ['nobody knows what', vps({ clientAddress: 'unknown' }), 'unknown'],
    ['the client kept', vps({ clientAddress: 'kept' }), 'client'],
  ] as const)('the peer is %s', (_name, fact, is) => {
    const local = [...localTraefik('10.0.20.200'), node(1), rule(1, ['opt1'])];
    expect(dial([bridged('198.51.100.99', ['vps']), fact, ...local]).peer.is).toBe(is);
  });

  test('one that nothing is told about', () => {
    expect(gapIds(dial([bridged('198.51.100.99', ['gone'])]))).toEqual(['unmanaged/gone']);
    const { forwards: __, ...mute } = hop('vps').value;
    expect(gapIds(dial([bridged('198.51.100.99', ['vps']), stated('unmanagedHop', mute)]))).toEqual([
      'unmanaged/vps',
    ]);
  });

  test('on an inner network, that network\u2019s firewall routes', () => {
    const on = vps({ ip: ip('192.168.1.60') });
    expect(hostsOf(dial([bridged('198.51.100.99', ['vps']), on]))).toContain('firewall/pfsense');
  });

  test('on the target\u2019s own network, no firewall is in between', () => {
    expect(hostsOf(dial([bridged('198.51.100.99', ['vps']), vps()]))).not.toContain('firewall/pfsense');
  });

  test('beside the firewall\u2019s outer address it is not inside', () => {
    const out = vps({ ip: ip('203.0.113.60') });
    expect(hostsOf(dial([bridged('198.51.100.99', ['vps']), out]))).not.toContain('firewall/pfsense');
  });

  test('a bridge behind a bridge: the PROXY header tells the first one, not the client', () => {
    const add = [
      bridged('198.51.100.99', ['first', 'second']),
      hop('first', { clientAddress: 'own', ip: ip('10.0.20.61') }),
      vps({ id: 'second', clientAddress: 'proxy-protocol' }),
      ...localTraefik('10.0.20.200'),
      ingress({ proxyProtocol: { from: [prefix('10.0.20.60/32')], everyone: false } }),
    ];
    const [trace] = tracesOf({ add }, { to: { ip: ip('198.51.100.99') } });
    const proxy = trace?.identities.find((i) => i.consumer === 'proxy-protocol');
    expect(proxy).toMatchObject({ client: '10.0.20.61', is: 'bridge' });
    expect(trace?.identities.find((i) => i.consumer === 'x-forwarded-for')).toMatchObject({
      client: '10.0.20.61',
      is: 'bridge',
    });
  });
});

describe('an address that is routed to the estate', () => {
  const dmz = iface('dmz', '198.51.100.129', '198.51.100.128/28');
  const routed = [bridged('198.51.100.130', ['isp']), hop('isp')];
  const wan2 = iface('wan2', '192.0.2.2', '192.0.2.0/24', { isWan: true });
  test.each([
    [
      'behind the firewall, by its outer interface',
      [dmz],
      ['vantage/internet', 'internet', 'unmanaged/isp', 'firewall/pfsense'],
    ],
    [
      'behind it, and it has two outer interfaces',
      [dmz, wan2],
      ['vantage/internet', 'internet', 'unmanaged/isp', 'internet'],
    ],
    [
      'on an outer network',
      [changed(dmz, { isWan: true })],
      ['vantage/internet', 'internet', 'unmanaged/isp', 'internet'],
    ],
    ['nowhere', [], ['vantage/internet', 'internet', 'unmanaged/isp', 'internet']],
  ] as const)('%s', (_name, add, hosts) => {
    expect(hostsOf(pathOf({ add: [...routed, ...add] }, { to: '198.51.100.130' }))).toEqual(hosts);
  });
});

describe('an address that nobody told', () => {
  const open = 'firewall/pfsense/wan/address';
  const six = { ipv6: { ip: ip('2001:db8::2'), network: prefix('2001:db8::/64') } };
  const four = { ipv4: { ip: ip('203.0.113.10'), network: prefix('203.0.113.0/24') } };
  const without = ['publicAddress:203.0.113.10'] as const;
  test.each([
    ['may be the dynamic one', [dynamic()], '203.0.113.99', [open]],
    ['may be the dynamic one of the family', [dynamic(six)], '203.0.113.99', [open]],
    ['is not, where that one is known', [dynamic(four)], '203.0.113.99', []],
    ['is not, where one of the family is told', [dynamic(), told('203.0.113.77')], '203.0.113.99', []],
    [
      'may be, where one is told for another firewall',
      [dynamic(), told('203.0.113.77', { firewall: 'far' })],
      '203.0.113.99',
      [open],
    ],
    [
      'may be, where one of the other family is told',
      [dynamic(), told('2001:db8::77')],
      '203.0.113.99',
      [open],
    ],
    ['is no inner interface\u2019s', [dynamic({ name: 'aux', isWan: false })], '203.0.113.99', []],
  ] as const)('%s', (_name, add, to, gaps) => {
    const path = pathOf({ add, without }, { to });
    expect([path.disposition, gapIds(path)]).toEqual([gaps.length > 0 ? 'unknown' : 'exits', gaps]);
  });
});

test('the stages of a flow that a router passes on', () => {
  const add = [...moved, inside, hop('isp'), told('203.0.113.10', { through: ['isp'] })];
  expect(stagesAt(pathOf({ add }), 'unmanaged/isp')).toEqual(['unmanaged', 'unmanaged']);
});
