/*
 * Which hints apply (kube-proxy: topologyModeFromHints and availableForTopology, pkg/proxy/topology.go): hints of one
 * sort count only if every ready endpoint has them and at least one is meant for this node or zone.
 */
import type { ServiceEndpoint } from './endpoints.ts';
import type { ProxyRules } from './rules.ts';

/** Where the rules run, as far as hints care. */
export interface Place {
  readonly node: string;
  /** Label topology.kubernetes.io/zone; undefined: the node has none. */
  readonly zone?: string;
  /** The Service has the annotation that older releases ask for before they look at zone hints. */
  readonly hasHintsAnnotation: boolean;
}

export type TopologyMode = 'same-node' | 'same-zone' | 'anywhere';

export function topologyModeOf(
  endpoints: readonly ServiceEndpoint[],
  place: Place,
  rules: Pick<ProxyRules, 'zoneHints' | 'hintsAlone' | 'nodeHints'>,
): TopologyMode {
  const ready = endpoints.filter((e) => e.isReady);
  if (rules.nodeHints && areUsable(ready, 'nodeHints', place.node)) return 'same-node';
  const areZonesRead = rules.zoneHints && (rules.hintsAlone || place.hasHintsAnnotation);
  return areZonesRead && areUsable(ready, 'zoneHints', place.zone ?? '') ? 'same-zone' : 'anywhere';
}

/** Whether the mode lets this node use the endpoint. */
export function isAvailable(endpoint: ServiceEndpoint, mode: TopologyMode, place: Place): boolean {
  if (mode === 'same-node') return endpoint.nodeHints.includes(place.node);
  return mode === 'anywhere' || endpoint.zoneHints.includes(place.zone ?? '');
}

function areUsable(
  ready: readonly ServiceEndpoint[],
  hints: 'zoneHints' | 'nodeHints',
  wanted: string,
): boolean {
  return ready.every((e) => e[hints].length > 0) && ready.some((e) => e[hints].includes(wanted));
}
