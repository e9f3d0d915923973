/* Stands before a DNS server (TCP) and fails like one: before or after the message reached it. */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export type DnsFault =
  | { readonly kind: 'reset' | 'silent' | 'half' | 'garbage'; readonly takesEffect: boolean }
  /** An unsigned answer with this code; nothing reaches the server. */
  | { readonly kind: 'rcode'; readonly rcode: number };

type Chosen = DnsFault | undefined;
/** May do something itself before the message goes on. */
export type FaultChooser = (isUpdate: boolean) => Chosen | Promise<Chosen>;

export interface DnsProxy {
  readonly port: number;
  /** `isUpdate`: opcode 5. undefined: no fault. */
  setFault(chooser: FaultChooser | undefined): void;
  stop(): Promise<void>;
}

export async function startDnsProxy(target: {
  readonly address: string;
  readonly port: number;
}): Promise<DnsProxy> {
  let chooser: FaultChooser | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    client.on('error', () => client.destroy());
    let got = Buffer.alloc(0);
    client.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      const message = got;
      got = Buffer.alloc(0);
      const isUpdate = ((message.readUInt8(4) >> 3) & 15) === 5;
      Promise.resolve(chooser?.(isUpdate)).then(
        (fault) => serve(client, message, fault, target),
        () => client.destroy(),
      );
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    setFault: (c) => {
      chooser = c;
    },
    stop: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => done());
      }),
  };
}

function serve(
  client: Socket,
  message: Buffer,
  fault: DnsFault | undefined,
  target: { address: string; port: number },
): void {
  if (fault?.kind === 'rcode') {
    client.end(refusal(message, fault.rcode));
    return;
  }
  if (fault !== undefined && !fault.takesEffect) {
    fail(client, fault.kind, Buffer.alloc(40));
    return;
  }
  const upstream = connect(target.port, target.address);
  let answer = Buffer.alloc(0);
  upstream.on('error', () => client.destroy());
  upstream.write(message);
  upstream.on('data', (chunk) => {
    answer = Buffer.concat([answer, chunk]);
    if (answer.length < 2 || answer.length < 2 + answer.readUInt16BE(0)) return;
    upstream.destroy();
    if (fault === undefined) client.end(answer);
    else fail(client, fault.kind, answer);
  });
}

function fail(client: Socket, kind: 'reset' | 'silent' | 'half' | 'garbage', answer: Buffer): void {
  if (kind === 'reset') client.destroy();
  if (kind === 'half') client.end(answer.subarray(0, answer.length >> 1));
  if (kind === 'garbage') client.end(Buffer.from([0, 20, ...Buffer.from('HTTP/1.1 400 Bad Req')]));
}

/** The header alone, as an answer. */
function refusal(message: Buffer, rcode: number): Buffer {
  const header = Buffer.from(message.subarray(2, 14));
  header.writeUInt16BE(0x8000 | (header.readUInt16BE(2) & 0x7800) | rcode, 2);
  header.fill(0, 4);
  return Buffer.concat([Buffer.from([0, 12]), header]);
}
