/*
 * An HTTP/3 client over one QUIC connection: opens it, asks one GET after another, and keeps the stages apart.
 */
import { X509Certificate } from 'node:crypto';
import { QuicConnection } from './connection.ts';
import { decodeStatus, encodeRequest, type RequestFields } from './field-lines.ts';
import type { Http3Cause, Http3Certificate, Http3Outcome, Http3Stage, Http3Target } from './outcome.ts';
import { loadQuiche, type QuicheConnection } from './quiche.ts';
import { decodeFrames, encodeFrame, encodeVarint, frameTypes } from './wire.ts';

const keptBodyBytes = 64 * 1024;
const order: readonly Http3Stage[] = [
  'start',
  'udp-send',
  'first-datagram',
  'handshake',
  'request',
  'headers',
  'body',
];

/** What one request has brought so far. */
interface Reply {
  readonly stream: number;
  readonly chunks: Buffer[];
  readonly done: (cause?: Http3Cause) => void;
  rest: Buffer;
  status?: number;
  keptBytes: number;
  bytes: number;
}

export class Http3Client {
  private readonly target: Http3Target;
  private readonly began = performance.now();
  private readonly reached: Partial<Record<Http3Stage, number>> = {};
  private readonly buffer = Buffer.alloc(65536);
  private connection: QuicConnection | undefined;
  private reply: Reply | undefined;
  private stage: Http3Stage = 'start';
  private failure: Http3Cause | undefined;
  private opened: ((cause?: Http3Cause) => void) | undefined;
  private certificate: Http3Certificate | undefined;
  private alpn: string | undefined;
  private helloDatagrams = 0;
  private nextStream = 0;

  constructor(target: Http3Target) {
    this.target = target;
  }

  /** Handshake. Gives the cause where it did not come about; never rejects. */
  async open(idleMs: number): Promise<Http3Cause | undefined> {
    try {
      this.connection = await QuicConnection.open(await loadQuiche(), this.target, idleMs, {
        onSent: () => this.reach('udp-send'),
        onDatagram: () => this.hear(),
        onProgress: () => this.look(),
        onFailed: (cause) => this.fail(cause),
      });
    } catch (error) {
      return this.cannotTry(error as NodeJS.ErrnoException);
    }
    const { connection } = this;
    if (this.failure) return this.failure;
    return new Promise((resolve) => {
      this.opened = resolve;
      connection.flush();
    });
  }

  /** One GET on a new stream; one at a time. Gives the cause where no whole answer came. */
  get(fields: RequestFields): Promise<Http3Cause | undefined> {
    const { connection } = this;
    if (this.failure || !connection) return Promise.resolve(this.failure ?? { kind: 'silence' });
    const stream = this.nextStream;
    this.nextStream += 4;
    return new Promise((done) => {
      this.reply = { stream, chunks: [], done, rest: Buffer.alloc(0), keptBytes: 0, bytes: 0 };
      connection.engine.streamSend(stream, encodeFrame(frameTypes.headers, encodeRequest(fields)), true);
      this.reach('request');
      connection.flush();
    });
  }

  /** Goes on from a fresh local port (see QuicConnection.rebind). */
  async rebind(): Promise<void> {
    await this.connection?.rebind(this.target);
  }

  /** Ends what is under way with a cause, as a deadline does. */
  fail(cause: Http3Cause): void {
    this.failure = cause;
    this.opened?.(cause);
    this.opened = undefined;
    this.reply?.done(cause);
  }

  /** Body of the last answer, at most 64 KiB of it. */
  body(): string {
    return Buffer.concat(this.reply?.chunks ?? []).toString('utf8');
  }

  /** Where nothing at all came back, silence; else a timeout. */
  deadlineCause(): Http3Cause {
    return (this.connection?.received ?? 0) === 0 ? { kind: 'silence' } : { kind: 'timeout' };
  }

  /** Lets go of the socket and all timers. */
  end(): void {
    this.connection?.end();
  }

