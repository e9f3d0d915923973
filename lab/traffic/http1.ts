/*
 * One HTTP/1.1 request on a connection of its own, in the clear or over TLS.
 */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Attempted, AttemptTarget } from './attempt.ts';
import { attempting, type Ending } from './outcome.ts';
import { portOf } from './tcp.ts';
import { tlsOptions } from './tls-options.ts';

export function attemptHttp1(target: AttemptTarget): Promise<Attempted> {
  return attempting(target, (ending) => {
    const options = {
      ...tlsOptions(target, 'http/1.1'),
      path: target.path ?? '/',
      headers: { host: target.serverName ?? target.address, ...target.headers },
      agent: false as const,
    };
    const request = target.protocol === 'http' ? http.request(options) : https.request(options);
    request.on('socket', (socket) => watch(socket, ending));
    request.on('error', ending.failed);
    request.on('response', (response) => take(response, ending, request.socket));
    request.end();
    return () => request.destroy();
  });
}

function watch(socket: Socket | null, ending: Ending): void {
  socket?.once('connect', () => {
    ending.stage = 'connect';
  });
  socket?.once('secureConnect', () => {
    ending.stage = 'handshake';
  });
}

function take(response: http.IncomingMessage, ending: Ending, socket: Socket | null): void {
  ending.stage = 'headers';
  const port = socket ? portOf(socket) : {};
  const altSvc = response.headers['alt-svc'];
  const chunks: string[] = [];
  response.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  response.on('end', () => {
    ending.stage = 'body';
    const status = response.statusCode ?? 0;
    ending.done({ status, body: chunks.join(''), ...(altSvc !== undefined && { altSvc }), ...port });
  });
  response.on('error', ending.failed);
}
