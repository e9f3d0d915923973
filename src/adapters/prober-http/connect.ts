/* TCP and TLS to a pinned address, each stage with its own name for what went wrong. */
import net from 'node:net';
import tls from 'node:tls';
import type { Observation } from '#probe/prober.ts';

export interface Place {
  readonly ip: string;
  readonly port: number;
}

/** A stage that failed; `stage` says how far the attempt got before. */
export class StageError extends Error {
  readonly stage: string;
  constructor(stage: string, message: string) {
    super(message);
    this.stage = stage;
  }
}

/** A connected socket. Throws StageError. */
export function connectTcp({ ip, port }: Place, signal: AbortSignal): Promise<net.Socket> {
  const socket = net.connect({ host: ip, port });
  return settled(socket, 'connect', 'tcp', signal);
}

export interface Handshake {
  readonly name: string;
  readonly alpn: readonly string[];
}

/** The socket after its TLS handshake; the certificate is looked at by the caller. Throws StageError. */
export function handshake(
  socket: net.Socket,
  { name, alpn }: Handshake,
  signal: AbortSignal,
): Promise<tls.TLSSocket> {
  const secure = tls.connect({
    socket,
    servername: name,
    ALPNProtocols: [...alpn],
    rejectUnauthorized: false, // what it shows is compared with before, not with this machine's trust
  });
  return settled(secure, 'secureConnect', 'tls', signal);
}

/** Runs the attempt with its deadline; whatever it throws becomes an observation. Sockets end with the signal. */
export async function observed(
  timeoutMs: number,
  run: (signal: AbortSignal) => Promise<Omit<Observation, 'ms'>>,
): Promise<Observation> {
  const began = performance.now();
  const abort = new AbortController();
  const deadline = setTimeout(() => abort.abort(), timeoutMs);
  const ms = () => Math.round(performance.now() - began);
  try {
    return { ...(await run(abort.signal)), ms: ms() };
  } catch (error) {
    return { outcome: 'fails', says: failureText(error), ms: ms() };
  } finally {
    clearTimeout(deadline);
    abort.abort();
  }
}

function failureText(error: unknown): string {
  if (!(error instanceof StageError)) return error instanceof Error ? error.message : String(error);
  return `${error.stage}: ${error.message}`;
}

function settled<S extends net.Socket>(
  socket: S,
  event: string,
  stage: string,
  signal: AbortSignal,
): Promise<S> {
  signal.addEventListener('abort', () => setImmediate(() => socket.destroy()), { once: true });
  socket.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new StageError(stage, why));
    signal.addEventListener('abort', () => fail('no answer in time'), { once: true });
    socket.once(event, () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    socket.once('close', () => fail('closed by the other side'));
  });
}
