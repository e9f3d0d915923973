/*
 * One request to the ingress, whatever protocol brought it: which router, whose client, what answer, which log line.
 */
import { type BlockList, isIPv6 } from 'node:net';
import { Decisions, makeBouncer } from './bouncer.ts';
import { type Forwarded, forward, type Headers } from './forwarded.ts';
import type {
  AccessLogLine,
  EntryPoint,
  IngressAnswer,
  IngressPod,
  IngressRouter,
  Peer,
} from './ingress-types.ts';
import { listOf, trustOf } from './trust.ts';

export interface IngressRequest {
  readonly peer: Peer;
  readonly method: string;
  readonly path: string;
  /** With its port, if the client wrote one. */
  readonly authority: string;
  /** `HTTP/1.1`, `HTTP/2.0`, `HTTP/3.0`. */
  readonly protocol: string;
  readonly headers: Headers;
}

export interface IngressDecision {
  readonly status: number;
  readonly answer: IngressAnswer;
  /** Call when the answer is sent. */
  readonly line: (sentBytes: number) => AccessLogLine;
}

/** What requests are matched with; it may be replaced while requests come. */
export class RoutingTable {
  private rows: readonly Row[] = [];
  private readonly decisions: Decisions;

  constructor(routers: readonly IngressRouter[], decisions = new Decisions()) {
    this.decisions = decisions;
    this.replace(routers);
  }

  replace(routers: readonly IngressRouter[]): void {
    this.rows = routers.map((router) => ({
      router,
      allow: router.allow && listOf(router.allow),
      isBanned: router.bans && makeBouncer(router.bans, this.decisions),
    }));
  }

  find(host: string): Row | undefined {
    return this.rows.find(({ router }) => router.hosts.includes(host) || router.hosts.includes('*'));
  }
}

interface Row {
  readonly router: IngressRouter;
  readonly allow: BlockList | undefined;
  readonly isBanned: ReturnType<typeof makeBouncer> | undefined;
}

/** Makes the function that decides requests of one entry point at one pod. */
export function makeDecide(
  table: RoutingTable,
  pod: IngressPod,
  entry: EntryPoint,
): (request: IngressRequest) => IngressDecision {
  const isTrusted = trustOf(entry.forwardedHeaders);
  let count = 0;
  return (request) => {
    count += 1;
    const began = performance.now();
    const start = new Date();
    const client = request.peer.proxied?.address ?? request.peer.socketAddress;
    const forwarded = forward(request.headers, client, isTrusted(client));
    const host = hostOf(request.authority);
    const match = table.find(host);
    const status = entry.redirects === true ? 301 : statusOf(match, client, request.headers);
    const parts = {
      pod,
      entry,
      request,
      forwarded,
      host,
      status,
      count,
      start,
      router: match?.router,
    };
    return {
      status,
      answer: makeAnswer(parts),
      line: (sentBytes) => makeLine(parts, sentBytes, performance.now() - began),
    };
  };
}

/** Middlewares are asked before the application. */
function statusOf(match: Row | undefined, client: string, headers: Headers): number {
  if (match === undefined) return 404;
  if (match.isBanned?.(client, headers)) return 403;
  if (match.allow && !contains(match.allow, client)) return 403;
  return match.router.isUnserved ? 503 : 200;
}

interface Parts {
  readonly pod: IngressPod;
  readonly entry: EntryPoint;
  readonly request: IngressRequest;
  readonly forwarded: Forwarded;
  readonly host: string;
  readonly status: number;
  readonly count: number;
  readonly start: Date;
  readonly router: IngressRouter | undefined;
}

function makeAnswer(parts: Parts): IngressAnswer {
  const { request, forwarded } = parts;
  return {
    pod: parts.pod.name,
    router: parts.router?.name ?? '',
    host: parts.host,
    protocol: request.protocol,
    socketPeer: request.peer.socketAddress,
    ...(request.peer.proxied && { proxyPeer: request.peer.proxied.address }),
    xff: forwarded.xff,
    xRealIp: forwarded.xRealIp,
    ...(forwarded.cfConnectingIp !== undefined && { cfConnectingIp: forwarded.cfConnectingIp }),
  };
}

/** Traefik's pkg/middlewares/accesslog: ClientAddr is the connection's peer, ClientHost a kept X-Forwarded-For. */
function makeLine(parts: Parts, sentBytes: number, durationMs: number): AccessLogLine {
  const { request, start } = parts;
  const peer = request.peer.proxied ?? { address: request.peer.socketAddress, port: request.peer.socketPort };
  const address = isIPv6(peer.address) ? `[${peer.address}]` : peer.address;
  return {
    ClientAddr: `${address}:${peer.port}`,
    ClientHost: parts.forwarded.kept ?? peer.address,
    ClientPort: `${peer.port}`,
    ClientUsername: '-',
    DownstreamContentSize: sentBytes,
    DownstreamStatus: parts.status,
    Duration: Math.round(durationMs * 1e6),
    RequestAddr: request.authority,
    RequestCount: parts.count,
    RequestHost: parts.host,
    RequestMethod: request.method,
    RequestPath: request.path,
    RequestPort: /:(\d+)$/.exec(request.authority)?.[1] ?? '-',
    RequestProtocol: request.protocol,
    RequestScheme: parts.entry.tls ? 'https' : 'http',
    ...(parts.router && { RouterName: parts.router.name }),
    StartUTC: start.toISOString(),
    entryPointName: parts.entry.name,
    level: 'info',
    msg: '',
    time: new Date().toISOString(),
    pod: parts.pod.name,
  };
}

function hostOf(authority: string): string {
  return authority.replace(/:\d+$/, '').toLowerCase();
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
