/*
 * One HTTP request over a connection of its own, for everything that writes: afterwards it is known whether the request
 * can have reached the other side. No redirects, no reuse, TLS always verified; a private authority can be named.
 */
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';

export interface HttpServer {
  /** `https://host:port`, a path in front is kept. */
  readonly url: string;
  /** PEM of a private authority, instead of the well-known ones. */
  readonly ca?: string;
  /** PEM of a client certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
  readonly timeoutMs?: number;
}

export interface HttpRequest {
  readonly method: string;
  /** Path with query, appended to the server's URL. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type HttpOutcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: string;
      readonly retryAfterMs?: number;
    }
  /** `isSent`: it may have reached the server, which may have acted on it. */
  | { readonly kind: 'failed'; readonly isSent: boolean; readonly says: string };

const defaultTimeoutMs = 15_000;
const maxBytes = 64 * 1024 * 1024;
const longestWaitMs = 5 * 60_000;

/** Never throws. */
export function callHttp(server: HttpServer, wanted: HttpRequest): Promise<HttpOutcome> {
  return new Promise((done) => {
    let isSent = false;
    const failed = (says: string) => done({ kind: 'failed', isSent, says });
    let url: URL;
    try {
      url = new URL(server.url.replace(/\/$/, '') + wanted.path);
    } catch {
      failed(`${JSON.stringify(server.url)} is no URL`);
      return;
    }
    const isTls = url.protocol === 'https:';
    const send = isTls ? tlsRequest : plainRequest;
    const body = wanted.body ?? '';
    const sent = send(url, {
      method: wanted.method,
      agent: false,
      headers: {
        'user-agent': 'sightline',
        accept: 'application/json',
        ...wanted.headers,
        'content-length': Buffer.byteLength(body),
        connection: 'close',
      },
      // said outright, since NODE_TLS_REJECT_UNAUTHORIZED would change what holds where nothing is said
      ...(isTls && { rejectUnauthorized: true }),
      ...(isTls && server.ca !== undefined && { ca: server.ca }),
      ...(isTls && server.cert !== undefined && { cert: server.cert, key: server.key }),
    });
    sent.on('socket', (socket) => {
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        isSent = true;
      });
    });
    const timeoutMs = server.timeoutMs ?? defaultTimeoutMs;
    const timer = setTimeout(
      () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    sent.on('close', () => clearTimeout(timer));
    sent.on('error', (error) => failed(reasonOf(error)));
    sent.on('response', (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) sent.destroy(new Error('the answer is larger than 64 MB'));
        else chunks.push(chunk);
      });
      answer.on('aborted', () => failed('the connection broke in the middle of the answer'));
      answer.on('error', (error) => failed(reasonOf(error)));
      answer.on('end', () => {
        const retryAfterMs = retryAfter(answer.headers['retry-after']);
        done({
          kind: 'answered',
          status: answer.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          ...(retryAfterMs !== undefined && { retryAfterMs }),
        });
      });
    });
    sent.end(body);
  });
}

/** Seconds only; a date is left to the caller's own patience. */
function retryAfter(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,6}$/.test(text)) return undefined;
  return Math.min(Number(text) * 1000, longestWaitMs);
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOTFOUND: 'its name does not resolve',
  EAI_AGAIN: 'its name does not resolve now',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no route to it',
  ETIMEDOUT: 'no connection in time',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed: name its authority (ca)',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of a private authority: name it (ca)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified: name its authority (ca)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate cannot be verified: name its authority (ca)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  INVALID_PURPOSE: 'its certificate is not one for servers',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  CERT_SIGNATURE_FAILURE: 'its certificate is not of the authority that is named (ca)',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there',
  EPROTO: 'it does not speak TLS there',
};

function reasonOf(error: NodeJS.ErrnoException): string {
  const inner =
    error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException | undefined) : undefined;
  const code = error.code ?? inner?.code ?? '';
  return (
    reasons[code] ?? (code === '' ? (error.message.split('\n')[0] ?? '') : `the connection failed (${code})`)
  );
}
