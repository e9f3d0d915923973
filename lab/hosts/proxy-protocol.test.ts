/* PROXY headers of both versions, whole, cut and absent. */
import { describe, expect, test } from 'vitest';
import { readProxyHeader, writeProxyHeader } from './proxy-protocol.ts';

const there = { address: '10.0.20.200', port: 443 };

describe('readProxyHeader', () => {
  test.each([
    [
      'PROXY TCP4 198.51.100.7 10.0.20.200 50000 443\r\nGET /',
      { kind: 'header', bytes: 47, source: { address: '198.51.100.7', port: 50000 } },
    ],
    [
      'PROXY TCP6 2001:db8::7 2001:db8::1 50000 443\r\n',
      { kind: 'header', bytes: 46, source: { address: '2001:db8::7', port: 50000 } },
    ],
    ['PROXY UNKNOWN\r\n', { kind: 'header', bytes: 15 }],
    ['PROXY TCP4 198.51', { kind: 'more' }],
    ['PRO', { kind: 'more' }],
    ['GET / HTTP/1.1\r\n', { kind: 'none' }],
    ['\u0016\u0003\u0001', { kind: 'none' }],
    [`PROXY ${'x'.repeat(120)}`, { kind: 'none' }],
  ])('%j', (text, expected) => {
    expect(readProxyHeader(Buffer.from(text, 'latin1'))).toEqual(expected);
  });

  test.each(['198.51.100.7', '2001:db8:100::7'])('version 2 comes back as written: %s', (address) => {
    const source = { address, port: 50_000 };
    const destination = address.includes(':') ? { address: '2001:db8::1', port: 443 } : there;
    const bytes = writeProxyHeader(source, destination);
    const after = Buffer.concat([bytes, Buffer.from('rest')]);
    expect(readProxyHeader(after)).toEqual({ kind: 'header', bytes: bytes.length, source });
    for (let cut = 1; cut < bytes.length; cut++)
      expect(readProxyHeader(bytes.subarray(0, cut)).kind).toBe('more');
  });

  test('version 2 LOCAL names no source', () => {
    const bytes = writeProxyHeader({ address: '198.51.100.7', port: 1 }, there);
    bytes[12] = 0x20;
    expect(readProxyHeader(bytes)).toEqual({ kind: 'header', bytes: bytes.length });
  });
});
