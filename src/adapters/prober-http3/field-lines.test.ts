/* The status of answers as real servers write it, and the request as RFC 9204 wants it. */
import { describe, expect, test } from 'vitest';
import { decodeStatus, encodeRequest } from './field-lines.ts';

describe('status', () => {
  test.each([
    ['static 200', '0000d9', 200],
    ['static 404', '0000db', 404],
    ['static 421, index in two bytes', '0000ff06', 421],
    ['static name, plain digits 429', '00005f0903343239', 429],
    ['static name, Huffman digits 302', '00005f09826402', 302],
    ['an empty section', '0000', undefined],
    ['a field with a name of its own first', '00002161', undefined],
  ])('%s', (_, hex, status) => {
    expect(decodeStatus(Buffer.from(hex, 'hex'))).toBe(status);
  });
});

test('a request has its four pseudo header fields first, then its own in lower case', () => {
  const section = encodeRequest({
    authority: 'a.example.org',
    path: '/x',
    headers: { 'User-Agent': 'sightline' },
  });
  expect(section.subarray(0, 4).toString('hex')).toBe('0000d1d7');
  expect(section.toString('latin1')).toContain(`${String.fromCharCode(0x50, 13)}a.example.org`);
  expect(section.toString('latin1')).toContain(`${String.fromCharCode(0x51, 2)}/x`);
  expect(section.toString('latin1')).toContain('user-agent');
});
