/* A firewall as its own configuration states it. Names follow pfSense where the glossary has none. */
import type { Family, Ip } from '#net/ip.ts';
import type { PortRange } from '#net/port.ts';
import type { IpRange, Prefix } from '#net/prefix.ts';

/** `firewall` is the snapshot's folder name in every type here. */
export interface FirewallInterface {
  readonly firewall: string;
  /** Internal name: wan, lan, opt1 … */
  readonly name: string;
  readonly descr: string;
  readonly device: string;
  readonly isEnabled: boolean;
  readonly isWan: boolean;
  /** Address with its network; undefined: dynamic (dhcp, pppoe …) or none. */
  readonly ipv4?: { readonly ip: Ip; readonly network: Prefix };
  readonly ipv6?: { readonly ip: Ip; readonly network: Prefix };
  readonly gateway?: string;
  readonly isDynamic: boolean;
  readonly mtu?: number;
  readonly blocksPrivate: boolean;
}

export interface Gateway {
  readonly firewall: string;
  readonly name: string;
  readonly interface: string;
  /** undefined: dynamic. */
  readonly ip?: Ip;
  readonly isDefault: boolean;
  readonly family: Family;
}

export interface StaticRoute {
  readonly firewall: string;
  readonly network: Prefix;
  readonly gateway: string;
}

/** Entries are kept as written; `parsed` resolution is the data plane's (nested aliases may loop). */
export interface Alias {
  readonly firewall: string;
  readonly name: string;
  readonly type: 'host' | 'network' | 'port' | 'url' | 'other';
  readonly entries: readonly string[];
  readonly descr: string;
}

/** Where a rule may match; `alias` resolves against Alias. */
export type AddressMatch =
  | { readonly kind: 'any' }
  | { readonly kind: 'address'; readonly prefix: Prefix; readonly not: boolean }
  | { readonly kind: 'alias'; readonly name: string; readonly not: boolean }
  /** `wanip`, `lan` (the network), `(self)` … as pfSense writes them. */
  | {
      readonly kind: 'interface';
      readonly name: string;
      readonly part: 'address' | 'network';
      readonly not: boolean;
    }
  | { readonly kind: 'self'; readonly not: boolean }
  | { readonly kind: 'unknown'; readonly text: string };

export type PortMatch =
  | { readonly kind: 'any' }
  | { readonly kind: 'range'; readonly range: PortRange }
  | { readonly kind: 'alias'; readonly name: string };

export interface RuleMatch {
  readonly family: 4 | 6 | 'both';
  readonly protocol: 'any' | 'tcp' | 'udp' | 'tcp/udp' | 'icmp' | 'other';
  readonly source: AddressMatch;
  readonly sourcePort: PortMatch;
  readonly destination: AddressMatch;
  readonly destinationPort: PortMatch;
}

export interface PortForward {
  readonly firewall: string;
  /** Position in the file, 0-based: order decides. */
  readonly position: number;
  readonly interface: string;
  readonly isEnabled: boolean;
  /** "nordr": matched traffic is left alone. */
  readonly isException: boolean;
  readonly match: RuleMatch;
  /** Address or alias name as written. */
  readonly target: string;
  /** First port; a range keeps its offset. undefined: same port. */
  readonly localPort?: number | string;
  readonly reflection: 'default' | 'disable' | 'nat-proxy' | 'pure-nat';
  /** '': none; 'pass': no filter rule needed; else the id of its filter rule. */
  readonly associatedRule: string;
  readonly descr: string;
}

export interface FilterRule {
  readonly firewall: string;
  readonly position: number;
  /** Several for floating rules; empty: all. */
  readonly interfaces: readonly string[];
  readonly isFloating: boolean;
  readonly isQuick: boolean;
  readonly direction: 'in' | 'out' | 'any';
  readonly isEnabled: boolean;
  readonly action: 'pass' | 'block' | 'reject';
  readonly match: RuleMatch;
  readonly gateway?: string;
  readonly associatedRule?: string;
  readonly descr: string;
}

export interface OutboundNatRule {
  readonly firewall: string;
  readonly position: number;
  readonly interface: string;
  readonly isEnabled: boolean;
  readonly isException: boolean;
  readonly match: RuleMatch;
  /** Address, alias, '' (interface address) as written. */
  readonly target: string;
}

/** What concerns a whole firewall. */
export interface Firewall {
  readonly name: string;
  readonly product: 'pfsense' | 'opnsense' | 'unknown';
  readonly version?: string;
  readonly outboundNat: 'automatic' | 'hybrid' | 'manual' | 'disabled';
  /** Global reflection of port forwards. */
  readonly reflection: 'disable' | 'nat-proxy' | 'pure-nat';
  /** Adds SNAT so that answers to reflected flows from the target's own network come back. */
  readonly reflectionSnat: boolean;
  readonly isIpv6Allowed: boolean;
}

export interface VirtualIp {
  readonly firewall: string;
  readonly mode: 'ipalias' | 'carp' | 'proxyarp' | 'other';
  readonly interface: string;
  readonly network: Prefix;
  readonly ip: Ip;
}

export interface DhcpRange {
  readonly firewall: string;
  readonly interface: string;
  readonly range: IpRange;
  readonly server: 'isc' | 'kea' | 'dnsmasq' | 'other';
  readonly staticIps: readonly Ip[];
}
