/*
 * What one attempt over HTTP/3 is asked to do and what came of it: how far it got, and why no further.
 */

/** How far an attempt got. Only `body` proves the path both ways: a handshake alone does not. */
export type Http3Stage =
  | 'start'
  | 'udp-send'
  | 'first-datagram'
  | 'handshake'
  | 'request'
  | 'headers'
  | 'body';

export interface Http3Target {
  readonly address: string;
  readonly port: number;
  /** Name in the handshake, checked against the certificate, and `:authority` unless that is given. */
  readonly serverName: string;
  readonly path?: string;
  readonly authority?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends from this address; the kernel chooses where it is not given. */
  readonly localAddress?: string;
  /** A free port of the kernel's choice where not given. */
  readonly localPort?: number;
  /** Of the whole attempt; 3000 where not given. */
  readonly timeoutMs?: number;
  /** PEM of the authorities to trust. Where not given, the certificate is shown but not checked. */
  readonly ca?: string;
  /** Bytes added to the ClientHello; 1500 make it span two datagrams. */
  readonly padHelloBytes?: number;
}

export type Http3Cause =
  /** ICMP said that nothing listens, or that there is no way there (`code` is errno's name). */
  | { readonly kind: 'icmp'; readonly code: string }
  | { readonly kind: 'no-route'; readonly code: string }
  /** Nothing came back at all. */
  | { readonly kind: 'silence' }
  /** Something came back, but the attempt did not end in time. */
  | { readonly kind: 'timeout' }
  | { readonly kind: 'no-common-version'; readonly serverVersions: readonly string[] }
  /** TLS ended it; `by` says which side. 120: no common ALPN; 42-48: the certificate; 80, 112: no such name. */
  | { readonly kind: 'tls-alert'; readonly by: 'server' | 'us'; readonly alert: number }
  | { readonly kind: 'not-http3'; readonly alpn: string }
  | { readonly kind: 'closed'; readonly by: 'server' | 'us'; readonly code: number; readonly reason: string }
  | { readonly kind: 'stream-reset' }
  | { readonly kind: 'could-not-try'; readonly message: string };

export interface Http3Certificate {
  readonly subject: string;
  readonly names: string;
  readonly issuer: string;
  readonly validTo: string;
  readonly fingerprint: string;
}

export interface Http3Outcome {
  readonly kind: 'answered' | 'failed';
  readonly stage: Http3Stage;
  /** Undefined where it was answered. */
  readonly cause?: Http3Cause;
  /** Milliseconds since the attempt began, per stage reached. */
  readonly reached: Readonly<Partial<Record<Http3Stage, number>>>;
  readonly ms: number;
  readonly local?: { readonly address: string; readonly port: number };
  readonly status?: number;
  /** The first 64 KiB as text. */
  readonly body?: string;
  readonly bodyBytes?: number;
  readonly alpn?: string;
  readonly certificate?: Http3Certificate;
  readonly datagrams: { readonly sent: number; readonly received: number; readonly lost: number };
  /** Datagrams sent before the first came back: 2 or more where the ClientHello spanned two (or was sent again). */
  readonly helloDatagrams: number;
}
