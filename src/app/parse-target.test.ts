/* Targets as people type them. */
import { describe, expect, it } from 'vitest';
import { parseTarget } from './parse-target.ts';

describe('parseTarget', () => {
  it.each([
    ['immich.example.org', { to: { name: 'immich.example.org' }, port: 443, protocol: 'tcp' }],
    ['immich.example.org/udp', { to: { name: 'immich.example.org' }, port: 443, protocol: 'udp' }],
    ['Immich.example.org:8443/udp', { to: { name: 'immich.example.org' }, port: 8443, protocol: 'udp' }],
    ['10.0.20.200:5432', { to: { ip: '10.0.20.200' }, port: 5432, protocol: 'tcp' }],
    ['[2001:db8::1]:80', { to: { ip: '2001:db8::1' }, port: 80, protocol: 'tcp' }],
    ['2001:db8::1', { to: { ip: '2001:db8::1' }, port: 443, protocol: 'tcp' }],
  ])('reads %s', (text, expected) => {
    expect(parseTarget(text)).toEqual(expected);
  });

  it.each(['', 'a:0', 'a:99999', 'a/sctp', 'https://a', '<b>', 'a b', '[::1'])('refuses %j', (text) => {
    expect(() => parseTarget(text)).toThrow(/no host/);
  });
});
