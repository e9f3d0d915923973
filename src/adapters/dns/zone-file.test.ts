/* Zone files as people and servers write them, and as they should not be. */
import { describe, expect, it } from 'vitest';
import type { RecordSet } from '#estate/dns.ts';
import { dnsName } from '#net/name.ts';
import { convertZoneFile } from './zone-file.ts';
import { parseTtl } from './zone-records.ts';
import { entriesOf } from './zone-tokens.ts';

const convert = (text: string, files: Record<string, string> = {}, file = 'dns/ns/example.org.zone') =>
  convertZoneFile({
    server: 'dns/ns',
    view: undefined,
    file,
    text,
    isPublic: false,
    zone: undefined,
    include: (path) => {
      const found = files[path];
      return found === undefined
        ? { why: 'the file is not in the snapshot' }
        : { file: `dns/ns/${path}`, text: found };
    },
  });
const sets = (text: string, files: Record<string, string> = {}) =>
  convert(text, files)
    .facts.filter((f) => f.kind === 'recordSet')
    .map((f) => f.value as RecordSet);
const rows = (text: string, files: Record<string, string> = {}) =>
  sets(text, files).map((s) => [s.name, s.type, s.ttlSeconds, s.values.join(', ')]);
const soa = '@ 600 IN SOA ns.example.org. hostmaster.example.org. 1 2 3 4 300\n';

describe('record sets', () => {
  it.each<[string, string, unknown[][]]>([
    [
      'relative names and @',
      '$TTL 60\n@ IN A 192.0.2.1\nwww A 192.0.2.2',
      [
        ['example.org', 'A', 60, '192.0.2.1'],
        ['www.example.org', 'A', 60, '192.0.2.2'],
      ],
    ],
    [
      'a blank owner is the one before',
      '$TTL 60\nwww A 192.0.2.2\n  AAAA 2001:DB8::0:2',
      [
        ['www.example.org', 'A', 60, '192.0.2.2'],
        ['www.example.org', 'AAAA', 60, '2001:db8::2'],
      ],
    ],
    [
      'class and TTL in either order',
      'a IN 5 A 192.0.2.1\nb 6 IN A 192.0.2.1\nc 1h30m A 192.0.2.1',
      [
        ['a.example.org', 'A', 5, '192.0.2.1'],
        ['b.example.org', 'A', 6, '192.0.2.1'],
        ['c.example.org', 'A', 5400, '192.0.2.1'],
      ],
    ],
    [
      'without $TTL the last one stated holds',
      'a 5 A 192.0.2.1\nb A 192.0.2.2',
      [
        ['a.example.org', 'A', 5, '192.0.2.1'],
        ['b.example.org', 'A', 5, '192.0.2.2'],
      ],
    ],
    [
      '$ORIGIN, relative too',
      '$TTL 1\n$ORIGIN sub\na A 192.0.2.1\n$ORIGIN other.example.org.\nb A 192.0.2.2',
      [
        ['a.sub.example.org', 'A', 1, '192.0.2.1'],
        ['b.other.example.org', 'A', 1, '192.0.2.2'],
      ],
    ],
    [
      'parentheses join lines',
      '$TTL 1\na MX ( 10 ; first\n mail )\n',
      [['a.example.org', 'MX', 1, '10 mail.example.org']],
    ],
    [
      'quotes keep blanks and semicolons',
      '$TTL 1\na TXT "v=1; x" "y z"',
      [['a.example.org', 'TXT', 1, 'v=1; xy z']],
    ],
    [
      'wildcards and underscores',
      '$TTL 1\n*.app CNAME @\n_x._tcp SRV 0 5 443 app',
      [
        ['*.app.example.org', 'CNAME', 1, 'example.org'],
        ['_x._tcp.example.org', 'SRV', 1, '0 5 443 app.example.org'],
      ],
    ],
    [
      'one set of several lines',
      '$TTL 1\na 5 A 192.0.2.1\nb A 192.0.2.3\nA 9 A 192.0.2.2\na A 192.0.2.1',
      [
        ['a.example.org', 'A', 9, '192.0.2.1, 192.0.2.2'],
        ['b.example.org', 'A', 1, '192.0.2.3'],
      ],
    ],
    [
      'HTTPS with a target of itself',
      '$TTL 1\na HTTPS 1 . alpn="h3,h2" ipv4hint=192.0.2.1',
      [['a.example.org', 'HTTPS', 1, '1 . alpn=h3,h2 ipv4hint=192.0.2.1']],
    ],
    [
      'types without a place are OTHER',
      '$TTL 1\na CAA 0 issue "ca.example"',
      [['a.example.org', 'OTHER', 1, 'CAA 0 issue ca.example']],
    ],
    [
      'CNAME loops are data',
      '$TTL 1\na CNAME b\nb CNAME a',
      [
        ['a.example.org', 'CNAME', 1, 'b.example.org'],
        ['b.example.org', 'CNAME', 1, 'a.example.org'],
      ],
    ],
    ['Windows line ends', '$TTL 1\r\na A 192.0.2.1\r\n', [['a.example.org', 'A', 1, '192.0.2.1']]],
  ])('%s', (_, text, expected) => {
    expect(rows(text)).toEqual(expected);
  });

  it('a name that exists keeps its first line as evidence', () => {
    const fact = convert(`${soa}$TTL 1\n\n; c\na A 192.0.2.1\n`).facts.find((f) =>
      f.key.endsWith('a.example.org|A'),
    );
    expect(fact?.evidence).toEqual({ file: 'dns/ns/example.org.zone', line: 5, object: 'a.example.org A' });
  });
  it('"no such name" is remembered for the lesser of SOA minimum and SOA TTL', () => {
    expect(convert(soa).facts.find((f) => f.kind === 'zone')?.value).toEqual({
      server: 'dns/ns',
      name: 'example.org',
      minimumTtlSeconds: 300,
      isPublic: false,
    });
  });
  it('the SOA names the zone, whatever the file is called', () => {
    const text = '$ORIGIN example.net.\n@ 5 SOA ns h 1 2 3 4 5\n';
    const found = convert(text, {}, 'dns/ns/some-file');
    expect(found.facts.map((f) => f.key)).toContain('zone:dns/ns||example.net');
  });
});

