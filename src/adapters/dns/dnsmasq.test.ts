/* dnsmasq.conf: what it says about names, and what it leaves to other files. */
import { describe, expect, it } from 'vitest';
import type { NameRule } from '#estate/dns.ts';
import { convertDnsmasq, isDnsmasq } from './dnsmasq.ts';

const read = (text: string) =>
  convertDnsmasq({ server: 'dns/router', file: 'dns/router/dnsmasq.conf', text });
const rules = (text: string) =>
  read(text).facts.flatMap((f) => (f.kind === 'nameRule' ? [(f.value as NameRule).rule] : []));

describe('convertDnsmasq', () => {
  it('reads address= for the zone and every name below it', () => {
    expect(rules('local-ttl=60\naddress=/pi.example/192.168.8.240 # ingress')).toEqual([
      { kind: 'host', name: 'pi.example', addresses: ['192.168.8.240'], ttlSeconds: 60 },
      { kind: 'host', name: '*.pi.example', addresses: ['192.168.8.240'], ttlSeconds: 60 },
    ]);
  });

  it.each([
    [
      'host-record=a.example,b.example,192.168.8.11,2001:db8::11,30',
      2,
      { addresses: ['192.168.8.11', '2001:db8::11'], ttlSeconds: 30 },
    ],
    ['cname=www.example,web.example', 1, { kind: 'rewrite', from: 'www.example', to: 'web.example' }],
    ['server=9.9.9.9', 1, { kind: 'forward', zone: '', to: ['9.9.9.9'] }],
    [
      'server=/lan.example/192.168.8.2#5353',
      1,
      { kind: 'forward', zone: 'lan.example', to: ['192.168.8.2'] },
    ],
    ['dhcp-range=192.168.8.100,192.168.8.199,12h', 0, {}],
  ])('reads %s', (text, count, first) => {
    expect(rules(text)).toHaveLength(count);
    if (count > 0) expect(rules(text)[0]).toMatchObject(first);
  });

  it.each([
    ['conf-dir=/etc/dnsmasq.d', /names come from elsewhere too/],
    ['address=/bad name/1.2.3.4', /would refuse/],
    ['server=not-an-address', /would refuse/],
  ])('makes a gap of %s', (text, what) => {
    const { gaps } = read(`# first\n${text}`);
    expect(gaps).toMatchObject([{ kinds: ['nameRule'], evidence: { line: 2 } }]);
    expect(gaps[0]?.what).toMatch(what);
  });

  it('is told by name or by its options', () => {
    expect(isDnsmasq('dns/r/dnsmasq.conf', '')).toBe(true);
    expect(isDnsmasq('dns/r/named.conf', 'options { };')).toBe(false);
  });
});
