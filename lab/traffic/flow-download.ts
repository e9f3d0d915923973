/*
 * A long download over HTTP/1.1 and TLS: every piece that arrives is a beat.
 */
import https from 'node:https';
import type { AttemptTarget } from './attempt.ts';
import type { FlowEvents, OpenFlow } from './flows.ts';
import { tlsOptions } from './tls-options.ts';

export function openDownload(target: AttemptTarget, events: FlowEvents): OpenFlow {
  const request = https.request({
    ...tlsOptions(target, 'http/1.1'),
    path: target.path ?? '/download?bytes=10000000&rate=500000',
    headers: { host: target.serverName ?? target.address },
    agent: false,
  });
  request.on('response', (response) => {
    events.opened();
    response.on('data', (chunk: Buffer) => events.answered(chunk.length));
    response.on('end', () => events.ended('finished'));
    response.on('error', (error: NodeJS.ErrnoException) => events.ended(error.code ?? error.message));
  });
  request.on('error', (error: NodeJS.ErrnoException) => events.ended(error.code ?? error.message));
  request.end();
  return { beat: () => undefined, close: () => void request.destroy() };
}
