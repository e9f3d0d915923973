/* The ingress: the program that ends TLS, its listeners and trust, the routes by host and path, and what it does per client. */

import type { Protocol } from '#net/port.ts';
import type { Prefix } from '#net/prefix.ts';

export interface Trust {
  /** Peers whose header is believed. */
  readonly from: readonly Prefix[];
  /** true: every peer is believed. */
  readonly everyone: boolean;
}

export interface Listener {
  /** Entry point name. */
  readonly name: string;
  /** Port the process binds. */
  readonly port: number;
  readonly protocol: Protocol;
  readonly tls: boolean;
  /** undefined: no HTTP/3. advertisedPort undefined: the program advertises the port it binds. */
  readonly http3?: { readonly advertisedPort?: number };
  readonly forwardedHeaders: Trust;
  /** undefined: PROXY protocol is not read. */
  readonly proxyProtocol?: Trust;
  readonly redirectsTo?: string;
  readonly middlewares: readonly string[];
  /** Whether routes that name no entry point use it; undefined: the program knows no defaults. */
  readonly isDefault?: boolean;
}

/** One ingress program in a cluster. `id` is `cluster/ns/workload`. */
export interface Ingress {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly program: 'traefik' | 'ingress-nginx' | 'caddy' | 'haproxy' | 'envoy' | 'unknown';
  readonly version?: string;
  readonly chart?: string;
  /** Labels of its pods, to match Services and budgets. */
  readonly podLabels: Readonly<Record<string, string>>;
  readonly listeners: readonly Listener[];
  /** `ns/name` whose address the Ingress status copies. */
  readonly publishedService?: string;
  readonly ingressClass?: string;
  readonly accessLog?: { readonly format: 'json' | 'clf' | 'unknown'; readonly keepsHeaders: boolean };
}

export interface RouteMatch {
  /** DNS names; a leading `*.` is one label (Ingress) or any depth as the program reads it; empty: any host. */
  readonly hosts: readonly string[];
  /** undefined: any path. */
  readonly path?: { readonly type: 'exact' | 'prefix' | 'regex'; readonly value: string };
  /** false: the rule holds matchers that Sightline does not evaluate; `rule` has the text. */
  readonly isComplete: boolean;
  readonly rule?: string;
}

/** Host and path to a Service, from Ingress, IngressRoute, IngressRouteTCP/UDP, HTTPRoute. */
export interface Route {
  readonly cluster: string;
  readonly from: 'Ingress' | 'IngressRoute' | 'IngressRouteTCP' | 'IngressRouteUDP' | 'HTTPRoute';
  readonly namespace: string;
  readonly name: string;
  readonly match: RouteMatch;
  /** Entry points or listeners; empty: the program's defaults. */
  readonly entryPoints: readonly string[];
  /** `ns/name`, in order. */
  readonly middlewares: readonly string[];
  readonly backend?: { readonly service: string; readonly port: number | string };
  readonly priority: number;
  readonly tls: boolean;
  readonly ingressClass?: string;
  /** Router name as the program writes it into its access log. */
  readonly routerName?: string;
}

export interface Middleware {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly rule:
    | { readonly kind: 'ip-allow-list'; readonly ranges: readonly Prefix[]; readonly depth: number }
    | {
        readonly kind: 'rate-limit';
        readonly average: number;
        readonly burst: number;
        readonly periodMs: number;
        readonly depth: number;
      }
    | { readonly kind: 'in-flight'; readonly amount: number; readonly depth: number }
    | {
        readonly kind: 'ban-list';
        readonly plugin: string;
        readonly trustedPeers: readonly Prefix[];
        readonly header?: string;
        /** Clients that it never looks up (the plugin's clientTrustedIPs). */
        readonly exemptClients?: readonly Prefix[];
      }
    | { readonly kind: 'chain'; readonly of: readonly string[] }
    | { readonly kind: 'other'; readonly type: string };
}
