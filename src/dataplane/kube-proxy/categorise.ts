/*
 * Which endpoints a node may use for cluster and for local traffic policy (kube-proxy: CategorizeEndpoints,
 * pkg/proxy/topology.go). Ready ones first; where there are none, those that terminate but still serve.
 */
import { endpointText, type ServiceEndpoint } from './endpoints.ts';
import type { ProxyRules } from './rules.ts';
import { isAvailable, type Place, topologyModeOf } from './topology.ts';

/** How one Service port spreads its traffic. */
export interface PolicyUse {
  readonly isInternalLocal: boolean;
  readonly isExternalLocal: boolean;
  /** It has a NodePort, an external IP or a VIP. */
  readonly isExternallyAccessible: boolean;
}

/** undefined: the port never uses that policy; []: it does, and there is none. */
export interface Categories {
  readonly cluster: readonly ServiceEndpoint[] | undefined;
  readonly local: readonly ServiceEndpoint[] | undefined;
  /** Everything that this node may send to. */
  readonly reachable: readonly ServiceEndpoint[];
  /** Some node has a usable endpoint. */
  readonly hasAny: boolean;
}

export function categoriseEndpoints(
  endpoints: readonly ServiceEndpoint[],
  use: PolicyUse,
  place: Place,
  rules: ProxyRules,
): Categories {
  const cluster = usesCluster(use) ? clusterEndpoints(endpoints, place, rules) : undefined;
  const local = usesLocal(use)
    ? usable(
        endpoints.filter((e) => e.isLocal),
        rules,
      )
    : undefined;
  const hasAny = usable(endpoints, rules).length > 0;
  return { cluster, local, reachable: union(cluster ?? [], local ?? []), hasAny };
}

/** Cluster endpoints serve the internal policy cluster, and the short cut of pods and of the node to any frontend. */
export function usesCluster(use: PolicyUse): boolean {
  return !use.isInternalLocal || use.isExternallyAccessible;
}

export function usesLocal(use: PolicyUse): boolean {
  return use.isInternalLocal || (use.isExternalLocal && use.isExternallyAccessible);
}

function clusterEndpoints(endpoints: readonly ServiceEndpoint[], place: Place, rules: ProxyRules) {
  const mode = topologyModeOf(endpoints, place, rules);
  const ready = endpoints.filter((e) => e.isReady && isAvailable(e, mode, place));
  return ready.length > 0 ? ready : lastResort(endpoints, rules);
}

function usable(endpoints: readonly ServiceEndpoint[], rules: ProxyRules): readonly ServiceEndpoint[] {
  const ready = endpoints.filter((e) => e.isReady);
  return ready.length > 0 ? ready : lastResort(endpoints, rules);
}

function lastResort(endpoints: readonly ServiceEndpoint[], rules: ProxyRules): readonly ServiceEndpoint[] {
  return rules.terminating ? endpoints.filter((e) => e.isServing && e.isTerminating) : [];
}

function union(a: readonly ServiceEndpoint[], b: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  const known = new Set(a.map(endpointText));
  return [...a, ...b.filter((e) => !known.has(endpointText(e)))];
}
