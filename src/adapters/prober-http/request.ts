/* One HEAD request over HTTP/1.1 or HTTP/2 on a connection that already stands. */
import http from 'node:http';
import http2 from 'node:http2';
import type net from 'node:net';
import { StageError } from './connect.ts';

export interface Answer {
  readonly status: number;
}

/** The request's headers; `user-agent` carries the mark by which a log line is found again. */
export interface Request {
  readonly name: string;
  readonly path: string;
  readonly userAgent: string;
}

export function askHttp1(socket: net.Socket, request: Request, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = http.request({
      createConnection: () => socket,
      method: 'GET',
      path: request.path,
      headers: { host: request.name, 'user-agent': request.userAgent, connection: 'close' },
      signal,
    });
    asked.once('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0 });
    });
    asked.once('error', (error: NodeJS.ErrnoException) => reject(stageError(error, signal)));
    asked.end();
  });
}

export function askHttp2(socket: net.Socket, request: Request, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`https://${request.name}`, { createConnection: () => socket });
    const fail = (error: NodeJS.ErrnoException) => reject(stageError(error, signal));
    session.once('error', fail);
    const stream = session.request({
      ':method': 'GET',
      ':path': request.path,
      ':authority': request.name,
      'user-agent': request.userAgent,
    });
    stream.once('error', fail);
    stream.once('response', (headers) => {
      resolve({ status: Number(headers[':status']) });
      session.destroy();
    });
    stream.end();
    signal.addEventListener('abort', () => {
      session.destroy();
      reject(new StageError('http', 'no answer in time'));
    });
  });
}

function stageError(error: NodeJS.ErrnoException, signal: AbortSignal): StageError {
  return new StageError('http', signal.aborted ? 'no answer in time' : (error.code ?? error.message));
}
