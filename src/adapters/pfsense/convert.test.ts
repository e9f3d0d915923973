/* A config.xml that has one of everything. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Kind, Kinds } from '#estate/kinds.ts';
import { convertConfig } from './convert.ts';

const text = readFileSync(new URL('./fixtures/config.xml', import.meta.url), 'utf8');
const read = (content: string) =>
  convertConfig({ firewall: 'gw', file: 'firewall/gw/config.xml', text: content });
const discovery = read(text);
const values = <K extends Kind>(kind: K) =>
  discovery.facts.filter((f) => f.kind === kind).map((f) => f.value as Kinds[K]);
const named = <K extends Kind>(kind: K, name: string) =>
  values(kind).find((v) => 'name' in v && v.name === name);
const wrap = (inner: string) => `<pfsense><interfaces><lan><if>a</if></lan></interfaces>${inner}</pfsense>`;

describe('the firewall as a whole', () => {
  it('has its modes', () => {
    expect(values('firewall')).toEqual([
      {
        name: 'gw',
        product: 'pfsense',
        version: 'config 24.0',
        outboundNat: 'hybrid',
        reflection: 'pure-nat',
        reflectionSnat: true,
        isIpv6Allowed: true,
      },
    ]);
  });
  it.each([
    ['', 'nat-proxy'],
    ['<disablenatreflection>yes</disablenatreflection>', 'disable'],
    ['<enablenatreflectionpurenat>yes</enablenatreflectionpurenat>', 'pure-nat'],
  ])('reflects port forwards as %s says', (system, reflection) => {
    const firewall = read(wrap(`<system>${system}</system>`)).facts.find((f) => f.kind === 'firewall');
    expect(firewall?.value).toMatchObject({ reflection, reflectionSnat: false, isIpv6Allowed: false });
  });
});

describe('interfaces, gateways, routes', () => {
  it.each([
    ['wan', { isWan: true, isDynamic: true, isEnabled: true, mtu: 1492, blocksPrivate: true }],
    [
      'lan',
      {
        isWan: false,
        isDynamic: true,
        descr: 'LAN & étage',
        ipv4: { ip: '192.168.1.1', network: '192.168.1.0/24' },
      },
    ],
    [
      'opt1',
      { isDynamic: false, device: 'igb1.20', ipv6: { ip: '2001:db8:20::1', network: '2001:db8:20::/64' } },
    ],
    ['opt2', { isEnabled: false }],
    ['opt3', { device: 'gif0', ipv6: { ip: '2001:db8:ff::2', network: '2001:db8:ff::/64' } }],
    [
      'tun_wg0',
      { ipv4: { ip: '10.7.0.1', network: '10.7.0.0/24' }, ipv6: { ip: 'fd07::1', network: 'fd07::/64' } },
    ],
    ['ovpns1', { descr: 'road', ipv4: { ip: '10.8.0.1', network: '10.8.0.0/24' } }],
  ])('%s', (name, expected) => {
    expect(named('firewallInterface', name)).toMatchObject(expected);
  });
  it('has written gateways and those that dynamic interfaces bring', () => {
    expect(values('gateway').map((g) => [g.name, g.family, g.ip, g.isDefault])).toEqual([
      ['HE_V6', 6, '2001:db8:ff::1', true],
      ['SITE_B', 4, '192.168.1.2', false],
      ['WAN_PPPOE', 4, undefined, true],
      ['WAN_DHCP6', 6, undefined, false],
    ]);
  });
  it('has static routes, through aliases too, without disabled ones', () => {
    expect(values('staticRoute').map((r) => r.network)).toEqual([
      '192.168.50.0/24',
      '172.16.0.0/16',
      '172.17.0.0/16',
    ]);
  });
  it('has virtual IPs, on a CARP address too', () => {
    expect(values('virtualIp').map((v) => [v.mode, v.interface, v.ip, v.network])).toEqual([
      ['carp', 'wan', '203.0.113.11', '203.0.113.8/29'],
      ['ipalias', 'wan', '203.0.113.12', '203.0.113.12/32'],
    ]);
  });
  it('has the DHCP ranges of enabled servers', () => {
    expect(values('dhcpRange').map((d) => [d.server, d.range.first, d.range.last, d.staticIps])).toEqual([
      ['kea', '192.168.1.100', '192.168.1.199', ['192.168.1.30']],
      ['kea', '192.168.1.210', '192.168.1.220', []],
    ]);
  });
});

describe('aliases', () => {
  it('keeps entries as written, and the first of two with one name', () => {
    expect(named('alias', 'ingress')).toMatchObject({ entries: ['10.0.20.200'], descr: "d'entrée" });
    expect(named('alias', 'friends')?.entries).toEqual(['198.51.100.0/24', 'loop_a']);
    expect(named('alias', 'loop_a')?.entries).toEqual(['loop_b']);
    expect(named('alias', 'web_ports')).toMatchObject({ type: 'port', entries: ['80', '443', '8000:8010'] });
  });
  it('says what it cannot know', () => {
    const gaps = discovery.gaps.map((g) => g.what);
    expect(gaps).toContain('alias "blocklist" is filled at run time; the file does not say with what');
    expect(gaps).toContain('alias "ingress" is defined twice; the first one counts');
    expect(named('alias', 'blocklist')).toMatchObject({
      type: 'url',
      entries: ['https://lists.example/x?…'],
    });
  });
});

describe('port forwards', () => {
  const [https, range, exception] = values('portForward');
  it('an alias as target, with its filter rule', () => {
    expect(https).toMatchObject({
      position: 0,
      isEnabled: true,
      isException: false,
      target: 'ingress',
      localPort: 443,
      reflection: 'default',
      associatedRule: 'nat_1',
      descr: "HTTPS (Let's go)",
      match: { family: 4, protocol: 'tcp/udp', source: { kind: 'any' } },
    });
    expect(https?.match.destination).toEqual({ kind: 'interface', name: 'wan', part: 'address', not: false });
    expect(https?.match.destinationPort).toEqual({ kind: 'range', range: { first: 443, last: 443 } });
  });
  it('a range of ports, disabled, reflected by the proxy', () => {
    expect(range).toMatchObject({
      isEnabled: false,
      reflection: 'nat-proxy',
      associatedRule: 'pass',
      localPort: 9000,
    });
    expect(range?.match.source).toEqual({ kind: 'alias', name: 'friends', not: false });
    expect(range?.match.destination).toEqual({ kind: 'address', prefix: '203.0.113.12/32', not: false });
    expect(range?.match.destinationPort).toEqual({ kind: 'range', range: { first: 8000, last: 8010 } });
  });
  it('an exception for the box itself and a port alias', () => {
    expect(exception).toMatchObject({ isException: true, target: '', associatedRule: '' });
    expect(exception?.match).toMatchObject({
      destination: { kind: 'self', not: false },
      destinationPort: { kind: 'alias', name: 'web_ports' },
    });
  });
  it('names the line of each', () => {
    const fact = discovery.facts.find((f) => f.kind === 'portForward');
    const line = text.split('\n').findIndex((l) => l.includes('tcp/udp')) + 1;
    expect(fact?.evidence).toEqual({ file: 'firewall/gw/config.xml', line: line - 4, object: 'nat/rule[0]' });
  });
});

describe('outbound NAT and filter rules', () => {
  it('outbound rules', () => {
    const [lan, none] = values('outboundNatRule');
    expect(lan).toMatchObject({ isEnabled: true, isException: false, target: '', match: { family: 'both' } });
    expect(lan?.match.source).toEqual({ kind: 'address', prefix: '192.168.1.0/24', not: false });
    expect(lan?.match.destination).toEqual({ kind: 'address', prefix: '10.0.20.0/22', not: true });
    expect(none).toMatchObject({ isEnabled: false, isException: true, target: '203.0.113.16/30' });
  });
  it('floating, interface and group rules; match rules decide nothing', () => {
    const rules = values('filterRule');
    expect(
      rules.map((r) => [r.position, r.action, r.isFloating, r.isQuick, r.direction, r.interfaces]),
    ).toEqual([
      [0, 'block', true, true, 'any', ['wan', 'opt1']],
      [1, 'pass', false, true, 'in', ['wan']],
      [3, 'reject', false, true, 'in', ['opt1', 'opt3']],
    ]);
    expect(rules[0]?.match).toMatchObject({
      family: 'both',
      protocol: 'any',
      source: { kind: 'interface', name: 'opt2', part: 'network', not: true },
    });
  });
  it('a schedule and an alias that is not there make a match unknown', () => {
    const match = values('filterRule')[2]?.match;
    expect(match?.source).toEqual({ kind: 'unknown', text: 'only where sched fits' });
    expect(match?.destination).toEqual({ kind: 'unknown', text: 'lost_alias' });
  });
  it.each<[string, string, unknown, unknown]>([
    [
      'any goes before not',
      '<source><any></any><not></not></source>',
      { kind: 'any' },
      { kind: 'unknown', text: 'not stated' },
    ],
    [
      'nothing stated',
      '<source></source>',
      { kind: 'unknown', text: 'not stated' },
      { kind: 'unknown', text: 'not stated' },
    ],
  ])('addresses: %s', (_, inner, source, destination) => {
    const { facts } = read(
      wrap(`<filter><rule><type>pass</type><interface>lan</interface>${inner}</rule></filter>`),
    );
    const rule = facts.find((f) => f.kind === 'filterRule')?.value as Kinds['filterRule'];
    expect([rule.match.source, rule.match.destination]).toEqual([source, destination]);
  });
  it('a port forward without interface and destination is for the address of wan', () => {
    const { facts } = read(
      wrap('<nat><rule><source><any></any></source><target>192.0.2.1</target></rule></nat>'),
    );
    const forward = facts.find((f) => f.kind === 'portForward')?.value as Kinds['portForward'];
    expect(forward.interface).toBe('wan');
    expect(forward.match.destination).toEqual({
      kind: 'interface',
      name: 'wan',
      part: 'address',
      not: false,
    });
  });
  it('1:1 NAT is a gap', () => {
    const gaps = read(wrap('<nat><onetoone><external>203.0.113.9</external></onetoone></nat>')).gaps;
    expect(gaps).toMatchObject([{ kinds: ['portForward', 'outboundNatRule'] }]);
  });
});

describe('resolvers', () => {
  it('Unbound with what it remembers', () => {
    expect(values('resolver')).toEqual([
      {
        id: 'unbound/gw',
        program: 'unbound',
        address: '192.168.1.1',
        serves: [],
        cache: { maxTtlSeconds: 86400, minTtlSeconds: 0, serveStaleSeconds: 86400 },
      },
    ]);
  });
  it('its overrides in order', () => {
    expect(values('nameRule').map((r) => r.rule)).toEqual([
      { kind: 'host', name: 'vault.home.example', addresses: ['10.0.20.200', '2001:db8:20::200'] },
      { kind: 'host', name: 'secrets.home.example', addresses: ['10.0.20.200', '2001:db8:20::200'] },
      { kind: 'forward', zone: 'corp.example', to: ['192.0.2.10@5353'] },
      { kind: 'host', name: 'nas.home.example', addresses: ['192.168.1.30'] },
      { kind: 'host', name: 'app.home.example', addresses: ['10.0.20.200'] },
      { kind: 'unknown', text: 'local-zone in custom options' },
      { kind: 'forward', zone: '', to: ['192.0.2.53'] },
    ]);
  });
  it('dnsmasq is a resolver of its own', () => {
    const inner =
      '<dnsmasq><enable></enable><hosts><host>a</host><domain>b.example</domain><ip>192.0.2.1</ip></hosts></dnsmasq>';
    const facts = read(wrap(inner)).facts.filter((f) => f.kind === 'nameRule' || f.kind === 'resolver');
    expect(facts.map((f) => f.key)).toEqual(['resolver:dnsmasq/gw', 'nameRule:dnsmasq/gw|00000']);
  });
});
