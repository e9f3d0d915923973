/* DNS queries and answers byte for byte, and answers that are cut or made up. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { attempt } from './attempt.ts';
import { decodeAnswer, encodeQuery } from './dns.ts';

test('a query is a header and one question', () => {
  const hex = encodeQuery(0x1234, 'a.example.org', 'AAAA').toString('hex');
  expect(hex).toBe('1234010000010000000000000161076578616d706c65036f726700001c0001');
});

/** An alias (TTL 300) and the address behind it (TTL 60), names as pointers. */
const answerHex =
  '1234818000010002000000000161076578616d706c65036f72670000010001' +
  'c00c000500010000012c00040178c00e' +
  'c02b000100010000003c00040a0014c8';

test('an answer behind an alias: its address and the shortest TTL', () => {
  expect(decodeAnswer(Buffer.from(answerHex, 'hex'))).toEqual({
    id: 0x1234,
    code: 0,
    addresses: ['10.0.20.200'],
    ttl: 60,
  });
});

test('every cut of it is no answer, or one with what is whole, and never throws', () => {
  const bytes = Buffer.from(answerHex, 'hex');
  for (let cut = 0; cut < bytes.length - 4; cut++)
    expect(decodeAnswer(bytes.subarray(0, cut))?.addresses ?? []).toEqual([]);
});

test('a resolver is asked once while its answer lives, and a name that is not there is a cause', async () => {
  let asked = 0;
  const server = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  server.on('message', (query, from) => {
    asked += 1;
    const isKnown = query.includes('known');
    const header = Buffer.from([
      query[0] ?? 0,
      query[1] ?? 0,
      0x81,
      isKnown ? 0x80 : 0x83,
      0,
      1,
      0,
      isKnown ? 1 : 0,
      0,
      0,
      0,
      0,
    ]);
    const record = Buffer.from('c00c000100010000003c00047f000001', 'hex');
    server.send(
      Buffer.concat([header, query.subarray(12), ...(isKnown ? [record] : [])]),
      from.port,
      from.address,
    );
  });
  await once(server, 'listening');
  const { port } = server.address();
  const resolver = { address: '127.0.0.1', port };
  const target = { protocol: 'tcp', address: '', port, timeoutMs: 500, resolver } as const;
  const first = await attempt({ ...target, serverName: 'known.example.org' });
  const second = await attempt({ ...target, serverName: 'known.example.org' });
  const missing = await attempt({ ...target, serverName: 'missing.example.org' });
  const direct = await attempt({
    protocol: 'dns',
    address: '127.0.0.1',
    port,
    serverName: 'known.example.org',
  });
  server.close();
  expect([first.resolved, first.cause, second.cause]).toEqual([
    ['127.0.0.1'],
    'ECONNREFUSED',
    'ECONNREFUSED',
  ]);
  expect(missing).toMatchObject({ ok: false, cause: 'dns NXDOMAIN' });
  expect(direct).toMatchObject({ ok: true, resolved: ['127.0.0.1'], ttl: 60 });
  expect(asked).toBe(3);
});
