/*
 * PostgreSQL by its own protocol (version 3, "Frontend/Backend Protocol", message formats SSLRequest and
 * StartupMessage): the server's demand for a password proves that a database answers, and no credential is needed.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { Observation, Prober } from '#probe/prober.ts';

type Seen = Omit<Observation, 'ms'>;

export function postgresProber(): Prober {
  return {
    can: (a) => a.kind === 'postgres',
    attempt: async (a, timeoutMs) => {
      if (a.kind !== 'postgres') throw new Error(`no ${a.kind} here`);
      const began = performance.now();
      const seen = await attempt(a.ip, a.port, timeoutMs);
      return { ...seen, ms: Math.round(performance.now() - began) };
    },
  };
}

async function attempt(ip: string, port: number, timeoutMs: number): Promise<Seen> {
  const socket = net.connect({ host: ip, port });
  const deadline = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs);
  try {
    return await talk(socket);
  } catch (error) {
    return { outcome: 'fails', says: (error as NodeJS.ErrnoException).code ?? (error as Error).message };
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

async function talk(socket: net.Socket): Promise<Seen> {
  await once(socket, 'connect');
  socket.write(sslRequest);
  const offer = (await firstBytes(socket)).toString('latin1', 0, 1);
  if (offer !== 'S' && offer !== 'N') return { outcome: 'fails', says: 'it does not speak PostgreSQL' };
  const open = offer === 'S' ? await secured(socket) : socket;
  open.write(startup('sightline-probe'));
  return meaningOf(await firstBytes(open), offer === 'S' ? 'over TLS' : 'in the clear');
}

/** Length 8, then the code 80877103. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Length, version 3.0, then name and value pairs that end with a zero byte each, and a zero byte at the end. */
function startup(user: string): Buffer {
  const pairs = Buffer.from(`user\0${user}\0database\0postgres\0\0`, 'latin1');
  const head = Buffer.alloc(8);
  head.writeUInt32BE(pairs.length + 8, 0);
  head.writeUInt32BE(0x0003_0000, 4);
  return Buffer.concat([head, pairs]);
}

/** `R`: an authentication request. `E`: an error with fields of a type byte and a text; 28… means turned away. */
function meaningOf(message: Buffer, how: string): Seen {
  const type = message.toString('latin1', 0, 1);
  if (type === 'R' && message.length >= 9)
    return { outcome: 'works', says: `asks for authentication (method ${message.readUInt32BE(5)}), ${how}` };
  if (type !== 'E') return { outcome: 'fails', says: `an answer of type ${JSON.stringify(type)}` };
  const fields = message.toString('utf8', 5).split('\0');
  const field = (name: string) => fields.find((f) => f.startsWith(name))?.slice(1) ?? '';
  const isRefusal = field('C').startsWith('28');
  return {
    outcome: isRefusal ? 'refused' : 'fails',
    says: `error ${field('C')} ${field('M')}`.slice(0, 120),
  };
}

async function secured(socket: net.Socket): Promise<net.Socket> {
  const secure = tls.connect({ socket, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  return secure;
}

function firstBytes(socket: net.Socket): Promise<Buffer> {
  return once(socket, 'data') as Promise<Buffer>;
}

function once(socket: net.Socket, event: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('closed by the other side'));
    socket.once('error', reject);
    socket.once('close', ended);
    socket.once(event, (value) => {
      socket.off('error', reject);
      socket.off('close', ended);
      socket.on('error', () => undefined);
      resolve(value);
    });
  });
}
