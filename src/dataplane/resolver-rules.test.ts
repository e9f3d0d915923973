/* A resolver's answers one rule at a time: overrides, rewriting, forwarding, the cluster's zone, zones of several servers. */
import { describe, expect, test } from 'vitest';
import { recordingReader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';
import { type Changes, homeReader, pod, record, service, stated, vantage, zone } from '#test/estates.ts';
import { lost } from '#test/variations/variation.ts';
import { forwardTarget } from './name-rules.ts';
import { resolveName, resolverOf } from './resolve.ts';
import { translate } from './translate.ts';
import { vantageOf } from './vantage.ts';
import { askZones, type Question } from './zone-lookup.ts';

type Rule = Kinds['nameRule']['rule'];

/** Rules of CoreDNS, in their order. */
const rules = (...all: readonly Rule[]): readonly Fact[] =>
  all.map((rule, position) => stated('nameRule', { resolver: 'coredns', position, rule }));
const host = (name: string, ...addresses: readonly string[]): Rule => ({
  kind: 'host',
  name: dnsName(name),
  addresses: addresses.map(ip),
});
const rewrite = (match: 'exact' | 'suffix' | 'regex', from: string, to: string): Rule => ({
  kind: 'rewrite',
  match,
  from,
  to,
});
const forwardTo = (zoneName: string, ...to: readonly string[]): Rule => ({
  kind: 'forward',
  zone: dnsName(zoneName),
  to,
});

/** Addresses that a pod gets for the name, or why it gets none. */
function asked(name: string, changes: Changes, from = 'pod'): readonly string[] {
  const answers = resolveName(homeReader(changes), from, dnsName(name), 4);
  return answers.map((a) => a.ip ?? a.gaps[0]?.id ?? a.disposition);
}

describe('overrides and rewriting', () => {
  const cases: readonly [string, readonly Rule[], string, readonly string[]][] = [
    [
      'an override is for its name alone',
      [host('nas.example.org', '10.0.20.44')],
      'bas.example.org',
      ['10.0.20.200'],
    ],
    [
      'a wildcard override is for names below it',
      [host('*.nas.example.org', '10.0.20.44')],
      'a.b.nas.example.org',
      ['10.0.20.44'],
    ],
    [
      'several overrides of a name are several answers',
      [host('nas.example.org', '10.0.20.44'), host('nas.example.org', '10.0.20.45')],
      'nas.example.org',
      ['10.0.20.44', '10.0.20.45'],
    ],
    [
      'a star in an exact rewrite is taken as it is written',
      [rewrite('exact', '*.example.org', 'x.example.org')],
      'a.example.org',
      ['10.0.20.200'],
    ],
    [
      'a suffix with a star is no pattern either',
      [rewrite('suffix', '*.old.org', '.example.org'), rewrite('suffix', '.old.org', '.example.org')],
      'a.old.org',
      ['10.0.20.200'],
    ],
    [
      'a group that took no part is empty',
      [rewrite('regex', '^g([0-9])?\\.grp\\.org\\.$', 'known{1}.example.org')],
      'g.grp.org',
      ['10.0.20.46'],
    ],
    [
      'a group that the pattern has not stays, and no name comes of it',
      [rewrite('regex', '^g\\.grp\\.org\\.$', 'x{1}.example.org')],
      'g.grp.org',
      ['resolver/coredns/rewrite/0'],
    ],
    [
      'a rule of another sort before the one that matches',
      [
        host('else.example.org'),
        forwardTo('else.org', '192.0.2.1'),
        rewrite('exact', 'a.old.org', 'a.example.org'),
      ],
      'a.old.org',
      ['10.0.20.200'],
    ],
  ];
  test.each(cases)('%s', (_name, all, name, is) => {
    const known = record('dns/technitium', 'known.example.org', 'A', ['10.0.20.46']);
    expect(asked(name, { add: [known, ...rules(...all)] })).toEqual(is);
  });
});

describe('forwarding', () => {
  const resolver = (forwardsTo?: string): Kinds['resolver'] => ({
    id: 'coredns',
    program: 'coredns',
    serves: ['cluster/home'],
    ...(forwardsTo && { forwardsTo }),
  });
  const cases: readonly [string, readonly Rule[], string | undefined, string][] = [
    [
      'by the file of the node, to the resolver\u2019s own forwarder',
      [forwardTo('', '/etc/resolv.conf')],
      'technitium',
      'technitium',
    ],
    ['by the file of the node, without one', [forwardTo('', '/etc/resolv.conf')], undefined, 'public'],
    ['no rule and no forwarder', [], undefined, 'public'],
    [
      'the nearest zone',
      [forwardTo('org', 'technitium'), forwardTo('example.org', '192.0.2.53')],
      undefined,
      'public',
    ],
    [
      'an override for the name is no forwarder',
      [host('a.example.org'), forwardTo('example.org', 'technitium')],
      undefined,
      'technitium',
    ],
    ['another zone', [forwardTo('example.net', 'technitium')], undefined, 'public'],
    [
      'a private address about which nothing is told',
      [forwardTo('', '10.9.9.9')],
      'technitium',
      'resolver/10.9.9.9',
    ],
  ];
  test.each(cases)('%s', (_name, all, own, is) => {
    const target = forwardTarget(homeReader({ add: rules(...all) }), resolver(own), dnsName('a.example.org'));
    expect(typeof target === 'string' ? target : target.id).toBe(is);
  });
});

describe('the zone of a cluster', () => {
  const coredns = (serves: readonly string[]) =>
    stated('resolver', { id: 'coredns', program: 'coredns', serves });
  const name = 'immich.apps.svc.cluster.local';
  const away = stated('serviceProxy', { ...homeProxy(), cluster: 'away' });
  test.each([
    ['of the cluster that it serves', [coredns(['cluster/home']), away], ['10.96.0.90']],
    ['of the only cluster there is', [coredns([])], ['10.96.0.90']],
    ['of one of two, nobody knows which', [coredns([]), away], ['resolver/coredns/cluster']],
  ] as const)('%s', (_name, add, is) => {
    expect(asked(name, { add })).toEqual(is);
  });

  test('no cluster at all', () => {
    expect(asked(name, { add: [coredns([])], without: ['serviceProxy:home'] })).toEqual([
      'resolver/coredns/cluster',
    ]);
  });
});

function homeProxy(): Kinds['serviceProxy'] {
  const proxy = homeReader().get('serviceProxy', 'home');
  if (!proxy) throw new Error('the home estate has a service proxy');
  return proxy.value;
}

describe('who is asked', () => {
  const resolverAt = (id: string, changes: Changes = {}) => {
    const reader = homeReader(changes);
    const at = vantageOf(reader, id);
    if (!at) throw new Error(id);
    const found = resolverOf(reader, at);
    return typeof found === 'string' ? found : found.id;
  };
  test.each([
    [
      'pods ask the cluster\u2019s CoreDNS',
      'other',
      [vantage('other', 'pod', [], { cluster: 'home', pod: 'apps/immich-3' })],
      'coredns',
    ],
    [
      'nodes do not',
      'n',
      [vantage('n', 'node', [], { cluster: 'home', node: 'k8s-node2' })],
      'vantage/n/resolver',
    ],
  ] as const)('%s', (_name, id, add, is) => {
    expect(resolverAt(id, { add, without: ['vantagePoint:pod'] })).toBe(is);
  });
});

describe('hostAliases', () => {
  const aliased = pod('apps/cron-1', '10.10.1.33', 1, {
    hostAliases: [{ ip: ip('10.0.20.204'), names: ['immich.example.org'] }],
  });
  test.each([
    ['of the asking pod', 'pod', [], '10.0.20.204', 'immich.example.org'],
    [
      'not of another',
      'other',
      [vantage('other', 'pod', [], { cluster: 'home', pod: 'apps/immich-3', resolver: 'coredns' })],
      '10.0.20.200',
      'immich.example.org',
    ],
    ['for another name', 'pod', [], '10.0.20.200', 'photos.example.org'],
  ] as const)('%s', (_name, from, add, is, name) => {
    expect(asked(name, { add: [aliased, ...add] }, from)).toEqual([is]);
  });
});

test('a pod of no cluster has no file of hosts that could be looked up', () => {
  const add = [vantage('loose', 'pod', ['10.10.1.33'], { pod: 'apps/cron-1', resolver: 'technitium' })];
  const reads: string[] = [];
  const reader = recordingReader(homeReader({ add }), (key) => reads.push(key));
  expect(resolveName(reader, 'loose', dnsName('immich.example.org'), 4)[0]?.ip).toBe('10.0.20.200');
  expect(reads.filter((r) => r.includes('undefined'))).toEqual([]);
});

describe('zones of several servers', () => {
  const question = (name: string, client?: string): Question => ({
    name: dnsName(name),
    type: 'A',
    ...(client && { client: ip(client) }),
  });
  const view = (server: string, name: string, clients: string, position: number) =>
    stated('dnsView', { server, name, clients: [prefix(clients)], position });
  const inZone = (
    server: string,
    zoneName: string,
    name: string,
    address: string,
    more: Partial<Kinds['recordSet']> = {},
  ) => record(server, name, 'A', [address], { zone: dnsName(zoneName), ...more });
  const answer = (
    add: readonly Fact[],
    servers: readonly string[],
    q: Question,
    gaps: readonly Gap[] = [],
  ) => {
    const found = askZones(homeReader({ add, gaps }), servers, q);
    return found.kind === 'records'
      ? found.records.value.values.join()
      : found.kind === 'gap'
        ? found.gap.id
        : found.kind;
  };
  const twice = [
    view('dns/a', 'in', '10.0.0.0/8', 0),
    zone('dns/a', 'lab.org', false, 'out'),
    zone('dns/b', 'lab.org', false, 'in'),
    inZone('dns/b', 'lab.org', 'x.lab.org', '10.0.20.9', { view: 'in' }),
  ];

  test.each([
    [
      'the first server answers, and has no view for the client',
      twice,
      ['dns/a', 'dns/b'],
      question('x.lab.org', '10.0.20.5'),
      'refused',
    ],
    ['the zone has no such name', [], ['dns/cloudflare'], question('gone.example.org'), 'no-name'],
    [
      'a wildcard without the type',
      [record('dns/cloudflare', '*.example.org', 'TXT', ['x'])],
      ['dns/cloudflare'],
      question('gone.example.org'),
      'no-data',
    ],
    [
      'names of a zone below are not names of this one: its wildcard covers them',
      [
        zone('dns/t', 'wide.org', false),
        zone('dns/t', 'low.mid.wide.org', false),
        inZone('dns/t', 'wide.org', '*.wide.org', '10.0.20.8'),
        inZone('dns/t', 'low.mid.wide.org', 'x.low.mid.wide.org', '10.0.20.9'),
      ],
      ['dns/t'],
      question('mid.wide.org'),
      '10.0.20.8',
    ],
    [
      'what the zone above says about names of this one does not count either',
      [
        zone('dns/t', 'wide.org', false),
        zone('dns/t', 'mid.wide.org', false),
        inZone('dns/t', 'mid.wide.org', '*.mid.wide.org', '10.0.20.8'),
        inZone('dns/t', 'wide.org', 'x.a.mid.wide.org', '10.0.20.9'),
      ],
      ['dns/t'],
      question('a.mid.wide.org'),
      '10.0.20.8',
    ],
    ['no server, no zone', [], [], question('immich.example.org'), 'not-here'],
  ] as const)('%s', (_name, add, servers, q, is) => {
    expect(answer(add, servers, q)).toBe(is);
  });

  test('who serves nothing looks nothing up', () => {
    const reads: string[] = [];
    askZones(
      recordingReader(homeReader(), (key) => reads.push(key)),
      [],
      question('immich.example.org'),
    );
    expect(reads).toEqual([]);
  });
});

describe('translation', () => {
  const map = (group: string, clients: readonly string[], to: string) =>
    stated('translation', {
      server: 'dns/technitium',
      group,
      clients: clients.map(prefix),
      isEnabled: true,
      from: ip('203.0.113.10'),
      to: ip(to),
    } as Kinds['translation']);
  const translated = (client: string | undefined, add: readonly Fact[]) =>
    translate(
      homeReader({ add }),
      ['dns/technitium'],
      { name: dnsName('immich.example.org'), ...(client && { client: ip(client) }) },
      ip('203.0.113.10'),
    ).ip;
  const all = [map('all', ['0.0.0.0/0'], '10.0.20.1'), map('near', ['10.0.0.0/8'], '10.0.20.2')];
  test.each([
    ['for the nearest network', '10.1.1.1', '10.0.20.2'],
    ['for everybody else', '192.0.2.1', '10.0.20.1'],
    ['for nobody who is known', undefined, '203.0.113.10'],
  ])('%s', (_name, client, is) => {
    expect(translated(client, all)).toBe(is);
  });
});

test('a Service that may be hidden by a gap is not denied', () => {
  const gaps = [lost('service', 'cluster/home')];
  expect(asked('gone.apps.svc.cluster.local', { gaps })).toEqual(['lost/service']);
  expect(asked('gone.apps.svc.cluster.local', { add: [service('apps/other')] })).toEqual(['no-name']);
});
