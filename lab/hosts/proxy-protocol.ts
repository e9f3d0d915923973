/*
 * Reads a PROXY protocol header, version 1 or 2 (haproxy's proxy-protocol.txt), from the start of a TCP stream.
 */

import { addressBytes, addressText } from './address-bytes.ts';

export type ProxyHeader =
  /** The bytes so far could become a header. */
  | { readonly kind: 'more' }
  /** No header: the stream begins with the application's own bytes. */
  | { readonly kind: 'none' }
  /** `source` is undefined where the header names none (UNKNOWN, LOCAL). */
  | { readonly kind: 'header'; readonly bytes: number; readonly source?: Source };

export interface Source {
  readonly address: string;
  readonly port: number;
}

const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const longestV1 = 107;

export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const common = Math.min(bytes.length, signature.length);
  if (common > 0 && bytes.subarray(0, common).equals(signature.subarray(0, common))) return readV2(bytes);
  const start = bytes.subarray(0, 6).toString('latin1');
  return 'PROXY '.startsWith(start) ? readV1(bytes) : { kind: 'none' };
}

/** The header that a balancer would write, version 2. */
export function writeProxyHeader(source: Source, destination: Source): Buffer {
  const isV6 = source.address.includes(':');
  const addresses = [source, destination].map((one) => addressBytes(one.address));
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const body = Buffer.concat([...addresses, ports]);
  return Buffer.concat([signature, Buffer.from([0x21, isV6 ? 0x21 : 0x11, 0, body.length]), body]);
}

function readV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, longestV1).indexOf('\r\n');
  if (end < 0) return bytes.length < longestV1 ? { kind: 'more' } : { kind: 'none' };
  const [, family, address, , port] = bytes.subarray(0, end).toString('latin1').split(' ');
  if (family === 'UNKNOWN' || address === undefined) return { kind: 'header', bytes: end + 2 };
  return { kind: 'header', bytes: end + 2, source: { address, port: Number(port) } };
}

function readV2(bytes: Buffer): ProxyHeader {
  if (bytes.length < 16) return { kind: 'more' };
  const total = 16 + bytes.readUInt16BE(14);
  if (bytes.length < total) return { kind: 'more' };
  const isLocal = ((bytes[12] ?? 0) & 0x0f) === 0;
  const family = (bytes[13] ?? 0) >> 4;
  if (isLocal || (family !== 1 && family !== 2)) return { kind: 'header', bytes: total };
  const size = family === 1 ? 4 : 16;
  const source = {
    address: addressText(bytes.subarray(16, 16 + size)),
    port: bytes.readUInt16BE(16 + 2 * size),
  };
  return { kind: 'header', bytes: total, source };
}
