/* Which flows are worth looking at, and how a flow is written. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import {
  type Changes,
  homeReader,
  service,
  stated,
  traefik,
  tunnelRule,
  vantage,
  vip,
} from '#test/estates.ts';
import { web } from '#test/variations/variation.ts';
import { type Flow, flowText } from './flow.ts';
import { flowsOf } from './flows.ts';

describe('a flow as text', () => {
  const cases: readonly [Partial<Flow>, string][] = [
    [{}, 'internet → immich.example.org:443/tcp over IPv4'],
    [{ host: dnsName('immich.example.org') }, 'internet → immich.example.org:443/tcp over IPv4'],
    [
      { host: dnsName('else.example.org') },
      'internet → immich.example.org:443/tcp as else.example.org over IPv4',
    ],
    [{ path: '/' }, 'internet → immich.example.org:443/tcp over IPv4'],
    [{ path: '/x', protocol: 'udp' }, 'internet → immich.example.org:443/udp/x over IPv4'],
    [{ to: { ip: vip }, family: 6 }, 'internet → 10.0.20.200:443/tcp over IPv6'],
  ];
  test.each(cases)('%j', (more, is) => {
    expect(flowText(web(more))).toBe(is);
  });
});

/** Flows to addresses, by text; `from` narrows them. */
function toAddresses(changes: Changes, from: string): readonly string[] {
  return flowsOf(homeReader(changes))
    .filter((f) => f.from === from && 'ip' in f.to)
    .map((f) => `${'ip' in f.to ? f.to.ip : ''}:${f.port}`);
}

describe('Services that share an address', () => {
  const sharing = (name: string, port: number, more: Partial<Kinds['service']> = {}) =>
    service(name, {
      type: 'LoadBalancer',
      ports: [{ port, protocol: 'tcp', targetPort: port }],
      vips: [{ ip: vip, ipMode: 'VIP' }],
      ...more,
    });
  const { selector: _, ...unselected } = sharing('apps/manual', 7001).value;
  const cases: readonly [string, readonly Fact[], readonly string[]][] = [
    ['the ports of the others, not those of the ingress', [], ['10.0.20.200:5432']],
    [
      'one without a selector is no ingress',
      [stated('service', unselected)],
      ['10.0.20.200:7001', '10.0.20.200:5432'],
    ],
    [
      'nor one whose selector asks for nothing',
      [sharing('traefik/any', 7002, { selector: {} })],
      ['10.0.20.200:5432', '10.0.20.200:7002'],
    ],
    [
      'nor one in another namespace with the same labels',
      [sharing('apps/copy', 7003, { selector: { app: 'traefik' } })],
      ['10.0.20.200:7003', '10.0.20.200:5432'],
    ],
    [
      'an address that one Service has alone is not shared',
      [sharing('apps/own', 7004, { vips: [{ ip: ip('10.0.20.209'), ipMode: 'VIP' }] })],
      ['10.0.20.200:5432'],
    ],
  ];
  test.each(cases)('%s', (_name, add, is) => {
    expect(toAddresses({ add }, 'near')).toEqual(is);
  });

  test('from the Internet by public addresses of the family', () => {
    const add = [
      stated('publicAddress', { ip: ip('2001:db8::10'), firewall: 'pfsense', interface: 'wan', through: [] }),
    ];
    expect(toAddresses({ add }, 'internet')).toEqual(['203.0.113.10:5432']);
  });
});

describe('protected endpoints', () => {
  const protectedAt = (more: Partial<Kinds['protectedEndpoint']>) =>
    stated('protectedEndpoint', { name: 'it', port: 9, protocol: 'tcp', from: ['near'], why: '', ...more });
  const away = [
    stated('serviceProxy', { ...homeProxy(), cluster: 'away' }),
    stated('service', {
      ...service('apps/immich', { clusterIps: [ip('10.97.0.90')] }).value,
      cluster: 'away',
    }),
  ];
  test.each([
    ['by address', protectedAt({ ip: ip('10.0.20.77') }), ['10.0.20.77:9']],
    [
      'by Service, of every cluster',
      protectedAt({ service: 'apps/immich' }),
      ['10.97.0.90:9', '10.96.0.90:9'],
    ],
    [
      'by Service, of one cluster',
      protectedAt({ service: 'apps/immich', cluster: 'home' }),
      ['10.96.0.90:9'],
    ],
    ['by Service with addresses for outside', protectedAt({ service: 'traefik/traefik' }), ['10.0.20.200:9']],
  ] as const)('%s', (_name, fact, is) => {
    const near = toAddresses({ add: [...away, fact] }, 'near').filter((t) => t.endsWith(':9'));
    expect(near).toEqual(is);
  });
});

function homeProxy(): Kinds['serviceProxy'] {
  const proxy = homeReader().get('serviceProxy', 'home');
  if (!proxy) throw new Error('the home estate has a service proxy');
  return proxy.value;
}

describe('names', () => {
  const fromEdge = (changes: Changes) =>
    flowsOf(homeReader(changes))
      .filter((f) => f.from === 'edge' && f.port === 80)
      .map((f) => ('name' in f.to ? f.to.name : ''));
  test('an edge has those that its tunnel takes', () => {
    expect(fromEdge({})).toEqual(['proxied.example.org']);
  });

  test('without a rule for the rest as well', () => {
    expect(fromEdge({ without: ['tunnelRule:home/00009'] })).toEqual(['proxied.example.org']);
    expect(
      fromEdge({
        add: [tunnelRule(0, 'else.example.org', 'http_status:404')],
        without: ['tunnelRule:home/00009'],
      }),
    ).toEqual([]);
  });

  test('each flow once, also where two Services have the same port', () => {
    const twin = traefik({
      ports: [{ port: 5432, protocol: 'tcp', targetPort: 5432 }],
      selector: { app: 'else' },
    });
    const texts = flowsOf(homeReader({ add: [twin] })).map(flowText);
    expect(texts.filter((t) => t === 'near → 10.0.20.200:5432/tcp over IPv4')).toHaveLength(1);
    expect(new Set(texts).size).toBe(texts.length);
  });

  test('a vantage point without an address starts nothing', () => {
    const add = [vantage('mute', 'lan', [])];
    expect(flowsOf(homeReader({ add })).filter((f) => f.from === 'mute')).toEqual([]);
  });
});
