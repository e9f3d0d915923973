/* Logs in both formats, lines that mean harm, and logs larger than the memory they may take. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccessLog, LogCount } from '#estate/access-log.ts';
import { memoryContext, memoryFiles } from '../memory-files.ts';
import type { Source } from '../source.ts';
import { convertTally } from './convert.ts';
import { accessLog } from './index.ts';
import { longestLine, readLog } from './read.ts';

const source: Source = accessLog;

async function* inPieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const read = async (text: string | Uint8Array, size = 1 << 20, limit?: number) => {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const { facts, gaps } = convertTally('log/t/a.log', await readLog(inPieces(bytes, size), limit));
  const log = facts[0]?.value as AccessLog;
  const counts = facts.slice(1).map((f) => f.value as LogCount);
  return {
    log,
    gaps,
    counts,
    rows: counts.map((c) => [c.router, c.peer, c.client, c.protocol, c.hits, c.firstLine]),
  };
};
const json = (more: object = {}) =>
  JSON.stringify({
    ClientAddr: '198.51.100.7:40112',
    ClientHost: '198.51.100.7',
    ClientPort: '40112',
    RequestPath: '/',
    RequestProtocol: 'HTTP/3.0',
    RouterName: 'app@kubernetes',
    time: '2026-05-30T10:00:04Z',
    ...more,
  });
const clf = (client: string, request = 'GET /x HTTP/2.0', router = 'app@docker') =>
  `${client} - - [30/May/2026:10:00:00 +0200] "${request}" 404 19 "-" "curl \\"8\\"" 12345 "${router}" "http://192.0.2.3:80" 3ms`;

describe('JSON', () => {
  it.each<[string, string, unknown[]]>([
    [
      'the peer without its port',
      json(),
      ['app@kubernetes', '198.51.100.7', '198.51.100.7', 'HTTP/3.0', 1, 1],
    ],
    [
      'IPv6',
      json({ ClientAddr: '[2001:DB8::7]:1', ClientHost: '2001:db8:0::7' }),
      ['app@kubernetes', '2001:db8::7', '2001:db8::7', 'HTTP/3.0', 1, 1],
    ],
    [
      'a forwarded list',
      json({ ClientAddr: '10.10.5.6:1', ClientHost: '198.51.100.7, 10.10.5.6' }),
      ['app@kubernetes', '10.10.5.6', '198.51.100.7, 10.10.5.6', 'HTTP/3.0', 1, 1],
    ],
    [
      'IPv4 in IPv6',
      json({ ClientAddr: '[::ffff:192.0.2.1]:1' }),
      ['app@kubernetes', '192.0.2.1', '198.51.100.7', 'HTTP/3.0', 1, 1],
    ],
    ['no router', json({ RouterName: undefined }), ['-', '198.51.100.7', '198.51.100.7', 'HTTP/3.0', 1, 1]],
    [
      'other keys in another order',
      '{ "RouterName" : "r", "ClientHost": "192.0.2.1" }',
      ['r', undefined, '192.0.2.1', undefined, 1, 1],
    ],
    [
      'a client that is escaped',
      json({ ClientHost: 'a"b\\c\u001b[2J' }),
      ['app@kubernetes', '198.51.100.7', 'a"b\\c\ufffd[2J', 'HTTP/3.0', 1, 1],
    ],
    [
      'a client that is not ASCII',
      json({ ClientHost: 'é\u202e' }),
      ['app@kubernetes', '198.51.100.7', 'é\ufffd', 'HTTP/3.0', 1, 1],
    ],
    [
      'a path that pretends to be a key',
      json({ RequestPath: '/","RouterName":"evil","x":"' }),
      ['app@kubernetes', '198.51.100.7', '198.51.100.7', 'HTTP/3.0', 1, 1],
    ],
    [
      'a peer without port',
      json({ ClientAddr: '@' }),
      ['app@kubernetes', undefined, '198.51.100.7', 'HTTP/3.0', 1, 1],
    ],
  ])('%s', async (_, line, row) => {
    const { log, rows, gaps } = await read(`${line}\n`);
    expect(log).toMatchObject({ format: 'traefik-json', lines: 1, unreadable: 0 });
    expect(rows).toEqual([row]);
    expect(gaps).toEqual([]);
  });
  it('adds up, and says where it was first', async () => {
    const lines = [json(), json({ ClientAddr: '198.51.100.7:9' }), json({ RouterName: 'b' }), json()];
    const { rows, log } = await read(lines.join('\n'));
    expect(rows.map((r) => [r[0], r[4], r[5]])).toEqual([
      ['app@kubernetes', 3, 1],
      ['b', 1, 3],
    ]);
    expect(log.lines).toBe(4);
  });
  it('adds up addresses that are written in two ways', async () => {
    const { rows } = await read(
      [json({ ClientHost: '2001:db8::1' }), json({ ClientHost: '2001:DB8:0::1' })].join('\n'),
    );
    expect(rows).toMatchObject([['app@kubernetes', '198.51.100.7', '2001:db8::1', 'HTTP/3.0', 2, 1]]);
  });
  it('the span is of the first and last line', async () => {
    const times = ['2026-05-30T10:00:04Z', '2026-05-30T11:00:00+02:00', '2026-05-30T12:00:00Z'];
    const { log } = await read(times.map((time) => json({ time })).join('\n'));
    expect(log).toMatchObject({ from: '2026-05-30T10:00:04.000Z', to: '2026-05-30T12:00:00.000Z' });
  });
});

describe('the common format', () => {
  it.each<[string, string, unknown[]]>([
    ['a client', clf('198.51.100.7'), ['app@docker', undefined, '198.51.100.7', 'HTTP/2.0', 1, 1]],
    [
      'a list',
      clf('198.51.100.7, 10.0.0.1'),
      ['app@docker', undefined, '198.51.100.7, 10.0.0.1', 'HTTP/2.0', 1, 1],
    ],
    [
      'a quote in the path',
      clf('192.0.2.1', 'GET /a\\"b c HTTP/1.1'),
      ['app@docker', undefined, '192.0.2.1', 'HTTP/1.1', 1, 1],
    ],
    [
      'a chain of routers',
      clf('192.0.2.1', 'GET / HTTP/1.1', 'a@docker -> b@docker'),
      ['a@docker -> b@docker', undefined, '192.0.2.1', 'HTTP/1.1', 1, 1],
    ],
    ['no router', clf('192.0.2.1', 'GET / HTTP/1.1', '-'), ['-', undefined, '192.0.2.1', 'HTTP/1.1', 1, 1]],
    [
      'the generic format, without router',
      clf('192.0.2.1').replace(/ 12345 .*/, ''),
      ['-', undefined, '192.0.2.1', 'HTTP/2.0', 1, 1],
    ],
    [
      'an escape in the client',
      clf('\u001b[31mx'),
      ['app@docker', undefined, '\ufffd[31mx', 'HTTP/2.0', 1, 1],
    ],
    ['Windows line ends', `${clf('192.0.2.1')}\r`, ['app@docker', undefined, '192.0.2.1', 'HTTP/2.0', 1, 1]],
  ])('%s', async (_, line, row) => {
    const { log, rows } = await read(`${line}\n`);
    expect(rows).toEqual([row]);
    expect(log).toMatchObject({ format: 'clf', unreadable: 0, from: '2026-05-30T08:00:00.000Z' });
  });
});

