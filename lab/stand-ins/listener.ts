/*
 * The HTTP or HTTPS side that all stand-ins share: reads a request whole, lets a fault act on it, and can stop listening
 * and come back on its port, which a client sees as a refused connection.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type Call, type Fault, type FaultChooser, takesEffect } from './faults.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes on after the body until it is closed; returns what to do when the client leaves. */
  readonly stream?: (write: (text: string) => void, end: () => void) => () => void;
}

export interface ListenerOptions {
  readonly handle: (call: Call) => Answer | Promise<Answer>;
  /** The system's own way to refuse with a status. */
  readonly refusal: (status: number, call: Call) => Answer;
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  readonly host?: string;
  readonly port?: number;
}

export interface Listener {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  setFault(chooser: FaultChooser | undefined): void;
  /** Stops listening, so that connections are refused, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

/** Listens on loopback (or `host`), on a free port unless one is named. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const state: State = { fault: undefined, sockets: new Set(), n: 0 };
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    serve(options, state, request, response).catch((error: unknown) => {
      // a mistake of the stand-in itself must not look like a fault that a test asked for
      process.emitWarning(error instanceof Error ? error : String(error));
      response.destroy();
    });
  };
  const host = options.host ?? '127.0.0.1';
  const start = async (port: number) => {
    const server =
      options.tls === undefined ? createServer(answer) : createTlsServer({ ...options.tls }, answer);
    server.on('connection', (socket: Socket) => {
      state.sockets.add(socket);
      socket.once('close', () => state.sockets.delete(socket));
    });
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(port, host, done);
    });
    return server;
  };
  let server = await start(options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const down = async () => {
    const closed = new Promise<void>((done) => server.close(() => done()));
    for (const socket of state.sockets) socket.destroy();
    await closed;
  };
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    setFault: (chooser) => {
      state.fault = chooser;
    },
    down,
    up: async () => {
      server = await start(port);
    },
    stop: down,
  };
}

interface State {
  fault: FaultChooser | undefined;
  readonly sockets: Set<Socket>;
  n: number;
}

async function serve(
  options: ListenerOptions,
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://stand-in');
  state.n += 1;
  const call: Call = {
    n: state.n,
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers as Readonly<Record<string, string | undefined>>,
    body: Buffer.concat(chunks).toString('utf8'),
  };
  const fault = state.fault?.(call);
  if (fault?.kind === 'held') await fault.until;
  const answer = takesEffect(fault) ? await options.handle(call) : options.refusal(500, call);
  if (fault === undefined || fault.kind === 'held') send(response, answer);
  else fail(response, fault, answer, options.refusal, call);
}

function send(response: ServerResponse, answer: Answer): void {
  const type = answer.type ?? 'application/json';
  if (answer.stream === undefined) {
    const length = Buffer.byteLength(answer.body);
    response.writeHead(answer.status, { 'content-type': type, 'content-length': length, ...answer.headers });
    response.end(answer.body);
    return;
  }
  response.writeHead(answer.status, { 'content-type': type, ...answer.headers });
  if (answer.body !== '') response.write(answer.body);
  else response.flushHeaders();
  const leave = answer.stream(
    (text) => response.write(text),
    () => response.end(),
  );
  response.once('close', leave);
}

function fail(
  response: ServerResponse,
  fault: Exclude<Fault, { kind: 'held' }>,
  answer: Answer,
  refusal: ListenerOptions['refusal'],
  call: Call,
): void {
  switch (fault.kind) {
    case 'reset':
      response.destroy();
      return;
    case 'silent':
      return;
    case 'status': {
      const { status, retryAfterSeconds: seconds } = fault;
      const refused = refusal(status, call);
      const headers = {
        ...refused.headers,
        ...(seconds !== undefined && { 'retry-after': String(seconds) }),
      };
      send(response, { ...refused, headers });
      return;
    }
    case 'half': {
      const whole = Buffer.from(answer.body === '' ? '{"kind":"Status"}' : answer.body);
      response.writeHead(answer.status, {
        'content-type': 'application/json',
        'content-length': whole.length,
      });
      response.write(whole.subarray(0, whole.length >> 1), () => response.destroy());
      return;
    }
    case 'garbage':
      send(response, {
        status: 200,
        type: 'text/html',
        body: '<html><body>Welcome to the captive portal</body></html>',
      });
      return;
    default:
      fault satisfies never;
  }
}
