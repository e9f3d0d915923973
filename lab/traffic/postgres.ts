/*
 * One transaction at a PostgreSQL server, on a connection of its own: frontend/backend protocol 3.0 with trust
 * authentication (documentation, "Message Flow"). The answer says as whom the server sees the client.
 */
import net from 'node:net';
import type { Attempted, AttemptTarget } from './attempt.ts';
import { attempting, type Ending } from './outcome.ts';
import { portOf } from './tcp.ts';

const version3 = 196_608;
const transaction =
  "begin; select txid_current() as n, host(inet_client_addr()) as peer, inet_client_port() as port, current_setting('cluster_name') as pod; commit";

export function attemptPostgres(target: AttemptTarget): Promise<Attempted> {
  return attempting(target, (ending) => {
    const socket = net.connect({
      host: target.address,
      port: target.port,
      ...(target.localAddress !== undefined && { localAddress: target.localAddress }),
      ...(target.localPort !== undefined && { localPort: target.localPort }),
    });
    const session = new Session(socket, ending);
    socket.on('connect', () => {
      ending.stage = 'connect';
      socket.write(startup());
    });
    socket.on('data', (chunk) => session.take(chunk));
    socket.on('error', ending.failed);
    socket.on('close', () => ending.failed('closed'));
    return () => socket.destroy();
  });
}

class Session {
  private readonly socket: net.Socket;
  private readonly ending: Ending;
  private bytes = Buffer.alloc(0);
  private isAsked = false;
  private row: readonly string[] = [];
  private committed = 0;

  constructor(socket: net.Socket, ending: Ending) {
    this.socket = socket;
    this.ending = ending;
  }

  take(chunk: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    while (this.bytes.length >= 5) {
      const length = this.bytes.readUInt32BE(1) + 1;
      if (this.bytes.length < length) return;
      const message = this.bytes.subarray(0, length);
      this.bytes = this.bytes.subarray(length);
      this.hear(String.fromCharCode(message[0] ?? 0), message.subarray(5));
    }
  }

  private hear(type: string, body: Buffer): void {
    if (type === 'E') this.ending.failed(`postgres ${errorCode(body)}`);
    else if (type === 'D') this.row = columnsOf(body);
    else if (type === 'C') this.committed += 1;
    else if (type === 'Z' && !this.isAsked) this.ask();
    else if (type === 'Z') this.finish();
  }

  private finish(): void {
    const [said = '', peer = '', port = '0', pod = ''] = this.row;
    this.ending.stage = 'body';
    const body = JSON.stringify({ pod, peer, peerPort: Number(port), said });
    if (this.committed === 3) this.ending.done({ body, ...portOf(this.socket) });
    else this.ending.failed('not committed');
  }

  private ask(): void {
    this.isAsked = true;
    this.ending.stage = 'request';
    const text = Buffer.from(`${transaction}\0`);
    const head = Buffer.alloc(5);
    head.write('Q', 0);
    head.writeUInt32BE(4 + text.length, 1);
    this.socket.write(Buffer.concat([head, text]));
  }
}

function startup(): Buffer {
  const settings = Buffer.from('user\0lab\0database\0postgres\0\0');
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + settings.length, 0);
  head.writeUInt32BE(version3, 4);
  return Buffer.concat([head, settings]);
}

/** The values of a DataRow; null becomes ''. */
function columnsOf(body: Buffer): readonly string[] {
  const values: string[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(0); left > 0; left--) {
    const length = body.readInt32BE(at);
    values.push(length < 0 ? '' : body.toString('utf8', at + 4, at + 4 + length));
    at += 4 + Math.max(0, length);
  }
  return values;
}

/** SQLSTATE of an ErrorResponse. */
function errorCode(body: Buffer): string {
  const field = body
    .toString('utf8')
    .split('\0')
    .find((f) => f.startsWith('C'));
  return field?.slice(1) ?? 'error';
}
