/* Probes over TCP, TLS, HTTP/1.1 and HTTP/2, pinned to an address, with the name in SNI and Host. */
import type { Attempt, Observation, Prober } from '#probe/prober.ts';
import { connectTcp, handshake, observed, StageError } from './connect.ts';
import { askHttp1, askHttp2, type Request } from './request.ts';

type HttpAttempt = Extract<Attempt, { kind: 'http' }>;
type Seen = Omit<Observation, 'ms'>;

export interface HttpProberOptions {
  /** Sent as `user-agent`, so that the probe's line in a log can be found. */
  readonly userAgent?: string;
}

export function httpProber({ userAgent = 'sightline-probe' }: HttpProberOptions = {}): Prober {
  return {
    can: (a) => a.kind === 'tcp' || a.kind === 'tls' || (a.kind === 'http' && a.version !== 3),
    attempt: (a, timeoutMs, mark) =>
      observed(timeoutMs, (signal) => attempt(a, requestOf(userAgent, mark), signal)),
  };
}

/** The mark stands in the query, since programs commonly log no user agent, and routes go by the path. */
function requestOf(userAgent: string, mark?: string): Omit<Request, 'name'> {
  if (mark === undefined) return { path: '/', userAgent };
  return { path: `/?sightline-probe=${mark}`, userAgent: `${userAgent}/${mark}` };
}

async function attempt(a: Attempt, request: Omit<Request, 'name'>, signal: AbortSignal): Promise<Seen> {
  switch (a.kind) {
    case 'tcp':
      (await connectTcp(a, signal)).destroy();
      return { outcome: 'works', says: 'connects' };
    case 'tls':
      return showCertificate(a, signal);
    case 'http':
      return ask(a, { ...request, name: a.name }, signal);
    default:
      throw new StageError('start', `no ${a.kind} here`);
  }
}

async function showCertificate(a: Extract<Attempt, { kind: 'tls' }>, signal: AbortSignal): Promise<Seen> {
  const secure = await handshake(
    await connectTcp(a, signal),
    { name: a.name, alpn: ['h2', 'http/1.1'] },
    signal,
  );
  const { subject, subjectaltname } = secure.getPeerCertificate();
  const alpn = secure.alpnProtocol || 'no ALPN';
  secure.destroy();
  return { outcome: 'works', says: `certificate of ${subjectaltname ?? subject?.CN ?? 'no name'}, ${alpn}` };
}

async function ask(a: HttpAttempt, request: Request, signal: AbortSignal): Promise<Seen> {
  const socket = await connectTcp(a, signal);
  if (a.isPlain) return seen(await askHttp1(socket, request, signal), 'HTTP/1.1');
  if (a.version === 1) {
    const secure = await handshake(socket, { name: a.name, alpn: ['http/1.1'] }, signal);
    return seen(await askHttp1(secure, request, signal), 'HTTP/1.1');
  }
  const secure = await handshake(socket, { name: a.name, alpn: ['h2'] }, signal);
  if (secure.alpnProtocol !== 'h2') throw new StageError('tls', `no h2: ${secure.alpnProtocol || 'no ALPN'}`);
  return seen(await askHttp2(secure, request, signal), 'HTTP/2');
}

/** 403 is an answer of the rules that guard the name; 5xx says that nothing stands behind the ingress. */
function seen({ status }: { readonly status: number }, version: string): Seen {
  const outcome = status === 403 ? 'refused' : status >= 500 || status === 0 ? 'fails' : 'works';
  return { outcome, says: `${version} ${status}`, status };
}
