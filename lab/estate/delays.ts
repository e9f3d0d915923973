/*
 * How long the real controllers take between a write and what follows from it. The lab's wait as long, so that what a
 * rehearsal shows between two steps is not faster than life. Each with where it is from.
 */

export const delaysMs = {
  /** client-go informers get a write by watch: some milliseconds in a healthy cluster (Kubernetes SLO: 99 % below 1 s). */
  watch: 10,
  /** kube-proxy: `minSyncPeriod` of KubeProxyConfiguration, 1 s in both modes: the first change at once, further ones together. */
  proxySync: 1000,
  /** Traefik: `providers.providersThrottleDuration`, 2 s: the first change at once, further ones together. */
  ingressRoutes: 2000,
  /** MetalLB's controller writes the cleared status before it allocates (controller/service.go): two API calls apart. */
  clearedToAllocated: 20,
  /** memberlist's LAN defaults that MetalLB uses: 1 s probe interval, 3 s suspicion for a handful of nodes; 4 to 6 s seen. */
  nodeLost: 5000,
  /** Node controller: 40 s grace before a lost node's pods are not ready (`--node-monitor-grace-period`; 50 s from 1.32). */
  nodeNotReady: 40_000,
  /** pfSense: filter_configure runs when the change is applied; seconds on a small box. Assumed, not measured. */
  firewallReload: 300,
  /** A bridge: `haproxy -sf` starts a process that takes the sockets over, and the old one keeps its connections. Assumed. */
  hopReload: 300,
} as const;

export type Delays = { readonly [K in keyof typeof delaysMs]: number };
