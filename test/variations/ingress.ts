/* Behind the socket: listeners, routes, middlewares, applications, whom each consumer takes the client for, bans. */
import type { Fact } from '#estate/fact.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { type DnsName, dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';
import {
  alias,
  client,
  ingress,
  localTraefik,
  middleware,
  pod,
  route,
  service,
  slice,
  stated,
  traefik,
  vip,
} from '#test/estates.ts';
import { at, lost, named, type Variation, web } from './variation.ts';

const moved = [...localTraefik(), alias('nginx', ['10.0.20.203'])];
const near = (host: string, path = '/', more = {}) =>
  at('10.0.20.200', { from: 'near', host: dnsName(host), path, ...more });
const routed = (name: string, match: Partial<Kinds['route']['match']>, more: Partial<Kinds['route']> = {}) =>
  route(name, 'web.example.org', {
    match: { hosts: ['web.example.org'], isComplete: true, ...match },
    ...more,
  });
const applied = (...names: readonly string[]) =>
  route('immich', 'immich.example.org', { middlewares: names.map((n) => `traefik/${n}`) });
const listener = (
  more: Partial<Kinds['ingress']['listeners'][number]>,
): Kinds['ingress']['listeners'][number] => ({
  name: 'extra',
  port: 8443,
  protocol: 'tcp',
  tls: true,
  forwardedHeaders: { from: [], everyone: false },
  middlewares: [],
  ...more,
});
const only = (...listeners: Kinds['ingress']['listeners']) => ingress({}, { listeners });
const everyone = { from: [], everyone: true };
const trusted = ingress({ forwardedHeaders: everyone });
const headers = (more: Readonly<Record<string, string>>) => ({ headers: more });
const forged = headers({
  'x-forwarded-for': '192.0.2.66, 192.0.2.67',
  'x-real-ip': '192.0.2.68',
  'cf-connecting-ip': '192.0.2.69',
});
const broken = headers({ 'x-forwarded-for': 'nobody', 'x-real-ip': 'nobody', 'cf-connecting-ip': 'nobody' });
const bridged = (
  clientAddress: 'own' | 'proxy-protocol' | 'unknown',
  address: string | undefined = '10.0.20.60',
) => [
  stated('publicAddress', { ip: ip('198.51.100.99'), through: ['vps'] }),
  stated('unmanagedHop', {
    id: 'vps',
    reason: 'rented',
    clientAddress,
    forwards: (['tcp', 'udp'] as const).map((protocol) => ({ protocol, port: 443, to: ip('10.0.20.203') })),
    ...(address && { ip: ip(address) }),
  }),
];
const overBridge = [at('198.51.100.99', forged), at('198.51.100.99', { protocol: 'udp' })];
const engine = (more: Partial<Kinds['banEngine']> = {}) =>
  stated('banEngine', { system: 'crowdsec/lapi', version: '1.6.8', readsAddressFrom: 'ClientHost', ...more });
const allowlist = (name: string, more: Partial<Kinds['banAllowlist']> = {}) =>
  stated('banAllowlist', {
    system: 'crowdsec/lapi',
    name,
    layer: 'parser',
    ranges: [prefix('198.51.100.0/24')],
    other: [],
    ...more,
  });
const decision = (scope: string, value: string) =>
  stated('banDecision', {
    system: 'crowdsec/lapi',
    id: `${scope} ${value}`,
    scope,
    value,
    type: 'ban',
    origin: 'cscli',
  });
const bouncer = (more: Partial<Extract<Kinds['middleware']['rule'], { kind: 'ban-list' }>> = {}) =>
  middleware('bouncer', {
    kind: 'ban-list',
    plugin: 'bouncer',
    trustedPeers: [prefix('198.51.100.0/24')],
    ...more,
  });
const list = (depth: number, ranges: readonly string[] = ['198.51.100.0/24']) =>
  middleware('list', { kind: 'ip-allow-list', ranges: ranges.map(prefix), depth });
