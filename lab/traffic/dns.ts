/*
 * One DNS query over UDP for a name's addresses, and as much of RFC 1035's wire format as that needs.
 */
import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import { addressText } from '../hosts/address-bytes.ts';
import { nowMs } from '../hosts/protocol.ts';
import type { Attempted, AttemptTarget } from './attempt.ts';
import { attempting } from './outcome.ts';

export type RecordType = 'A' | 'AAAA';

export interface Resolver {
  readonly address: string;
  /** 53 where not given. */
  readonly port?: number;
  /** A where not given. */
  readonly recordType?: RecordType;
}

export interface DnsAnswer {
  readonly id: number;
  /** 0: no error; 3: no such name. */
  readonly code: number;
  readonly addresses: readonly string[];
  /** Seconds; the shortest of the answer's records, aliases among them. 0 where there are none. */
  readonly ttl: number;
}

const typeNumbers: Readonly<Record<RecordType, number>> = { A: 1, AAAA: 28 };
const codes: Readonly<Record<number, string>> = { 1: 'FORMERR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 5: 'REFUSED' };
const headerBytes = 12;

/** A query that asks for recursion, as a stub resolver's does. */
export function encodeQuery(id: number, name: string, type: RecordType): Buffer {
  const header = Buffer.from([id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const labels = name.replace(/\.$/, '').split('.');
  const question = labels.map((label) =>
    Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
  );
  return Buffer.concat([header, ...question, Buffer.from([0, 0, typeNumbers[type], 0, 1])]);
}

/** The answer's addresses; undefined where the bytes are no answer. */
export function decodeAnswer(bytes: Buffer): DnsAnswer | undefined {
  try {
    return readAnswer(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The attempt of protocol `dns`: asks `address` for `serverName`. */
export function attemptDns(target: AttemptTarget): Promise<Attempted> {
  const id = randomInt(0x10000);
  return attempting(target, (ending) => {
    const socket = dgram.createSocket(target.address.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', ending.failed);
    socket.on('message', (datagram) => {
      const answer = decodeAnswer(datagram);
      if (answer?.id !== id) return;
      ending.stage = 'body';
      if (answer.addresses.length === 0)
        ending.failed(codes[answer.code] ?? (answer.code === 0 ? 'no address' : 'refused'));
      else ending.done({ resolved: answer.addresses, ttl: answer.ttl, localPort: socket.address().port });
    });
    socket.bind(target.localPort ?? 0, target.localAddress, () => {
      socket.connect(target.port, target.address, (error?: NodeJS.ErrnoException) => {
        if (error) return ending.failed(error);
        socket.send(encodeQuery(id, target.serverName ?? '', target.recordType ?? 'A'));
        ending.stage = 'udp-send';
      });
    });
    return () => socket.close();
  });
}

const cache = new Map<string, { readonly address: string; readonly untilMs: number }>();

/** The first address of a name by a resolver, remembered for its TTL as a stub's cache does; else why not. */
export async function resolveFirst(
  target: AttemptTarget,
  resolver: Resolver,
): Promise<{ address: string } | { cause: string }> {
  const { recordType = 'A', port = 53 } = resolver;
  const key = `${resolver.address} ${port} ${target.serverName} ${recordType}`;
  const known = cache.get(key);
  if (known && known.untilMs > nowMs()) return known;
  const { localPort: _, ...from } = target;
  const asked = await attemptDns({ ...from, protocol: 'dns', address: resolver.address, port, recordType });
  const address = asked.resolved?.[0];
  if (address === undefined) return { cause: asked.cause ?? 'no address' };
  cache.set(key, { address, untilMs: nowMs() + (asked.ttl ?? 0) * 1000 });
  return { address };
}

function readAnswer(bytes: Buffer): DnsAnswer | undefined {
  const isAnswer = bytes.length >= headerBytes && ((bytes[2] ?? 0) & 0x80) !== 0;
  if (!isAnswer) return undefined;
  let at = headerBytes;
  for (let left = bytes.readUInt16BE(4); left > 0; left--) at = skipName(bytes, at) + 4;
  const addresses: string[] = [];
  const ttls: number[] = [];
  for (let left = bytes.readUInt16BE(6); left > 0; left--) {
    at = skipName(bytes, at);
    const type = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 8);
    ttls.push(bytes.readUInt32BE(at + 4));
    const data = bytes.subarray(at + 10, at + 10 + length);
    if ((type === typeNumbers.A && length === 4) || (type === typeNumbers.AAAA && length === 16))
      addresses.push(addressText(data));
    at += 10 + length;
  }
  const ttl = ttls.length === 0 ? 0 : Math.min(...ttls);
  return { id: bytes.readUInt16BE(0), code: (bytes[3] ?? 0) & 0x0f, addresses, ttl };
}

/** Where a name ends: at its zero byte, or behind a pointer (RFC 1035 section 4.1.4). */
function skipName(bytes: Buffer, from: number): number {
  for (let at = from; ; ) {
    const length = bytes.readUInt8(at);
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
    if (length === 0) return at;
  }
}
