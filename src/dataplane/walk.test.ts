/* The walk as a whole: the founding observation, the same after the move, tunnels, and the golden text of one trace. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';
import {
  alias,
  client,
  homeReader,
  localTraefik,
  middleware,
  pod,
  record,
  route,
  stated,
  traefik,
  tunnelRule,
  vip,
} from '#test/estates.ts';
import type { Flow } from './flow.ts';
import type { Identity, Trace } from './trace.ts';
import { memoWalker, walk } from './walk.ts';

const web: Flow = {
  from: 'internet',
  family: 4,
  to: { name: dnsName('immich.example.org') },
  port: 443,
  protocol: 'tcp',
};

function traces(add: readonly Fact[] = [], flow: Partial<Flow> = {}): readonly Trace[] {
  return walk(homeReader({ add }), { ...web, ...flow }).traces;
}

function believed(
  trace: Trace | undefined,
  consumer: Identity['consumer'],
  who?: string,
): Identity | undefined {
  return trace?.identities.find((i) => i.consumer === consumer && (who === undefined || i.who === who));
}

const moved = [...localTraefik(), alias('nginx', ['10.0.20.203'])];

const onlyNode3 = stated('announcing', {
  cluster: 'home',
  program: 'metallb',
  version: '0.15.2',
  ignoreExcludeLabel: false,
  speakerNodes: ['k8s-node3'],
});

describe('the founding observation', () => {
  test('Cluster on the shared address: every pod sees the announcing node', () => {
    const all = traces();
    expect(all.map((t) => [t.disposition, t.reached?.pod, t.seenAs])).toEqual([
      ['delivered', 'home/traefik/traefik-1', '10.0.20.103'],
      ['delivered', 'home/traefik/traefik-2', '10.0.20.103'],
    ]);
    expect(believed(all[0], 'socket')).toMatchObject({ client: '10.0.20.103', is: 'node' });
    expect(believed(all[0], 'ban-list')).toMatchObject({ client: '10.0.20.103', verdict: 'ignores' });
  });

  test('Local on an address of its own: one pod, which sees the client', () => {
    const all = traces(moved);
    expect(all.map((t) => [t.disposition, t.seenAs, t.returnPath?.disposition])).toEqual([
      ['delivered', client, 'delivered'],
    ]);
    expect(believed(all[0], 'socket')).toMatchObject({ client, is: 'client' });
    expect(believed(all[0], 'ban-list')).toMatchObject({ client, verdict: 'bans' });
    expect(all[0]?.quic).toMatchObject({ completes: 'yes', onRebinding: 'survives' });
  });

  test('the whole trace in words', () => {
    const [trace] = traces();
    const said = trace?.hops.flatMap((h) => h.steps.map((s) => `${h.host}: ${s.says}`));
    const back = trace?.returnPath?.hops.flatMap((h) => h.steps.map((s) => `${h.host}: ${s.says}`));
    expect([...(said ?? []), '--', ...(back ?? [])].join('\n')).toMatchSnapshot();
  });
});

describe('around it', () => {
  const cases: readonly {
    name: string;
    add?: readonly Fact[];
    flow?: Partial<Flow>;
    ends: readonly string[];
  }[] = [
    {
      name: 'HTTP/3 to the same name arrives too',
      flow: { protocol: 'udp' },
      ends: ['delivered', 'delivered'],
    },
    { name: 'port 80 is redirected', flow: { port: 80 }, ends: ['delivered', 'delivered'] },
    {
      name: 'a host without route',
      flow: { host: dnsName('nobody.example.org') },
      ends: ['rejected', 'rejected'],
    },
    {
      name: 'a name that is not there',
      flow: { to: { name: dnsName('gone.example.org') } },
      ends: ['no-name'],
    },
    { name: 'no AAAA', flow: { family: 6 }, ends: ['no-name'] },
    { name: 'a port nobody forwards', flow: { port: 22 }, ends: ['denied'] },
    { name: 'a private address from outside', flow: { to: { ip: vip } }, ends: ['no-route'] },
    { name: 'somebody else\u2019s address', flow: { to: { ip: ip('192.0.2.80') } }, ends: ['exits'] },
    {
      name: 'an address of the pool that nobody has',
      flow: { from: 'near', to: { ip: ip('10.0.20.205') } },
      ends: ['no-announcer'],
    },
    {
      name: 'a port that no Service serves there',
      flow: { from: 'near', to: { ip: vip }, port: 9999 },
      ends: ['no-listener'],
    },
    {
      name: 'a stranger on the network',
      flow: { from: 'near', to: { ip: ip('10.0.20.77') } },
      ends: ['unknown'],
    },
    {
      name: 'a NodePort',
      flow: {
        from: 'near',
        to: { ip: ip('10.0.20.102') },
        host: dnsName('immich.example.org'),
        port: 30_443,
      },
      ends: ['delivered', 'delivered'],
    },
    {
      name: 'the database from the LAN',
      flow: { from: 'lan', to: { ip: vip }, port: 5432 },
      ends: ['delivered'],
    },
    {
      name: 'no ready endpoint behind the route',
      add: [route('immich', 'immich.example.org', { backend: { service: 'apps/none', port: 80 } })],
      ends: ['no-endpoint', 'no-endpoint'],
    },
    {
      name: 'Local where another Service keeps the address on a node without a pod',
      add: [traefik({ externalPolicy: 'local' }), onlyNode3],
      ends: ['no-endpoint'],
    },
    {
      name: 'Local without a pod on any candidate: nobody announces',
      add: [...moved, onlyNode3],
      ends: ['no-announcer'],
    },
    {
      name: 'source ranges shut out',
      add: [traefik({ sourceRanges: [prefix('192.168.1.0/24')] })],
      ends: ['denied'],
    },
  ];
  test.each(cases)('$name', ({ add, flow, ends }) => {
    expect(traces(add, flow).map((t) => t.disposition)).toEqual(ends);
  });

  test('pods and nodes take the short cut: no firewall, no announcement', () => {
    for (const from of ['pod', 'node']) {
      const all = traces(moved.concat(record('dns/technitium', 'example.org', 'A', ['10.0.20.203'])), {
        from,
      });
      expect(
        all.map((t) => t.disposition),
        from,
      ).toEqual(['delivered', 'delivered']);
      const hosts = all.flatMap((t) => t.hops.map((h) => h.host));
      expect(
        hosts.some((h) => h.startsWith('firewall/')),
        from,
      ).toBe(false);
    }
  });

  test('a pod with hostAliases dials what they say, whatever DNS says', () => {
    const aliased = pod('apps/cron-1', '10.10.1.33', 1, {
      hostAliases: [{ ip: ip('10.0.20.204'), names: ['immich.example.org'] }],
    });
    const [trace] = traces([aliased], { from: 'pod' });
    expect(trace).toMatchObject({ dialled: '10.0.20.204', disposition: 'no-announcer' });
  });
});

describe('tunnel', () => {
  const proxied = { to: { name: dnsName('proxied.example.org') } };

  test('the origin by Service name is dialled from the connector\u2019s pod, and the edge tells the client', () => {
    const all = traces([], proxied);
    expect(all.map((t) => [t.disposition, t.dialled, t.seenAs])).toEqual([
      ['delivered', '10.96.0.80', '10.10.3.20'],
      ['delivered', '10.96.0.80', '10.10.3.20'],
    ]);
    expect(believed(all[0], 'socket')?.is).toBe('tunnel');
    expect(believed(all[0], 'cf-connecting-ip')).toMatchObject({ client, is: 'client' });
  });

  test('the origin by the shared address breaks when the ingress leaves it; by name it does not', () => {
    const byAddress = tunnelRule(0, 'proxied.example.org', 'https://10.0.20.200:443');
    expect(traces([byAddress], proxied).map((t) => t.disposition)).toEqual(['delivered', 'delivered']);
    expect(traces([byAddress, ...moved], proxied).map((t) => t.disposition)).toEqual(['no-listener']);
    expect(traces(moved, proxied).map((t) => t.disposition)).toEqual(['delivered', 'delivered']);
  });

  test('an edge is a vantage point of its own; names without a rule get its 404', () => {
    expect(traces([], { ...proxied, from: 'edge' }).map((t) => t.disposition)).toEqual([
      'delivered',
      'delivered',
    ]);
    expect(traces([], { from: 'edge' }).map((t) => t.disposition)).toEqual(['rejected']);
  });

  test('a proxied address is dialled by the edge from outside', () => {
    const byAddress = record('dns/cloudflare', 'immich.example.org', 'A', ['203.0.113.10'], {
      isProxied: true,
    });
    const [trace] = traces([byAddress, ...moved]);
    expect(trace).toMatchObject({ disposition: 'delivered', seenAs: '173.245.48.1' });
    expect(believed(trace, 'socket')?.is).toBe('tunnel');
    expect(believed(trace, 'cf-connecting-ip')).toMatchObject({ client, is: 'client' });
  });
});

describe('IPv6 by a bridge that takes TCP only', () => {
  const bridged: readonly Fact[] = [
    record('dns/cloudflare', 'immich.example.org', 'AAAA', ['2001:db8:5::10'], { isProxied: false }),
    stated('publicAddress', { ip: ip('2001:db8:5::10'), through: ['vps'] }),
    stated('unmanagedHop', {
      id: 'vps',
      reason: 'a rented machine',
      ip: ip('10.0.20.60'),
      clientAddress: 'own',
      forwards: [{ protocol: 'tcp', port: 443, to: vip }],
    }),
    stated('vantagePoint', {
      id: 'internet',
      kind: 'internet',
      clients: [client, ip('2001:db8:7::7')],
      networks: [],
    }),
  ];

  test('HTTPS works as the bridge, HTTP/3 does not complete, IPv4 is another matter', () => {
    const [six] = traces(bridged, { family: 6 });
    expect(six).toMatchObject({ disposition: 'delivered', quic: { isOffered: true, completes: 'no' } });
    expect(six?.quic?.says).toContain('vps is not said to pass on 443/udp');
    expect(traces(bridged)[0]?.quic?.completes).toBe('yes');
  });

  test('Local shows the bridge, not the client', () => {
    const to203 = stated('unmanagedHop', {
      id: 'vps',
      reason: 'a rented machine',
      ip: ip('10.0.20.60'),
      clientAddress: 'own',
      forwards: [{ protocol: 'tcp', port: 443, to: ip('10.0.20.203') }],
    });
    const [trace] = traces([...bridged, ...moved, to203], { family: 6 });
    expect(trace).toMatchObject({ seenAs: '10.0.20.60', disposition: 'delivered' });
    expect(believed(trace, 'socket')?.is).toBe('bridge');
  });
});

describe('what middlewares decide', () => {
  const localOnly = middleware('local-only', {
    kind: 'ip-allow-list',
    ranges: [prefix('10.0.20.0/22'), prefix('192.168.1.0/24')],
    depth: 0,
  });
  const limit = middleware('rate-limit', {
    kind: 'rate-limit',
    average: 100,
    burst: 200,
    periodMs: 1000,
    depth: 0,
  });
  const guarded = route('immich', 'immich.example.org', {
    middlewares: ['traefik/rate-limit', 'traefik/local-only'],
  });
  const facts = [localOnly, limit, guarded];

  test('under Cluster local-only lets the Internet in and everybody shares one bucket', () => {
    const [trace] = traces(facts);
    expect(trace?.disposition).toBe('delivered');
    expect(believed(trace, 'allowlist')).toMatchObject({
      verdict: 'pass',
      client: '10.0.20.103',
      is: 'node',
    });
    expect(believed(trace, 'rate-limit')).toMatchObject({ verdict: 'one-bucket' });
  });

  test('under Local it refuses, and counts each client', () => {
    const [trace] = traces([...facts, ...moved]);
    expect(trace?.disposition).toBe('denied');
    expect(believed(trace, 'allowlist')).toMatchObject({ verdict: 'refuse', client });
    expect(believed(trace, 'rate-limit')).toMatchObject({ verdict: 'per-client' });
  });

  test('a chain is taken apart, a chain of itself ends', () => {
    const chain = middleware('all', { kind: 'chain', of: ['local-only', 'traefik/all'] });
    const chained = route('immich', 'immich.example.org', { middlewares: ['traefik/all'] });
    const [trace] = traces([localOnly, chain, chained]);
    expect(believed(trace, 'allowlist')?.who).toBe('traefik/local-only');
  });
});

test('a memoising walker says what a fresh walk says', () => {
  const reader = homeReader();
  const memo = memoWalker(reader);
  const flows: readonly Flow[] = [
    web,
    { ...web, protocol: 'udp' },
    { ...web, from: 'lan' },
    { ...web, headers: { 'x-forwarded-for': '192.0.2.1' } },
  ];
  for (const flow of [...flows, ...flows]) expect(memo.walk(flow)).toEqual(walk(reader, flow));
});