describe("Cloudflare's export", () => {
  const header = ';;\n;; Domain:     example.org.\n;; Exported:   2026-01-01 00:00:00\n;;\n';
  it.each([
    ['a.example.org. 1 IN A 192.0.2.1 ; cf_tags=cf-proxied:true', true, 300],
    ['a.example.org. 120 IN A 192.0.2.1 ; cf_tags=cf-proxied:false', false, 120],
    ['a.example.org. 1 IN CNAME x.example.net. ; note cf_tags=cf-proxied:true', true, 300],
    ['a.example.org. 1 IN A 192.0.2.1', undefined, 300],
  ])('%s', (line, isProxied, ttlSeconds) => {
    const [set] = sets(`${header}${line}\n`);
    expect(set?.isProxied).toBe(isProxied);
    expect(set?.ttlSeconds).toBe(ttlSeconds);
    expect(convert(header + line).facts[0]?.value).toMatchObject({ isPublic: true });
  });
  it('is not seen where there are no marks', () => {
    expect(sets('$TTL 1\na A 192.0.2.1 ; cf-proxied:true')[0]?.isProxied).toBeUndefined();
  });
});

describe('$INCLUDE', () => {
  it('reads a file under another origin, and comes back', () => {
    const text = '$TTL 1\n$INCLUDE hosts sub\nz A 192.0.2.9';
    expect(rows(text, { hosts: 'a A 192.0.2.1' }).map((r) => r[0])).toEqual([
      'a.sub.example.org',
      'z.example.org',
    ]);
  });
  it.each<[string, Record<string, string>, string]>([
    ['a file that is not there', {}, 'not in the snapshot'],
    ['a file that includes itself', { x: '$INCLUDE x' }, 'includes this one'],
    ['two that include each other', { x: '$INCLUDE y', y: '$INCLUDE x' }, 'includes this one'],
  ])('%s is a gap', (_, files, what) => {
    const found = convert('$TTL 1\na A 192.0.2.1\n$INCLUDE x\n', files);
    expect(found.gaps.map((g) => g.what).join()).toContain(what);
    expect(found.facts.some((f) => f.key.endsWith('a.example.org|A'))).toBe(true);
  });
  it('a long chain ends', () => {
    const files = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, `$INCLUDE f${i + 1}`]));
    expect(convert('$TTL 1\na A 192.0.2.1\n$INCLUDE f0', files).gaps[0]?.what).toContain('deeper than');
  });
});

