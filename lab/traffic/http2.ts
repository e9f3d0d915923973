/*
 * One HTTP/2 request on a connection of its own.
 */
import http2 from 'node:http2';
import tls from 'node:tls';
import type { Attempted, AttemptTarget } from './attempt.ts';
import { attempting, type Ending } from './outcome.ts';
import { portOf } from './tcp.ts';
import { tlsOptions } from './tls-options.ts';

export function attemptHttp2(target: AttemptTarget): Promise<Attempted> {
  return attempting(target, (ending) => {
    const socket = tls.connect(tlsOptions(target, 'h2'));
    socket.once('connect', () => {
      ending.stage = 'connect';
    });
    socket.once('secureConnect', () => {
      ending.stage = 'handshake';
    });
    const name = target.serverName ?? target.address;
    const session = http2.connect(`https://${name.includes(':') ? `[${name}]` : name}`, {
      createConnection: () => socket,
    });
    socket.on('error', ending.failed);
    session.on('error', ending.failed);
    session.on('close', () => ending.failed('closed'));
    const stream = session.request({ ':path': target.path ?? '/', ...target.headers });
    take(stream, ending, socket);
    return () => session.destroy();
  });
}

function take(stream: http2.ClientHttp2Stream, ending: Ending, socket: tls.TLSSocket): void {
  let status = 0;
  let altSvc: string | undefined;
  const chunks: string[] = [];
  stream.on('response', (headers) => {
    ending.stage = 'headers';
    status = Number(headers[':status']);
    altSvc = headers['alt-svc'];
  });
  stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  stream.on('end', () => {
    if (status === 0) return;
    ending.stage = 'body';
    ending.done({
      status,
      body: chunks.join(''),
      ...(altSvc !== undefined && { altSvc }),
      ...portOf(socket),
    });
  });
  stream.on('error', ending.failed);
}
