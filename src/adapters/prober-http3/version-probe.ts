/*
 * The cheapest question to a QUIC server, needing no engine: a packet of a version that nobody speaks must be answered
 * with the versions it does speak (RFC 9000 section 6, RFC 8999). It tells "nothing there" from "a server, but no handshake".
 */
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';

export type VersionAnswer =
  | { readonly kind: 'versions'; readonly versions: readonly string[]; readonly ms: number }
  | { readonly kind: 'other-packet'; readonly ms: number }
  | { readonly kind: 'icmp'; readonly code: string; readonly ms: number }
  | { readonly kind: 'silence'; readonly ms: number };

export interface VersionTarget {
  readonly address: string;
  readonly port: number;
  readonly localAddress?: string;
  /** 1500 where not given. */
  readonly timeoutMs?: number;
}

/** Asks once from a fresh port. Never rejects. */
export function askVersions(target: VersionTarget): Promise<VersionAnswer> {
  const began = performance.now();
  const socket = dgram.createSocket(target.address.includes(':') ? 'udp6' : 'udp4');
  const id = randomBytes(8);
  return new Promise((resolve) => {
    const end = (
      answer: { kind: 'silence' | 'other-packet' } | { kind: 'icmp'; code: string } | Versions,
    ) => {
      clearTimeout(deadline);
      socket.removeAllListeners().on('error', () => undefined);
      setImmediate(() => socket.close());
      resolve({ ...answer, ms: performance.now() - began });
    };
    const deadline = setTimeout(() => end({ kind: 'silence' }), target.timeoutMs ?? 1500);
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end({ kind: 'icmp', code: error.code ?? error.message }),
    );
    socket.once('message', (datagram) => end(readVersions(datagram, id)));
    socket.bind(0, target.localAddress, () => {
      socket.connect(target.port, target.address, (error?: NodeJS.ErrnoException) => {
        if (error) end({ kind: 'icmp', code: error.code ?? error.message });
        else socket.send(question(id));
      });
    });
  });
}

interface Versions {
  readonly kind: 'versions';
  readonly versions: readonly string[];
}

/** A long header of reserved version 0x1a2a3a4a, as long as an Initial must be. */
function question(id: Buffer): Buffer {
  const header = Buffer.concat([
    Buffer.from([0xcf, 0x1a, 0x2a, 0x3a, 0x4a, 8]),
    randomBytes(8),
    Buffer.from([8]),
    id,
  ]);
  return Buffer.concat([header, randomBytes(1200 - header.length)]);
}

/** Its destination id must be the source id that we sent; anything else is not an answer to us. */
function readVersions(datagram: Buffer, id: Buffer): Versions | { kind: 'other-packet' } {
  const isNegotiation =
    datagram.length > 15 && ((datagram[0] ?? 0) & 0x80) !== 0 && datagram.readUInt32BE(1) === 0;
  const destinationEnd = 6 + (datagram[5] ?? 0);
  if (!isNegotiation || !datagram.subarray(6, destinationEnd).equals(id)) return { kind: 'other-packet' };
  const start = destinationEnd + 1 + (datagram[destinationEnd] ?? 0);
  const count = Math.max(0, Math.floor((datagram.length - start) / 4));
  const versions = Array.from(
    { length: count },
    (_, i) => `0x${datagram.readUInt32BE(start + 4 * i).toString(16)}`,
  );
  return { kind: 'versions', versions };
}
