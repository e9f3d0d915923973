/* Flows that an edge takes: which tunnel and rule, how origins are read, what the connector or the edge itself dials and tells. */
import { describe, expect, test } from 'vitest';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import {
  homeReader,
  ingress,
  middleware,
  record,
  route,
  service,
  slice,
  stated,
  tunnelRule,
  vantage,
  zone,
} from '#test/estates.ts';
import { lost } from '#test/variations/variation.ts';
import { gapIds, tracesOf } from '#test/walked.ts';
import type { Flow } from './flow.ts';
import type { Trace } from './trace.ts';
import { chooseRule, chooseTunnel, parseOrigin } from './tunnel.ts';

const proxied = { to: { name: dnsName('proxied.example.org') } };
const noRules = ['tunnelRule:home/00000', 'tunnelRule:home/00009'] as const;

function first(
  add: readonly Fact[],
  flow: Partial<Flow> = proxied,
  more: { readonly gaps?: readonly Gap[] } = {},
): Trace {
  const [trace] = tracesOf({ add, ...more }, flow);
  if (!trace) throw new Error('a walk is never empty');
  return trace;
}
const origin = (text: string) => tunnelRule(0, 'proxied.example.org', text);

describe('an origin as it is written', () => {
  const other = (text: string) => ({ kind: 'other', text });
  test.each([
    ['http_status:503', { kind: 'status', code: 503 }],
    ['https://10.0.20.200', { kind: 'address', host: { ip: '10.0.20.200' }, port: 443 }],
    ['http://10.0.20.200:8080/x', { kind: 'address', host: { ip: '10.0.20.200' }, port: 8080 }],
    ['HTTPS://[fd00::1]', { kind: 'address', host: { ip: 'fd00::1' }, port: 443 }],
    ['ssh://Host.example.org', { kind: 'address', host: { name: 'host.example.org' }, port: 22 }],
    ['wss://app', { kind: 'address', host: { name: 'app' }, port: 443 }],
    ['odd://app:9', { kind: 'address', host: { name: 'app' }, port: 9 }],
    ['odd://app', other('odd://app')],
    ['unix:/run/app.sock', other('unix:/run/app.sock')],
    ['https://not_a name', other('https://not_a name')],
    ['https://[]', other('https://[]')],
    ['hello_world', other('hello_world')],
  ])('%s', (text, is) => {
    expect(parseOrigin(text)).toEqual(is);
  });
});

describe('the rule', () => {
  const withPath = (position: number, hostname: string | undefined, path: string, to: string) =>
    stated('tunnelRule', { ...tunnelRule(position, hostname, to).value, path });
  const rule = (add: readonly Fact[], host = 'proxied.example.org', path = '/') => {
    const found = chooseRule(homeReader({ add, without: noRules }), 'home', dnsName(host), path);
    return found.kind === 'rule'
      ? found.rule.value.service
      : found.kind === 'gap'
        ? found.gap.id
        : found.kind;
  };
  const [a, b] = ['http_status:201', 'http_status:202'];
  // `without` is taken away after `add`, so the rules here stand on other positions.
  test.each([
    ['in their order', [tunnelRule(1, '*.example.org', a), tunnelRule(2, 'proxied.example.org', b)], a],
    ['a wildcard of any depth', [tunnelRule(1, '*.org', a)], a],
    ['a wildcard is not the name itself', [tunnelRule(1, '*.proxied.example.org', a)], 'none'],
    ['a star inside a label is no wildcard', [tunnelRule(1, '*oxied.example.org', a)], 'none'],
    ['another name', [tunnelRule(1, 'else.example.org', a)], 'none'],
    ['any host', [tunnelRule(1, '*', a)], a],
    ['letters of any case', [tunnelRule(1, 'Proxied.Example.Org', a)], a],
    ['a path that holds', [withPath(1, undefined, '^/$', a), tunnelRule(2, undefined, b)], a],
    ['a path that does not', [withPath(1, undefined, '^/x$', a), tunnelRule(2, undefined, b)], b],
    ['an empty path', [withPath(1, undefined, '', a)], a],
    ['a path that cannot be read', [withPath(1, undefined, '(', a)], 'tunnel/home/rule/1'],
  ] as const)('%s', (_name, add, is) => {
    expect(rule(add)).toBe(is);
  });

  test('of a tunnel that nobody told', () => {
    const found = chooseRule(homeReader(), 'away', dnsName('proxied.example.org'), '/');
    expect(found).toMatchObject({ kind: 'gap', gap: { id: 'tunnel/away' } });
  });
});

