/* Signing requests and checking signed answers with a shared key (RFC 8945). */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '#estate/secret.ts';
import { classAny, type Message, nameAt, nameBytes, number16, recordBytes, typeNumber } from './wire.ts';

export interface TsigKey {
  readonly name: string;
  readonly algorithm: 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512' | 'hmac-sha1';
  /** Base64, as named.conf has it. */
  readonly secret: Secret;
}

export interface Signed {
  readonly bytes: Buffer;
  /** Needed to check the answer. */
  readonly mac: Buffer;
}

const tsigType = typeNumber('TSIG') ?? 250;
const fudgeSeconds = 300;

/** The message with its signature as the last record. */
export function sign(message: Buffer, key: TsigKey, atSeconds: number): Signed {
  const variables = variablesOf(key, atSeconds, fudgeSeconds, 0, Buffer.alloc(0));
  const mac = digest(key, [message, variables]);
  const data = Buffer.concat([
    nameBytes(key.algorithm),
    time48(atSeconds),
    number16(fudgeSeconds),
    number16(mac.length),
    mac,
    message.subarray(0, 2),
    number16(0),
    number16(0),
  ]);
  const record = recordBytes({ name: key.name, type: tsigType, class: classAny, ttl: 0, data });
  const bytes = Buffer.concat([message, record]);
  bytes.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return { bytes, mac };
}

export type Checked = { readonly ok: true } | { readonly ok: false; readonly says: string };
const errors: Readonly<Record<number, string>> = {
  16: 'the server does not accept the signature (BADSIG): the secret differs',
  17: 'the server does not know the key (BADKEY)',
  18: "the server's clock differs too much (BADTIME)",
};

/** Whether the answer is the server's own, to this request. */
export function check(bytes: Buffer, answer: Message, key: TsigKey, request: Signed): Checked {
  const record = answer.sections[2]?.at(-1);
  if (record?.type !== tsigType) return { ok: false, says: 'the answer is not signed' };
  const read = read48(record.data);
  if (read === undefined)
    return { ok: false, says: 'the signature of the answer has another form than known' };
  const { atSeconds, fudge, mac, error, other } = read;
  if (error !== 0)
    return { ok: false, says: errors[error] ?? `the server reports the signature error ${error}` };
  const plain = Buffer.from(bytes.subarray(0, answer.lastAt));
  plain.writeUInt16BE(plain.readUInt16BE(10) - 1, 10);
  const variables = variablesOf(key, atSeconds, fudge, error, other);
  const wanted = digest(key, [number16(request.mac.length), request.mac, plain, variables]);
  const isSame = wanted.length === mac.length && timingSafeEqual(wanted, mac);
  return isSame ? { ok: true } : { ok: false, says: 'the signature of the answer is wrong' };
}

function digest(key: TsigKey, parts: readonly Buffer[]): Buffer {
  const hmac = createHmac(key.algorithm.replace('hmac-', ''), Buffer.from(key.secret.reveal(), 'base64'));
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

function variablesOf(key: TsigKey, atSeconds: number, fudge: number, error: number, other: Buffer): Buffer {
  return Buffer.concat([
    nameBytes(key.name),
    number16(classAny),
    Buffer.alloc(4),
    nameBytes(key.algorithm),
    time48(atSeconds),
    number16(fudge),
    number16(error),
    number16(other.length),
    other,
  ]);
}

function time48(seconds: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(seconds, 0, 6);
  return bytes;
}

function read48(data: Buffer) {
  try {
    const at = nameAt(data, 0).next;
    const size = data.readUInt16BE(at + 8);
    const behind = at + 10 + size;
    const mac = data.subarray(at + 10, behind);
    const other = data.subarray(behind + 6, behind + 6 + data.readUInt16BE(behind + 4));
    return {
      atSeconds: data.readUIntBE(at, 6),
      fudge: data.readUInt16BE(at + 6),
      mac,
      error: data.readUInt16BE(behind + 2),
      other,
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
