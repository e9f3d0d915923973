/*
 * The TCP side of an entry point: takes a connection, reads a PROXY header where one may come, and hands the rest to
 * the HTTP server behind it, which never knows. As in Traefik, anyone's header is taken off, but only a trusted peer's
 * is believed (go-proxyproto's policies USE and IGNORE).
 */
import net from 'node:net';
import type { Peer, Trust } from './ingress-types.ts';
import { readProxyHeader } from './proxy-protocol.ts';
import { trustOf } from './trust.ts';

export interface Front {
  readonly server: net.Server;
  /** The peer of a connection that the server behind knows by its socket's addresses. */
  readonly peerOf: (socket: {
    readonly remoteAddress?: string | undefined;
    readonly remotePort?: number | undefined;
  }) => Peer;
  /** Cuts every open connection. */
  readonly cut: () => void;
}

/** Makes a listener whose connections end up as `connection` events of `behind`. */
export function makeFront(proxyProtocol: Trust | undefined, behind: net.Server): Front {
  const isTrusted = trustOf(proxyProtocol);
  const proxied = new Map<string, { readonly address: string; readonly port: number }>();
  const sockets = new Set<net.Socket>();
  const pass = (socket: net.Socket) => behind.emit('connection', socket);
  const server = net.createServer({ noDelay: true }, (socket) => {
    const key = `${socket.remoteAddress} ${socket.remotePort}`;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      proxied.delete(key);
    });
    if (!proxyProtocol) return pass(socket);
    takeHeader(socket, (source) => {
      if (source && isTrusted(plain(socket.remoteAddress))) proxied.set(key, source);
      pass(socket);
    });
  });
  return {
    server,
    peerOf: (socket) => {
      const source = proxied.get(`${socket.remoteAddress} ${socket.remotePort}`);
      const peer = { socketAddress: plain(socket.remoteAddress), socketPort: socket.remotePort ?? 0 };
      return source ? { ...peer, proxied: source } : peer;
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function takeHeader(socket: net.Socket, done: (source?: { address: string; port: number }) => void): void {
  let bytes = Buffer.alloc(0);
  const onReadable = () => {
    for (let chunk = socket.read() as Buffer | null; chunk; chunk = socket.read() as Buffer | null)
      bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length === 0) return;
    const header = readProxyHeader(bytes);
    if (header.kind === 'more') return;
    socket.off('readable', onReadable);
    const rest = header.kind === 'header' ? bytes.subarray(header.bytes) : bytes;
    if (rest.length > 0) socket.unshift(rest);
    done(header.kind === 'header' ? header.source : undefined);
  };
  socket.on('readable', onReadable);
}

function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}
