/* Names that an edge answers for: tunnels, their rules, connectors and origins, and edges that dial the origin themselves. */
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { pod, record, service, slice, stated, traefik, tunnelRule, vantage, zone } from '#test/estates.ts';
import { lost, named, type Variation } from './variation.ts';

const proxied = named('proxied.example.org');
const edge = named('proxied.example.org', { from: 'edge' });
const origin = (to: string, more: Partial<Kinds['tunnelRule']> = {}) =>
  stated('tunnelRule', { ...tunnelRule(0, 'proxied.example.org', to).value, ...more });
const workload = (
  type: Kinds['workload']['type'],
  name: string,
  image: string,
  more: Partial<Kinds['workload']> = {},
) =>
  stated('workload', {
    cluster: 'home',
    type,
    namespace: 'cloudflared',
    name,
    labels: {},
    annotations: {},
    selector: { matchLabels: { app: name } },
    podLabels: { app: name },
    containers: [{ name: 'c', image, args: [], env: {}, ports: [] }],
    hostAliases: [],
    spread: 'none',
    ...more,
  });
const tunnel = (name: string, connector?: string) =>
  stated('tunnel', { name, isRemotelyManaged: true, ...(connector && { connector }) });
const cname = (name: string, to: string, type: 'A' | 'AAAA' | 'CNAME' = 'CNAME') =>
  record('dns/cloudflare', name, type, [to], { isProxied: true });
const origins = [
  'https://traefik.traefik.svc.cluster.local:443',
  'https://traefik.traefik.svc.cluster.local',
  'http://traefik.traefik:80',
  'https://traefik.traefik.svc:443/path',
  'HTTPS://10.0.20.200',
  'https://[fd00::9]:443',
  'https://immich.example.org',
  'https://proxied.example.org',
  'https://apps.example.org:99',
  'https://none.traefik',
  'https://traefik',
  'https://cloudflared-web',
  'ws://10.96.0.80',
  'wss://10.96.0.80',
  'tcp://10.96.0.54:5432',
  'ssh://10.0.20.101',
  'rdp://10.0.20.101',
  'unix:/run/x.sock',
  'hello_world',
  'http_status:404',
  'http_status:503',
  'gopher://10.0.20.200',
  'https://bad_name!',
  '',
];

