/*
 * Long-lived flows to echoes: one TCP connection, or one UDP port, for as long as it lasts.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import { createInterface } from 'node:readline';
import type { AttemptTarget } from './attempt.ts';
import type { FlowEvents, OpenFlow } from './flows.ts';

export function openTcpFlow(target: AttemptTarget, events: FlowEvents): OpenFlow {
  const { localAddress } = target;
  const socket = net.connect({
    host: target.address,
    port: target.port,
    noDelay: true,
    ...(localAddress !== undefined && { localAddress }),
  });
  let count = 0;
  socket.on('connect', events.opened);
  createInterface({ input: socket })
    .on('line', (line) => events.answered(line.length, line))
    .on('error', () => undefined);
  socket.on('error', (error: NodeJS.ErrnoException) => events.ended(error.code ?? error.message));
  socket.on('close', () => events.ended('closed'));
  return { beat: () => void socket.write(`beat ${++count}\n`), close: () => void socket.destroy() };
}

export function openUdpFlow(target: AttemptTarget, events: FlowEvents): OpenFlow {
  const socket = dgram.createSocket(target.address.includes(':') ? 'udp6' : 'udp4');
  let count = 0;
  let isOpen = true;
  // An ICMP error is not the end of a UDP flow: the next datagram may be answered again.
  socket.on('error', () => undefined);
  socket.on('message', (datagram) => events.answered(datagram.length, datagram.toString('utf8')));
  socket.bind(target.localPort ?? 0, target.localAddress, () =>
    socket.connect(target.port, target.address, events.opened),
  );
  return {
    beat: () => socket.send(`beat ${++count}`, () => undefined),
    close: () => {
      if (isOpen) socket.close();
      isOpen = false;
    },
  };
}