describe('the tunnel', () => {
  const second = [
    stated('tunnel', {
      name: 'away',
      isRemotelyManaged: true,
      version: 1,
      connector: 'home/cloudflared/cloudflared',
    }),
    stated('tunnelRule', { tunnel: 'away', position: 0, service: 'http_status:203', noTlsVerify: true }),
  ];
  const chosen = (
    host: string,
    add: readonly Fact[],
    gaps: readonly Gap[],
    without: readonly Fact['key'][] = [],
  ) => {
    const found = chooseTunnel(homeReader({ add, gaps, without }), dnsName(host), '/');
    return found.kind === 'rule' ? found.name : found.kind === 'gap' ? found.gap.id : found.kind;
  };
  const all = [...noRules, 'tunnel:home'] as const;
  test.each([
    ['whose rule names the host', 'proxied.example.org', second, [], [], 'home'],
    ['else the first that takes everything', 'else.example.org', second, [], [], 'away'],
    [
      'unless one that was not read may name it',
      'else.example.org',
      second,
      [lost('tunnel', 'tunnel/third')],
      [],
      'lost/tunnel',
    ],
    [
      'or a rule that was not read',
      'else.example.org',
      second,
      [lost('tunnelRule', 'tunnel/third')],
      [],
      'lost/tunnelRule',
    ],
    ['none', 'proxied.example.org', [], [], all, 'none'],
    ['none that was read', 'proxied.example.org', [], [lost('tunnel', 'tunnel/third')], all, 'lost/tunnel'],
  ] as const)('%s', (_name, host, add, gaps, without, is) => {
    expect(chosen(host, add, gaps, without)).toBe(is);
  });

  test('an edge whose tunnel has no rule for the name', () => {
    const [trace] = tracesOf({ without: noRules }, { ...proxied, from: 'edge' });
    expect(gapIds(trace ?? { gaps: [] })).toEqual(['tunnel/proxied.example.org']);
  });

  test('what a gap of the snapshot rests on is said', () => {
    const evidence = { file: 'tunnels.json' };
    const gap: Gap = { ...lost('tunnelRule', 'tunnel/home'), evidence };
    const trace = first([], proxied, { gaps: [gap] });
    expect(trace.hops.flatMap((h) => h.steps.flatMap((s) => s.because))).toContainEqual(evidence);
  });
});

describe('what the connector dials', () => {
  test.each([
    ['a Service by its short name', 'https://traefik.traefik:443', 'delivered', '10.96.0.80'],
    ['a Service by svc', 'https://traefik.traefik.svc:443', 'delivered', '10.96.0.80'],
    [
      'a Service by its whole name',
      'https://traefik.traefik.svc.cluster.local:443',
      'delivered',
      '10.96.0.80',
    ],
    ['a name that only begins like one', 'https://traefik.traefik.lan:443', 'unknown', undefined],
    ['a name that has svc in it', 'https://traefik.traefik.svc.example.org:443', 'delivered', '10.0.20.200'],
    ['a name that is not there', 'https://gone.traefik.svc.cluster.local:443', 'no-name', undefined],
  ])('%s', (_name, text, ends, dialled) => {
    const trace = first([origin(text)]);
    expect([trace.disposition, trace.dialled]).toEqual([ends, dialled]);
    expect(trace.gaps.length).toBe(ends === 'unknown' ? 1 : 0);
  });

  test('a name of its own namespace', () => {
    const own = service('cloudflared/app', {
      clusterIps: [ip('10.96.0.70')],
      ports: [{ name: 'x', port: 80, protocol: 'tcp', targetPort: 80 }],
    });
    const at = slice('cloudflared/app', [['10.10.3.7', 3]], [{ name: 'x', port: 80, protocol: 'tcp' }]);
    expect(first([origin('http://app'), own, at]).dialled).toBe('10.96.0.70');
  });

  test('a name that is proxied itself', () => {
    const add = [
      origin('https://again.example.net'),
      zone('dns/cloudflare', 'example.net', true),
      record('dns/cloudflare', 'again.example.net', 'A', ['203.0.113.10'], {
        zone: dnsName('example.net'),
        isProxied: true,
      }),
    ];
    expect(gapIds(first(add))).toEqual(['tunnel/home/origin']);
  });
});

