/*
 * One datagram to an echo and the one that comes back.
 */
import dgram from 'node:dgram';
import type { Attempted, AttemptTarget } from './attempt.ts';
import { attempting } from './outcome.ts';

export function attemptUdp(target: AttemptTarget): Promise<Attempted> {
  return attempting(target, (ending) => {
    const socket = dgram.createSocket(target.address.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', ending.failed);
    socket.on('message', (datagram) => {
      ending.stage = 'body';
      ending.done({ body: datagram.toString('utf8'), localPort: socket.address().port });
    });
    socket.bind(target.localPort ?? 0, target.localAddress, () => {
      socket.connect(target.port, target.address, (error?: NodeJS.ErrnoException) => {
        if (error) return ending.failed(error);
        socket.send('hello');
        ending.stage = 'udp-send';
      });
    });
    return () => socket.close();
  });
}
