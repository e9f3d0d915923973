/*
 * One HTTP/2 connection that carries one request after another.
 */
import http2 from 'node:http2';
import tls from 'node:tls';
import type { AttemptTarget } from './attempt.ts';
import type { FlowEvents, OpenFlow } from './flows.ts';
import { tlsOptions } from './tls-options.ts';

export function openHttp2Flow(target: AttemptTarget, events: FlowEvents): OpenFlow {
  const name = target.serverName ?? target.address;
  const createConnection = () => tls.connect(tlsOptions(target, 'h2'));
  const session = http2.connect(`https://${name.includes(':') ? `[${name}]` : name}`, { createConnection });
  session.on('connect', events.opened);
  session.on('error', (error: NodeJS.ErrnoException) => events.ended(error.code ?? error.message));
  session.on('close', () => events.ended('closed'));
  return { beat: () => ask(session, target, events), close: () => session.destroy() };
}

function ask(session: http2.ClientHttp2Session, target: AttemptTarget, events: FlowEvents): void {
  if (session.closed || session.destroyed) return;
  const stream = session.request({ ':path': target.path ?? '/', ...target.headers });
  const chunks: string[] = [];
  stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  stream.on('error', () => undefined);
  stream.on('end', () => {
    const body = chunks.join('');
    if (body !== '') events.answered(body.length, body);
  });
}
