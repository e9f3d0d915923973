/*
 * The QUIC engine: the quiche binding inside @matrixai/quic (x64) or @infisical/quic (arm64), without their high-level
 * classes, which hide why a handshake failed. Both hold quiche 0.18; it must only ever talk to the operator's own hosts.
 */
import { createRequire } from 'node:module';

export interface QuicheConfig {
  grease(on: boolean): void;
  setApplicationProtos(names: string[]): void;
  setMaxIdleTimeout(ms: number): void;
  setMaxRecvUdpPayloadSize(bytes: number): void;
  setMaxSendUdpPayloadSize(bytes: number): void;
  setInitialMaxData(bytes: number): void;
  setInitialMaxStreamDataBidiLocal(bytes: number): void;
  setInitialMaxStreamDataBidiRemote(bytes: number): void;
  setInitialMaxStreamDataUni(bytes: number): void;
  setInitialMaxStreamsBidi(count: number): void;
  setInitialMaxStreamsUni(count: number): void;
  setDisableActiveMigration(on: boolean): void;
}

export interface QuicheAddress {
  readonly host: string;
  readonly port: number;
}

export interface QuicheError {
  readonly isApp: boolean;
  readonly errorCode: number;
  readonly reason: Uint8Array;
}

export interface QuicheConnection {
  recv(data: Uint8Array, path: { readonly from: QuicheAddress; readonly to: QuicheAddress }): number;
  send(into: Uint8Array): [number, unknown] | null;
  streamRecv(id: number, into: Uint8Array): [number, boolean] | null;
  streamSend(id: number, data: Uint8Array, isLast: boolean): number | null;
  readable(): Iterable<number>;
  timeout(): number | null;
  onTimeout(): void;
  close(isApp: boolean, code: number, reason: Uint8Array): unknown;
  isEstablished(): boolean;
  isClosed(): boolean;
  isTimedOut(): boolean;
  applicationProto(): Uint8Array;
  peerCertChain(): Uint8Array[] | null;
  peerError(): QuicheError | null;
  localError(): QuicheError | null;
  stats(): { readonly recv: number; readonly sent: number; readonly lost: number };
  pathStats(): { readonly rtt: number }[];
}

export interface Quiche {
  readonly Config: {
    withBoringSslCtx(
      verifyPeer: boolean,
      verifyAllowFail: boolean,
      ca: Uint8Array | null,
      key: Uint8Array[] | null,
      cert: Uint8Array[] | null,
      sigalgs: string | null,
    ): QuicheConfig;
  };
  readonly Connection: {
    connect(
      serverName: string | null,
      id: Uint8Array,
      local: QuicheAddress,
      remote: QuicheAddress,
      config: QuicheConfig,
    ): QuicheConnection;
  };
}

let loading: Promise<Quiche> | undefined;

/** The engine for this machine's architecture; loaded once. Rejects where neither package has one. */
export function loadQuiche(): Promise<Quiche> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Quiche> {
  if (process.arch === 'x64') {
    const module = await import('@matrixai/quic/native/quiche.js');
    return module.default as unknown as Quiche;
  }
  // A CommonJS package whose entry would load its whole high-level part: take the binding's own file.
  const require = createRequire(import.meta.url);
  const module = require('@infisical/quic/dist/native/quiche.js') as { readonly default?: Quiche } & Quiche;
  return module.default ?? module;
}
