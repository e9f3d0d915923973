/*
 * What an ingress pod of the estate is started with in the lab: its entry points with their trust and HTTP/3, and a router
 * for every host that a route names.
 */
import type { Reader } from '#estate/estate.ts';
import type { Ingress, Listener, Route, Trust } from '#estate/ingress.ts';
import type { Pod } from '#estate/kubernetes.ts';
import type { BanRule, EntryPoint, IngressRouter, Trust as LabTrust } from '../hosts/ingress-types.ts';

/** The pods of an ingress that run. */
export function ingressPods(reader: Reader, ingress: Ingress): readonly Pod[] {
  const labels = Object.entries(ingress.podLabels);
  return reader
    .by('pod', 'cluster', ingress.cluster)
    .map((p) => p.value)
    .filter((p) => p.namespace === ingress.namespace && labels.length > 0)
    .filter((p) => labels.every(([k, v]) => p.labels[k] === v) && p.ips.length > 0 && p.node !== undefined);
}

export function entryPointsOf(ingress: Ingress): readonly EntryPoint[] {
  return ingress.listeners.filter((l) => l.protocol === 'tcp').map(entryPointOf);
}

/** `h3` with the port that the program itself would name: its own, unless another is advertised. */
function entryPointOf(listener: Listener): EntryPoint {
  const advertised = listener.http3 && (listener.http3.advertisedPort ?? listener.port);
  return {
    name: listener.name,
    port: listener.port,
    tls: listener.tls,
    http3: listener.http3 !== undefined,
    ...(advertised !== undefined && { altSvc: `h3=":${advertised}"; ma=2592000` }),
    ...(listener.proxyProtocol && { proxyProtocol: trustOf(listener.proxyProtocol) }),
    forwardedHeaders: trustOf(listener.forwardedHeaders),
    ...(listener.redirectsTo !== undefined && { redirects: true }),
  };
}

/** One router per route, those with an allowlist refusing others. */
export function routersOf(reader: Reader, ingress: Ingress): readonly IngressRouter[] {
  return reader
    .by('route', 'cluster', ingress.cluster)
    .map((r) => r.value)
    .filter((r) => isFor(r, ingress) && r.match.hosts.length > 0)
    .sort((a, b) => b.priority - a.priority)
    .map((route) => {
      const allow = allowOf(reader, route);
      const bans = bansOf(reader, route);
      return {
        name: route.routerName ?? `${route.namespace}-${route.name}`,
        hosts: route.match.hosts.map((h) => h.replace(/\.$/, '')),
        ...(allow && { allow }),
        ...(bans && { bans }),
        ...(isUnserved(reader, route) && { isUnserved: true as const }),
      };
    });
}

/** Traefik dials the ready endpoints that slices list itself; a Service that was not read is taken to have some. */
function isUnserved(reader: Reader, { cluster, backend }: Route): boolean {
  const service = backend && reader.get('service', `${cluster}/${backend.service}`)?.value;
  if (!service || service.type === 'ExternalName') return false;
  const [only] = service.ports;
  const port =
    service.ports.find((p) => p.port === backend.port || p.name === backend.port) ??
    (service.ports.length === 1 ? only : undefined);
  const slices = reader.by('endpointSlice', 'service', `${cluster}/${backend.service}`).map((e) => e.value);
  const fitting = slices.filter((s) => s.ports.some((p) => (p.name ?? '') === (port?.name ?? '')));
  return !fitting.some((s) => s.endpoints.some((e) => e.ready !== false));
}

function isFor(route: Route, ingress: Ingress): boolean {
  return (
    route.ingressClass === undefined ||
    ingress.ingressClass === undefined ||
    route.ingressClass === ingress.ingressClass
  );
}

/** Ranges of the allowlists on a route that look at the connection's peer; undefined: there is none. */
function allowOf(reader: Reader, route: Route): readonly string[] | undefined {
  const lists = route.middlewares.flatMap((id) => {
    const rule = reader.get('middleware', `${route.cluster}/${id}`)?.value.rule;
    return rule?.kind === 'ip-allow-list' && rule.depth === 0 ? [rule.ranges] : [];
  });
  return lists.length === 0 ? undefined : lists.flat();
}

/** The first bouncer on a route. */
function bansOf(reader: Reader, route: Route): BanRule | undefined {
  for (const id of route.middlewares) {
    const rule = reader.get('middleware', `${route.cluster}/${id}`)?.value.rule;
    if (rule?.kind !== 'ban-list') continue;
    const header = rule.header?.toLowerCase();
    return {
      trustedPeers: rule.trustedPeers,
      ...(header !== undefined && { header }),
      exemptClients: rule.exemptClients ?? [],
    };
  }
  return undefined;
}

function trustOf(trust: Trust): LabTrust {
  return { trustedIps: trust.from, ...(trust.everyone && { insecure: true }) };
}
