/* Whom each consumer takes the client for: forged headers, trust, PROXY protocol, parsers, allowlists, ban plugins. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';
import {
  alias,
  client,
  homeReader,
  ingress,
  localTraefik,
  middleware,
  route,
  stated,
  tunnelRule,
} from '#test/estates.ts';
import { lost } from '#test/variations/variation.ts';
import type { Flow } from './flow.ts';
import type { Identity } from './trace.ts';
import { walk } from './walk.ts';

const moved = [...localTraefik(), alias('nginx', ['10.0.20.203'])];
const web: Flow = {
  from: 'internet',
  family: 4,
  to: { name: dnsName('immich.example.org') },
  port: 443,
  protocol: 'tcp',
};
const forgedList = { headers: { 'x-forwarded-for': '192.0.2.66' } };
const trusting = (from: readonly string[], everyone = false) =>
  ingress({ forwardedHeaders: { from: from.map(prefix), everyone } });

function beliefs(add: readonly Fact[], flow: Partial<Flow> = {}): readonly Identity[] {
  return walk(homeReader({ add }), { ...web, ...flow }).traces[0]?.identities ?? [];
}

function of(all: readonly Identity[], consumer: Identity['consumer'], who?: string) {
  const found = all.find((i) => i.consumer === consumer && (who === undefined || i.who === who));
  return found && { client: found.client, is: found.is, ...(found.verdict && { verdict: found.verdict }) };
}

describe('X-Forwarded-For that a client forges', () => {
  const cases: readonly { name: string; add: readonly Fact[]; is: Partial<Identity> }[] = [
    { name: 'untrusted peer: deleted, set to the client', add: moved, is: { client, is: 'client' } },
    {
      name: 'untrusted node: deleted, set to the node',
      add: [],
      is: { client: ip('10.0.20.103'), is: 'node' },
    },
    {
      name: 'the node\u2019s range trusted under Cluster: believed',
      add: [trusting(['10.0.20.0/24'])],
      is: { client: ip('192.0.2.66'), is: 'forged' },
    },
    {
      name: 'the node\u2019s range trusted under Local: the client is not in it',
      add: [...moved, trusting(['10.0.20.0/24'])],
      is: { client, is: 'client' },
    },
    {
      name: 'insecure: believed always',
      add: [...moved, trusting([], true)],
      is: { client: ip('192.0.2.66'), is: 'forged' },
    },
  ];
  test.each(cases)('$name', (c) => {
    expect(of(beliefs(c.add, forgedList), 'x-forwarded-for')).toEqual(c.is);
  });

  test('the log and the ban list follow it: an innocent is banned', () => {
    const all = beliefs([trusting(['10.0.20.0/24'])], forgedList);
    expect(of(all, 'access-log', 'ClientAddr')).toEqual({ client: '10.0.20.103', is: 'node' });
    expect(of(all, 'access-log', 'ClientHost')).toEqual({ client: '192.0.2.66', is: 'forged' });
    expect(of(all, 'ban-list')).toEqual({ client: '192.0.2.66', is: 'forged', verdict: 'bans' });
  });

  test('CF-Connecting-IP passes untouched from anybody', () => {
    expect(of(beliefs(moved, { headers: { 'cf-connecting-ip': '192.0.2.66' } }), 'cf-connecting-ip')).toEqual(
      { client: '192.0.2.66', is: 'forged' },
    );
  });
});

describe('through the tunnel', () => {
  const proxied = { to: { name: dnsName('proxied.example.org') } };
  test('a trusted connector: the list tells the client, and what the client forged stands before it', () => {
    const add = [trusting(['10.10.0.0/16'])];
    expect(of(beliefs(add, proxied), 'x-forwarded-for')).toEqual({ client, is: 'client' });
    expect(of(beliefs(add, proxied), 'ban-list')).toEqual({ client, is: 'client', verdict: 'bans' });
    expect(of(beliefs(add, { ...proxied, ...forgedList }), 'x-forwarded-for')).toEqual({
      client: '192.0.2.66',
      is: 'forged',
    });
  });

  test('an untrusted one: the list holds the connector', () => {
    expect(of(beliefs([], proxied), 'x-forwarded-for')).toEqual({ client: '10.10.3.20', is: 'tunnel' });
  });

  test('the edge replaces a forged CF-Connecting-IP', () => {
    const forged = { ...proxied, headers: { 'cf-connecting-ip': '192.0.2.66' } };
    expect(of(beliefs([], forged), 'cf-connecting-ip')).toEqual({ client, is: 'client' });
  });

  test('by the shared address the connector hides behind its node', () => {
    expect(
      of(beliefs([tunnelRule(0, 'proxied.example.org', 'https://10.0.20.200')], proxied), 'socket'),
    ).toEqual({ client: '10.0.20.103', is: 'node' });
  });
});

describe('PROXY protocol from a bridge', () => {
  const bridge = (clientAddress: Kinds['unmanagedHop']['clientAddress']) => [
    stated('publicAddress', { ip: ip('203.0.113.99'), through: ['vps'] }),
    stated('unmanagedHop', {
      id: 'vps',
      reason: 'rented',
      ip: ip('10.0.20.60'),
      clientAddress,
      forwards: [
        { protocol: 'tcp', port: 443, to: ip('10.0.20.203') },
        { protocol: 'udp', port: 443, to: ip('10.0.20.203') },
      ],
    }),
  ];
  const via: Partial<Flow> = { to: { ip: ip('203.0.113.99') }, host: dnsName('immich.example.org') };
  const reads = (from: string) => ingress({ proxyProtocol: { from: [prefix(from)], everyone: false } });
  const cases: readonly {
    name: string;
    add: readonly Fact[];
    flow?: Partial<Flow>;
    proxy: unknown;
    listed: unknown;
  }[] = [
    {
      name: 'read from a trusted bridge',
      add: [...bridge('proxy-protocol'), reads('10.0.20.60/32')],
      proxy: { client, is: 'client' },
      listed: { client, is: 'client' },
    },
    {
      name: 'dropped from another',
      add: [...bridge('proxy-protocol'), reads('192.0.2.0/24')],
      proxy: { client: undefined, is: 'none' },
      listed: { client: '10.0.20.60', is: 'bridge' },
    },
    {
      name: 'on TCP only',
      add: [...bridge('proxy-protocol'), reads('10.0.20.60/32')],
      flow: { protocol: 'udp' },
      proxy: { client: undefined, is: 'none' },
      listed: { client: '10.0.20.60', is: 'bridge' },
    },
    {
      name: 'a plain bridge shows itself',
      add: bridge('own'),
      proxy: undefined,
      listed: { client: '10.0.20.60', is: 'bridge' },
    },
    {
      name: 'a bridge of which nothing is told',
      add: bridge('unknown'),
      proxy: undefined,
      listed: { client: undefined, is: 'unknown' },
    },
  ];
  test.each(cases)('$name', (c) => {
    const all = beliefs([...moved, ...c.add], { ...via, ...c.flow });
    expect(of(all, 'proxy-protocol')).toEqual(c.proxy);
    expect(of(all, 'x-forwarded-for')).toEqual(c.listed);
  });
});

describe('the ban list', () => {
  const engine = (readsAddressFrom: Kinds['banEngine']['readsAddressFrom']) =>
    stated('banEngine', { system: 'crowdsec/lapi', readsAddressFrom });
  const allowed = (layer: Kinds['banAllowlist']['layer'], range: string) =>
    stated('banAllowlist', {
      system: 'crowdsec/lapi',
      name: 'family',
      layer,
      ranges: [prefix(range)],
      other: ['me@example.org'],
    });
  const throughTunnel = { to: { name: dnsName('proxied.example.org') }, ...forgedList };
  const cases: readonly { name: string; add: readonly Fact[]; flow?: Partial<Flow>; is: unknown }[] = [
    {
      name: 'parsers before 2023-08 read the peer',
      add: [trusting(['10.10.0.0/16']), engine('ClientAddr')],
      flow: throughTunnel,
      is: { client: '10.10.3.20', is: 'tunnel', verdict: 'ignores' },
    },
    {
      name: 'then the whole list, which is no address',
      add: [trusting(['10.10.0.0/16']), engine('ClientHost')],
      flow: throughTunnel,
      is: { client: undefined, is: 'none', verdict: 'ignores' },
    },
    {
      name: 'and since 2026-01 its last entry',
      add: [trusting(['10.10.0.0/16']), engine('ClientHost-last')],
      flow: throughTunnel,
      is: { client, is: 'client', verdict: 'bans' },
    },
    {
      name: 'a parser of which nothing is known',
      add: [engine('unknown')],
      is: { client: undefined, is: 'unknown', verdict: 'unknown' },
    },
    {
      name: 'an allowlist by LAPI',
      add: [...moved, allowed('lapi', '198.51.100.0/24')],
      is: { client, is: 'client', verdict: 'ignores' },
    },
    {
      name: 'no log, no bans',
      add: [ingress({}, { accessLog: undefined } as never)],
      is: { client: undefined, is: 'none', verdict: 'ignores' },
    },
    {
      name: 'CLF has the peer where no list is kept',
      add: [...moved, ingress({}, { accessLog: { format: 'clf', keepsHeaders: false } })],
      is: { client, is: 'client', verdict: 'bans' },
    },
  ];
  test.each(cases)('$name', (c) => {
    expect(of(beliefs(c.add, c.flow), 'ban-list')).toEqual(c.is);
  });

  const guarded = [
    middleware('crowdsec', { kind: 'ban-list', plugin: 'bouncer', trustedPeers: [prefix('10.10.0.0/16')] }),
    route('immich', 'immich.example.org', { middlewares: ['traefik/crowdsec'] }),
    route('proxied', 'proxied.example.org', { middlewares: ['traefik/crowdsec'] }),
  ];
  const ban = (value: string, scope = 'Ip') =>
    stated('banDecision', { system: 'crowdsec/lapi', id: value, scope, value, type: 'ban', origin: 'cscli' });
  test('its plugin refuses a banned client only if it sees it', () => {
    expect(of(beliefs([...guarded, ban(client)]), 'ban-list', 'traefik/crowdsec')).toMatchObject({
      client: '10.0.20.103',
      verdict: 'pass',
    });
    expect(of(beliefs([...guarded, ...moved, ban(client)]), 'ban-list', 'traefik/crowdsec')).toMatchObject({
      client,
      verdict: 'refuse',
    });
    expect(
      of(beliefs([...guarded, ...moved, ban('198.51.100.0/24', 'Range')]), 'ban-list', 'traefik/crowdsec'),
    ).toMatchObject({ verdict: 'refuse' });
    expect(walk(homeReader({ add: [...guarded, ...moved, ban(client)] }), web).traces[0]?.disposition).toBe(
      'denied',
    );
  });

  test('the plugin believes the list of the peers that it trusts itself', () => {
    const flow = { to: { name: dnsName('proxied.example.org') } };
    expect(
      of(beliefs([...guarded, trusting(['10.10.0.0/16'])], flow), 'ban-list', 'traefik/crowdsec'),
    ).toMatchObject({ client });
    expect(of(beliefs(guarded, flow), 'ban-list', 'traefik/crowdsec')).toMatchObject({
      client: '10.10.3.20',
    });
  });
});

describe('depth', () => {
  const deep = (depth: number) => [
    middleware('deep', { kind: 'ip-allow-list', ranges: [prefix('198.51.100.0/24')], depth }),
    route('proxied', 'proxied.example.org', { middlewares: ['traefik/deep'] }),
    trusting(['10.10.0.0/16']),
  ];
  const flow = { to: { name: dnsName('proxied.example.org') }, ...forgedList };
  test.each([
    [0, { client: '10.10.3.20', is: 'tunnel', verdict: 'refuse' }],
    [1, { client, is: 'client', verdict: 'pass' }],
    [2, { client: '192.0.2.66', is: 'forged', verdict: 'refuse' }],
    [3, { client: undefined, is: 'none', verdict: 'refuse' }],
  ] as const)('%i', (depth, is) => {
    expect(of(beliefs(deep(depth), flow), 'allowlist')).toEqual(is);
  });
});

test('an unknown pod network hides the address, and everything that hangs on it is unknown', () => {
  const hidden = stated('podNetwork', { cluster: 'home', program: 'unknown', encapsulation: 'unknown' });
  const reader = homeReader({ add: [hidden] });
  const [trace] = walk(reader, web).traces;
  expect(trace?.seenAs).toBeUndefined();
  expect(trace?.gaps[0]?.kinds).toEqual(['podNetwork']);
  expect(
    trace?.identities.filter((i) => i.consumer !== 'cf-connecting-ip').every((i) => i.is === 'unknown'),
  ).toBe(true);
});

describe('ban lists', () => {
  const decision = (scope: string, value: string) =>
    stated('banDecision', { system: 'crowdsec/lapi', id: '1', scope, value, type: 'ban', origin: 'cscli' });
  const bouncer = middleware('bouncer', { kind: 'ban-list', plugin: 'bouncer', trustedPeers: [] });
  const guarded = route('immich', 'immich.example.org', { middlewares: ['traefik/bouncer'] });
  const refuses = (...decisions: readonly Fact[]) =>
    of(beliefs([...moved, bouncer, guarded, ...decisions]), 'ban-list', 'traefik/bouncer')?.verdict;
  test.each([
    ['an address', decision('Ip', client), 'refuse'],
    ['a range', decision('Range', '198.51.100.0/24'), 'refuse'],
    ['another address', decision('Ip', '198.51.100.8'), 'pass'],
    ['a name that looks like the address', decision('Username', client), 'pass'],
    ['a name that looks like a range', decision('Username', '198.51.100.0/24'), 'pass'],
  ] as const)('a decision about %s', (_name, fact, verdict) => {
    expect(refuses(fact)).toBe(verdict);
  });

  test('what was not read may hold the client', () => {
    const gaps = [lost('banAllowlist', 'crowdsec/lapi')];
    const [trace] = walk(homeReader({ add: moved, gaps }), web).traces;
    expect(of(trace?.identities ?? [], 'ban-list')).toEqual({ client, is: 'client', verdict: 'unknown' });
    const others = [lost('banAllowlist', 'other/engine')];
    const [known] = walk(homeReader({ add: moved, gaps: others }), web).traces;
    expect(of(known?.identities ?? [], 'ban-list')?.verdict).toBe('bans');
  });
});

test('a client that writes its own address forges it none the less', () => {
  const own = { headers: { 'cf-connecting-ip': client } };
  expect(of(beliefs(moved, own), 'cf-connecting-ip')).toEqual({ client, is: 'forged' });
});
