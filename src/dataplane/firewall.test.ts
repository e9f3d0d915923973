/* Flows through pfSense: redirection, filter order, reflection in its modes and what each does to the way back. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import {
  alias,
  anyMatch,
  box,
  client,
  forward,
  homeReader,
  iface,
  lanClient,
  nearClient,
  rule,
  stated,
  traefik,
  vip,
  wan,
} from '#test/estates.ts';
import { type PathTrace, walkAddress } from './path.ts';

interface Dial {
  readonly vantage?: string;
  readonly to?: string;
  readonly port?: number;
  readonly protocol?: 'tcp' | 'udp';
}

function dial(add: readonly Fact[], d: Dial = {}): PathTrace {
  const { vantage = 'internet', to = wan, port = 443, protocol = 'tcp' } = d;
  const [path] = walkAddress(homeReader({ add }), { vantage, family: 4, ip: ip(to), port, protocol });
  if (!path) throw new Error('a walk is never empty');
  return path;
}

const local = [
  traefik({ externalPolicy: 'local', vips: [{ ip: ip('10.0.20.203'), ipMode: 'VIP' }] }),
  alias('nginx', ['10.0.20.203']),
];
const tcp443 = {
  ...anyMatch,
  protocol: 'tcp' as const,
  destinationPort: { kind: 'range' as const, range: { first: 443, last: 443 } },
};

describe('redirection', () => {
  const cases: readonly {
    name: string;
    add: readonly Fact[];
    dial?: Dial;
    ends: string;
    sees?: string | undefined;
  }[] = [
    { name: 'an alias leads to its address', add: local, ends: 'delivered', sees: client },
    {
      name: 'a literal does too',
      add: [...local, forward(0, 443, { target: '10.0.20.203' })],
      ends: 'delivered',
      sees: client,
    },
    {
      name: 'a nested alias does too',
      add: [...local, alias('nginx', ['inner']), alias('inner', ['10.0.20.203'])],
      ends: 'delivered',
      sees: client,
    },
    {
      name: 'a loop of aliases ends: no rule comes of it',
      add: [...local, alias('nginx', ['inner']), alias('inner', ['nginx'])],
      ends: 'denied',
    },
    {
      name: 'an alias that is not there',
      add: [...local, forward(0, 443, { target: 'gone' })],
      ends: 'unknown',
    },
    {
      name: 'an alias of a host name',
      add: [...local, alias('nginx', ['ingress.example.org'])],
      ends: 'unknown',
    },
    { name: 'a disabled forward', add: [...local, forward(0, 443, { isEnabled: false })], ends: 'denied' },
    {
      name: 'an exception before the forward',
      add: [...local, forward(0, 443, { isException: true, target: '' }), forward(5, 443)],
      ends: 'denied',
    },
    {
      name: 'the first match decides',
      add: [...local, forward(0, 443, { target: '10.0.20.206' }), forward(5, 443)],
      ends: 'no-announcer',
    },
    {
      name: 'a range keeps its offset',
      add: [
        ...local,
        forward(0, 443, {
          localPort: 440,
          match: {
            ...forward(0, 443).value.match,
            destinationPort: { kind: 'range', range: { first: 1440, last: 1450 } },
          },
        }),
      ],
      dial: { port: 1443 },
      ends: 'delivered',
      sees: client,
    },
    {
      name: 'UDP is another matter',
      add: [...local, forward(0, 443, { match: { ...forward(0, 443).value.match, protocol: 'tcp' } })],
      dial: { protocol: 'udp' },
      ends: 'denied',
    },
  ];
  test.each(cases)('$name', (c) => {
    const path = dial(c.add, c.dial);
    expect([path.disposition, path.seenAs]).toEqual([c.ends, c.sees]);
  });
});

describe('filter', () => {
  const noPass = forward(0, 443, { associatedRule: '' });
  const block = (position: number, more = {}) =>
    rule(position, ['wan'], { action: 'block', match: tcp443, ...more });
  const pass = (position: number, more = {}) =>
    rule(position, ['wan'], { action: 'pass', match: tcp443, ...more });
  const cases: readonly { name: string; add: readonly Fact[]; ends: string }[] = [
    { name: 'without a rule: denied', add: [noPass], ends: 'denied' },
    {
      name: 'a rule for the redirected address passes',
      add: [
        noPass,
        pass(1, { match: { ...tcp443, destination: { kind: 'alias', name: 'nginx', not: false } } }),
      ],
      ends: 'delivered',
    },
    {
      name: 'a rule for the address before redirection does not',
      add: [
        noPass,
        pass(1, {
          match: {
            ...tcp443,
            destination: { kind: 'address', prefix: prefix('203.0.113.10/32'), not: false },
          },
        }),
      ],
      ends: 'denied',
    },
    { name: 'first of the interface decides', add: [noPass, block(1), pass(2)], ends: 'denied' },
    { name: 'reject', add: [noPass, block(1, { action: 'reject' })], ends: 'rejected' },
    {
      name: 'a floating quick rule decides before them',
      add: [noPass, pass(1), block(9, { isFloating: true })],
      ends: 'denied',
    },
    {
      name: 'a floating rule that is not quick yields to them',
      add: [noPass, pass(1), block(9, { isFloating: true, isQuick: false })],
      ends: 'delivered',
    },
    {
      name: 'and decides where none of them matches',
      add: [noPass, pass(9, { isFloating: true, isQuick: false })],
      ends: 'delivered',
    },
    {
      name: 'a list that is not known, and would decide otherwise',
      add: [
        noPass,
        block(1, { match: { ...tcp443, source: { kind: 'alias', name: 'feed', not: false } } }),
        alias('feed', ['https://lists.example.org/x'], 'url'),
        pass(2),
      ],
      ends: 'unknown',
    },
    {
      name: 'a list that is not known, and would decide the same',
      add: [
        noPass,
        pass(1, { match: { ...tcp443, source: { kind: 'alias', name: 'feed', not: false } } }),
        alias('feed', [], 'url'),
        pass(2),
      ],
      ends: 'delivered',
    },
    { name: 'policy routing is not modelled', add: [noPass, pass(1, { gateway: 'WAN2' })], ends: 'unknown' },
    {
      name: 'a block on the way out',
      add: [rule(1, ['opt1'], { isFloating: true, direction: 'out', action: 'block' })],
      ends: 'denied',
    },
    {
      name: 'all IPv6 blocked says nothing of IPv4',
      add: [box({ isIpv6Allowed: false })],
      ends: 'delivered',
    },
  ];
  test.each(cases)('$name', (c) => {
    expect(dial(c.add).disposition).toBe(c.ends);
  });

  test('the firewall\u2019s own address: arrives, and what listens is an open question', () => {
    const path = dial([], { vantage: 'lan', to: '192.168.1.1' });
    expect(path).toMatchObject({ disposition: 'delivered', reached: { ip: '192.168.1.1' } });
    expect(path.gaps).toHaveLength(1);
  });
});

describe('reflection: from inside to the public address', () => {
  const cases: readonly {
    name: string;
    vantage: string;
    add: readonly Fact[];
    ends: string;
    sees?: string | undefined;
    asymmetric?: boolean;
  }[] = [
    {
      name: 'disabled: ends at the firewall itself',
      vantage: 'lan',
      add: local,
      ends: 'delivered',
      sees: lanClient,
      asymmetric: false,
    },
    {
      name: 'pure NAT from another network keeps the client',
      vantage: 'lan',
      add: [...local, box({ reflection: 'pure-nat' })],
      ends: 'delivered',
      sees: lanClient,
      asymmetric: false,
    },
    {
      name: 'pure NAT from the target\u2019s network: the answer comes from elsewhere',
      vantage: 'near',
      add: [...local, box({ reflection: 'pure-nat' })],
      ends: 'no-session',
      sees: nearClient,
      asymmetric: true,
    },
    {
      name: 'pure NAT with SNAT from the target\u2019s network shows the firewall',
      vantage: 'near',
      add: [...local, box({ reflection: 'pure-nat', reflectionSnat: true })],
      ends: 'delivered',
      sees: '10.0.20.1',
      asymmetric: false,
    },
    {
      name: 'the NAT proxy shows the firewall',
      vantage: 'lan',
      add: [...local, box({ reflection: 'nat-proxy' })],
      ends: 'delivered',
      sees: '10.0.20.1',
      asymmetric: false,
    },
    {
      name: 'a rule\u2019s own setting wins',
      vantage: 'lan',
      add: [...local, box({ reflection: 'nat-proxy' }), forward(0, 443, { reflection: 'pure-nat' })],
      ends: 'delivered',
      sees: lanClient,
      asymmetric: false,
    },
  ];
  test.each(cases)('$name', (c) => {
    const path = dial(c.add, { vantage: c.vantage });
    expect([path.disposition, path.seenAs, path.returnPath?.isAsymmetric]).toEqual([
      c.ends,
      c.sees,
      c.asymmetric,
    ]);
  });

  test('disabled: it reached the firewall, not the ingress, and the trace says why', () => {
    const path = dial(local, { vantage: 'lan' });
    expect(path.reached?.pod).toBeUndefined();
    expect(
      path.hops.flatMap((h) => h.steps).some((s) => s.stage === 'reflect' && s.says.includes('disabled')),
    ).toBe(true);
  });

  test('Cluster does not help: the announcer answers the client directly, as an address that it never asked', () => {
    expect(dial([box({ reflection: 'pure-nat' })], { vantage: 'near' })).toMatchObject({
      disposition: 'no-session',
      seenAs: '10.0.20.103',
    });
  });

  test('behind a router that nobody can read, a hairpin is unknown', () => {
    const behind = stated('publicAddress', {
      ip: ip('198.51.100.200'),
      firewall: 'pfsense',
      interface: 'wan',
      through: ['isp'],
    });
    expect(dial([behind], { vantage: 'lan', to: '198.51.100.200' })).toMatchObject({
      disposition: 'unknown',
      gaps: [{ id: 'unmanaged/isp/hairpin' }],
    });
  });
});

describe('out and back', () => {
  test('a client inside leaves by outbound NAT', () => {
    const path = dial([], { vantage: 'lan', to: '192.0.2.80' });
    expect(path.disposition).toBe('exits');
    expect(path.hops.flatMap((h) => h.steps).find((s) => s.stage === 'outbound-nat')?.after?.source).toBe(
      wan,
    );
  });

  test('hybrid: an exception keeps the address', () => {
    const keep = stated('outboundNatRule', {
      firewall: 'pfsense',
      position: 0,
      interface: 'wan',
      isEnabled: true,
      isException: true,
      match: anyMatch,
      target: '',
    });
    const path = dial([box({ outboundNat: 'hybrid' }), keep], { vantage: 'lan', to: '192.0.2.80' });
    expect(path.hops.flatMap((h) => h.steps).some((s) => s.stage === 'outbound-nat')).toBe(false);
  });

  test('an answer by another firewall than the question finds no session', () => {
    const second = [
      stated('firewall', { ...box().value, name: 'second' }),
      stated('firewallInterface', { ...iface('lan', '10.0.20.2', '10.0.20.0/24').value, firewall: 'second' }),
      ...[1, 2, 3].map((n) =>
        stated('vantagePoint', {
          id: `n${n}`,
          kind: 'node' as const,
          clients: [],
          networks: [],
          cluster: 'home',
          node: `k8s-node${n}`,
          gateway: 'second',
        }),
      ),
    ];
    const path = dial(second);
    expect(path).toMatchObject({
      disposition: 'no-session',
      returnPath: { isAsymmetric: true, disposition: 'no-session' },
    });
  });

  test('two routers on the nodes\u2019 network and nobody says which: unknown', () => {
    const second = [
      stated('firewall', { ...box().value, name: 'second' }),
      stated('firewallInterface', { ...iface('lan', '10.0.20.2', '10.0.20.0/24').value, firewall: 'second' }),
    ];
    expect(dial(second).disposition).toBe('unknown');
  });

  test('an ISP\u2019s router in front: passes what it is told to pass, and no more', () => {
    const hop = (protocol: 'tcp' | 'udp') => [
      stated('publicAddress', { ip: ip(wan), firewall: 'pfsense', interface: 'wan', through: ['isp'] }),
      iface('wan', '192.168.100.2', '192.168.100.0/24', { blocksPrivate: false }),
      stated('unmanagedHop', {
        id: 'isp',
        reason: 'theirs',
        clientAddress: 'kept',
        forwards: [{ protocol, port: 443, to: ip('192.168.100.2') }],
      }),
    ];
    expect(dial([...local, ...hop('tcp')])).toMatchObject({ disposition: 'delivered', seenAs: client });
    expect(dial([...local, ...hop('udp')]).disposition).toBe('denied');
    const silent = stated('unmanagedHop', { id: 'isp', reason: 'theirs', clientAddress: 'kept' });
    expect(dial([...local, ...hop('tcp'), silent])).toMatchObject({
      disposition: 'unknown',
      gaps: [{ id: 'unmanaged/isp' }],
    });
  });
});

test('a route back into the firewall is a loop, and ends', () => {
  const back = [
    alias('nginx', ['10.66.0.1']),
    stated('gateway', {
      firewall: 'pfsense',
      name: 'SELF',
      interface: 'opt1',
      ip: ip('10.0.20.1'),
      isDefault: false,
      family: 4,
    }),
    stated('staticRoute', { firewall: 'pfsense', network: prefix('10.66.0.0/16'), gateway: 'SELF' }),
  ];
  expect(dial(back).disposition).toBe('loop');
});

test('the shared address is where the forward leads today', () => {
  expect(
    dial([])
      .hops.flatMap((h) => h.steps)
      .find((s) => s.stage === 'port-forward')?.after?.destination,
  ).toBe(vip);
});
