/* MetalLB's configuration and status, as its resources state it. */
import type { Ip } from '#net/ip.ts';
import type { IpRange } from '#net/prefix.ts';
import type { Selector } from './kubernetes.ts';

export interface Pool {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** In the order of spec.addresses. */
  readonly ranges: readonly IpRange[];
  readonly autoAssign: boolean;
  readonly avoidBuggyIps: boolean;
  /** undefined: every Service may use it and it is not pinned. */
  readonly serviceAllocation?: {
    /** 0: none given, sorts last. */
    readonly priority: number;
    readonly namespaces: readonly string[];
    readonly namespaceSelectors: readonly Selector[];
    readonly serviceSelectors: readonly Selector[];
  };
}

export interface L2Advertisement {
  readonly cluster: string;
  readonly name: string;
  /** Pool names; with poolSelectors also empty: all pools. */
  readonly pools: readonly string[];
  readonly poolSelectors: readonly Selector[];
  /** Empty: all nodes. */
  readonly nodeSelectors: readonly Selector[];
  /** Empty: all Services (0.16 and later). */
  readonly serviceSelectors: readonly Selector[];
  /** Empty: all interfaces. */
  readonly interfaces: readonly string[];
  readonly preferredNodes: readonly { readonly weight: number; readonly selector: Selector }[];
}

export interface BgpAdvertisement {
  readonly cluster: string;
  readonly name: string;
  readonly pools: readonly string[];
  readonly poolSelectors: readonly Selector[];
  /** Empty: all nodes. */
  readonly nodeSelectors: readonly Selector[];
}

/** What a speaker last said: this node announces that Service. */
export interface L2Status {
  readonly cluster: string;
  readonly service: string;
  readonly node: string;
  readonly interfaces: readonly string[];
}

/** Which program gives VIPs out and announces them in a cluster. */
export interface Announcing {
  readonly cluster: string;
  readonly program: 'metallb' | 'cilium' | 'kube-vip' | 'klipper' | 'none' | 'unknown';
  readonly version?: string;
  readonly loadBalancerClass?: string;
  readonly ignoreExcludeLabel: boolean;
  /** Nodes on which a speaker runs; undefined: not known. */
  readonly speakerNodes?: readonly string[];
  readonly isMemberlistDisabled?: boolean;
  /** Cilium, kube-vip: from the node that holds a lease, or by routes told to routers; undefined: not known. */
  readonly means?: readonly ('lease' | 'routes')[];
  /** kube-vip: the one lease for all Services; undefined: each has its own. */
  readonly commonLease?: string;
}

export type { Ip };
