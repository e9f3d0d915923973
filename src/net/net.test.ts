/* Addresses, prefixes, ranges, ports and names: what is refused matters as much as what is read. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareIps, familyOf, ip, ipToNumber, numberToIp, parseIp } from './ip.ts';
import { dnsName, isUnder, parentOf, parseName } from './name.ts';
import { parsePortRange } from './port.ts';
import {
  contains,
  parsePrefix,
  parseRange,
  prefix,
  prefixToRange,
  rangeHas,
  rangeToPrefixes,
} from './prefix.ts';

describe('parseIp', () => {
  it.each([
    ['10.0.20.200', '10.0.20.200'],
    ['2001:DB8::0:1', '2001:db8::1'],
    ['::ffff:10.0.20.103', '10.0.20.103'],
    ['::ffff:a00:1467', '10.0.20.103'],
  ])('reads %s as %s', (text, canonical) => {
    expect(parseIp(text)).toBe(canonical);
  });

  it.each([
    '010.0.0.1',
    '10.1',
    '256.1.1.1',
    '1.2.3.4 ',
    'fe80::1%eth0',
    '::ffff:010.0.0.1',
    '',
    '0x7f.1',
    ':::',
  ])('refuses %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('turns numbers and text into each other', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = parseIp(text);
        if (address !== undefined) expect(numberToIp(ipToNumber(address), familyOf(address))).toBe(address);
      }),
    );
  });

  it('orders by family, then number', () => {
    const sorted = ['2001:db8::1', '10.0.0.10', '10.0.0.9'].map(ip).sort(compareIps);
    expect(sorted).toEqual(['10.0.0.9', '10.0.0.10', '2001:db8::1']);
  });
});

describe('prefixes and ranges', () => {
  it('clears host bits and knows its members', () => {
    expect(parsePrefix('10.0.20.77/22')).toBe('10.0.20.0/22');
    expect(contains(prefix('10.0.20.0/22'), ip('10.0.23.255'))).toBe(true);
    expect(contains(prefix('10.0.20.0/22'), ip('10.0.24.0'))).toBe(false);
    expect(contains(prefix('0.0.0.0/0'), ip('2001:db8::1'))).toBe(false);
  });

  it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', '10.0.0.5-10.0.0.1', '10.0.0.1-2001:db8::1', 'x/8'])(
    'refuses %j',
    (text) => {
      expect(text.includes('-') ? parseRange(text) : parsePrefix(text)).toBeUndefined();
    },
  );

  it('splits a range into prefixes that cover just the range', () => {
    const range = parseRange('10.0.20.200-10.0.20.220');
    expect(range && rangeToPrefixes(range)).toEqual([
      '10.0.20.200/29',
      '10.0.20.208/29',
      '10.0.20.216/30',
      '10.0.20.220/32',
    ]);
    fc.assert(
      fc.property(fc.nat(2 ** 24), fc.nat(5000), (start, length) => {
        const r = { first: numberToIp(BigInt(start), 4), last: numberToIp(BigInt(start + length), 4) };
        const parts = rangeToPrefixes(r).map(prefixToRange);
        expect(parts[0]?.first).toBe(r.first);
        expect(parts.at(-1)?.last).toBe(r.last);
        for (const p of parts) expect(rangeHas(r, p.first) && rangeHas(r, p.last)).toBe(true);
      }),
    );
  });
});

describe('ports and names', () => {
  it('reads single ports and ranges', () => {
    expect(parsePortRange('443')).toEqual({ first: 443, last: 443 });
    expect(parsePortRange('8000:8100')).toEqual({ first: 8000, last: 8100 });
    for (const bad of ['0', '65536', '90-80', 'http', '']) expect(parsePortRange(bad)).toBeUndefined();
  });

  it('canonicalises names and refuses what is none', () => {
    expect(parseName('Immich.Example.ORG.')).toBe('immich.example.org');
    expect(parseName('*.example.org')).toBe('*.example.org');
    for (const bad of ['<b>.example.org', 'a..b', '-a.b', 'a\u001b[31m.b', 'a.*.b', 'x'.repeat(64)]) {
      expect(parseName(bad)).toBeUndefined();
    }
  });

  it('knows zones and parents', () => {
    expect(isUnder(dnsName('a.example.org'), dnsName('example.org'))).toBe(true);
    expect(isUnder(dnsName('badexample.org'), dnsName('example.org'))).toBe(false);
    expect(parentOf(dnsName('a.b'))).toBe('b');
    expect(parentOf(dnsName(''))).toBeUndefined();
  });
});
