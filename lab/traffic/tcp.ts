/*
 * One TCP connection to an echo: connect, say a line, read the answer.
 */
import net from 'node:net';
import type { Attempted, AttemptTarget } from './attempt.ts';
import { attempting } from './outcome.ts';

export function attemptTcp(target: AttemptTarget): Promise<Attempted> {
  return attempting(target, (ending) => {
    const socket = net.connect({
      host: target.address,
      port: target.port,
      ...(target.localAddress !== undefined && { localAddress: target.localAddress }),
      ...(target.localPort !== undefined && { localPort: target.localPort }),
    });
    let text = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      ending.stage = 'connect';
      if (target.isConnectOnly) return ending.done(portOf(socket));
      socket.write('hello\n');
      ending.stage = 'request';
    });
    socket.on('data', (chunk) => {
      text += chunk;
      if (!text.includes('\n')) return;
      ending.stage = 'body';
      ending.done({ body: text.trimEnd(), ...portOf(socket) });
    });
    socket.on('error', ending.failed);
    socket.on('close', () => ending.failed('closed'));
    return () => socket.destroy();
  });
}

export function portOf(socket: net.Socket): { readonly localPort?: number } {
  return socket.localPort === undefined ? {} : { localPort: socket.localPort };
}
