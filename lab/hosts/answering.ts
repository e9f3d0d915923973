/*
 * Sends the ingress's answers over each protocol. `/download?bytes=N&rate=R` sends N bytes, R a second; every other
 * path answers at once with what the ingress knows of the client.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Writable } from 'node:stream';
import type { Http3Request } from './http3-listener.ts';
import type { IngressDecision, IngressRequest } from './ingress-exchange.ts';
import type { AccessLogLine, Peer } from './ingress-types.ts';

export interface Serve {
  readonly decide: (request: IngressRequest) => IngressDecision;
  readonly write: (line: AccessLogLine) => void;
  readonly altSvc: string | undefined;
}

/** HTTP/1.1 and 2. */
export function answerTcp(
  serve: Serve,
  peer: Peer,
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): void {
  const decision = serve.decide({
    peer,
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    authority: `${request.headers[':authority'] ?? request.headers.host ?? ''}`,
    protocol: request.httpVersion === '2.0' ? 'HTTP/2.0' : `HTTP/${request.httpVersion}`,
    headers: request.headers,
  });
  request.resume();
  response.statusCode = decision.status;
  response.setHeader('content-type', 'application/json');
  if (serve.altSvc !== undefined) response.setHeader('alt-svc', serve.altSvc);
  send(serve, decision, request.url ?? '/', response as Writable);
}

export function answerHttp3(serve: Serve, request: Http3Request): void {
  const { headers, stream } = request;
  const path = `${headers[':path'] ?? '/'}`;
  const decision = serve.decide({
    peer: { socketAddress: request.peer, socketPort: request.peerPort },
    method: `${headers[':method'] ?? 'GET'}`,
    path,
    authority: `${headers[':authority'] ?? ''}`,
    protocol: 'HTTP/3.0',
    headers,
  });
  stream.resume();
  stream.respond({ ':status': `${decision.status}`, 'content-type': 'application/json' });
  send(serve, decision, path, stream);
}

function send(serve: Serve, decision: IngressDecision, path: string, to: Writable): void {
  const url = new URL(path, 'http://ingress');
  if (decision.status === 200 && url.pathname === '/download') sendSlowly(serve, decision, url, to);
  else sendAtOnce(serve, decision, to);
}

function sendAtOnce(serve: Serve, decision: IngressDecision, to: Writable): void {
  const body = JSON.stringify(decision.answer);
  to.end(body);
  serve.write(decision.line(body.length));
}

const tickMs = 50;

function sendSlowly(serve: Serve, decision: IngressDecision, url: URL, to: Writable): void {
  const total = Number(url.searchParams.get('bytes') ?? 1_000_000);
  const perTick = Math.max(
    1,
    Math.round((Number(url.searchParams.get('rate') ?? 1_000_000) * tickMs) / 1000),
  );
  let sent = 0;
  const stop = () => {
    clearInterval(timer);
    serve.write(decision.line(sent));
  };
  const timer = setInterval(() => {
    if (to.writableNeedDrain) return;
    const size = Math.min(perTick, total - sent);
    sent += size;
    to.write(Buffer.alloc(size, 'x'));
    if (sent < total) return;
    clearInterval(timer);
    to.end();
  }, tickMs);
  to.once('close', stop);
}
