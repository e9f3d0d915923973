/* The prober against a real HTTP/3 server on loopback: how far each kind of failure gets, and what it is called. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '#lab/hosts/certificate.ts';
import { listenHttp3 } from '#lab/hosts/http3-listener.ts';
import { askVersions, attemptHttp3, Http3Client, type Http3Target, probeHttp3 } from './index.ts';

const authority = makeAuthority();
const port = 18_000 + (process.pid % 1000);
const target: Http3Target = {
  address: '127.0.0.1',
  port,
  serverName: 'a.example.org',
  ca: authority.cert,
  timeoutMs: 1000,
};
let stop: () => Promise<void>;

beforeAll(async () => {
  stop = await listenHttp3('127.0.0.1', port, authority.issue(['*.example.org']), (request) => {
    const path = `${request.headers[':path']}`;
    request.stream.respond({ ':status': path === '/missing' ? '404' : '200' });
    request.stream.end(path === '/long' ? 'x'.repeat(200_000) : JSON.stringify({ peer: request.peerPort }));
  });
});

afterAll(() => stop());

describe('answered', () => {
  test('every stage is reached in order, and the server saw our port', async () => {
    const outcome = await attemptHttp3(target);
    expect(outcome).toMatchObject({
      kind: 'answered',
      stage: 'body',
      status: 200,
      alpn: 'h3',
      helloDatagrams: 1,
    });
    expect(outcome.body).toBe(JSON.stringify({ peer: outcome.local?.port }));
    const times = Object.values(outcome.reached);
    expect(Object.keys(outcome.reached)).toEqual([
      'udp-send',
      'first-datagram',
      'handshake',
      'request',
      'headers',
      'body',
    ]);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(outcome.certificate?.names).toBe('DNS:*.example.org');
  });

  test('a padded ClientHello spans two datagrams', async () => {
    const outcome = await attemptHttp3({ ...target, padHelloBytes: 1500 });
    expect(outcome).toMatchObject({ kind: 'answered', helloDatagrams: 2 });
  });

  test('another status, a long body, no check of the certificate', async () => {
    const { ca: _, ...unchecked } = target;
    expect(await attemptHttp3({ ...target, path: '/missing' })).toMatchObject({
      kind: 'answered',
      status: 404,
    });
    expect(await attemptHttp3({ ...target, path: '/long' })).toMatchObject({ bodyBytes: 200_000 });
    expect(await attemptHttp3({ ...unchecked, serverName: 'other.test' })).toMatchObject({
      kind: 'answered',
    });
  });

  test('one connection carries several requests', async () => {
    const client = new Http3Client(target);
    expect(await client.open(5000)).toBeUndefined();
    for (const path of ['/1', '/2', '/3']) {
      expect(await client.get({ authority: 'a.example.org', path })).toBeUndefined();
      expect(client.body()).toContain('peer');
    }
    client.end();
  });

  test('the same from a child process, which does not outlive it', async () => {
    expect(await probeHttp3(target)).toMatchObject({ kind: 'answered', status: 200 });
  });
});

describe('failed', () => {
  test('a name that the certificate has not: our own alert 42', async () => {
    const outcome = await attemptHttp3({ ...target, serverName: 'a.other.test' });
    expect(outcome).toMatchObject({
      stage: 'first-datagram',
      cause: { kind: 'tls-alert', by: 'us', alert: 42 },
    });
  });

  test('another authority', async () => {
    const outcome = await attemptHttp3({ ...target, ca: makeAuthority().cert });
    expect(outcome).toMatchObject({ stage: 'first-datagram', cause: { kind: 'tls-alert', by: 'us' } });
  });

  test('nothing listens: ICMP, at once', async () => {
    const outcome = await attemptHttp3({ ...target, port: port + 1000 });
    expect(outcome).toMatchObject({ stage: 'udp-send', cause: { kind: 'icmp', code: 'ECONNREFUSED' } });
    expect(outcome.ms).toBeLessThan(500);
  });

  test('something listens and says nothing: silence', async () => {
    const hole = dgram.createSocket('udp4').bind(0, '127.0.0.1');
    await once(hole, 'listening');
    const outcome = await attemptHttp3({ ...target, port: hole.address().port, timeoutMs: 300 });
    hole.close();
    expect(outcome).toMatchObject({
      stage: 'udp-send',
      cause: { kind: 'silence' },
      datagrams: { received: 0 },
    });
  });

  test('a server of other versions: which ones', async () => {
    const other = await listenOther();
    const outcome = await attemptHttp3({ ...target, port: other.address().port });
    const answer = await askVersions({ address: '127.0.0.1', port: other.address().port });
    other.close();
    expect(outcome.cause).toEqual({ kind: 'no-common-version', serverVersions: ['0x6b3343cf'] });
    expect(answer).toMatchObject({ kind: 'versions', versions: ['0x6b3343cf'] });
  });

  test('an address of ours that is not there', async () => {
    const outcome = await attemptHttp3({ ...target, localAddress: '192.0.2.9' });
    expect(outcome).toMatchObject({ stage: 'start', cause: { kind: 'no-route', code: 'EADDRNOTAVAIL' } });
  });
});

/** Answers everything with a Version Negotiation packet (RFC 9000 section 17.2.1) that offers QUIC version 2 alone. */
async function listenOther(): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  socket.on('message', (datagram, from) => {
    const destinationEnd = 6 + (datagram[5] ?? 0);
    const sourceEnd = destinationEnd + 1 + (datagram[destinationEnd] ?? 0);
    const ids = [datagram.subarray(destinationEnd, sourceEnd), datagram.subarray(5, destinationEnd)];
    const answer = Buffer.concat([Buffer.from([0x80, 0, 0, 0, 0]), ...ids, Buffer.from('6b3343cf', 'hex')]);
    socket.send(answer, from.port, from.address);
  });
  await once(socket, 'listening');
  return socket;
}
