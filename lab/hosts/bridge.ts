/*
 * A TCP bridge as HAProxy in mode tcp is one: takes a connection and opens its own to somewhere else, of either family, so
 * the far end sees the bridge; with a PROXY header (version 2) first where it is told to send one.
 */
import { once } from 'node:events';
import net from 'node:net';
import { writeProxyHeader } from './proxy-protocol.ts';
import { keepServer } from './servers.ts';

export interface BridgeConfig {
  readonly listeners: readonly BridgeListener[];
}

export interface BridgeListener {
  readonly address: string;
  readonly port: number;
  readonly to: { readonly address: string; readonly port: number };
  readonly sendsProxyHeader: boolean;
}

export const bridgeCommands = {
  'bridge.start': async (config: BridgeConfig) => {
    const servers = await Promise.all(config.listeners.map(listen));
    return { id: keepServer({ stop: async () => servers.forEach((server) => void server.close()) }) };
  },
};

async function listen(listener: BridgeListener): Promise<net.Server> {
  const server = net.createServer({ noDelay: true }, (client) => join(client, listener));
  server.listen({ host: listener.address, port: listener.port, backlog: 1024 });
  await once(server, 'listening');
  return server;
}

/** Both ends live and die together. */
function join(client: net.Socket, { to, sendsProxyHeader }: BridgeListener): void {
  const origin = net.connect({ host: to.address, port: to.port, noDelay: true });
  const cut = () => {
    client.destroy();
    origin.destroy();
  };
  client.on('error', cut).on('close', cut);
  origin.on('error', cut).on('close', cut);
  origin.on('connect', () => {
    if (sendsProxyHeader) origin.write(headerFor(client));
    client.pipe(origin);
    origin.pipe(client);
  });
}

function headerFor(client: net.Socket): Buffer {
  const plain = (address: string | undefined) => (address ?? '').replace(/^::ffff:/, '');
  return writeProxyHeader(
    { address: plain(client.remoteAddress), port: client.remotePort ?? 0 },
    { address: plain(client.localAddress), port: client.localPort ?? 0 },
  );
}
