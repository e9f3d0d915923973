/* The DNS prober against a server on loopback that answers by name: addresses, no such name, refusal, silence. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { dnsProber } from './index.ts';

const server = dgram.createSocket('udp4');
let port: number;

beforeAll(async () => {
  server.on('message', (query, from) => {
    const answer = answerTo(query);
    if (answer) server.send(answer, from.port, from.address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  port = server.address().port;
});
afterAll(() => server.close());

/** RFC 1035 section 4.1: the header with the answer's code and count, the question again, then A records by pointer. */
function answerTo(query: Buffer): Buffer | undefined {
  const label = query.toString('latin1', 13, 13 + (query[12] ?? 0));
  if (label === 'silent') return undefined;
  const code = { missing: 3, refused: 5 }[label] ?? 0;
  const addresses =
    label === 'two'
      ? [
          [10, 0, 0, 2],
          [10, 0, 0, 1],
        ]
      : [];
  const head = Buffer.from(query.subarray(0, 12));
  head[2] = 0x81;
  head[3] = 0x80 | code;
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  const end = query.indexOf(0, 12) + 5;
  const records = addresses.map((a) => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...a]));
  return Buffer.concat([head, query.subarray(12, end), ...records]);
}

describe('dnsProber', () => {
  it.each([
    ['two', { outcome: 'works', says: '10.0.0.1, 10.0.0.2 (TTL 60 s)', addresses: ['10.0.0.1', '10.0.0.2'] }],
    ['missing', { outcome: 'fails', says: 'no such name', addresses: [] }],
    ['empty', { outcome: 'fails', says: 'no such record', addresses: [] }],
    ['refused', { outcome: 'refused', says: 'the server refuses the question' }],
    ['silent', { outcome: 'fails', says: 'no answer in time' }],
  ])('%s', async (label, seen) => {
    const prober = dnsProber({ port });
    const name = dnsName(`${label}.example.org`);
    const found = await prober.attempt(
      { kind: 'dns', resolver: 'r', ip: ip('127.0.0.1'), name, type: 'A' },
      600,
    );
    expect(found).toMatchObject(seen);
    expect(found.ms).toBeLessThan(1500);
  });
});
