/*
 * HTTP/3 listeners for the ingress, by @currentspace/http3 0.9.0 (quiche), which takes no PROXY protocol. Its server
 * would open a TCP port of its own beside UDP; that port belongs to our TLS listener, so the part is left out.
 */
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureServer, type Http3ServerSession, type ServerHttp3Stream } from '@currentspace/http3';
import type { Identity } from './certificate.ts';

export interface Http3Request {
  readonly peer: string;
  readonly peerPort: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly stream: ServerHttp3Stream;
}

/** Listens on UDP and hands over every request. Resolves with what stops it. */
export async function listenHttp3(
  address: string,
  port: number,
  identity: Identity,
  onRequest: (request: Http3Request) => void,
): Promise<(graceMs?: number) => Promise<void>> {
  const server = createSecureServer({
    ...identity,
    runtimeMode: 'portable',
    disableRetry: true,
    disableActiveMigration: false,
  });
  // The one member that makes the TCP side (dist/server.js, 0.9.0); a test notices if a new version renames it.
  Object.assign(server, { _createH2Server: () => new NoTcp() });
  const sessions = new Map<number, Http3ServerSession>();
  server.on('session', (session) => {
    sessions.set(session._connHandle, session);
    session.on('close', () => sessions.delete(session._connHandle)).on('error', () => undefined);
  });
  server.on('stream', (stream: ServerHttp3Stream, headers) => {
    stream.on('error', () => undefined);
    const session = sessions.get(stream._connHandle);
    onRequest({ peer: session?.remoteAddress ?? '', peerPort: session?.remotePort ?? 0, headers, stream });
  });
  server.listen(port, address);
  await once(server, 'listening');
  server.on('error', () => undefined);
  // This server cannot refuse new connections alone: it takes them until the grace is over.
  return async (graceMs = 0) => {
    if (graceMs > 0) await sleep(graceMs);
    await server.close();
  };
}

/** Looks like the TCP server that it is asked for, and opens nothing. */
class NoTcp extends EventEmitter {
  readonly listening = false;

  listen(_port: number, _host: string, done: () => void): this {
    process.nextTick(done);
    return this;
  }

  close(done?: () => void): this {
    if (done) process.nextTick(done);
    return this;
  }

  address(): undefined {
    return undefined;
  }
}
