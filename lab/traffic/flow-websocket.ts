/*
 * A WebSocket over TLS to an ingress, which echoes every message.
 */
import { WebSocket } from 'ws';
import type { AttemptTarget } from './attempt.ts';
import type { FlowEvents, OpenFlow } from './flows.ts';
import { tlsOptions } from './tls-options.ts';

export function openWebSocket(target: AttemptTarget, events: FlowEvents): OpenFlow {
  const { host: _, ALPNProtocols: __, ...options } = tlsOptions(target, 'http/1.1');
  const address = target.address.includes(':') ? `[${target.address}]` : target.address;
  const socket = new WebSocket(`wss://${address}:${target.port}${target.path ?? '/'}`, {
    ...options,
    headers: { host: target.serverName ?? target.address },
    handshakeTimeout: target.timeoutMs ?? 3000,
  });
  let count = 0;
  socket.on('open', events.opened);
  socket.on('message', (message) => events.answered((message as Buffer).length));
  socket.on('error', (error: NodeJS.ErrnoException) => events.ended(error.code ?? error.message));
  socket.on('close', (code) => events.ended(`closed ${code}`));
  return {
    beat: () => {
      if (socket.readyState === socket.OPEN) socket.send(`beat ${++count}`);
    },
    close: () => socket.terminate(),
  };
}
