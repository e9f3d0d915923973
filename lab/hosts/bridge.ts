/*
 * A TCP bridge as HAProxy in mode tcp is one: takes a connection and opens its own to somewhere else, of either family, so
 * the far end sees the bridge; with a PROXY header (version 2) first where it is told to send one. What it is set to
 * anew goes for connections from then on, as after a reload.
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

interface Open {
  readonly server: net.Server;
  listener: BridgeListener;
}

const bridges = new Map<string, Bridge>();

export const bridgeCommands = {
  'bridge.start': async ({ listeners }: BridgeConfig) => {
    const bridge = new Bridge();
    await bridge.set(listeners);
    const id = keepServer({ stop: () => bridge.set([]) });
    bridges.set(id, bridge);
    return { id };
  },
  'bridge.set': async ({ id, listeners }: BridgeConfig & { readonly id: string }) => {
    const bridge = bridges.get(id);
    if (!bridge) throw new Error(`no bridge ${id} is running`);
    await bridge.set(listeners);
  },
};

class Bridge {
  private readonly open = new Map<string, Open>();

  async set(listeners: readonly BridgeListener[]): Promise<void> {
    const wanted = new Map(listeners.map((one) => [`${one.address} ${one.port}`, one]));
    for (const [key, { server }] of this.open) {
      if (wanted.has(key)) continue;
      this.open.delete(key);
      server.close();
    }
    await Promise.all([...wanted].map(([key, listener]) => this.take(key, listener)));
  }

  private async take(key: string, listener: BridgeListener): Promise<void> {
    const known = this.open.get(key);
    if (known) known.listener = listener;
    else this.open.set(key, await listen(listener));
  }
}

async function listen(listener: BridgeListener): Promise<Open> {
  const server = net.createServer({ noDelay: true }, (client) => join(client, open.listener));
  const open = { server, listener };
  server.listen({ host: listener.address, port: listener.port, backlog: 1024 });
  await once(server, 'listening');
  return open;
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
