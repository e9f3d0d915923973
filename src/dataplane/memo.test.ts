/* A walker of one state: each question of each stage is answered once, and only like questions share an answer. */
import { describe, expect, test } from 'vitest';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';
import { homeReader, ingress, middleware, route, tunnelRule, vip } from '#test/estates.ts';
import { web } from '#test/variations/variation.ts';
import type { Flow } from './flow.ts';
import type { IngressResult } from './ingress.ts';
import { hasArrived, type PathInput, type PathTrace } from './path.ts';
import { memoWalker, pathKey, walk } from './walk.ts';

const input: PathInput = { vantage: 'near', family: 4, ip: vip, port: 443, protocol: 'tcp' };

describe('the same question', () => {
  const memo = memoWalker(homeReader());
  const { stages } = memo;
  const name = dnsName('immich.example.org');

  function arrived(): readonly [PathTrace, IngressResult] {
    const [path] = stages.path(input);
    if (!path || !hasArrived(path)) throw new Error('it arrives');
    const request = { host: name, path: '/', headers: {}, forged: {}, protocol: 'tcp' } as const;
    return [path, stages.ingress(path, request, stages.ingressAt(path.reached))];
  }

  test('of a whole flow gets the same walk', () => {
    const flow = web();
    expect(memo.walk(flow)).toBe(memo.walk(flow));
  });

  test('of a name gets the same answers', () => {
    expect(stages.resolve('lan', name, 4)).toBe(stages.resolve('lan', name, 4));
  });

  test('of a path gets the same path', () => {
    expect(stages.path({ ...input })).toBe(stages.path({ ...input }));
  });

  test('of HTTP/3 gets the same answer', () => {
    expect(stages.quic(...arrived())).toBe(stages.quic(...arrived()));
  });

  test('of two names with one route\u2019s middlewares: beliefs are found once', () => {
    const plain = memo.walk(web()).traces[0]?.identities;
    expect(memo.walk(web({ path: '/x' })).traces[0]?.identities).toBe(plain);
  });
});

describe('another question', () => {
  test.each([
    [{ ...input, vantage: 'lan' }],
    [{ ...input, source: ip('10.0.20.51') }],
    [{ ...input, family: 6 as const }],
    [{ ...input, ip: ip('10.0.20.201') }],
    [{ ...input, port: 80 }],
    [{ ...input, protocol: 'udp' as const }],
  ])('%j has another key', (other) => {
    expect(pathKey(other)).not.toBe(pathKey(input));
  });

  const limited = [
    ingress({ forwardedHeaders: { from: [], everyone: true } }),
    middleware('limit', { kind: 'rate-limit', average: 1, burst: 1, periodMs: 1000, depth: 0 }),
    middleware('local', { kind: 'ip-allow-list', ranges: [prefix('10.0.0.0/8')], depth: 1 }),
    route('limited', 'limited.example.org', { middlewares: ['traefik/limit'] }),
    route('local', 'local.example.org', { middlewares: ['traefik/local'] }),
    route('deep', 'immich.example.org', {
      match: { hosts: ['immich.example.org'], path: { type: 'exact', value: '/deep' }, isComplete: true },
      backend: { service: 'apps/none', port: 80 },
      priority: 9,
    }),
    tunnelRule(0, 'proxied.example.org', 'https://10.0.20.200:443'),
  ];
  const at = (host: string, more: Partial<Flow> = {}) =>
    web({ from: 'near', to: { ip: vip }, host: dnsName(host), ...more });
  const flows: readonly Flow[] = [
    at('immich.example.org'),
    at('immich.example.org', { path: '/deep' }),
    at('immich.example.org', { path: '/' }),
    at('limited.example.org'),
    at('local.example.org'),
    at('local.example.org', { headers: { 'x-forwarded-for': '10.1.1.1' } }),
    at('local.example.org', { headers: { 'x-forwarded-for': '192.0.2.1' } }),
    at('immich.example.org', { port: 80 }),
    at('immich.example.org', { source: ip('10.0.20.51') }),
    web({ to: { name: dnsName('proxied.example.org') } }),
    web({ to: { name: dnsName('proxied.example.org') }, source: ip('198.51.100.8') }),
    at('immich.example.org', { port: 5432 }),
    web({ from: 'near', to: { ip: ip('10.0.20.1') } }),
  ];
  test.each([
    ['forwards', flows],
    ['backwards', [...flows].reverse()],
  ])('gets an answer of its own, asked %s', (_name, asked) => {
    const reader = homeReader({ add: limited });
    const memo = memoWalker(reader);
    for (const flow of [...asked, ...asked]) expect(memo.walk(flow)).toEqual(walk(reader, flow));
  });
});