  /** Everything known about the attempt, with the cause if it failed. */
  outcome(cause: Http3Cause | undefined): Http3Outcome {
    const local = this.connection?.local;
    const { status } = this.reply ?? {};
    return {
      kind: cause === undefined ? 'answered' : 'failed',
      stage: this.stage,
      ...(cause && { cause }),
      reached: this.reached,
      ms: this.elapsed(),
      ...(local && { local: { address: local.host, port: local.port } }),
      ...(status !== undefined && { status, body: this.body(), bodyBytes: this.reply?.bytes ?? 0 }),
      ...(this.alpn !== undefined && { alpn: this.alpn }),
      ...(this.certificate && { certificate: this.certificate }),
      datagrams: {
        sent: this.connection?.sent ?? 0,
        received: this.connection?.received ?? 0,
        lost: this.connection?.engine.stats().lost ?? 0,
      },
      helloDatagrams: this.helloDatagrams,
    };
  }

  private hear(): void {
    if (this.stage === 'udp-send') this.helloDatagrams = this.connection?.sent ?? 0;
    this.reach('first-datagram');
  }

  private look(): void {
    const engine = this.connection?.engine;
    if (!engine) return;
    if (this.opened && engine.isEstablished()) this.establish(engine, this.opened);
    for (const stream of engine.readable()) this.read(engine, stream);
  }

  private establish(engine: QuicheConnection, opened: (cause?: Http3Cause) => void): void {
    this.alpn = Buffer.from(engine.applicationProto()).toString('latin1');
    this.certificate = readCertificate(engine.peerCertChain()?.[0]);
    this.reach('handshake');
    this.opened = undefined;
    if (this.alpn !== 'h3') {
      opened({ kind: 'not-http3', alpn: this.alpn });
      return;
    }
    // RFC 9114 section 6.2.1: a control stream (type 0) that begins with SETTINGS, before anything else.
    engine.streamSend(
      2,
      Buffer.concat([encodeVarint(0), encodeFrame(frameTypes.settings, Buffer.alloc(0))]),
      false,
    );
    opened();
  }

  private read(engine: QuicheConnection, stream: number): void {
    const isOurs = stream === this.reply?.stream;
    try {
      for (;;) {
        const got = engine.streamRecv(stream, this.buffer);
        if (got === null) return;
        const [size, isLast] = got;
        if (isOurs && this.reply) this.take(this.reply, this.buffer.subarray(0, size), isLast);
        if (isLast) return;
      }
    } catch {
      if (isOurs) this.reply?.done({ kind: 'stream-reset' });
    }
  }

  private take(reply: Reply, bytes: Buffer, isLast: boolean): void {
    const { frames, rest } = decodeFrames(Buffer.concat([reply.rest, bytes]));
    reply.rest = rest;
    for (const frame of frames) {
      if (frame.type === frameTypes.headers) this.takeHeaders(reply, frame.payload);
      if (frame.type === frameTypes.data) takeBody(reply, frame.payload);
    }
    if (!isLast) return;
    this.reach('body');
    reply.done();
  }

  private takeHeaders(reply: Reply, section: Buffer): void {
    const status = decodeStatus(section);
    // 1xx answers are only announcements; a second section is trailers.
    if (status !== undefined && (reply.status ?? 100) < 200) reply.status = status;
    this.reach('headers');
  }

  private reach(stage: Http3Stage): void {
    this.reached[stage] ??= this.elapsed();
    if (order.indexOf(stage) > order.indexOf(this.stage)) this.stage = stage;
  }

  private elapsed(): number {
    return Math.round((performance.now() - this.began) * 100) / 100;
  }

  private cannotTry(error: NodeJS.ErrnoException): Http3Cause {
    const { code } = error;
    if (code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL') return { kind: 'no-route', code };
    return { kind: 'could-not-try', message: error.message };
  }
}

function takeBody(reply: Reply, payload: Buffer): void {
  reply.bytes += payload.length;
  const kept = payload.subarray(0, Math.max(0, keptBodyBytes - reply.keptBytes));
  reply.keptBytes += kept.length;
  if (kept.length > 0) reply.chunks.push(Buffer.from(kept));
}

function readCertificate(der: Uint8Array | undefined): Http3Certificate | undefined {
  if (!der) return undefined;
  const certificate = new X509Certificate(Buffer.from(der));
  return {
    subject: certificate.subject,
    names: certificate.subjectAltName ?? '',
    issuer: certificate.issuer,
    validTo: certificate.validTo,
    fingerprint: certificate.fingerprint256,
  };
}
