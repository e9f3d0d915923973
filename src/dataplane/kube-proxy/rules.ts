/*
 * What kube-proxy does differently from release to release. Sources: the feature gates of
 * kubernetes pkg/features/kube_features.go with the releases in which they became the default; see docs/model.md.
 */
import type { ServiceProxy } from '#estate/kubernetes.ts';
import { rulesOf } from '../version.ts';

/** One release's rules; each true from the release on that is named in `since`. */
export interface ProxyRules {
  /** internalTrafficPolicy is looked at (gate ServiceInternalTrafficPolicy). */
  readonly internalPolicy: boolean;
  /** Zone hints are looked at (gate TopologyAwareHints), at first only with the annotation. */
  readonly zoneHints: boolean;
  /** Terminating endpoints that still serve are used when no ready one is left (gate ProxyTerminatingEndpoints). */
  readonly terminating: boolean;
  /** ipMode Proxy keeps a load balancer address out of the rules (gate LoadBalancerIPMode). */
  readonly ipMode: boolean;
  /** nftables: an active ClusterIP rejects other ports, an unallocated one drops. */
  readonly clusterIpCheck: boolean;
  /** Hints count without the annotation (gate ServiceTrafficDistribution). */
  readonly hintsAlone: boolean;
  /** Node hints are looked at (gate PreferSameTrafficDistribution). */
  readonly nodeHints: boolean;
}

const since: Readonly<Record<keyof ProxyRules, string>> = {
  internalPolicy: '1.22',
  zoneHints: '1.24',
  terminating: '1.26',
  ipMode: '1.30',
  clusterIpCheck: '1.30',
  hintsAlone: '1.31',
  nodeHints: '1.34',
};

/** The newest rules, as in the releases that have every gate on. */
export const newestRules: ProxyRules = {
  internalPolicy: true,
  zoneHints: true,
  terminating: true,
  ipMode: true,
  clusterIpCheck: true,
  hintsAlone: true,
  nodeHints: true,
};

const known = new WeakMap<ServiceProxy, readonly ProxyRules[]>();

/** All rules that this kube-proxy may follow: one set, or several where its version is not known. */
export function proxyRulesOf(proxy: ServiceProxy): readonly ProxyRules[] {
  const rules = known.get(proxy) ?? rulesOf(proxy.version, since);
  known.set(proxy, rules);
  return rules;
}

/** All rules that any release had. */
export const everyProxyRules: readonly ProxyRules[] = rulesOf(undefined, since);
