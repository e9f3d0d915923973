/* Probes over TCP, TLS, HTTP/1.1 and 2 against real servers on loopback: what each way of failing is called. */
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority } from '#lab/hosts/certificate.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import type { Attempt } from '#probe/prober.ts';
import { httpProber } from './index.ts';

const name = dnsName('app.example.org');
const local = ip('127.0.0.1');
const servers: net.Server[] = [];
const prober = httpProber();
let secure: number;
let plainPort: number;
let silent: number;
let closed: number;
const asked: { host: string | undefined; agent: string | undefined; version: string }[] = [];

async function listen(server: net.Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  const { cert, key } = makeAuthority().issue(['*.example.org']);
  const answer: http.RequestListener = (request, response) => {
    const host = request.headers[':authority'] ?? request.headers.host;
    asked.push({ host: host as string, agent: request.headers['user-agent'], version: request.httpVersion });
    response.writeHead(host === 'shut.example.org' ? 403 : host === 'gone.example.org' ? 502 : 200).end('ok');
  };
  secure = await listen(
    http2.createSecureServer({ cert, key, allowHTTP1: true }, answer as never) as unknown as net.Server,
  );
  plainPort = await listen(http.createServer(answer));
  silent = await listen(net.createServer(() => undefined));
  closed = await listen(net.createServer());
  servers.pop()?.close();
});
afterAll(() => {
  for (const server of servers) server.close();
});

const http1 = (port: number, more = {}): Attempt => ({
  kind: 'http',
  version: 1,
  isPlain: false,
  ip: local,
  port,
  name,
  ...more,
});

describe('httpProber', () => {
  it.each<[string, () => Attempt, object]>([
    [
      'a connection',
      () => ({ kind: 'tcp', ip: local, port: secure }),
      { outcome: 'works', says: 'connects' },
    ],
    [
      'a certificate',
      () => ({ kind: 'tls', ip: local, port: secure, name }),
      { outcome: 'works', says: 'certificate of DNS:*.example.org, h2' },
    ],
    ['HTTP/1.1', () => http1(secure), { outcome: 'works', says: 'HTTP/1.1 200', status: 200 }],
    ['HTTP/2', () => http1(secure, { version: 2 }), { outcome: 'works', says: 'HTTP/2 200', status: 200 }],
    ['HTTP in the clear', () => http1(plainPort, { isPlain: true }), { outcome: 'works', status: 200 }],
    [
      'turned away',
      () => http1(secure, { version: 2, name: 'shut.example.org' }),
      { outcome: 'refused', status: 403 },
    ],
    [
      'nothing behind it',
      () => http1(secure, { name: 'gone.example.org' }),
      { outcome: 'fails', status: 502 },
    ],
    ['nothing listens', () => http1(closed), { outcome: 'fails', says: 'tcp: ECONNREFUSED' }],
    ['no TLS there', () => http1(plainPort), { outcome: 'fails', says: expect.stringMatching(/^tls: /) }],
    ['silence in the handshake', () => http1(silent), { outcome: 'fails', says: 'tls: no answer in time' }],
    [
      'silence after the request',
      () => http1(silent, { isPlain: true }),
      { outcome: 'fails', says: 'http: no answer in time' },
    ],
  ])('%s', async (_, attempt, seen) => {
    const found = await prober.attempt(attempt(), 500);
    expect(found).toMatchObject(seen);
    expect(found.ms).toBeLessThan(900);
  });

  it('asks by name, wherever it is pinned to', async () => {
    asked.length = 0;
    await prober.attempt(http1(secure), 500);
    expect(asked).toEqual([{ host: 'app.example.org', agent: 'sightline-probe', version: '1.1' }]);
  });
});
