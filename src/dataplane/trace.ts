/*
 * What happened to a flow: Trace → Hop → Step → Disposition (the words are Batfish's). A flow that may go several
 * ways (one of three pods, one of two addresses) has one trace for each way. Every step says what it rests on.
 */
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { FactKey } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import type { Protocol } from '#net/port.ts';
import type { Flow } from './flow.ts';

/** How a trace ended. `unknown` always comes with the gap that caused it. */
export type Disposition =
  | 'delivered'
  | 'denied'
  | 'rejected'
  | 'no-name'
  | 'no-route'
  | 'no-announcer'
  | 'no-listener'
  | 'no-endpoint'
  | 'no-session'
  | 'loop'
  | 'too-big'
  | 'exits'
  | 'unknown';

/** The packet's addresses at one point of its way. */
export interface Packet {
  readonly source: Ip;
  readonly destination: Ip;
  readonly port: number;
  readonly protocol: Protocol;
}

export type StageName =
  | 'resolve'
  | 'route'
  | 'filter'
  | 'port-forward'
  | 'reflect'
  | 'outbound-nat'
  | 'unmanaged'
  | 'announce'
  | 'service'
  | 'deliver'
  | 'tunnel'
  | 'proxy'
  | 'ingress'
  | 'middleware'
  | 'quic'
  | 'return';

/** One decision at one host. `says` is one sentence; `rule` names the upstream rule and version that decided. */
export interface Step {
  readonly stage: StageName;
  readonly says: string;
  readonly because: readonly Evidence[];
  readonly before?: Packet;
  readonly after?: Packet;
  readonly rule?: string;
}

export interface Hop {
  /** `firewall/pfsense`, `node/home/k8s-node3`, `pod/home/traefik/traefik-0`, `vantage/internet`, `unmanaged/isp` … */
  readonly host: string;
  readonly steps: readonly Step[];
}

/** The endpoint that a trace ended at. */
export interface Reached {
  readonly cluster?: string;
  /** `cluster/ns/name` of the Service that chose it; undefined: reached by its own address. */
  readonly service?: string;
  readonly ip: Ip;
  readonly port: number;
  readonly node?: string;
  readonly pod?: string;
  /** Any pod of this ingress, with `ip` unspecified: an outcome tells no more (proof/outcome.ts). */
  readonly ingress?: FactKey;
}

export interface ReturnPath {
  readonly hops: readonly Hop[];
  readonly disposition: Disposition;
  /** true: it passes other hosts than the way in. */
  readonly isAsymmetric: boolean;
}

/** Whom a consumer takes the client for. */
export type Consumer =
  | 'socket'
  | 'proxy-protocol'
  | 'x-forwarded-for'
  | 'x-real-ip'
  | 'cf-connecting-ip'
  | 'access-log'
  | 'ban-list'
  | 'allowlist'
  | 'rate-limit';

/** Belief about the client. `client` undefined: this consumer sees none, or `gap` says why it is not known. */
export interface Identity {
  readonly consumer: Consumer;
  /** Middleware or program, where there may be several. */
  readonly who?: string;
  readonly client?: Ip;
  /** What the address is: the client itself, or whom it stands in for. */
  readonly is: 'client' | 'node' | 'pod' | 'gateway' | 'tunnel' | 'bridge' | 'forged' | 'none' | 'unknown';
  /** What the consumer does with it: passes, refuses, would ban, drops (whitelisted), shares one bucket … */
  readonly verdict?: 'pass' | 'refuse' | 'bans' | 'ignores' | 'per-client' | 'one-bucket' | 'unknown';
  readonly says: string;
  readonly because: readonly Evidence[];
  readonly gap?: Gap;
}

/** HTTP/3 along this path. */
export interface Quic {
  /** Alt-Svc port that a client of the same name is told; undefined: none. */
  readonly advertisedPort?: number;
  readonly isOffered: boolean;
  /** Whether a handshake to the advertised port completes on this path. */
  readonly completes: 'yes' | 'no' | 'unknown';
  /** What happens when the client's address or port changes. */
  readonly onRebinding: 'survives' | 'at-risk' | 'breaks' | 'unknown';
  readonly says: string;
  readonly because: readonly Evidence[];
}

export interface Trace {
  readonly flow: Flow;
  readonly hops: readonly Hop[];
  readonly disposition: Disposition;
  /** The address dialled after resolution. */
  readonly dialled?: Ip;
  /** Where the packet was delivered first (ingress pod or plain endpoint). */
  readonly reached?: Reached;
  /** Source address as that endpoint's socket sees it. */
  readonly seenAs?: Ip;
  /** Behind the ingress: the application's Service and endpoints. */
  readonly application?: {
    readonly route: string;
    readonly service: string;
    readonly endpoints: readonly Reached[];
  };
  readonly returnPath?: ReturnPath;
  readonly identities: readonly Identity[];
  readonly quic?: Quic;
  /** Present where disposition is unknown, and where part of the answer is. */
  readonly gaps: readonly Gap[];
}

/** A flow with every way that it may go, in a stable order; never empty. */
export interface Walk {
  readonly flow: Flow;
  readonly traces: readonly Trace[];
}