describe('lines that cannot be read', () => {
  it.each<[string, string | Uint8Array, number]>([
    ['text', 'time="2024" level=debug msg="Handling"\n', 1],
    ['JSON that was cut off', `${json().slice(0, -1)}\n${json()}\n`, 1],
    ['JSON without clients', '{"a":1}\n[]\n{}\n', 3],
    ['binary', Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251), 20],
    ['UTF-16', new Uint8Array(Buffer.from(`\ufeff${json()}\n`, 'utf16le')), 1],
    ['a start without an end', `${clf('192.0.2.1').slice(0, 60)}\n`, 1],
    ['only quotes', `${'"'.repeat(500)}ms\n`, 1],
  ])('%s is counted and a gap', async (_, text, least) => {
    const { log, gaps } = await read(text);
    expect(log.unreadable).toBeGreaterThanOrEqual(Math.min(least, log.lines));
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.kinds).toEqual(log.format === 'unknown' ? ['accessLog', 'logCount'] : []);
  });
  it('empty lines and an empty log are nothing', async () => {
    expect((await read('\n\r\n\n')).gaps).toEqual([]);
    expect(await read('')).toMatchObject({ log: { format: 'unknown', lines: 0 }, gaps: [] });
  });
  it.each([7, 1000, 70_000, 1 << 20])('lines that are too long are left out (pieces of %i)', async (size) => {
    const long = json({ RequestPath: 'x'.repeat(longestLine) });
    const { log, rows } = await read([json(), long, json(), long, long, json()].join('\n'), size);
    expect(log).toMatchObject({ lines: 6, unreadable: 3 });
    expect(rows.map((r) => [r[4], r[5]])).toEqual([[3, 1]]);
  });
});