describe('what the request says', () => {
  const at = (path: string) => {
    const exact = (name: string, value: string) =>
      route(name, 'proxied.example.org', {
        match: { hosts: ['proxied.example.org'], path: { type: 'exact', value }, isComplete: true },
        priority: 9,
      });
    const trace = first([exact('root', '/'), exact('deep', '/deep')], { ...proxied, ...(path && { path }) });
    return trace.application?.route;
  };
  test.each([
    ['', 'route:home/IngressRoute/apps/root'],
    ['/', 'route:home/IngressRoute/apps/root'],
    ['/deep', 'route:home/IngressRoute/apps/deep'],
    ['/else', 'route:home/IngressRoute/apps/proxied'],
  ])('path %j', (path, is) => {
    expect(at(path)).toBe(is);
  });

  test('a rule for the root alone is asked for the root', () => {
    const add = [stated('tunnelRule', { ...origin('http_status:204').value, path: '^/$' })];
    const told = (trace: Trace) => trace.hops.flatMap((h) => h.steps.map((s) => s.says)).join();
    expect(told(first(add))).toContain('leads to http_status:204');
    expect(told(first(add, { ...proxied, path: '/x' }))).toContain('leads to http_status:404');
  });

  const edgeTells = (add: readonly Fact[]) => {
    const told = first(add, { ...proxied, from: 'edge' }).identities.find(
      (i) => i.consumer === 'cf-connecting-ip',
    );
    return [told?.client, told?.is];
  };
  test('the edge tells the client', () => {
    expect(edgeTells([])).toEqual(['198.51.100.61', 'client']);
    expect(edgeTells([vantage('edge', 'tunnel-edge', ['2001:db8:7::61'], { tunnel: 'home' })])).toEqual([
      '2001:db8:7::61',
      'client',
    ]);
  });
  test('and leaves the list as it came, where it knows no client', () => {
    const add = [
      ingress({ forwardedHeaders: { from: [], everyone: true } }),
      middleware('last', { kind: 'rate-limit', average: 1, burst: 1, periodMs: 1000, depth: 1 }),
      route('proxied', 'proxied.example.org', { middlewares: ['traefik/last'] }),
      vantage('edge', 'tunnel-edge', [], { tunnel: 'home' }),
    ];
    const headers = { 'x-forwarded-for': '192.0.2.66' };
    const { identities } = first(add, { ...proxied, from: 'edge', headers });
    expect(identities.find((i) => i.consumer === 'rate-limit')?.client).toBe('192.0.2.66');
  });

  test('of a client without an address it tells nothing', () => {
    expect(edgeTells([vantage('edge', 'tunnel-edge', [], { tunnel: 'home' })])).toEqual([undefined, 'none']);
  });

  test('a host of its own', () => {
    const other = { host: dnsName('immich.example.org') };
    const both = [tunnelRule(1, 'immich.example.org', 'http_status:205')];
    const ruleOf = (flow: Partial<Flow>) =>
      first(both, flow)
        .hops.flatMap((h) => h.steps.map((s) => s.says))
        .find((s) => s.startsWith('Tunnel'));
    expect(ruleOf({ ...proxied, ...other })).toContain('immich.example.org');
    expect(ruleOf({ ...proxied, ...other, from: 'edge' })).toContain('immich.example.org');
    expect(ruleOf({ ...proxied, from: 'edge' })).toContain('proxied.example.org');
  });
});

describe('what the edge itself dials', () => {
  const without = ['recordSet:dns/cloudflare||example.org|proxied.example.org|CNAME'] as const;
  const recordOf = (type: 'A' | 'CNAME', value: string) => [
    record('dns/cloudflare', 'proxied.example.org', type, [value], { isProxied: true }),
  ];
  const dialledBy = (add: readonly Fact[]) => {
    const isAddress = add[0]?.key.endsWith('|A');
    return tracesOf({ add, ...(isAddress && { without }) }, proxied)[0];
  };
  const behind = (more: Partial<Kinds['recordSet']> = {}) =>
    record('dns/cloudflare', 'origin.example.org', 'A', ['203.0.113.10'], more);
  test.each([
    ['an address', recordOf('A', '203.0.113.10'), 'delivered', '203.0.113.10'],
    ['a name', [...recordOf('CNAME', 'origin.example.org'), behind()], 'delivered', '203.0.113.10'],
    [
      'a name that is proxied again',
      [...recordOf('CNAME', 'origin.example.org'), behind({ isProxied: true })],
      'loop',
      undefined,
    ],
    ['a name that is not there', recordOf('CNAME', 'gone.example.org'), 'no-name', undefined],
    [
      'what is no name: the tunnel that takes the host',
      recordOf('CNAME', 'no name'),
      'delivered',
      '10.96.0.80',
    ],
  ] as const)('%s', (_name, add, ends, dialled) => {
    const trace = dialledBy(add);
    expect([trace?.disposition, trace?.dialled]).toEqual([ends, dialled]);
  });

  test('and says by which record', () => {
    const hops = dialledBy(recordOf('A', '203.0.113.10'))?.hops ?? [];
    const steps = hops.flatMap((h) => (h.host === 'edge/cloudflare' ? h.steps : []));
    expect(steps[0]?.because).toEqual(recordOf('A', '203.0.113.10').map((f) => f.evidence));
  });
});
