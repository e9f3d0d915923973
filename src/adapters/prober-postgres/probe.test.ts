/* PostgreSQL's protocol against servers that say what a real one says: message bytes as its documentation gives them. */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { makeAuthority } from '#lab/hosts/certificate.ts';
import { ip } from '#net/ip.ts';
import { postgresProber } from './index.ts';

const servers: net.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Type byte, length, then the body. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
const demand = message('R', Buffer.from([0, 0, 0, 10, ...Buffer.from('SCRAM-SHA-256\0\0')]));
const error = (code: string, text: string) => message('E', Buffer.from(`SFATAL\0C${code}\0M${text}\0\0`));

/** A server that answers SSLRequest with the letter, and a startup message with the answer. */
async function serve(letter: string, answer: Buffer): Promise<{ port: number; users: string[] }> {
  const users: string[] = [];
  const { cert, key } = makeAuthority().issue(['db.example.org']);
  const startup = (socket: net.Socket) =>
    socket.once('data', (bytes: Buffer) => {
      expect(bytes.readUInt32BE(4)).toBe(196_608);
      users.push(bytes.toString('latin1', 8).split('\0')[1] ?? '');
      socket.write(answer);
    });
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      expect([...bytes]).toEqual([0, 0, 0, 8, 4, 210, 22, 47]);
      socket.write(letter);
      if (letter === 'S')
        startup(new tls.TLSSocket(socket, { isServer: true, cert, key }).on('error', () => undefined));
      else startup(socket);
    });
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, users };
}

const probe = (port: number) =>
  postgresProber().attempt({ kind: 'postgres', ip: ip('127.0.0.1'), port }, 500);

describe('postgresProber', () => {
  it.each<[string, string, Buffer, object]>([
    [
      'a demand for a password',
      'N',
      demand,
      { outcome: 'works', says: 'asks for authentication (method 10), in the clear' },
    ],
    [
      'the same over TLS',
      'S',
      demand,
      { outcome: 'works', says: 'asks for authentication (method 10), over TLS' },
    ],
    [
      'no entry for this host',
      'N',
      error('28000', 'no pg_hba.conf entry'),
      { outcome: 'refused', says: 'error 28000 no pg_hba.conf entry' },
    ],
    [
      'a server that starts up',
      'N',
      error('57P03', 'the database system is starting up'),
      { outcome: 'fails' },
    ],
    ['another program', 'H', Buffer.alloc(0), { outcome: 'fails', says: 'it does not speak PostgreSQL' }],
  ])('%s', async (_, letter, answer, seen) => {
    const { port, users } = await serve(letter, answer);
    expect(await probe(port)).toMatchObject(seen);
    if (letter !== 'H') expect(users).toEqual(['sightline-probe']);
  });

  it('nothing listens', async () => {
    const { port } = await serve('N', demand);
    for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
    expect(await probe(port)).toMatchObject({ outcome: 'fails', says: 'ECONNREFUSED' });
  });

  it('a server that says nothing', async () => {
    const server = net.createServer(() => undefined).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    expect(await probe((server.address() as AddressInfo).port)).toMatchObject({ says: 'no answer in time' });
  });
});
