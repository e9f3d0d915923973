/* Which endpoints MetalLB's speaker counts (EndpointCanServe and nodesWithEndpoint): ready or not said, or serving. */
import type { Endpoint, EndpointSlice } from '#estate/kubernetes.ts';

export function canServe(endpoint: Pick<Endpoint, 'ready' | 'serving'>): boolean {
  return endpoint.ready !== false || endpoint.serving === true;
}

export function hasServingEndpoint(slices: readonly EndpointSlice[]): boolean {
  return slices.some((s) => s.endpoints.some(canServe));
}

/** Nodes out of `speakers` that have an endpoint which can serve, in the order of the slices. */
export function nodesWithEndpoint(
  slices: readonly EndpointSlice[],
  speakers: ReadonlySet<string>,
): readonly string[] {
  const nodes = new Set<string>();
  for (const slice of slices) {
    for (const e of slice.endpoints) {
      if (e.node !== undefined && speakers.has(e.node) && canServe(e)) nodes.add(e.node);
    }
  }
  return [...nodes];
}
