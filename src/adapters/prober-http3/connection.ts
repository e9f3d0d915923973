/*
 * One QUIC connection over a UDP socket of its own: moves datagrams and timers between the kernel and the engine, and
 * says what happens. It knows nothing of HTTP. Its connected socket hears ICMP errors as they come.
 */
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import type { Http3Cause, Http3Target } from './outcome.ts';
import type { Quiche, QuicheAddress, QuicheConfig, QuicheConnection } from './quiche.ts';

export interface ConnectionEvents {
  readonly onSent: () => void;
  readonly onDatagram: () => void;
  /** After every datagram or timer: look at the engine for news. */
  readonly onProgress: () => void;
  /** Called once. */
  readonly onFailed: (cause: Http3Cause) => void;
}

export class QuicConnection {
  readonly engine: QuicheConnection;
  /** As the kernel sees it now; `rebind` changes it. */
  local: QuicheAddress;
  sent = 0;
  received = 0;
  private readonly remote: QuicheAddress;
  private readonly first: QuicheAddress;
  private readonly events: ConnectionEvents;
  private readonly out = Buffer.alloc(1500);
  private socket: dgram.Socket;
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;

  private constructor(
    engine: QuicheConnection,
    socket: dgram.Socket,
    remote: QuicheAddress,
    events: ConnectionEvents,
  ) {
    this.engine = engine;
    this.socket = socket;
    this.remote = remote;
    this.local = addressOf(socket);
    this.first = this.local;
    this.events = events;
    this.listen();
  }

