/* What only a person can tell (sightline.yaml): where flows start, what must not break, what nobody can read. */
import type { Ip } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';
import type { Protocol } from '#net/port.ts';
import type { IpRange, Prefix } from '#net/prefix.ts';

export interface VantagePoint {
  readonly id: string;
  readonly kind: 'internet' | 'lan' | 'vpn' | 'node' | 'pod' | 'tunnel-edge';
  /** One client address a family is enough; flows start from the first of the family. */
  readonly clients: readonly Ip[];
  readonly networks: readonly Prefix[];
  /** Firewall whose interface is the default gateway there (or where a VPN comes in). */
  readonly gateway?: string;
  /** Resolver id, or `public`. */
  readonly resolver?: string;
  readonly cluster?: string;
  readonly node?: string;
  /** `ns/name`. */
  readonly pod?: string;
  readonly tunnel?: string;
  /** Bytes that its own link carries (a VPN); undefined: an ordinary one. */
  readonly mtu?: number;
}

export interface PublicAddress {
  readonly ip: Ip;
  /** Firewall and interface where flows to it come in. */
  readonly firewall?: string;
  readonly interface?: string;
  /** Hops before it, outermost first; ids of UnmanagedHop. */
  readonly through: readonly string[];
}

/** A hop that cannot be read or written: an ISP's router, a bridge on a VPS. */
export interface UnmanagedHop {
  readonly id: string;
  readonly reason: string;
  /** What it is said to pass on, and to where; undefined: not known at all. */
  readonly forwards?: readonly { readonly protocol: Protocol; readonly port: number; readonly to?: Ip }[];
  /** How it changes the client's address: a plain TCP bridge shows its own. */
  readonly clientAddress: 'kept' | 'own' | 'proxy-protocol' | 'unknown';
  readonly ip?: Ip;
}

export interface ProtectedEndpoint {
  readonly name: string;
  /** `ns/name` of a Service, or an address. */
  readonly service?: string;
  readonly cluster?: string;
  readonly ip?: Ip;
  readonly port: number;
  readonly protocol: Protocol;
  /** Vantage point ids; empty: all that reach it today. */
  readonly from: readonly string[];
  readonly why: string;
}

export interface ProtectedPeople {
  readonly name: string;
  readonly ranges: readonly (Prefix | IpRange)[];
  readonly identities: readonly string[];
}

/** A monitor outside the snapshot that expects a name to have an address. */
export interface Monitor {
  readonly name: string;
  readonly expectsName: DnsName;
  readonly expectsIp: Ip;
}

/** The user accepts that a gap becomes an assumption. */
export interface AcceptedGap {
  readonly gap: string;
  readonly reason: string;
}

export interface Repository {
  readonly id: string;
  readonly type: 'terraform' | 'helm' | 'kustomize' | 'yaml' | 'documents' | 'unknown';
  /** Path in the snapshot, or outside it as the user wrote it. */
  readonly path: string;
  /** When its content is applied without anybody asking for it. */
  readonly applies: 'manual' | 'on-push' | 'on-schedule' | 'unknown';
  readonly owns: readonly string[];
  readonly applyCommand?: readonly string[];
  /** What keeps it from applying by itself, and what lets it again, as the user wrote them. */
  readonly freezeCommand?: string;
  readonly thawCommand?: string;
}

/** A credential or tool that the change or its undo needs. Only the reference is kept, never a value. */
export interface SystemAccess {
  readonly system: string;
  /** `kubernetes`, `technitium`, `bind`, `cloudflare` …; undefined: not said. */
  readonly program?: string;
  readonly url?: string;
  /** `env:`, `file:` or `cmd:` reference. */
  readonly credential?: string;
  /** Reference of a credential that may write, where it is another one. */
  readonly writeCredential?: string;
  /** File with the PEM of a private authority. */
  readonly ca?: string;
  /** Who writes it; undefined: not said. */
  readonly writes?: 'operator' | 'api' | 'none';
  /** Cloudflare's ids. */
  readonly account?: string;
  readonly tunnel?: string;
  /** TSIG keys by view; view undefined: the server has none. */
  readonly keys?: readonly {
    readonly view?: string;
    readonly name: string;
    readonly algorithm: 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512' | 'hmac-sha1';
    readonly credential: string;
  }[];
  /** Further authoritative servers, `address` or `address:port`. */
  readonly others?: readonly string[];
  /** How files of its folder in the snapshot are read as they are now: `file:` or `cmd:`, by the file's name there. */
  readonly read?: Readonly<Record<string, string>>;
  /** Host names it needs to be reachable (its API, its secret store). */
  readonly needs: readonly string[];
}

export interface Durations {
  readonly operatorMinutes: number;
  /** How long an unknown cache may keep an answer beyond its TTL. */
  readonly maxStaleSeconds: number;
}

/** A refusal by a middleware that is wanted once clients are seen as themselves; any other new refusal breaks a plan. */
export interface IntendedRefusal {
  /** `ns/name`. */
  readonly middleware: string;
  /** Vantage point ids. */
  readonly from: readonly string[];
  readonly why: string;
}

/** The user's own invariant: a flow that must always, or must never, arrive. */
export interface OwnInvariant {
  readonly name: string;
  /** Vantage point ids. */
  readonly from: readonly string[];
  readonly to: DnsName | Ip;
  readonly port: number;
  readonly protocol: Protocol;
  readonly expects: 'delivered' | 'refused';
}
