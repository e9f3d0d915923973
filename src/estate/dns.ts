/* Names: record sets in zones and views, rewriting on the way, resolvers and what they remember. */
import type { Ip } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';
import type { Prefix } from '#net/prefix.ts';

export const recordTypes = [
  'A',
  'AAAA',
  'CNAME',
  'NS',
  'SOA',
  'HTTPS',
  'SVCB',
  'SRV',
  'MX',
  'TXT',
  'PTR',
  'OTHER',
] as const;

export type RecordType = (typeof recordTypes)[number];

/** All records of one name and type in one zone of one server (and view). */
export interface RecordSet {
  /** `dns/<folder>`, or the firewall's or cluster's system name for overrides. */
  readonly server: string;
  /** undefined: the server has no views, or the record is in all. */
  readonly view?: string;
  readonly zone: DnsName;
  readonly name: DnsName;
  readonly type: RecordType;
  readonly ttlSeconds: number;
  /** Presentation form: addresses canonical, names canonical. */
  readonly values: readonly string[];
  /** Cloudflare: answered by its edge instead of the value. undefined: not such a zone. */
  readonly isProxied?: boolean;
}

export interface Zone {
  readonly server: string;
  readonly view?: string;
  readonly name: DnsName;
  readonly minimumTtlSeconds?: number;
  readonly isPublic: boolean;
}

/** Which clients a view answers. */
export interface DnsView {
  readonly server: string;
  readonly name: string;
  readonly clients: readonly Prefix[];
  /** Lower is asked first. */
  readonly position: number;
}

/** Answers that hold one address are changed to another (Technitium's split horizon, dnsmasq alias). */
export interface Translation {
  readonly server: string;
  readonly group: string;
  readonly clients: readonly Prefix[];
  /** Domains it is limited to; undefined: every name. */
  readonly domains?: readonly DnsName[];
  readonly from: Ip;
  readonly to: Ip;
  readonly isEnabled: boolean;
}

/** A resolver's own rule about names (Unbound/dnsmasq overrides, CoreDNS rewrite, hosts, forward). */
export interface NameRule {
  readonly resolver: string;
  readonly position: number;
  readonly rule:
    | {
        readonly kind: 'host';
        readonly name: DnsName;
        readonly addresses: readonly Ip[];
        readonly ttlSeconds?: number;
      }
    | {
        readonly kind: 'rewrite';
        readonly match: 'exact' | 'suffix' | 'regex';
        readonly from: string;
        readonly to: string;
      }
    | { readonly kind: 'forward'; readonly zone: DnsName; readonly to: readonly string[] }
    | { readonly kind: 'unknown'; readonly text: string };
}

/** Who answers the clients of a vantage point. */
export interface Resolver {
  readonly id: string;
  readonly program: 'technitium' | 'bind' | 'unbound' | 'dnsmasq' | 'coredns' | 'public' | 'unknown';
  readonly address?: Ip;
  /** Systems whose zones it holds itself. */
  readonly serves: readonly string[];
  /** Resolver asked for everything else; undefined: the public DNS. */
  readonly forwardsTo?: string;
  /** undefined: its cache rules are not known. */
  readonly cache?: {
    readonly maxTtlSeconds?: number;
    readonly minTtlSeconds?: number;
    readonly serveStaleSeconds: number;
  };
}