const logged = (accessLog: Kinds['ingress']['accessLog']) => {
  const { accessLog: _, ...rest } = ingress({ forwardedHeaders: everyone }).value;
  return stated('ingress', accessLog ? { ...rest, accessLog } : rest);
};
const inGaps = (kind: Kind, add: readonly Fact[] = []): Variation => ({
  name: `a gap: ${kind}`,
  add,
  gaps: [lost(kind, kind.startsWith('ban') ? 'crowdsec/lapi' : 'cluster/home')],
  flows: [
    web(),
    near('nobody.example.org'),
    web({ protocol: 'udp' }),
    at('10.10.3.7', { from: 'pod', port: 2283 }),
    at('10.10.2.9', { from: 'pod', port: 5432 }),
    web({ port: 80 }),
  ],
});

export const ingressVariations: readonly Variation[] = [
  {
    name: 'paths: exact, prefix by text, prefix by element, pattern, none; the longest first',
    add: [
      routed(
        'exact',
        { path: { type: 'exact', value: '/a' } },
        { backend: { service: 'apps/exact', port: 1 } },
      ),
      routed(
        'prefix',
        { path: { type: 'prefix', value: '/a' } },
        { backend: { service: 'apps/prefix', port: 1 } },
      ),
      routed(
        'longer',
        { path: { type: 'prefix', value: '/a/b' } },
        { from: 'Ingress', backend: { service: 'apps/longer', port: 1 } },
      ),
      routed(
        'slash',
        { path: { type: 'prefix', value: '/s/' } },
        { from: 'Ingress', backend: { service: 'apps/slash', port: 1 } },
      ),
      routed(
        'regex',
        { path: { type: 'regex', value: '^/r' } },
        { backend: { service: 'apps/regex', port: 1 } },
      ),
      routed('any', {}, { backend: { service: 'apps/any', port: 1 } }),
      routed(
        'root',
        { path: { type: 'prefix', value: '/' } },
        { from: 'HTTPRoute', backend: { service: 'apps/root', port: 1 } },
      ),
    ],
    flows: ['/', '/a', '/ab', '/a/b', '/a/bc', '/a/b/c', '/s', '/s/x', '/sx', '/r'].map((path) =>
      near('web.example.org', path),
    ),
  },
  {
    name: 'priority before length, then by name',
    add: [
      routed('high', {}, { priority: 5, backend: { service: 'apps/high', port: 1 } }),
      routed(
        'low',
        { path: { type: 'exact', value: '/a' } },
        { priority: 1, backend: { service: 'apps/low', port: 1 } },
      ),
      routed('b', { hosts: ['same.example.org'] }, { backend: { service: 'apps/b', port: 1 } }),
      routed('a', { hosts: ['same.example.org'] }, { backend: { service: 'apps/a', port: 1 } }),
      routed('c', { hosts: ['same.example.org'] }, { backend: { service: 'apps/c', port: 1 } }),
    ],
    flows: [near('web.example.org', '/a'), near('same.example.org')],
  },
  {
    name: 'host wildcards: one label, any depth in a Gateway, every host',
    add: [
      routed('one', { hosts: ['*.w.org'] }, { backend: { service: 'apps/one', port: 1 } }),
      routed(
        'deep',
        { hosts: ['*.g.org'] },
        { from: 'HTTPRoute', backend: { service: 'apps/deep', port: 1 } },
      ),
      routed('shallow', { hosts: ['*.org'] }, { backend: { service: 'apps/shallow', port: 1 } }),
      routed('other', { hosts: ['x.w.org'] }, { cluster: 'away' }),
    ],
    flows: ['x.w.org', 'y.x.w.org', 'x.g.org', 'y.x.g.org', 'w.org', 'org'].map((h) => near(h)),
  },
  {
    name: 'a route for every host',
    add: [routed('all', { hosts: ['*'] }, { backend: { service: 'apps/all', port: 1 } })],
    flows: [near('nobody.example.org'), at('10.0.20.200', { from: 'near' })]
      .map((f) => f)
      .concat((({ host: _, ...rest }) => [rest])(at('10.0.20.200', { from: 'near' }))),
  },
  {
    name: 'routes that are for another listener, class or program',
    add: [
      ingress({}, { ingressClass: 'traefik' }),
      routed('udp', { hosts: ['udp.org'] }, { from: 'IngressRouteUDP' }),
      routed('tcp', { hosts: ['tcp.org'] }, { from: 'IngressRouteTCP' }),
      routed('class', { hosts: ['class.org'] }, { ingressClass: 'nginx' }),
      routed('same', { hosts: ['same.org'] }, { ingressClass: 'traefik' }),
      routed('entry', { hosts: ['entry.org'] }, { entryPoints: ['web'] }),
      routed('entries', { hosts: ['entries.org'] }, { entryPoints: ['web', 'websecure'] }),
      routed('default', { hosts: ['default.org'] }, { entryPoints: [] }),
      routed('plain', { hosts: ['plain.org'] }, { entryPoints: [], tls: false }),
    ],
    flows: ['udp', 'tcp', 'class', 'same', 'entry', 'entries', 'default', 'plain'].map((h) =>
      near(`${h}.org`),
    ),
  },
  {
    name: 'a listener without TLS',
    add: [
      only(listener({ name: 'plain', tls: false })),
      routed('secret', { hosts: ['secret.org'] }, { entryPoints: [], tls: true }),
      routed('kube', { hosts: ['kube.org'] }, { entryPoints: [], tls: true, from: 'Ingress' }),
      routed('open', { hosts: ['open.org'] }, { entryPoints: [], tls: false }),
    ],
    flows: ['secret', 'kube', 'open'].map((h) => near(`${h}.org`)),
  },
  {
    name: 'another program, with a route of Traefik alone',
    add: [
      ingress({}, { program: 'ingress-nginx' }),
      routed('kube', { hosts: ['kube.org'] }, { from: 'Ingress', entryPoints: [] }),
    ],
    flows: [near('immich.example.org'), near('kube.org')],
  },
  ...(['same', 'other', 'none'] as const).map(
    (next): Variation => ({
      name: `a rule that is not evaluated, with ${next} behind it`,
      add: [
        routed('part', { isComplete: false, rule: 'Header(`x`)' }, { priority: 9 }),
        ...(next === 'none'
          ? []
          : [
              routed(
                'next',
                {},
                { backend: { service: next === 'same' ? 'apps/immich' : 'apps/cron', port: 80 } },
              ),
            ]),
      ],
      flows: [near('web.example.org')],
    }),
  ),
  {
    name: 'one that is not evaluated behind one that is',
    add: [routed('whole', {}, { priority: 9 }), routed('part', { isComplete: false })],
    flows: [near('web.example.org')],
  },
  {
    name: 'backends: none, another name, ports by name and number, several ports, elsewhere, none ready',
    add: [
      stated('route', (({ backend: _, ...rest }) => rest)(routed('bare', { hosts: ['bare.org'] }).value)),
      routed('byname', { hosts: ['byname.org'] }, { backend: { service: 'apps/many', port: 'b' } }),
      routed('bynumber', { hosts: ['bynumber.org'] }, { backend: { service: 'apps/many', port: 2 } }),
      routed('wrong', { hosts: ['wrong.org'] }, { backend: { service: 'apps/many', port: 9 } }),
      routed('single', { hosts: ['single.org'] }, { backend: { service: 'apps/immich', port: 9 } }),
      routed('away', { hosts: ['away.org'] }, { backend: { service: 'apps/away', port: 1 } }),
      routed('gone', { hosts: ['gone.org'] }, { backend: { service: 'apps/gone', port: 1 } }),
      routed('unnamed', { hosts: ['unnamed.org'] }, { backend: { service: 'apps/unnamed', port: 1 } }),
      routed('half', { hosts: ['half.org'] }, { backend: { service: 'apps/half', port: 1 } }),
      service('apps/many', {
        ports: [
          { name: 'a', port: 1, protocol: 'tcp', targetPort: 11 },
          { name: 'b', port: 2, protocol: 'tcp', targetPort: 22 },
        ],
      }),
      slice(
        'apps/many',
        [['10.10.3.7', 3]],
        [
          { name: 'a', port: 11, protocol: 'tcp' },
          { name: 'b', port: 22, protocol: 'tcp' },
        ],
      ),
      service('apps/away', { type: 'ExternalName' }),
      service('apps/unnamed', { ports: [{ port: 1, protocol: 'tcp', targetPort: 11 }] }),
      slice('apps/unnamed', [['10.10.3.7', 3]], [{ port: 11, protocol: 'tcp' }]),
      service('apps/half', { ports: [{ port: 1, protocol: 'tcp', targetPort: 11 }] }),
      stated('endpointSlice', {
        ...slice('apps/half', [], [{ port: 11, protocol: 'tcp' }]).value,
        endpoints: [
          { addresses: [ip('10.10.3.1')], ready: false },
          { addresses: [ip('10.10.3.2')] },
          { addresses: [ip('10.10.3.3')], ready: true, node: 'k8s-node3', pod: 'apps/half-3' },
          { addresses: [], ready: true },
        ],
      }),
      stated('endpointSlice', {
        ...slice('apps/half', [], [{ name: 'x', port: 12, protocol: 'tcp' }]).value,
        name: 'half-2',
        endpoints: [{ addresses: [ip('10.10.3.4')] }],
      }),
    ],
    flows: ['bare', 'byname', 'bynumber', 'wrong', 'single', 'away', 'gone', 'unnamed', 'half'].map((h) =>
      near(`${h}.org`),
    ),
  },
  {
    name: 'listeners: by port and protocol, HTTP/3 with TLS and without',
    add: [
      only(
        listener({ name: 'a', protocol: 'udp', port: 8443, tls: false }),
        listener({ name: 'b', http3: {} }),
      ),
    ],
    flows: [near('immich.example.org'), near('immich.example.org', '/', { protocol: 'udp' })],
  },
  {
    name: 'HTTP/3 without TLS',
    add: [only(listener({ name: 'websecure', tls: false, http3: {} }))],
    flows: [near('immich.example.org'), near('immich.example.org', '/', { protocol: 'udp' })],
  },
  {
    name: 'no listener on that port',
    add: [only(listener({ name: 'else', port: 1 }))],
    flows: [web(), web({ protocol: 'udp' }), web({ port: 80 })],
  },
  {
    name: 'a listener with middlewares of its own',
    add: [ingress({ middlewares: ['traefik/list'] }), list(0)],
    flows: [web(), web({ from: 'near' })],
  },
  {
    name: 'labels: none asked, another namespace, others',
    add: [ingress({}, { podLabels: {} })],
    flows: [web()],
  },
  { name: 'pods in another namespace', add: [ingress({}, { namespace: 'elsewhere' })], flows: [web()] },
  {
    name: 'pods with other labels',
    add: [
      pod('traefik/traefik-1', '10.10.1.5', 1, { labels: { app: 'other' } }),
      ingress({}, { podLabels: { app: 'traefik', tier: 'edge' } }),
      pod('traefik/traefik-2', '10.10.2.5', 2, { labels: { app: 'traefik', tier: 'edge' } }),
    ],
    flows: [web()],
  },
  {
    name: 'two ingresses in a cluster',
    add: [
      ingress(
        {},
        { name: 'second', podLabels: { app: 'cron' }, listeners: [listener({ name: 'cron', port: 80 })] },
      ),
      routed('cron', { hosts: ['cron.org'] }, { entryPoints: ['cron'] }),
    ],
    flows: [web(), at('10.10.1.33', { from: 'node', port: 80, host: dnsName('cron.org') })],
  },
  inGaps('ingress'),
  inGaps('route'),
  inGaps('middleware', [applied('list'), list(0)]),
  inGaps('middleware', [applied('list'), list(0, ['192.0.2.0/24'])]),
  inGaps('service'),
  inGaps('endpointSlice'),
  inGaps('pod'),
  inGaps('banEngine'),
  inGaps('banAllowlist'),
  {
    ...inGaps('banDecision', [applied('bouncer'), bouncer(), decision('Ip', '10.0.20.103')]),
    name: 'a gap: decisions, one of which is known',
  },
  {
    ...inGaps('banDecision', [applied('bouncer'), bouncer()]),
    name: 'a gap: decisions, none of which is known',
  },
  { ...inGaps('banEngine'), without: ['banEngine:crowdsec/lapi'], name: 'a gap: engines, and none is known' },
  { name: 'no engine at all', without: ['banEngine:crowdsec/lapi'], flows: [web()] },
  {
    name: 'a pod that was not read, of an endpoint that is known',
    without: ['pod:home/traefik/traefik-1'],
    gaps: [lost('pod', 'cluster/home')],
    flows: [web()],
  },
  { name: 'a pod that is not there', without: ['pod:home/traefik/traefik-1'], flows: [web()] },
  {
    name: 'an ingress that was not read',
    without: ['ingress:home/traefik/traefik'],
    gaps: [lost('ingress', 'cluster/home')],
    flows: [web(), web({ protocol: 'udp' })],
  },
  {
    name: 'a listener that may offer HTTP/3 behind a gap',
    add: [only(listener({ name: 'websecure' }))],
    gaps: [lost('ingress', 'cluster/home')],
    flows: [web()],
  },
  ...(
    [
      ['nothing sent', {}],
      ['all forged', forged],
      ['nonsense sent', broken],
    ] as const
  ).flatMap(([name, more]): readonly Variation[] => [
    { name: `headers: ${name}, trusted`, add: [...moved, trusted], flows: [web(more)] },
    {
      name: `headers: ${name}, not trusted`,
      add: moved,
      flows: [web(more), named('proxied.example.org', more)],
    },
    {
      name: `headers: ${name}, behind the node`,
      add: [trusted],
      flows: [web(more), named('proxied.example.org', more)],
    },
  ]),
  ...(['own', 'proxy-protocol', 'unknown'] as const).flatMap((how): readonly Variation[] => [
    { name: `a bridge, ${how}, not read`, add: [...moved, ...bridged(how)], flows: overBridge },
    {
      name: `a bridge, ${how}, read from all`,
      add: [...moved, ...bridged(how), ingress({ proxyProtocol: everyone, forwardedHeaders: everyone })],
      flows: overBridge,
    },
    {
      name: `a bridge, ${how}, read from another`,
      add: [
        ...moved,
        ...bridged(how),
        ingress({ proxyProtocol: { from: [prefix('192.0.2.0/24')], everyone: false } }),
      ],
      flows: overBridge,
    },
    {
      name: `a bridge of no address, ${how}`,
      add: [
        ...moved,
        ...bridged(how, ''),
        ingress({ proxyProtocol: everyone, forwardedHeaders: everyone }),
        applied('list', 'limit', 'bouncer'),
        list(0),
        middleware('limit', { kind: 'in-flight', amount: 1, depth: 0 }),
        bouncer(),
      ],
      flows: overBridge,
    },
  ]),
  ...[0, 1, 2, 3].map(
    (depth): Variation => ({
      name: `an allowlist at depth ${depth}`,
      add: [...moved, trusted, applied('list'), list(depth, ['192.0.2.67/32'])],
      flows: [web(forged), web()],
    }),
  ),
  ...[0, 1, 2].map(
    (depth): Variation => ({
      name: `counting at depth ${depth}`,
      add: [
        trusted,
        applied('limit', 'flight'),
        middleware('limit', { kind: 'rate-limit', average: 1, burst: 1, periodMs: 1000, depth }),
        middleware('flight', { kind: 'in-flight', amount: 1, depth }),
      ],
      flows: [web(forged), web(), named('proxied.example.org')],
    }),
  ),
  {
    name: 'middlewares: a chain in a chain, one that is missing, one that looks at nobody',
    add: [
      applied('outer', 'gone', 'strip'),
      middleware('outer', { kind: 'chain', of: ['inner', 'traefik/outer'] }),
      middleware('inner', { kind: 'chain', of: ['list', 'traefik/list'] }),
      list(0),
      middleware('strip', { kind: 'other', type: 'stripPrefix' }),
    ],
    flows: [web(), web({ from: 'near' })],
  },
  {
    name: 'a middleware that refuses beside one that is missing',
    add: [applied('gone', 'list'), list(0, ['192.0.2.0/24'])],
    flows: [web()],
  },
  ...([undefined, 'X-Forwarded-For', 'X-Real-Ip', 'CF-Connecting-IP'] as const).flatMap(
    (header): readonly Variation[] => {
      const add = [trusted, ...moved, applied('bouncer'), bouncer(header ? { header } : {})];
      return [
        {
          name: `a ban list by ${header ?? 'no'} header`,
          add: [...add, decision('Ip', '192.0.2.67'), decision('ip', '192.0.2.69')],
          flows: [web(forged), web(broken), web()],
        },
        {
          name: `a ban list by ${header ?? 'no'} header of another peer`,
          add: [
            ...add,
            bouncer({ ...(header && { header }), trustedPeers: [prefix('192.0.2.0/24')] }),
            decision('Ip', client),
          ],
          flows: [web(forged)],
        },
      ];
    },
  ),
  {
    name: 'a ban by range, of something else, exempt clients',
    add: [
      ...moved,
      applied('bouncer'),
      bouncer(),
      decision('Range', '198.51.100.0/28'),
      decision('Country', 'XX'),
    ],
    flows: [web(), web({ source: ip('198.51.100.77') })],
  },
  {
    name: 'a ban of a range that is none',
    add: [...moved, applied('bouncer'), bouncer(), decision('Range', 'nonsense')],
    flows: [web()],
  },
  {
    name: 'clients that are exempt',
    add: [
      ...moved,
      applied('bouncer'),
      bouncer({ exemptClients: [prefix('198.51.100.7/32')] }),
      decision('Ip', client),
    ],
    flows: [web(), web({ source: ip('198.51.100.77') })],
  },
  ...(['ClientAddr', 'ClientHost', 'ClientHost-last', 'unknown'] as const).flatMap((readsAddressFrom) =>
    (['json', 'clf', 'unknown', 'none'] as const).map(
      (format): Variation => ({
        name: `a parser that reads ${readsAddressFrom} of a log in ${format}`,
        add: [
          ...moved,
          engine({ readsAddressFrom }),
          logged(format === 'none' ? undefined : { format, keepsHeaders: false }),
        ],
        flows: [web(), web(forged), web(broken)],
      }),
    ),
  ),
  ...(['parser', 'postoverflow', 'lapi'] as const).map(
    (layer): Variation => ({
      name: `an allowlist of the ban list in ${layer}`,
      add: [...moved, allowlist('own', { layer })],
      flows: [web()],
    }),
  ),
  {
    name: 'an allowlist of another engine, one by range of addresses',
    add: [
      ...moved,
      allowlist('other', { system: 'crowdsec/other' }),
      allowlist('range', { ranges: [{ first: ip('198.51.100.50'), last: ip('198.51.100.60') }] }),
    ],
    flows: [web(), web({ source: ip('198.51.100.55') })],
  },
  {
    name: 'two engines',
    add: [...moved, engine({ system: 'crowdsec/other', readsAddressFrom: 'ClientAddr' })],
    flows: [web(forged)],
  },
  {
    name: 'a peer that is not known, and all that hangs on it',
    add: [
      stated('podNetwork', { cluster: 'home', program: 'unknown', encapsulation: 'unknown' }),
      trusted,
      applied('list', 'limit', 'bouncer'),
      list(0),
      middleware('limit', { kind: 'rate-limit', average: 1, burst: 1, periodMs: 1000, depth: 1 }),
      bouncer(),
    ],
    flows: [web(), web(forged)],
  },
  ...([undefined, {}, { advertisedPort: 443 }, { advertisedPort: 8443 }] as const).map(
    (http3): Variation => ({
      name: `HTTP/3 ${http3 ? `advertised ${(http3 as { advertisedPort?: number }).advertisedPort ?? 'as bound'}` : 'not offered'}`,
      add: [only(listener({ name: 'websecure', ...(http3 && { http3 }) }))],
      flows: [web(), web({ protocol: 'udp' }), web({ from: 'near' }), named('proxied.example.org')],
    }),
  ),
  {
    name: 'HTTP/3 to several endpoints, of which one is no ingress',
    add: [
      slice(
        'traefik/traefik',
        [
          ['10.10.1.5', 1],
          ['10.10.3.7', 3],
        ],
        [
          { name: 'websecure', port: 8443, protocol: 'tcp' },
          { name: 'websecure-http3', port: 8443, protocol: 'udp' },
        ],
      ),
    ],
    flows: [web()],
  },
  {
    name: 'HTTP/3 to one endpoint, and to none',
    add: [
      slice(
        'traefik/traefik',
        [['10.10.1.5', 1]],
        [
          { name: 'websecure', port: 8443, protocol: 'tcp' },
          { name: 'websecure-http3', port: 8443, protocol: 'udp' },
        ],
      ),
    ],
    flows: [web(), web({ from: 'pod' })],
  },
  {
    name: 'UDP to an ingress on an address that TCP does not have',
    add: [
      traefik({
        vips: [{ ip: vip, ipMode: 'VIP' }],
        ports: [{ name: 'websecure', port: 443, protocol: 'tcp', targetPort: 8443 }],
      }),
    ],
    flows: [web(), web({ protocol: 'udp' })],
  },
  {
    name: 'a host that the flow names itself',
    flows: [
      web({ host: dnsName('proxied.example.org') }),
      web({ host: 'nobody.example.org' as DnsName }),
      web({ path: '/x' }),
    ],
  },
];
