/* What names mean: rules of resolvers, zones and their views, forwarding, the cluster's own zone, and gaps in all of it. */
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { type DnsName, dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';
import { pod, record, service, stated, vantage, zone } from '#test/estates.ts';
import { lost, type Variation } from './variation.ts';

/** Name, vantage point, family. */
export type Asked = readonly [name: string, from: string, family?: 4 | 6];
export type NameVariation = Omit<Variation, 'flows'> & { readonly asks: readonly Asked[] };

const inner = (
  name: string,
  type: 'A' | 'AAAA' | 'CNAME' | 'NS' | 'TXT',
  values: readonly string[],
  more: Partial<Kinds['recordSet']> = {},
) => record('dns/technitium', name, type, values, more);

const rules = (resolver: string, all: readonly Kinds['nameRule']['rule'][]): readonly Fact[] =>
  all.map((rule, position) => stated('nameRule', { resolver, position, rule }));

const host = (name: string, addresses: readonly string[], ttlSeconds?: number) => ({
  kind: 'host' as const,
  name: name as DnsName,
  addresses: addresses.map(ip),
  ...(ttlSeconds !== undefined && { ttlSeconds }),
});

const rewrite = (match: 'exact' | 'suffix' | 'regex', from: string, to: string) => ({
  kind: 'rewrite' as const,
  match,
  from,
  to,
});

const forwards = (...all: readonly (readonly [string, ...string[]])[]) =>
  all.map(([name, ...to]) => ({ kind: 'forward' as const, zone: dnsName(name), to }));

const resolver = (id: string, more: Partial<Kinds['resolver']> = {}) =>
  stated('resolver', { id, program: 'unbound', serves: [], ...more });

const lan = (id: string, clients: readonly string[] = ['192.168.1.20']) =>
  vantage('lan', 'lan', clients, { resolver: id });

const translation = (group: string, more: Partial<Kinds['translation']>) =>
  stated('translation', {
    server: 'dns/technitium',
    group,
    clients: [],
    from: ip('10.0.20.200'),
    to: ip('10.0.20.203'),
    isEnabled: true,
    ...more,
  });

const everywhere = ['internet', 'lan', 'near', 'node', 'pod', 'edge', 'nowhere'];
const usual: readonly Asked[] = [
  ['immich.example.org', 'lan'],
  ['immich.example.org', 'pod'],
  ['immich.example.org', 'internet'],
];
const inCluster = 'traefik.traefik.svc.cluster.local';
const chain = (length: number) =>
  Array.from({ length }, (_, i) => inner(`c${i}.example.org`, 'CNAME', [`c${i + 1}.example.org`])).concat(
    inner(`c${length}.example.org`, 'A', ['10.0.20.7']),
  );
const told = zone('dns/cloudflare', 'example.com', true);

export const nameVariations: readonly NameVariation[] = [
  { name: 'as it is, from everywhere', asks: everywhere.map((from) => ['immich.example.org', from]) },
  {
    name: 'names that end early',
    asks: [
      ['localhost', 'lan'],
      ['gone.example.org', 'internet'],
      ['immich.example.org', 'lan', 6],
      ['proxied.example.org', 'internet'],
      ['elsewhere.example.com', 'internet'],
      ['elsewhere.example.com', 'lan'],
    ],
  },
  {
    name: 'host rules: exact before wildcard, both families, a time to live',
    add: rules('technitium', [
      host('*.apps.example.org', ['10.0.20.41'], 77),
      host('a.apps.example.org', ['10.0.20.42', 'fd00::42']),
      host('a.apps.example.org', ['10.0.20.43'], 5),
      host('*.example.org', ['10.0.20.44']),
    ]),
    asks: [
      ['a.apps.example.org', 'lan'],
      ['a.apps.example.org', 'lan', 6],
      ['b.apps.example.org', 'lan'],
      ['b.apps.example.org', 'lan', 6],
      ['apps.example.org', 'lan'],
      ['badapps.example.org', 'lan'],
      ['example.org', 'lan'],
    ],
  },
  {
    name: 'a host rule of another name, a rewrite behind it',
    add: rules('technitium', [
      host('other.example.org', ['10.0.20.41'], 0),
      rewrite('exact', 'old.example.org.', 'immich.example.org'),
    ]),
    asks: [
      ['old.example.org', 'lan'],
      ['other.example.org', 'lan'],
      ['immich.example.org', 'lan'],
    ],
  },
  {
    name: 'rules of the systems that a resolver serves',
    add: rules('dns/technitium', [host('x.example.org', ['10.0.20.45'])]),
    asks: [['x.example.org', 'lan']],
  },
  {
    name: 'rewriting: suffix, pattern with groups, to itself, to no name',
    add: rules('coredns', [
      rewrite('suffix', '.old.org', '.example.org'),
      rewrite('regex', '^(.+)\\.pat\\.org\\.$', '{1}.example.org'),
      rewrite('regex', '^bare\\.net$', 'example.org'),
      rewrite('exact', 'same.example.org', 'same.example.org'),
      rewrite('exact', 'bad.example.org', 'no name at all'),
      rewrite('regex', '^g([0-9])?\\.grp\\.org\\.$', 'x{1}{2}.example.org'),
      rewrite('exact', 'same.example.org', 'later.example.org'),
    ]),
    asks: [
      ['immich.old.org', 'pod'],
      ['immich.pat.org', 'pod'],
      ['bare.net', 'pod'],
      ['same.example.org', 'pod'],
      ['bad.example.org', 'pod'],
      ['g.grp.org', 'pod'],
      ['nothing.example.org', 'pod'],
    ],
  },
  {
    name: 'a pattern that is none',
    add: rules('coredns', [rewrite('regex', '(', 'x.example.org')]),
    asks: [['immich.example.org', 'pod']],
  },
  {
    name: 'a pattern that is too long',
    add: rules('coredns', [rewrite('regex', 'a'.repeat(501), 'x.example.org')]),
    asks: [['immich.example.org', 'pod']],
  },
  {
    name: 'a pattern that is just short enough',
    add: rules('coredns', [rewrite('regex', 'a'.repeat(500), 'x.example.org')]),
    asks: [['immich.example.org', 'pod']],
  },
  {
    name: 'a host rule answers before a rule that is not understood',
    add: rules('coredns', [
      { kind: 'unknown', text: 'template' },
      host('immich.example.org', ['10.0.20.46']),
    ]),
    asks: [
      ['immich.example.org', 'pod'],
      ['other.example.org', 'pod'],
    ],
  },
  {
    name: 'forwarding: the longest zone first, the first target that is told',
    add: [
      ...rules(
        'coredns',
        forwards(['', '10.0.99.1'], ['example.org', 'mystery', '10.0.20.201'], ['org', '10.0.99.2']),
      ),
    ],
    asks: [
      ['immich.example.org', 'pod'],
      ['other.org', 'pod'],
      ['other.net', 'pod'],
    ],
  },
  ...[
    '/etc/resolv.conf',
    'technitium',
    '10.0.20.201@853',
    'tls://10.0.20.201:853',
    '[fd00::53]:853',
    'fd00::53',
    'fd00::54',
    '2620:fe::fe',
    '9.9.9.9#dns.quad9.net',
    'nonsense',
  ].map(
    (to): NameVariation => ({
      name: `forwarding to ${to}`,
      add: [
        ...rules('coredns', forwards(['', to])),
        resolver('six', { address: ip('fd00::53'), serves: ['dns/technitium'] }),
      ],
      asks: [['immich.example.org', 'pod']],
    }),
  ),
  {
    name: 'a file of servers without a forwarder of its own',
    add: [
      resolver('coredns', { program: 'coredns', serves: ['cluster/home'] }),
      ...rules('coredns', forwards(['', '/etc/resolv.conf'])),
    ],
    asks: [['immich.example.org', 'pod']],
  },
  {
    name: 'no forwarder is the public DNS',
    add: [resolver('plain'), lan('plain')],
    asks: [
      ['immich.example.org', 'lan'],
      ['proxied.example.org', 'lan'],
    ],
  },
  {
    name: 'a circle of resolvers',
    add: [resolver('a', { forwardsTo: 'b' }), resolver('b', { forwardsTo: 'a' }), lan('a')],
    asks: [['immich.example.org', 'lan']],
  },
  {
    name: 'many resolvers in a row, and one too many',
    add: [
      ...Array.from({ length: 9 }, (_, i) => resolver(`r${i}`, { forwardsTo: `r${i + 1}` })),
      resolver('r9', { serves: ['dns/technitium'] }),
      vantage('lan', 'lan', ['192.168.1.20'], { resolver: 'r1' }),
      vantage('near', 'lan', ['10.0.20.50'], { resolver: 'r0' }),
    ],
    asks: [
      ['immich.example.org', 'lan'],
      ['immich.example.org', 'near'],
    ],
  },
  {
    name: 'sixteen records in a row, and one too many',
    add: chain(17),
    asks: [
      ['c2.example.org', 'lan'],
      ['c1.example.org', 'lan'],
      ['c0.example.org', 'lan'],
    ],
  },
  {
    name: 'a public resolver that is told, with zones and without',
    add: [
      resolver('quad', { program: 'public', serves: ['dns/technitium'] }),
      resolver('nine', { program: 'public' }),
      lan('quad'),
      vantage('near', 'lan', ['10.0.20.50'], { resolver: 'nine' }),
    ],
    asks: [
      ['immich.example.org', 'lan'],
      ['immich.example.org', 'near'],
      ['immich.example.net', 'near'],
    ],
  },
  {
    name: 'a zone that is not public is none for the public DNS',
    add: [
      zone('dns/cloudflare', 'example.net', false),
      record('dns/cloudflare', 'a.example.net', 'A', ['192.0.2.1'], { zone: dnsName('example.net') }),
    ],
    asks: [['a.example.net', 'internet']],
  },
  {
    name: 'a delegation in public and inside',
    add: [
      record('dns/cloudflare', 'sub.example.org', 'NS', ['ns.example.net']),
      inner('sub.example.org', 'NS', ['ns.example.net']),
      inner('example.org', 'NS', ['ns.example.net']),
      inner('sub.example.org', 'A', ['10.0.20.8']),
    ],
    asks: [
      ['x.sub.example.org', 'internet'],
      ['x.sub.example.org', 'lan'],
      ['sub.example.org', 'lan'],
      ['y.example.org', 'lan'],
    ],
  },
  {
    name: 'records that hold no address or no name',
    add: [
      inner('a.example.org', 'A', ['nonsense']),
      inner('b.example.org', 'CNAME', []),
      inner('c.example.org', 'A', ['nonsense', '10.0.20.9']),
    ],
    asks: [
      ['a.example.org', 'lan'],
      ['b.example.org', 'lan'],
      ['c.example.org', 'lan'],
    ],
  },
  {
    name: 'an address before a CNAME of the same name, and a proxied one without value',
    add: [
      inner('both.example.org', 'CNAME', ['x.example.org']),
      inner('both.example.org', 'A', ['10.0.20.9']),
      record('dns/cloudflare', 'empty.example.org', 'A', [], { isProxied: true }),
    ],
    asks: [
      ['both.example.org', 'lan'],
      ['both.example.org', 'lan', 6],
      ['empty.example.org', 'internet'],
    ],
  },
  {
    name: 'a zone inside another, an empty name between, records of another zone',
    add: [
      zone('dns/technitium', 'in.example.org', false),
      inner('in.example.org', 'A', ['10.0.20.9'], { zone: dnsName('in.example.org') }),
      inner('x.y.in.example.org', 'A', ['10.0.20.10'], { zone: dnsName('in.example.org') }),
      inner('stray.in.example.org', 'A', ['10.0.20.11']),
      inner('*.in.example.org', 'A', ['10.0.20.12'], { zone: dnsName('in.example.org') }),
    ],
    asks: [
      ['in.example.org', 'lan'],
      ['x.y.in.example.org', 'lan'],
      ['y.in.example.org', 'lan'],
      ['z.y.in.example.org', 'lan'],
      ['stray.in.example.org', 'lan'],
      ['other.in.example.org', 'lan'],
    ],
  },
  {
    name: 'views in the order of their positions, whatever their names',
    add: [
      resolver('bind', { program: 'bind', address: ip('10.0.20.5'), serves: ['dns/bind'] }),
      stated('dnsView', { server: 'dns/bind', name: 'a', clients: [prefix('0.0.0.0/0')], position: 9 }),
      stated('dnsView', { server: 'dns/bind', name: 'z', clients: [prefix('192.168.0.0/16')], position: 1 }),
      zone('dns/bind', 'example.org', false, 'a'),
      zone('dns/bind', 'example.org', false, 'z'),
      record('dns/bind', 'n.example.org', 'A', ['10.0.20.61'], { view: 'z' }),
      record('dns/bind', 'n.example.org', 'A', ['10.0.20.62'], { view: 'a' }),
      record('dns/bind', 'x.own.example.org', 'A', ['10.0.20.63'], { view: 'z' }),
      record('dns/bind', 'x.all.example.org', 'A', ['10.0.20.64']),
      record('dns/bind', '*.example.org', 'A', ['10.0.20.65'], { view: 'z' }),
      lan('bind'),
    ],
    asks: ['n.example.org', 'own.example.org', 'all.example.org', 'else.example.org'].map((n) => [n, 'lan']),
  },
  {
    name: 'an empty name with a wildcard below it, and records of another zone below a name',
    add: [
      inner('*.ent.example.org', 'A', ['10.0.20.14']),
      zone('dns/technitium', 'deep.foreign.example.org', false),
      inner('deep.foreign.example.org', 'A', ['10.0.20.15'], { zone: dnsName('deep.foreign.example.org') }),
    ],
    asks: [
      ['ent.example.org', 'lan'],
      ['x.ent.example.org', 'lan'],
      ['foreign.example.org', 'lan'],
    ],
  },
  {
    name: 'a zone on two servers of one resolver',
    add: [
      resolver('twin', { serves: ['dns/b', 'dns/a'] }),
      lan('twin'),
      zone('dns/a', 'twin.org', false),
      zone('dns/b', 'twin.org', false),
      record('dns/a', 'n.twin.org', 'A', ['10.0.20.16'], { zone: dnsName('twin.org') }),
      record('dns/b', 'n.twin.org', 'A', ['10.0.20.17'], { zone: dnsName('twin.org') }),
    ],
    asks: [['n.twin.org', 'lan']],
  },
  {
    name: 'translation groups of equal rank, and of names that sort otherwise',
    add: [
      translation('a', { domains: [dnsName('named.example.org')], to: ip('10.0.20.31') }),
      translation('b', { domains: [dnsName('named.example.org'), dnsName('org')], to: ip('10.0.20.32') }),
      translation('c', { clients: [prefix('192.168.0.0/16')], to: ip('10.0.20.33') }),
      translation('d', { clients: [prefix('192.168.0.0/16'), prefix('0.0.0.0/0')], to: ip('10.0.20.34') }),
    ],
    asks: [
      ['x.named.example.org', 'lan'],
      ['other.example.org', 'lan'],
      ['example.org', 'near'],
    ],
  },
  {
    name: 'pods: a told one without resolver before one with, and another program for the cluster',
    add: [
      vantage('apod', 'pod', [], { cluster: 'home', pod: 'apps/immich-3' }),
      vantage('lan2', 'lan', ['192.168.1.9'], { cluster: 'home', resolver: 'technitium' }),
      vantage('pod', 'pod', [], { cluster: 'home', pod: 'apps/cron-1', resolver: 'other' }),
      resolver('another', { serves: ['cluster/home'] }),
      resolver('other', { forwardsTo: 'technitium' }),
    ],
    asks: [
      ['immich.example.org', 'apod'],
      ['immich.example.org', 'pod/home/traefik/traefik-1'],
    ],
  },
  {
    name: 'pods of which nobody is told a resolver, and another program for the cluster',
    add: [
      vantage('pod', 'pod', [], { cluster: 'home', pod: 'apps/cron-1' }),
      resolver('another', { serves: ['cluster/home'] }),
    ],
    asks: [['immich.example.org', 'pod']],
  },
  {
    name: 'the root zone',
    add: [zone('dns/technitium', '', false), inner('any.net', 'A', ['10.0.20.13'], { zone: dnsName('') })],
    asks: [
      ['any.net', 'lan'],
      ['none.net', 'lan'],
    ],
  },
  {
    name: 'views: the first whose clients hold the asker; records of another view or of all',
    add: [
      resolver('bind', { program: 'bind', address: ip('10.0.20.5'), serves: ['dns/bind'] }),
      stated('dnsView', { server: 'dns/bind', name: 'late', clients: [prefix('0.0.0.0/0')], position: 9 }),
      stated('dnsView', {
        server: 'dns/bind',
        name: 'early',
        clients: [prefix('192.168.0.0/16')],
        position: 1,
      }),
      zone('dns/bind', 'example.org', false, 'late'),
      zone('dns/bind', 'example.org', false, 'early'),
      zone('dns/bind', 'common.org', false),
      record('dns/bind', 'a.example.org', 'A', ['10.0.20.61'], { view: 'early' }),
      record('dns/bind', 'a.example.org', 'A', ['10.0.20.62'], { view: 'late' }),
      record('dns/bind', 'x.b.example.org', 'A', ['10.0.20.63'], { view: 'late' }),
      record('dns/bind', 'a.common.org', 'A', ['10.0.20.64'], { zone: dnsName('common.org') }),
      record('dns/bind', '*.example.org', 'A', ['10.0.20.65'], { view: 'early' }),
      resolver('blind', { forwardsTo: 'bind' }),
      lan('bind'),
      vantage('near', 'lan', ['10.0.20.50'], { resolver: 'bind' }),
      vantage('six', 'lan', ['fd00::5'], { resolver: 'bind' }),
      vantage('blinded', 'lan', ['10.0.20.51'], { resolver: 'blind' }),
    ],
    asks: ['lan', 'near', 'six', 'blinded'].flatMap((from) =>
      ['a.example.org', 'b.example.org', 'a.common.org'].map((n): Asked => [n, from]),
    ),
  },
  {
    name: 'translation: by the longest domain, else by the nearest network, on the server alone',
    add: [
      translation('far', { clients: [prefix('0.0.0.0/0')], to: ip('10.0.20.31') }),
      translation('near', {
        clients: [prefix('192.168.0.0/16'), prefix('10.9.0.0/16')],
        to: ip('10.0.20.32'),
      }),
      translation('short', { domains: [dnsName('org')], to: ip('10.0.20.33') }),
      translation('long', { domains: [dnsName('named.example.org')], to: ip('10.0.20.34') }),
      translation('off', {
        domains: [dnsName('very.named.example.org')],
        to: ip('10.0.20.35'),
        isEnabled: false,
      }),
      zone('dns/technitium', 'plain.net', false),
      inner('plain.net', 'A', ['10.0.20.200', '10.0.20.9'], { zone: dnsName('plain.net') }),
      vantage('six', 'lan', ['fd00::5'], { resolver: 'technitium' }),
    ],
    asks: [
      ['plain.net', 'lan'],
      ['plain.net', 'near'],
      ['plain.net', 'six'],
      ['x.named.example.org', 'lan'],
      ['very.named.example.org', 'lan'],
      ['other.example.org', 'lan'],
    ],
  },
  {
    name: 'the cluster\u2019s zone: two families, no address, nothing there, another resolver',
    add: [
      service('traefik/dual', { clusterIps: [ip('10.96.0.81'), ip('fd96::81')] }),
      service('traefik/headless', { clusterIps: [] }),
    ],
    asks: [
      [inCluster, 'pod'],
      [inCluster, 'pod', 6],
      [inCluster, 'lan'],
      ['dual.traefik.svc.cluster.local', 'pod', 6],
      ['headless.traefik.svc.cluster.local', 'pod'],
      ['none.traefik.svc.cluster.local', 'pod'],
    ],
  },
  {
    name: 'CoreDNS of which no cluster is told',
    add: [resolver('coredns', { program: 'coredns' })],
    asks: [[inCluster, 'pod']],
  },
  {
    name: 'another program that serves the cluster',
    add: [resolver('other', { serves: ['dns/technitium', 'cluster/home'] }), lan('other')],
    asks: [
      [inCluster, 'lan'],
      ['immich.example.org', 'lan'],
    ],
  },
  {
    name: 'hostAliases by name and family',
    add: [
      pod('apps/cron-1', '10.10.1.33', 1, {
        hostAliases: [
          { ip: ip('10.0.20.71'), names: ['immich.example.org', 'x.example.org'] },
          { ip: ip('fd00::71'), names: ['immich.example.org'] },
          { ip: ip('10.0.20.72'), names: ['IMMICH.example.org.'] },
        ],
      }),
    ],
    asks: [
      ['immich.example.org', 'pod'],
      ['immich.example.org', 'pod', 6],
      ['x.example.org', 'pod', 6],
      ['y.example.org', 'pod'],
      ['immich.example.org', 'node'],
    ],
  },
  {
    name: 'pods of which no resolver is told use that of a told pod, else the cluster\u2019s own',
    add: [vantage('pod', 'pod', [], { cluster: 'home', pod: 'apps/cron-1', resolver: 'technitium' })],
    asks: [
      ['immich.example.org', 'pod/home/apps/immich-3'],
      [inCluster, 'pod/home/apps/immich-3'],
    ],
  },
  {
    name: 'without a told pod',
    add: [vantage('pod', 'pod', [], { cluster: 'home', pod: 'apps/cron-1' })],
    asks: [
      ['immich.example.org', 'pod'],
      [inCluster, 'pod/home/apps/immich-3'],
      [inCluster, 'pod/home/apps/gone'],
    ],
  },
  {
    name: 'without either',
    add: [
      vantage('pod', 'pod', [], { cluster: 'home', pod: 'apps/cron-1' }),
      vantage('other', 'pod', [], { cluster: 'away', resolver: 'technitium' }),
      resolver('coredns', { program: 'coredns', serves: ['cluster/away'] }),
    ],
    asks: [['immich.example.org', 'pod']],
  },
  ...(
    [
      lost('nameRule'),
      lost('nameRule', 'technitium'),
      lost('zone', 'dns/technitium'),
      lost('zone'),
      lost('recordSet', 'dns/technitium'),
      lost('recordSet', 'dns/cloudflare'),
      lost('dnsView', 'dns/technitium'),
      lost('translation', 'dns/technitium'),
      lost('resolver'),
      lost('vantagePoint'),
      lost('service', 'cluster/home'),
    ] as const
  ).map(
    (gap): NameVariation => ({
      name: `a gap: ${gap.what}`,
      gaps: [gap],
      add: [
        told,
        vantage('bare', 'lan', ['192.168.1.21']),
        vantage('odd', 'lan', ['192.168.1.22'], { resolver: 'odd' }),
      ],
      asks: [
        ...usual,
        ['own.example.com', 'internet'],
        ['none.example.net', 'lan'],
        ['none.example.net', 'internet'],
        ['none.traefik.svc.cluster.local', 'pod'],
        ['immich.example.org', 'bare'],
        ['immich.example.org', 'odd'],
        ['immich.example.org', 'nowhere'],
      ],
    }),
  ),
];