describe('broken lines cost themselves only', () => {
  it.each([
    ['an address that is none', 'bad A 10.0.0.256', 'data that are no A'],
    ['a leading zero', 'bad A 010.0.0.1', 'data that are no A'],
    ['IPv6 in an A', 'bad A 2001:db8::1', 'data that are no A'],
    ['IPv4 in an AAAA', 'bad AAAA 192.0.2.1', 'data that are no AAAA'],
    ['a name with a control character', 'b\u001b[2Jd A 192.0.2.1', 'no readable name'],
    ['no type', 'bad', 'no record type'],
    ['outside the zone', 'x.example.net. A 192.0.2.1', 'outside the zone'],
    ['$GENERATE', '$GENERATE 1-9 h$ A 192.0.2.$', 'not read'],
    ['a label of 64', `${'a'.repeat(64)} A 192.0.2.1`, 'no readable name'],
  ])('%s', (_, line, what) => {
    const found = convert(`$TTL 1\n${soa}good A 192.0.2.1\n${line}\nlast A 192.0.2.2\n`);
    expect(found.gaps).toHaveLength(1);
    expect(found.gaps[0]?.what).toContain(what);
    expect(found.gaps[0]?.evidence?.line).toBe(4);
    expect(found.gaps[0]?.kinds).toEqual(['recordSet', 'zone']);
    const names = found.facts.map((f) => f.key.split('|')[3]);
    expect(names).toEqual(expect.arrayContaining(['good.example.org', 'last.example.org']));
  });
  it('no fact and no gap holds a terminal escape', () => {
    const found = convert('$TTL 1\na TXT "x\u001b]0;y\u0007"\nb\u001b A 1\n');
    expect(JSON.stringify(found)).not.toMatch(/\\u001b|\\u0007/);
  });
  it('binary is one gap or more, and no fact but an empty zone', () => {
    const found = convert(String.fromCharCode(...Array.from({ length: 3000 }, (_, i) => (i * 7919) % 256)));
    expect(found.facts.filter((f) => f.kind === 'recordSet')).toEqual([]);
    expect(found.gaps.length).toBeGreaterThan(0);
  });
  it('a parenthesis that never closes does not hang', () => {
    expect(convert(`$TTL 1\na A 192.0.2.1\nb TXT ( ${'x\n'.repeat(50_000)}`).facts.length).toBeGreaterThan(1);
  });
});

it('a mapped address in an AAAA stays IPv6', () => {
  expect(rows('$TTL 1\na AAAA ::ffff:192.0.2.1')[0]?.[3]).toBe('::ffff:192.0.2.1');
});

it.each([
  ['3600', 3600],
  ['1h', 3600],
  ['1W2d', 777_600],
  ['', undefined],
  ['1x', undefined],
  ['h', undefined],
  ['99999999999', undefined],
  ['1'.repeat(5000), undefined],
])('TTL %s', (text, seconds) => {
  expect(parseTtl(text)).toBe(seconds);
});

it('tokens know their line and comment', () => {
  const [first, second] = [...entriesOf('a (b\n"c d" ; one\n) ; two\n  e\\;f')];
  expect(first).toMatchObject({ line: 1, startsBlank: false, comment: 'one  two' });
  expect(first?.words.map((w) => w.text)).toEqual(['a', 'b', 'c d']);
  expect(second).toMatchObject({ line: 4, startsBlank: true });
  expect(second?.words.map((w) => w.text)).toEqual(['e\\;f']);
});

it('100,000 records are read in a moment', () => {
  const text = `$TTL 1\n${Array.from({ length: 100_000 }, (_, i) => `h${i} A 192.0.2.${i % 250}`).join('\n')}`;
  const started = performance.now();
  expect(sets(text)).toHaveLength(100_000);
  expect(performance.now() - started).toBeLessThan(5000);
});

it('names of the zone come from the file name', () => {
  expect(convert('$TTL 1\na A 192.0.2.1', {}, 'dns/ns/db.example.com').facts[0]?.value).toMatchObject({
    name: dnsName('example.com'),
  });
});