export const tunnelVariations: readonly Variation[] = [
  {
    name: 'as it is',
    flows: [
      proxied,
      edge,
      named('immich.example.org', { from: 'edge' }),
      named('proxied.example.org', { from: 'lan' }),
      named('proxied.example.org', { family: 6 }),
    ],
  },
  ...origins.map(
    (to): Variation => ({
      name: `origin ${to}`,
      add: [
        origin(to),
        service('cloudflared/cloudflared-web', {
          clusterIps: [ip('10.96.0.91')],
          ports: [{ port: 443, protocol: 'tcp', targetPort: 8443 }],
        }),
      ],
      flows: [proxied, edge],
    }),
  ),
  {
    name: 'other ports than those of the web',
    flows: [80, 443, 22, 8443].flatMap((port) => [
      named('proxied.example.org', { port }),
      named('proxied.example.org', { port, from: 'edge' }),
    ]),
  },
  {
    name: 'HTTP/3 and headers at the edge',
    flows: [
      named('proxied.example.org', { protocol: 'udp' }),
      named('proxied.example.org', {
        headers: { 'cf-connecting-ip': '192.0.2.1', 'x-forwarded-for': '192.0.2.2' },
        path: '/x',
      }),
      named('proxied.example.org', { source: ip('198.51.100.42') }),
    ],
  },
  {
    name: 'rules: wildcards, any host, order, paths',
    add: [
      tunnelRule(3, '*.example.org', 'http_status:201'),
      tunnelRule(1, '*', 'http_status:200'),
      tunnelRule(2, 'X.example.org', 'http_status:202'),
    ],
    flows: ['proxied.example.org', 'x.example.org', 'a.b.example.org', 'else.net', 'example.org'].map((n) =>
      named(n, { from: 'edge' }),
    ),
  },
  {
    name: 'a wildcard before all others',
    add: [
      origin('http_status:200', { position: 5 }),
      stated('tunnelRule', { ...tunnelRule(0, '*.example.org', 'http_status:201').value }),
    ],
    flows: ['proxied.example.org', 'a.b.example.org', 'example.org'].map((n) => named(n, { from: 'edge' })),
  },
  ...(['^/a', '(', '(a+)+$', '', 'a'.repeat(500), 'a'.repeat(501)] as const).map(
    (path): Variation => ({
      name: `a rule with path ${path.slice(0, 8)} of ${path.length}`,
      add: [
        origin('http_status:200', { path }),
        stated('tunnelRule', { ...tunnelRule(2, 'proxied.example.org', 'http_status:203').value }),
      ],
      flows: ['/', '/a', '/b/a'].map((p) => named('proxied.example.org', { from: 'edge', path: p })),
    }),
  ),
  {
    name: 'a host header of the rule',
    add: [origin('https://10.96.0.80', { httpHostHeader: 'immich.example.org' })],
    flows: [proxied],
  },
  {
    name: 'a rule without a hostname, an empty one',
    add: [stated('tunnelRule', { ...tunnelRule(0, undefined, 'http_status:200').value })],
    flows: [proxied, edge],
  },
  { name: 'an empty hostname', add: [origin('http_status:200', { hostname: '' })], flows: [edge, proxied] },
  {
    name: 'two tunnels: the one that names the host',
    add: [
      tunnel('second'),
      stated('tunnelRule', {
        ...tunnelRule(0, 'second.example.org', 'http_status:210').value,
        tunnel: 'second',
      }),
      cname('second.example.org', 'x.cfargotunnel.com'),
      cname('third.example.org', 'x.cfargotunnel.com'),
    ],
    flows: ['second.example.org', 'proxied.example.org', 'third.example.org'].map((n) => named(n)),
  },
  { name: 'no tunnel at all', without: ['tunnel:home'], flows: [proxied, edge] },
  {
    name: 'a tunnel without rules',
    without: ['tunnelRule:home|00000', 'tunnelRule:home|00009'],
    flows: [proxied, edge],
  },
  {
    name: 'an edge of which no tunnel is told',
    add: [vantage('edge', 'tunnel-edge', ['198.51.100.61'])],
    flows: [edge, named('immich.example.org', { from: 'edge' })],
  },
  {
    name: 'an edge whose tunnel is written with its system',
    add: [vantage('edge', 'tunnel-edge', ['198.51.100.61'], { tunnel: 'tunnel/home' })],
    flows: [edge],
  },
  {
    name: 'an edge of an unknown tunnel',
    add: [vantage('edge', 'tunnel-edge', ['198.51.100.61'], { tunnel: 'gone' })],
    flows: [edge],
  },
  {
    name: 'an edge with clients of IPv6 alone',
    add: [vantage('edge', 'tunnel-edge', ['2001:db8:61::1'], { tunnel: 'home' })],
    flows: [edge],
  },
  {
    name: 'an edge without clients',
    add: [vantage('edge', 'tunnel-edge', [], { tunnel: 'home' })],
    flows: [edge],
  },
  ...(['tunnel', 'tunnelRule', 'workload', 'pod', 'vantagePoint'] as const).map(
    (kind): Variation => ({
      name: `a gap: ${kind}`,
      gaps: [
        lost(
          kind,
          kind.startsWith('tunnel') ? 'tunnel/home' : kind === 'vantagePoint' ? undefined : 'cluster/home',
        ),
      ],
      add: [cname('other.example.org', 'x.cfargotunnel.com')],
      flows: [proxied, edge, named('other.example.org')],
    }),
  ),
  {
    name: 'a connector that was not read',
    without: ['workload:home/cloudflared/Deployment/cloudflared'],
    gaps: [lost('workload', 'cluster/home')],
    flows: [proxied],
  },
  {
    name: 'a connector that is not there',
    without: ['workload:home/cloudflared/Deployment/cloudflared'],
    flows: [proxied],
  },
  {
    name: 'pods of the connector that were not read',
    without: ['pod:home/cloudflared/cloudflared-3'],
    gaps: [lost('pod', 'cluster/home')],
    flows: [proxied],
  },
  {
    name: 'pods of the connector: not ready, of another namespace, with other labels',
    add: [
      pod('cloudflared/cloudflared-3', '10.10.3.20', 3, { isReady: false }),
      pod('cloudflared/cloudflared-2', '10.10.2.20', 2),
      pod('apps/cloudflared-1', '10.10.1.20', 1),
      pod('cloudflared/other-1', '10.10.1.21', 1),
    ],
    flows: [proxied],
  },
  {
    name: 'no pod is ready',
    add: [pod('cloudflared/cloudflared-3', '10.10.3.20', 3, { isReady: false })],
    flows: [proxied],
  },
  ...(
    [
      'cloudflare/cloudflared:2026',
      'registry/cloudflared@sha256:0',
      'cloudflared',
      'notcloudflared:1',
      'cloudflared-web:1',
    ] as const
  ).map(
    (image): Variation => ({
      name: `a connector that nobody told: ${image}`,
      add: [tunnel('home'), workload('Deployment', 'cloudflared', image)],
      flows: [proxied],
    }),
  ),
  {
    name: 'a connector that nobody told: two of them',
    add: [
      tunnel('home'),
      workload('Deployment', 'cloudflared', 'cloudflared'),
      workload('DaemonSet', 'second', 'cloudflared'),
    ],
    flows: [proxied],
  },
  {
    name: 'a connector that nobody told: a job is none',
    add: [
      tunnel('home'),
      workload('CronJob', 'job', 'cloudflared'),
      workload('StatefulSet', 'state', 'cloudflared'),
      pod('cloudflared/state-1', '10.10.1.20', 1),
    ],
    flows: [proxied],
  },
  {
    name: 'a connector that nobody told: two tunnels',
    add: [tunnel('home'), tunnel('second'), workload('Deployment', 'cloudflared', 'cloudflared')],
    flows: [proxied],
  },
  {
    name: 'a connector of another sort',
    add: [
      tunnel('home', 'home/cloudflared/state'),
      workload('StatefulSet', 'state', 'x'),
      pod('cloudflared/state-1', '10.10.1.20', 1),
    ],
    flows: [proxied],
  },
  { name: 'a connector that is written badly', add: [tunnel('home', 'nonsense')], flows: [proxied] },
  {
    name: 'the edge dials an address',
    add: [cname('direct.example.org', '203.0.113.10', 'A')],
    flows: [443, 80].map((port) => named('direct.example.org', { port })),
  },
  {
    name: 'the edge dials an address of IPv6',
    add: [cname('direct.example.org', '2001:db8:5::1', 'AAAA')],
    flows: [named('direct.example.org', { family: 6 })],
  },
  {
    name: 'the edge dials an address, and no Internet is told',
    add: [
      cname('direct.example.org', '203.0.113.10', 'A'),
      vantage('internet', 'lan', ['198.51.100.7'], { resolver: 'public' }),
    ],
    flows: [named('direct.example.org')],
  },
  {
    name: 'the edge dials a name',
    add: [cname('named.example.org', 'immich.example.org')],
    flows: [named('named.example.org')],
  },
  {
    name: 'the edge dials a name that is proxied, one that is not there, one elsewhere',
    add: [
      cname('again.example.org', 'proxied.example.org'),
      cname('gone.example.org', 'none.example.org'),
      cname('away.example.org', 'cdn.example.net'),
    ],
    flows: ['again', 'gone', 'away'].map((n) => named(`${n}.example.org`)),
  },
  {
    name: 'an origin by a name of IPv6 alone, and of none',
    add: [
      origin('https://six.example.org'),
      record('dns/technitium', 'six.example.org', 'AAAA', ['fd00::9']),
      zone('dns/technitium', 'example.net', false),
    ],
    flows: [proxied],
  },
  {
    name: 'an origin that is proxied itself',
    add: [
      origin('https://loop.example.org'),
      stated('resolver', { id: 'coredns', program: 'coredns', serves: ['cluster/home'] }),
      cname('loop.example.org', 'x.cfargotunnel.com'),
    ],
    flows: [proxied],
  },
  { name: 'two connectors', add: [pod('cloudflared/cloudflared-2', '10.10.2.20', 2)], flows: [proxied] },
  {
    name: 'a short name of the connector\u2019s own namespace',
    add: [
      origin('https://web'),
      service('cloudflared/web', {
        clusterIps: [ip('10.96.0.92')],
        ports: [{ name: 'x', port: 443, protocol: 'tcp', targetPort: 8443 }],
      }),
      slice('cloudflared/web', [['10.10.1.5', 1]], [{ name: 'x', port: 8443, protocol: 'tcp' }]),
      traefik(),
    ],
    flows: [proxied],
  },
  {
    name: 'a name that no tunnel takes',
    add: [cname('lone.example.org', 'x.cfargotunnel.com')],
    without: ['tunnelRule:home|00009'],
    flows: [
      named('lone.example.org'),
      named('lone.example.org', { from: 'edge' }),
      named('elsewhere.net', { host: dnsName('proxied.example.org') }),
    ],
  },
];
