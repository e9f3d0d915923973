/*
 * DNS messages as far as updates need them (RFC 1035, RFC 2136): queries and UPDATEs out, answers in. Names are written
 * uncompressed, as TSIG and UPDATE want them, and read with compression.
 */
import { isIPv6 } from 'node:net';
import { parseIp } from '#net/ip.ts';

export const classIn = 1;
export const classNone = 254;
export const classAny = 255;
export const opcodeUpdate = 5;

const types: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  AAAA: 28,
  SRV: 33,
  TSIG: 250,
};

export function typeNumber(type: string): number | undefined {
  return types[type];
}

export interface WireRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: Buffer;
}

export interface Message {
  readonly id: number;
  readonly opcode: number;
  readonly isAnswer: boolean;
  readonly rcode: number;
  /** Question, or zone of an update. */
  readonly question: readonly { readonly name: string; readonly type: number }[];
  readonly sections: readonly (readonly WireRecord[])[];
  /** Offset of the last record of the last section, where a TSIG would be. */
  readonly lastAt: number;
}

/** Names end without a dot; '' is the root. */
export function nameBytes(name: string): Buffer {
  const labels = name === '' ? [] : name.toLowerCase().split('.');
  const parts = labels.map((label) => {
    const bytes = Buffer.from(label, 'latin1');
    if (bytes.length === 0 || bytes.length > 63)
      throw new RangeError(`${JSON.stringify(name)} is no DNS name`);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
}

export interface Outgoing {
  readonly id: number;
  readonly opcode: number;
  readonly recurse: boolean;
  readonly question: { readonly name: string; readonly type: number };
  /** Answers or prerequisites, authority or updates, additional. */
  readonly sections: readonly [readonly WireRecord[], readonly WireRecord[], readonly WireRecord[]];
}

export function encodeMessage({ id, opcode, recurse, question, sections }: Outgoing): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE((opcode << 11) | (recurse ? 0x0100 : 0), 2);
  header.writeUInt16BE(1, 4);
  sections.forEach((records, i) => {
    header.writeUInt16BE(records.length, 6 + 2 * i);
  });
  const asked = Buffer.concat([nameBytes(question.name), number16(question.type), number16(classIn)]);
  return Buffer.concat([header, asked, ...sections.flat().map(recordBytes)]);
}

export function recordBytes({ name, type, class: c, ttl, data }: WireRecord): Buffer {
  return Buffer.concat([
    nameBytes(name),
    number16(type),
    number16(c),
    number32(ttl),
    number16(data.length),
    data,
  ]);
}

export function number16(n: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(n);
  return bytes;
}

function number32(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(n);
  return bytes;
}

/** undefined: it is no message. Never throws. */
export function decodeMessage(bytes: Buffer): Message | undefined {
  try {
    return decoded(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function decoded(bytes: Buffer): Message {
  const flags = bytes.readUInt16BE(2);
  let at = 12;
  const question = Array.from({ length: bytes.readUInt16BE(4) }, () => {
    const { name, next } = nameAt(bytes, at);
    at = next + 4;
    return { name, type: bytes.readUInt16BE(next) };
  });
  let lastAt = at;
  const sections = [6, 8, 10].map((offset) =>
    Array.from({ length: bytes.readUInt16BE(offset) }, (): WireRecord => {
      lastAt = at;
      const { name, next } = nameAt(bytes, at);
      const length = bytes.readUInt16BE(next + 8);
      const type = bytes.readUInt16BE(next);
      at = next + 10 + length;
      if (at > bytes.length) throw new RangeError('cut');
      const data = uncompressed(bytes, type, next + 10, length);
      return { name, type, class: bytes.readUInt16BE(next + 2), ttl: bytes.readUInt32BE(next + 4), data };
    }),
  );
  return {
    id: bytes.readUInt16BE(0),
    opcode: (flags >> 11) & 15,
    isAnswer: flags >= 0x8000,
    rcode: flags & 15,
    question,
    sections,
    lastAt,
  };
}

/** Names in the data of the types of RFC 1035 may be compressed: they are written out, so that data can be compared. */
function uncompressed(bytes: Buffer, type: number, at: number, length: number): Buffer {
  const before = type === types.MX ? 2 : 0;
  if (![types.NS, types.CNAME, types.PTR, types.MX].includes(type)) return bytes.subarray(at, at + length);
  return Buffer.concat([bytes.subarray(at, at + before), nameBytes(nameAt(bytes, at + before).name)]);
}

export function nameAt(bytes: Buffer, from: number): { readonly name: string; readonly next: number } {
  const labels: string[] = [];
  let next: number | undefined;
  for (let at = from, jumps = 0; ; ) {
    const length = bytes.readUInt8(at);
    if (length >= 0xc0) {
      if (++jumps > 20) throw new RangeError('a name points in a circle');
      next ??= at + 2;
      at = bytes.readUInt16BE(at) & 0x3fff;
    } else if (length === 0) return { name: labels.join('.'), next: next ?? at + 1 };
    else {
      labels.push(bytes.toString('latin1', at + 1, at + 1 + length).toLowerCase());
      at += 1 + length;
    }
  }
}

/** A value as facts have it, as data; undefined: not a value of this type, or a type that is not written. */
export function dataOf(type: string, value: string): Buffer | undefined {
  const words = value.split(/\s+/);
  const numbers = words.slice(0, -1).map((w) => number16(Number(w)));
  switch (type) {
    case 'A':
      return parseIp(value) === undefined || isIPv6(value)
        ? undefined
        : Buffer.from(value.split('.').map(Number));
    case 'AAAA':
      return isIPv6(value) ? ipv6Bytes(value) : undefined;
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return nameBytes(value.replace(/\.$/, ''));
    case 'MX':
    case 'SRV':
      return Buffer.concat([...numbers, nameBytes((words.at(-1) ?? '').replace(/\.$/, ''))]);
    default:
      return undefined;
  }
}

function ipv6Bytes(text: string): Buffer {
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined) =>
    (part ?? '')
      .split(':')
      .filter((g) => g !== '')
      .flatMap((g) => (g.includes('.') ? pairs(g) : [Number.parseInt(g, 16)]));
  const [left, right] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return Buffer.concat([...left, ...zeros, ...right].map(number16));
}

function pairs(ipv4: string): readonly number[] {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return [(a << 8) | b, (c << 8) | d];
}

/** Data as text, to say what is there. */
export function dataText(type: string, data: Buffer): string {
  if (type === 'A') return [...data].join('.');
  if (type === 'AAAA')
    return (
      parseIp(Array.from({ length: 8 }, (_, i) => data.readUInt16BE(2 * i).toString(16)).join(':')) ?? ''
    );
  if (type === 'MX') return `${data.readUInt16BE(0)} ${nameAt(data, 2).name}`;
  return type === 'SRV' ? data.toString('hex') : nameAt(data, 0).name;
}
