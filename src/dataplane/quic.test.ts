/* HTTP/3 by its real causes: the advertised port, UDP on each hop, the family, the path's MTU; never the policy alone. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import { dnsName } from '#net/name.ts';
import {
  alias,
  anyMatch,
  forward,
  homeReader,
  iface,
  ingress,
  localTraefik,
  slice,
  stated,
  traefik,
  traefikPorts,
  vantage,
} from '#test/estates.ts';
import type { Flow } from './flow.ts';
import { quicMtu } from './quic.ts';
import type { Quic } from './trace.ts';
import { walk } from './walk.ts';

const web: Flow = {
  from: 'internet',
  family: 4,
  to: { name: dnsName('immich.example.org') },
  port: 443,
  protocol: 'tcp',
};
const moved = [...localTraefik(), alias('nginx', ['10.0.20.203'])];

function quic(add: readonly Fact[], flow: Partial<Flow> = {}): Quic | undefined {
  return walk(homeReader({ add }), { ...web, ...flow }).traces[0]?.quic;
}

const noHttp3 = ((): Fact => {
  const fact = ingress();
  const [plain, secure] = fact.value.listeners;
  const { http3: _, ...rest } = secure ??
    plain ?? {
      name: '',
      port: 0,
      protocol: 'tcp',
      tls: true,
      forwardedHeaders: { from: [], everyone: false },
      middlewares: [],
    };
  return stated('ingress', { ...fact.value, listeners: [...(plain ? [plain] : []), rest] });
})();

const unset = ingress({ http3: {} });
const tcpOnly = forward(0, 443, { match: { ...forward(0, 443).value.match, protocol: 'tcp' } });
const oneEndpoint = slice(
  'traefik/traefik',
  [['10.10.1.5', 1]],
  [
    { name: 'websecure', port: 8443, protocol: 'tcp' },
    { name: 'websecure-http3', port: 8443, protocol: 'udp' },
  ],
);

describe('completes', () => {
  const cases: readonly {
    name: string;
    add?: readonly Fact[];
    flow?: Partial<Flow>;
    is: Partial<Quic>;
    says?: string;
  }[] = [
    {
      name: 'Cluster with two replicas: it does, and rebinding is at risk',
      is: { completes: 'yes', onRebinding: 'at-risk', advertisedPort: 443 },
    },
    {
      name: 'Cluster with one: rebinding survives',
      add: [oneEndpoint],
      is: { completes: 'yes', onRebinding: 'survives' },
    },
    {
      name: 'Local with one pod on the announcer',
      add: moved,
      is: { completes: 'yes', onRebinding: 'survives' },
    },
    { name: 'no HTTP/3 on the listener', add: [noHttp3], is: { isOffered: false, completes: 'no' } },
    { name: 'HTTP/3 without TLS is none', add: [ingress({ tls: false })], is: {} },
    {
      name: 'the port it binds is advertised, and nobody forwards that',
      add: [unset],
      is: { advertisedPort: 8443, completes: 'no' },
      says: 'because no advertised port is set',
    },
    {
      name: 'from inside the Service does not expose it either',
      add: [unset],
      flow: { from: 'near' },
      is: { advertisedPort: 8443, completes: 'no' },
      says: 'No Service serves 8443/udp',
    },
    {
      name: 'the firewall forwards TCP only',
      add: [tcpOnly],
      is: { completes: 'no' },
      says: 'ends as denied',
    },
    { name: 'but inside it completes', add: [tcpOnly], flow: { from: 'lan' }, is: { completes: 'yes' } },
    {
      name: 'the Service has no UDP port',
      add: [traefik({ ports: traefikPorts.slice(0, 2) })],
      is: { completes: 'no' },
      says: 'No Service serves 443/udp',
    },
    {
      name: 'without port 80 on the Service',
      add: [traefik({ ports: traefikPorts.slice(1) })],
      is: { completes: 'yes' },
    },
    {
      name: 'a small MTU at the firewall',
      add: [iface('opt1', '10.0.20.1', '10.0.20.0/24', { mtu: 1300 })],
      is: { completes: 'no' },
      says: '1300 bytes',
    },
    {
      name: 'one that is just enough',
      add: [iface('opt1', '10.0.20.1', '10.0.20.0/24', { mtu: 1308 })],
      is: { completes: 'yes' },
    },
    {
      name: 'a forward that cannot be read',
      add: [
        alias('quic', [], 'url'),
        forward(0, 443, {
          match: { ...anyMatch, protocol: 'udp', destination: { kind: 'alias', name: 'quic', not: false } },
        }),
        forward(5, 443),
      ],
      is: { completes: 'unknown' },
    },
  ];
  test.each(cases)('$name', (c) => {
    const found = quic(c.add ?? [], c.flow);
    expect(found ?? {}).toMatchObject(c.is);
    if (c.says) expect(found?.says).toContain(c.says);
  });

  test('a VPN with a small MTU carries HTTPS, and no HTTP/3', () => {
    const more = { gateway: 'pfsense', resolver: 'technitium', mtu: 1280 };
    const vpn = vantage('lan', 'vpn', ['192.168.1.20'], more);
    expect(quic([vpn], { from: 'lan' })).toMatchObject({ isOffered: true, completes: 'no' });
    const [trace] = walk(homeReader({ add: [vpn] }), { ...web, from: 'lan', protocol: 'udp' }).traces;
    expect(trace?.disposition).toBe('too-big');
  });

  test('session affinity is named for what it keeps', () => {
    expect(quic([traefik({ sessionAffinitySeconds: 10_800 })])?.says).toContain(
      'changes only its port for 10800 s',
    );
  });

  test('UDP itself ends as too big', () => {
    const add = [iface('opt1', '10.0.20.1', '10.0.20.0/24', { mtu: 1280 })];
    const [trace] = walk(homeReader({ add }), { ...web, protocol: 'udp' }).traces;
    expect(trace?.disposition).toBe('too-big');
    expect(walk(homeReader({ add }), web).traces[0]?.disposition).toBe('delivered');
  });

  test('UDP that arrives at another entry point of the ingress is no HTTP/3', () => {
    const plain = {
      name: 'dns',
      port: 9443,
      protocol: 'udp' as const,
      tls: false,
      forwardedHeaders: { from: [], everyone: false },
      middlewares: [],
    };
    const advertising = ingress({ http3: { advertisedPort: 444 } });
    const odd = { name: 'odd', port: 444, protocol: 'udp' as const, targetPort: 9443 };
    const add = [
      stated('ingress', { ...advertising.value, listeners: [...advertising.value.listeners, plain] }),
      traefik({ ports: [...traefikPorts, odd] }),
      slice(
        'traefik/traefik',
        [['10.10.1.5', 1]],
        [
          { name: 'websecure', port: 8443, protocol: 'tcp' },
          { name: 'odd', port: 9443, protocol: 'udp' },
        ],
      ),
    ];
    expect(quic(add, { from: 'near' })).toMatchObject({ isOffered: true, completes: 'no' });
    expect(quic(add, { from: 'near' })?.says).toContain('not at an HTTP/3 listener');
  });

  test('frames that HTTP/3 needs', () => {
    expect([quicMtu(4), quicMtu(6)]).toEqual([1308, 1328]);
  });

  test('an edge\u2019s HTTP/3 is its own', () => {
    expect(quic([], { to: { name: dnsName('proxied.example.org') } })).toBeUndefined();
  });
});
