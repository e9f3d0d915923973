/*
 * Stands for applications that have no listener of their own in the lab: every TCP line and every UDP datagram is
 * answered with who served it, the peer as its socket sees it, and what was said.
 */
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { keepServer } from './servers.ts';

export interface EchoConfig {
  readonly listeners: readonly EchoListener[];
}

export interface EchoListener {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** Who answers: a pod's name. */
  readonly pod: string;
}

export interface EchoStarted {
  readonly id: string;
}

/** One answer, as JSON: a line on TCP, a datagram on UDP. */
export interface EchoAnswer {
  readonly pod: string;
  readonly peer: string;
  readonly peerPort: number;
  readonly said: string;
}

type Stop = () => Promise<void>;

export const echoCommands = {
  'echo.start': async (config: EchoConfig): Promise<EchoStarted> => {
    const stops = await Promise.all(config.listeners.map(listen));
    return { id: keepServer({ stop: async () => void (await Promise.all(stops.map((stop) => stop()))) }) };
  },
};

function listen(listener: EchoListener): Promise<Stop> {
  return listener.protocol === 'tcp' ? listenTcp(listener) : listenUdp(listener);
}

async function listenTcp(listener: EchoListener): Promise<Stop> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    createInterface({ input: socket }).on('line', (said) => {
      const answer = echo(listener.pod, socket.remoteAddress ?? '', socket.remotePort ?? 0, said);
      socket.write(`${JSON.stringify(answer)}\n`);
    });
  });
  server.listen({ host: listener.address, port: listener.port, backlog: 1024 });
  await once(server, 'listening');
  return async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
}

async function listenUdp(listener: EchoListener): Promise<Stop> {
  const socket = dgram.createSocket(listener.address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, from) => {
    const answer = echo(listener.pod, from.address, from.port, message.toString('utf8'));
    socket.send(JSON.stringify(answer), from.port, from.address);
  });
  socket.bind(listener.port, listener.address);
  await once(socket, 'listening');
  socket.on('error', () => undefined);
  return async () => void socket.close();
}

function echo(pod: string, peer: string, peerPort: number, said: string): EchoAnswer {
  return { pod, peer, peerPort, said: said.slice(0, 200) };
}
