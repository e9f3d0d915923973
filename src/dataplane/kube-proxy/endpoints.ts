/*
 * The endpoints of one Service port as kube-proxy keeps them (pkg/proxy/endpointslicecache.go): matched by port name
 * and protocol, one per address and port, a missing condition read as kube-proxy reads it.
 */
import type { EndpointSlice, ServicePort } from '#estate/kubernetes.ts';
import type { Ip } from '#net/ip.ts';

/** One endpoint of a Service port, seen from one node. */
export interface ServiceEndpoint {
  readonly ip: Ip;
  readonly port: number;
  readonly node?: string;
  readonly pod?: string;
  readonly isLocal: boolean;
  readonly isReady: boolean;
  readonly isServing: boolean;
  readonly isTerminating: boolean;
  readonly zoneHints: readonly string[];
  readonly nodeHints: readonly string[];
}

/** Endpoints of the port, ascending by the text `ip:port`; a local one wins over the same address elsewhere. */
export function endpointsOfPort(
  slices: readonly EndpointSlice[],
  port: Pick<ServicePort, 'name' | 'protocol'>,
  family: 4 | 6,
  node: string,
): readonly ServiceEndpoint[] {
  const found = new Map<string, ServiceEndpoint>();
  for (const slice of slices) {
    if (slice.family !== family) continue;
    for (const p of slice.ports) {
      if ((p.name ?? '') !== (port.name ?? '') || p.protocol !== port.protocol || p.port === undefined)
        continue;
      for (const e of endpointsOf(slice, p.port, node)) {
        const key = endpointText(e);
        if (e.isLocal || !found.has(key)) found.set(key, e);
      }
    }
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, e]) => e);
}

/** `10.180.0.1:80` or `[fd00::1]:80`. */
export function endpointText(e: { readonly ip: Ip; readonly port: number }): string {
  return e.ip.includes(':') ? `[${e.ip}]:${e.port}` : `${e.ip}:${e.port}`;
}

function endpointsOf(slice: EndpointSlice, port: number, node: string): readonly ServiceEndpoint[] {
  return slice.endpoints.flatMap((e) => {
    const ip = e.addresses[0];
    if (ip === undefined) return [];
    return [
      {
        ip,
        port,
        ...(e.node !== undefined && { node: e.node }),
        ...(e.pod !== undefined && { pod: e.pod }),
        isLocal: e.node === node,
        isReady: e.ready ?? true,
        isServing: e.serving ?? true,
        isTerminating: e.terminating ?? false,
        zoneHints: e.zoneHints ?? [],
        nodeHints: e.nodeHints ?? [],
      },
    ];
  });
}
