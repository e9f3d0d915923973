/* Questions and updates to one DNS server over TCP, signed where a key is given. Tells whether a request can have arrived. */
import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import type { ApiFailure } from '../api-failure.ts';
import { check, sign, type TsigKey } from './tsig.ts';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  number16,
  type Outgoing,
  opcodeUpdate,
  typeNumber,
  type WireRecord,
} from './wire.ts';

export interface DnsServer {
  readonly address: string;
  readonly port: number;
  readonly key?: TsigKey;
  readonly timeoutMs: number;
}

export type Answer =
  | { readonly kind: 'answer'; readonly rcode: number; readonly records: readonly WireRecord[] }
  | ApiFailure;

/** All records of a name and type, straight from the server. */
export function ask(server: DnsServer, name: string, type: string): Promise<Answer> {
  const question = { name, type: typeNumber(type) ?? 0 };
  return exchange(server, { opcode: 0, recurse: false, question, sections: [[], [], []] });
}

/** One UPDATE: all of it happens, or none. */
export function update(
  server: DnsServer,
  zone: string,
  prerequisites: readonly WireRecord[],
  updates: readonly WireRecord[],
): Promise<Answer> {
  const question = { name: zone, type: typeNumber('SOA') ?? 6 };
  return exchange(server, {
    opcode: opcodeUpdate,
    recurse: false,
    question,
    sections: [prerequisites, updates, []],
  });
}

async function exchange(server: DnsServer, wanted: Omit<Outgoing, 'id'>): Promise<Answer> {
  const id = randomInt(0x10000);
  const plain = encodeMessage({ ...wanted, id });
  const signed =
    server.key === undefined ? undefined : sign(plain, server.key, Math.floor(Date.now() / 1000));
  const isUpdate = wanted.opcode === opcodeUpdate;
  const where = `the DNS server ${server.address} port ${server.port}`;
  const failed = (says: string, mayHaveActed: boolean): ApiFailure => ({
    kind: 'failed',
    mayHaveActed: isUpdate && mayHaveActed,
    says: `${where}: ${says}`,
  });
  const sent = await overTcp(server, signed?.bytes ?? plain);
  if (!('bytes' in sent)) return failed(sent.says, sent.isSent);
  const answer = decodeMessage(sent.bytes);
  if (answer === undefined || answer.id !== id || !answer.isAnswer || answer.opcode !== wanted.opcode)
    return failed('the answer is no answer to what was asked', true);
  if (server.key !== undefined && signed !== undefined) {
    const checked = check(sent.bytes, answer, server.key, signed);
    // an answer that nobody signed may be anybody's; a refusal of the key comes unsigned by its nature, and acted on nothing
    if (!checked.ok)
      return { ...failed(checked.says, answer.rcode === 0), ...(answer.rcode !== 0 && { status: 401 }) };
  }
  return { kind: 'answer', rcode: answer.rcode, records: answersOf(answer) };
}

function answersOf(message: Message): readonly WireRecord[] {
  return message.sections[0] ?? [];
}

type Sent = { readonly bytes: Buffer } | { readonly isSent: boolean; readonly says: string };

function overTcp({ address, port, timeoutMs }: DnsServer, message: Buffer): Promise<Sent> {
  return new Promise((done) => {
    let isSent = false;
    let got = Buffer.alloc(0);
    const socket = connect({ host: address, port });
    const end = (result: Sent) => {
      clearTimeout(timer);
      socket.destroy();
      done(result);
    };
    const timer = setTimeout(
      () => end({ isSent, says: `no answer within ${timeoutMs / 1000} s` }),
      timeoutMs,
    );
    socket.once('connect', () => {
      isSent = true;
      socket.write(Buffer.concat([number16(message.length), message]));
    });
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0))
        end({ bytes: got.subarray(2, 2 + got.readUInt16BE(0)) });
    });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end({
        isSent,
        says:
          error.code === 'ECONNREFUSED'
            ? 'the connection is refused'
            : `the connection failed (${error.code})`,
      }),
    );
    socket.once('close', () => end({ isSent, says: 'the connection ended before the answer' }));
  });
}
