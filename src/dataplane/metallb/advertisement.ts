/*
 * Layer 2 advertisements resolved against nodes and pools (MetalLB: internal/config/config.go, l2AdsForService and
 * ipAdvertisementFor of speaker/layer2_controller.go).
 */
import type { Labels, Node, Selector } from '#estate/kubernetes.ts';
import type { L2Advertisement, Pool } from '#estate/metallb.ts';
import { matchesAny, matchesSelector } from './selector.ts';

/** An advertisement with its nodes found out. */
export interface ResolvedAd {
  readonly nodes: ReadonlySet<string>;
  readonly serviceSelectors: readonly Selector[];
  /** 'all', or the names. */
  readonly interfaces: 'all' | readonly string[];
  /** Sum of the weights by node; a node without a preference is not in it. */
  readonly scores: ReadonlyMap<string, number>;
}

/** It is for the pool: by name, by selector, or because it names none. */
export function isForPool(ad: Pick<L2Advertisement, 'pools' | 'poolSelectors'>, pool: Pool): boolean {
  if (ad.pools.length === 0 && ad.poolSelectors.length === 0) return true;
  return ad.pools.includes(pool.name) || (matchesAny(ad.poolSelectors, pool.labels) ?? false);
}

/** undefined: a preference of it has a selector that Kubernetes refuses. */
export function resolveAd(ad: L2Advertisement, nodes: readonly Node[]): ResolvedAd | undefined {
  const selected = nodes.filter((n) => matchesAny(ad.nodeSelectors, n.labels) ?? true);
  const scores = preferenceScores(ad.preferredNodes, selected);
  if (scores === undefined) return undefined;
  return {
    nodes: new Set(selected.map((n) => n.name)),
    serviceSelectors: ad.serviceSelectors,
    interfaces: ad.interfaces.length === 0 ? 'all' : ad.interfaces,
    scores,
  };
}

/** Weights of the preferences that match, summed by node; undefined: a selector is not valid. */
export function preferenceScores(
  preferred: L2Advertisement['preferredNodes'],
  nodes: readonly Pick<Node, 'name' | 'labels'>[],
): ReadonlyMap<string, number> | undefined {
  if (!preferred.every((p) => isValid(p.selector))) return undefined;
  const scores = new Map<string, number>();
  for (const node of nodes) {
    for (const p of preferred) {
      if (matchesSelector(p.selector, node.labels)) {
        scores.set(node.name, (scores.get(node.name) ?? 0) + p.weight);
      }
    }
  }
  return scores;
}

/** Advertisements that select the Service; one without selectors selects all. */
export function adsForService<A extends Pick<ResolvedAd, 'serviceSelectors'>>(
  ads: readonly A[],
  labels: Labels,
): readonly A[] {
  return ads.filter((ad) => matchesAny(ad.serviceSelectors, labels) ?? true);
}

/** Scores over several advertisements: sums. */
export function scoresOver(ads: readonly Pick<ResolvedAd, 'scores'>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const ad of ads) {
    for (const [node, score] of ad.scores) sums.set(node, (sums.get(node) ?? 0) + score);
  }
  return sums;
}

/** Interfaces on which these advertisements let an address be announced. */
export function interfacesOver(ads: readonly Pick<ResolvedAd, 'interfaces'>[]): ResolvedAd['interfaces'] {
  const names = new Set<string>();
  for (const ad of ads) {
    if (ad.interfaces === 'all') return 'all';
    for (const name of ad.interfaces) names.add(name);
  }
  return [...names].sort();
}

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Kubernetes: LabelSelectorAsSelector refuses unknown operators, and values where they do not belong. */
function isValid(selector: Selector): boolean {
  return (selector.matchExpressions ?? []).every((e) => {
    const wantsValues = e.operator === 'In' || e.operator === 'NotIn';
    return operators.includes(e.operator) && (e.values ?? []).length > 0 === wantsValues;
  });
}