describe('bounds', () => {
  it('many different clients are a gap, not memory', async () => {
    const lines = Array.from({ length: 500 }, (_, i) => json({ ClientHost: `client-${i}` }));
    const { counts, gaps } = await read(lines.join('\n'), 1 << 20, 100);
    expect(counts).toHaveLength(100);
    expect(gaps.map((g) => g.what)).toEqual([
      '400 lines were not counted: more than 100 different clients and routers',
    ]);
  });
  it('64 MB take less than 48 MB of memory', async () => {
    const piece = Buffer.from(`${json({ 'request_User-Agent': 'x'.repeat(300) })}\n`.repeat(500));
    const pieces = Math.ceil((64 << 20) / piece.length);
    let most = 0;
    async function* log() {
      for (let i = 0; i < pieces; i++) {
        yield piece;
        if (i % 16 === 0)
          most = Math.max(most, process.memoryUsage().heapUsed + process.memoryUsage().external);
      }
    }
    const before = process.memoryUsage().heapUsed + process.memoryUsage().external;
    expect((await readLog(log())).lines).toBe(pieces * 500);
    expect(most - before).toBeLessThan(48 << 20);
  });
});

it('pieces may be cut anywhere', () => {
  const line = fc.oneof(
    fc.constantFrom(
      json(),
      json({ RouterName: undefined }),
      clf('192.0.2.1'),
      clf('é'),
      'junk',
      '',
      '{',
      json({ ClientHost: 'ü"' }),
    ),
    fc.string(),
  );
  return fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 30 }),
      fc.integer({ min: 1, max: 200 }),
      async (lines, size) => {
        const text = lines.join('\n');
        expect((await read(text, size)).rows).toEqual((await read(text)).rows);
        expect((await read(text, size)).log).toEqual((await read(text)).log);
      },
    ),
    { numRuns: 100 },
  );
});

it('the quick way and the slow way agree', () => {
  const field = fc.string({ maxLength: 20 });
  return fc.assert(
    fc.asyncProperty(field, field, field, async (client, router, path) => {
      const fields = { ClientHost: client, RouterName: router, RequestPath: path };
      const quick = await read(json(fields));
      const slow = await read(` ${json(fields)}`.replace('{', '{ '));
      const spaced = await read(json(fields).replace('{', '{ '));
      expect(quick.rows).toEqual(spaced.rows);
      expect(slow.log.unreadable).toBe(1);
    }),
    { numRuns: 200 },
  );
});

describe('the source', () => {
  it('reads logs, and says that compressed ones are not read', async () => {
    const files = memoryFiles({ 'log/t/a.log': json(), 'log/t/a.log.1.gz': 'x', 'log/t/README.md': 'x' });
    const matched = files.filter((f) => source.matches(f.path));
    const { facts, gaps } = await source.discover(matched, memoryContext(files));
    expect(facts.map((f) => f.kind)).toEqual(['accessLog', 'logCount']);
    expect(gaps).toMatchObject([{ evidence: { file: 'log/t/a.log.1.gz' } }]);
  });
});