  /** Opens the socket and readies the engine; nothing is sent before `flush`. Rejects with errno where it cannot. */
  static async open(
    quiche: Quiche,
    target: Http3Target,
    idleMs: number,
    events: ConnectionEvents,
  ): Promise<QuicConnection> {
    const socket = await openSocket(target);
    try {
      const remote = { host: target.address, port: target.port };
      const config = configure(quiche, target, idleMs);
      const engine = quiche.Connection.connect(
        target.serverName,
        randomBytes(20),
        addressOf(socket),
        remote,
        config,
      );
      return new QuicConnection(engine, socket, remote, events);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Sends all that the engine has ready. */
  flush(): void {
    for (let size = this.nextSize(); size > 0 && !this.isOver; size = this.nextSize()) {
      this.sent += 1;
      this.socket.send(Buffer.from(this.out.subarray(0, size)), (error) => {
        if (error) this.fail(causeOfErrno(error));
      });
      this.events.onSent();
    }
    this.arm();
  }

  /** Goes on from another local port, without telling the server: what a NAT that forgot the flow does to it. */
  async rebind(target: Http3Target): Promise<void> {
    const old = this.socket;
    this.socket = await openSocket({ ...target, localPort: 0 });
    this.local = addressOf(this.socket);
    old.removeAllListeners('message').close();
    this.listen();
  }

  /** Says goodbye where it can and lets go of everything. */
  end(): void {
    if (this.isOver) return;
    try {
      if (!this.engine.isClosed()) this.engine.close(true, 0x100, Buffer.alloc(0));
      this.flush();
    } catch {
      // Nobody is left to tell.
    }
    this.isOver = true;
    clearTimeout(this.timer);
    const { socket } = this;
    setImmediate(() => socket.close());
  }

  private listen(): void {
    this.socket.on('error', (error) => this.fail(causeOfErrno(error)));
    this.socket.on('message', (datagram) => this.receive(datagram));
  }

  private receive(datagram: Buffer): void {
    if (this.isOver) return;
    this.received += 1;
    this.events.onDatagram();
    try {
      // The engine is told the first local address even after a rebinding: a client behind a NAT does not know of it.
      this.engine.recv(Buffer.from(datagram), { from: this.remote, to: this.first });
    } catch (error) {
      if (this.refuse(datagram, (error as Error).message)) return;
    }
    this.flush();
    this.progress();
  }

  /** Whether the engine's refusal of a datagram ends the attempt. */
  private refuse(datagram: Buffer, words: string): boolean {
    if (/UnknownVersion/.test(words))
      this.fail({ kind: 'no-common-version', serverVersions: versionsIn(datagram) });
    else if (/TlsFail/.test(words)) {
      this.flush();
      this.fail(this.closeCause() ?? { kind: 'tls-alert', by: 'us', alert: 0 });
    } else return false;
    return true;
  }

  private progress(): void {
    if (this.isOver) return;
    this.events.onProgress();
    if (this.isOver) return;
    const cause = this.closeCause();
    if (cause) this.fail(cause);
    else if (this.engine.isTimedOut() || this.engine.isClosed())
      this.fail(this.received === 0 ? { kind: 'silence' } : { kind: 'timeout' });
  }

  private closeCause(): Http3Cause | undefined {
    const peer = this.engine.peerError();
    const error = peer ?? this.engine.localError();
    if (!error) return undefined;
    const by = peer ? 'server' : 'us';
    const isAlert = !error.isApp && error.errorCode >= 0x100 && error.errorCode < 0x200;
    if (isAlert) return { kind: 'tls-alert', by, alert: error.errorCode - 0x100 };
    return { kind: 'closed', by, code: error.errorCode, reason: Buffer.from(error.reason).toString('utf8') };
  }

  private nextSize(): number {
    try {
      return this.engine.send(this.out)?.[0] ?? 0;
    } catch {
      return 0;
    }
  }

  private arm(): void {
    clearTimeout(this.timer);
    const wait = this.isOver ? null : this.engine.timeout();
    if (wait === null) return;
    this.timer = setTimeout(
      () => {
        this.engine.onTimeout();
        this.flush();
        this.progress();
      },
      Math.max(1, wait),
    );
  }

  private fail(cause: Http3Cause): void {
    if (this.isOver) return;
    this.events.onFailed(cause);
  }
}

function configure(quiche: Quiche, target: Http3Target, idleMs: number): QuicheConfig {
  const ca = target.ca === undefined ? null : Buffer.from(target.ca);
  const config = quiche.Config.withBoringSslCtx(ca !== null, false, ca, null, null, null);
  config.grease(true);
  config.setApplicationProtos(['h3', ...padding(target.padHelloBytes ?? 0)]);
  config.setMaxIdleTimeout(idleMs);
  config.setMaxRecvUdpPayloadSize(1472);
  config.setMaxSendUdpPayloadSize(1200);
  config.setInitialMaxData(16 << 20);
  config.setInitialMaxStreamDataBidiLocal(4 << 20);
  config.setInitialMaxStreamDataBidiRemote(0);
  config.setInitialMaxStreamDataUni(1 << 16);
  config.setInitialMaxStreamsBidi(0);
  config.setInitialMaxStreamsUni(8);
  config.setDisableActiveMigration(true);
  return config;
}

/** Protocol names that no server knows, to make the ClientHello longer. */
function padding(bytes: number): readonly string[] {
  const count = Math.ceil(bytes / 200);
  return Array.from({ length: count }, (_, i) =>
    `pad-${i}-`.padEnd(Math.min(199, Math.ceil(bytes / count) - 1), 'x'),
  );
}

function openSocket(target: Http3Target): Promise<dgram.Socket> {
  const socket = dgram.createSocket(target.address.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.close();
      reject(error);
    };
    socket.once('error', fail);
    socket.bind(target.localPort ?? 0, target.localAddress, () => {
      socket.connect(target.port, target.address, (error?: Error) => {
        socket.off('error', fail);
        if (error) fail(error);
        else resolve(socket);
      });
    });
  });
}

function addressOf(socket: dgram.Socket): QuicheAddress {
  const { address, port } = socket.address();
  return { host: address, port };
}

function causeOfErrno(error: NodeJS.ErrnoException): Http3Cause {
  const code = error.code ?? error.message;
  return { kind: code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL' ? 'no-route' : 'icmp', code };
}

/** The versions in a Version Negotiation packet (RFC 8999 section 6), as hexadecimal text. */
function versionsIn(datagram: Buffer): readonly string[] {
  const afterDestination = 6 + (datagram[5] ?? 0);
  const start = afterDestination + 1 + (datagram[afterDestination] ?? 0);
  const count = Math.max(0, Math.floor((datagram.length - start) / 4));
  return Array.from({ length: count }, (_, i) => `0x${datagram.readUInt32BE(start + 4 * i).toString(16)}`);
}
