/*
 * One flow from a vantage point, over any protocol of the lab, from a fresh port: how far it got, how long it took, and
 * as whom the far end saw it.
 */
import { attemptHttp3, type Http3Cause } from '#adapters/prober-http3/index.ts';
import type { EchoAnswer } from '../hosts/echo.ts';
import type { IngressAnswer } from '../hosts/ingress-types.ts';
import { nowMs } from '../hosts/protocol.ts';
import { attemptDns, type RecordType, type Resolver, resolveFirst } from './dns.ts';
import { attemptHttp1 } from './http1.ts';
import { attemptHttp2 } from './http2.ts';
import { attemptPostgres } from './postgres.ts';
import { attemptTcp } from './tcp.ts';
import { attemptUdp } from './udp.ts';

/** `tcp` and `udp` talk to echoes; `http` is HTTP/1.1 in the clear, `http1` and `http2` are over TLS; `dns` asks for `serverName`; `postgres` does one transaction. */
export type AttemptProtocol = 'tcp' | 'udp' | 'http' | 'http1' | 'http2' | 'http3' | 'dns' | 'postgres';

export interface AttemptTarget {
  readonly protocol: AttemptProtocol;
  readonly address: string;
  readonly port: number;
  /** Asks here for `serverName` first and keeps the answer for its TTL; `address` is then not looked at. */
  readonly resolver?: Resolver;
  /** `dns` only. A where not given. */
  readonly recordType?: RecordType;
  /** Name for the handshake and the Host header; the address where not given. */
  readonly serverName?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly localAddress?: string;
  readonly localPort?: number;
  /** Of the whole attempt; 3000 where not given. */
  readonly timeoutMs?: number;
  /** PEM. Where not given, certificates are not checked. */
  readonly ca?: string;
  /** HTTP/3 only: bytes added to the ClientHello. */
  readonly padHelloBytes?: number;
  /** `tcp` only: end after the connection stands, for servers that are no echo. */
  readonly isConnectOnly?: boolean;
}

/** How far an attempt got: the last of these that was reached. */
export type AttemptStage =
  | 'start'
  | 'connect'
  | 'udp-send'
  | 'first-datagram'
  | 'handshake'
  | 'request'
  | 'headers'
  | 'body';

/** What the attempt of one protocol says; times are added around it. */
export interface Attempted {
  readonly stage: AttemptStage;
  /** Undefined where a whole answer came. Errno's name, `timeout`, `silence`, `alert 42`, … */
  readonly cause?: string;
  readonly status?: number;
  readonly body?: string;
  readonly altSvc?: string;
  readonly localPort?: number;
  readonly helloDatagrams?: number;
  /** The addresses that DNS gave: all of them for `dns`, the one that was used with a resolver. */
  readonly resolved?: readonly string[];
  /** Seconds; `dns` only. */
  readonly ttl?: number;
}

export interface Attempt extends Attempted {
  readonly ok: boolean;
  /** Monotonic milliseconds, the same clock in every host. */
  readonly startMs: number;
  readonly endMs: number;
  /** Who answered. */
  readonly pod?: string;
  /** As whom the far end saw us: what a believed PROXY header said, else the socket's peer. */
  readonly client?: string;
  readonly answer?: IngressAnswer | EchoAnswer;
}

export const attemptCommands = { attempt };

/** Never rejects. */
export async function attempt(target: AttemptTarget): Promise<Attempt> {
  const startMs = nowMs();
  const attempted = await resolveAndAttempt(target);
  const answer = readAnswer(attempted.body);
  return {
    ...attempted,
    ok: attempted.cause === undefined,
    startMs,
    endMs: nowMs(),
    ...(answer && { answer, pod: answer.pod, client: clientOf(answer) }),
  };
}

/** As whom an answer's writer saw the asker. */
export function clientOf(answer: IngressAnswer | EchoAnswer): string {
  return 'peer' in answer ? answer.peer : (answer.proxyPeer ?? answer.socketPeer);
}

/** The answer of an ingress or echo of the lab; undefined where the body is something else. */
export function readAnswer(body: string | undefined): IngressAnswer | EchoAnswer | undefined {
  if (!body?.startsWith('{"pod":')) return undefined;
  try {
    return JSON.parse(body) as IngressAnswer | EchoAnswer;
  } catch {
    return undefined;
  }
}

async function resolveAndAttempt(target: AttemptTarget): Promise<Attempted> {
  if (!target.resolver) return attemptOne(target);
  const found = await resolveFirst(target, target.resolver);
  if ('cause' in found) return { stage: 'start', cause: `dns ${found.cause}` };
  return { ...(await attemptOne({ ...target, address: found.address })), resolved: [found.address] };
}

function attemptOne(target: AttemptTarget): Promise<Attempted> {
  switch (target.protocol) {
    case 'tcp':
      return attemptTcp(target);
    case 'udp':
      return attemptUdp(target);
    case 'http':
    case 'http1':
      return attemptHttp1(target);
    case 'http2':
      return attemptHttp2(target);
    case 'dns':
      return attemptDns(target);
    case 'postgres':
      return attemptPostgres(target);
    case 'http3':
      return overHttp3(target);
    default:
      return target.protocol satisfies never;
  }
}

async function overHttp3(target: AttemptTarget): Promise<Attempted> {
  const { protocol: _, isConnectOnly: __, ...rest } = target;
  const outcome = await attemptHttp3({ ...rest, serverName: target.serverName ?? target.address });
  return {
    stage: outcome.stage,
    helloDatagrams: outcome.helloDatagrams,
    ...(outcome.cause && { cause: describeCause(outcome.cause) }),
    ...(outcome.status !== undefined && { status: outcome.status }),
    ...(outcome.body !== undefined && { body: outcome.body }),
    ...(outcome.local && { localPort: outcome.local.port }),
  };
}

/** One word or two for a table. */
export function describeCause(cause: Http3Cause): string {
  switch (cause.kind) {
    case 'icmp':
    case 'no-route':
      return cause.code;
    case 'tls-alert':
      return `alert ${cause.alert}`;
    case 'closed':
      return `closed ${cause.code}`;
    case 'could-not-try':
      return cause.message;
    default:
      return cause.kind;
  }
}
