/* Endpoints behind a route: an ingress dials ready pods itself (Traefik's Kubernetes providers read EndpointSlices). */
import type { Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Endpoint } from '#estate/kubernetes.ts';
import type { Reached } from './trace.ts';

export interface Backend {
  readonly service: string;
  readonly endpoints: readonly Reached[];
  /** ExternalName and the like: the endpoints are elsewhere. */
  readonly isElsewhere?: boolean;
  readonly because: readonly Evidence[];
  readonly gap?: Gap;
}

/** Ready endpoints of `ns/name` at the port (number or name). */
export function backendOf(reader: Reader, cluster: string, nsName: string, port: number | string): Backend {
  const id = `${cluster}/${nsName}`;
  const system = `cluster/${cluster}`;
  const service = reader.get('service', id);
  if (!service) {
    const gap = reader.gap('service', system);
    return { service: id, endpoints: [], because: [], ...(gap && { gap }) };
  }
  if (service.value.type === 'ExternalName')
    return { service: id, endpoints: [], isElsewhere: true, because: [service.evidence] };
  const named =
    service.value.ports.find((p) => p.port === port || p.name === port) ??
    (service.value.ports.length === 1 ? service.value.ports[0] : undefined);
  const slices = reader.by('endpointSlice', 'service', id);
  const endpoints = slices.flatMap((s) => {
    const at = s.value.ports.find((p) => (p.name ?? '') === (named?.name ?? ''))?.port;
    return at === undefined
      ? []
      : s.value.endpoints.filter(isUsable).flatMap((e) => reachedOf(cluster, id, e, at));
  });
  const gap = reader.gap('endpointSlice', system);
  return {
    service: id,
    endpoints,
    because: [service.evidence, ...slices.map((s) => s.evidence)],
    ...(gap && { gap }),
  };
}

function isUsable(e: Endpoint): boolean {
  return e.ready !== false;
}

function reachedOf(cluster: string, service: string, e: Endpoint, port: number): readonly Reached[] {
  const ip = e.addresses[0];
  if (!ip) return [];
  return [
    {
      cluster,
      service,
      ip,
      port,
      ...(e.node && { node: e.node }),
      ...(e.pod && { pod: `${cluster}/${e.pod}` }),
    },
  ];
}
