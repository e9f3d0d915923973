/* Whose client an ingress believes in, what it passes on, and what its log says. */
import { describe, expect, test } from 'vitest';
import { makeDecide, RoutingTable } from './ingress-exchange.ts';
import type { EntryPoint, Peer } from './ingress-types.ts';

const pod = { name: 'traefik-1', addresses: ['10.244.1.11'] };
const table = new RoutingTable([
  { name: 'immich@kubernetes', hosts: ['immich.example.org'] },
  { name: 'admin@kubernetes', hosts: ['admin.example.org'], allow: ['10.0.20.0/22', 'fd00::/8'] },
  { name: 'gone@kubernetes', hosts: ['gone.example.org'], isUnserved: true },
]);
const plainEntry: EntryPoint = { name: 'websecure', port: 8443, tls: true, http3: false };
const trusting: EntryPoint = { ...plainEntry, forwardedHeaders: { trustedIps: ['10.0.20.0/24'] } };
const node: Peer = { socketAddress: '10.0.20.103', socketPort: 40_000 };
const stranger: Peer = { socketAddress: '198.51.100.7', socketPort: 40_000 };
const claims = { 'x-forwarded-for': '192.0.2.1', 'x-real-ip': '192.0.2.2', 'cf-connecting-ip': '192.0.2.3' };

function decide(entry: EntryPoint, peer: Peer, authority: string, headers = {}) {
  const request = { peer, method: 'GET', path: '/', authority, protocol: 'HTTP/2.0', headers };
  return makeDecide(table, pod, entry)(request);
}

describe('headers', () => {
  test.each([
    [
      'nobody is trusted by default',
      plainEntry,
      node,
      { xff: '10.0.20.103', xRealIp: '10.0.20.103' },
      '10.0.20.103',
    ],
    [
      'a trusted peer is believed',
      trusting,
      node,
      { xff: '192.0.2.1, 10.0.20.103', xRealIp: '192.0.2.2' },
      '192.0.2.1',
    ],
    [
      'a stranger is not',
      trusting,
      stranger,
      { xff: '198.51.100.7', xRealIp: '198.51.100.7' },
      '198.51.100.7',
    ],
  ])('%s', (_, entry, peer, expected, clientHost) => {
    const decision = decide(entry, peer, 'immich.example.org', claims);
    expect(decision.answer).toMatchObject({ ...expected, cfConnectingIp: '192.0.2.3' });
    expect(decision.line(10)).toMatchObject({
      ClientHost: clientHost,
      ClientAddr: `${peer.socketAddress}:40000`,
    });
  });

  test('after a believed PROXY header the source counts, not the socket', () => {
    const proxied = { ...node, proxied: { address: '2001:db8::7', port: 50_000 } };
    const decision = decide(trusting, proxied, 'immich.example.org', claims);
    expect(decision.answer).toMatchObject({
      socketPeer: '10.0.20.103',
      proxyPeer: '2001:db8::7',
      xff: '2001:db8::7',
    });
    expect(decision.line(10)).toMatchObject({ ClientAddr: '[2001:db8::7]:50000', ClientHost: '2001:db8::7' });
  });
});

describe('routes', () => {
  test.each([
    ['immich.example.org:8443', stranger, 200, 'immich@kubernetes'],
    ['ADMIN.example.org', node, 200, 'admin@kubernetes'],
    ['admin.example.org', stranger, 403, 'admin@kubernetes'],
    ['unknown.example.org', node, 404, undefined],
    ['gone.example.org', node, 503, 'gone@kubernetes'],
  ])('%s from %o is %i', (authority, peer, status, router) => {
    const decision = decide(plainEntry, peer, authority);
    expect([decision.status, decision.line(0).RouterName]).toEqual([status, router]);
  });
  test('an entry point that redirects sends everybody on, allowed or not', () => {
    const web = { ...plainEntry, name: 'web', port: 8000, tls: false, redirects: true };
    const hosts = ['admin.example.org', 'unknown.example.org'];
    expect(hosts.map((host) => decide(web, stranger, host).status)).toEqual([301, 301]);
  });
  test('a table that is replaced holds from the next request on', () => {
    const own = new RoutingTable([{ name: 'a', hosts: ['a.example.org'], isUnserved: true }]);
    const ask = makeDecide(own, pod, plainEntry);
    const request = {
      peer: node,
      method: 'GET',
      path: '/',
      authority: 'a.example.org',
      protocol: 'HTTP/2.0',
      headers: {},
    };
    expect(ask(request).status).toBe(503);
    own.replace([{ name: 'a', hosts: ['a.example.org'] }]);
    expect(ask(request).status).toBe(200);
  });
});
