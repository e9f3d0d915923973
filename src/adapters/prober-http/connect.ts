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
  return new Promise((resolve, reject) => {
    const stop = () => {
      socket.destroy();
      reject(new StageError(stage, 'no answer in time'));
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.once(event, () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      reject(new StageError(stage, error.code ?? error.message)),
    );
    socket.once('close', () => reject(new StageError(stage, 'closed by the other side')));
    socket.on('error', () => undefined);
  });
}
