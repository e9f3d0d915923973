/*
 * Which route of an ingress answers for a host and path: candidates by host name and its wildcards, then the order
 * of the program (Traefik v3: priority, which the adapters fill in; longer paths first; then by name).
 */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ingress, Listener, Route } from '#estate/ingress.ts';
import type { DnsName } from '#net/name.ts';
import { parentOf } from '#net/name.ts';
import { missing } from './way.ts';

export type Routed =
  | { readonly kind: 'route'; readonly route: Fact<'route'> }
  | { readonly kind: 'none' }
  | { readonly kind: 'gap'; readonly gap: Gap };

export interface Request {
  readonly host?: DnsName | undefined;
  readonly path: string;
}

/** The route for the request on one listener. */
export function chooseRoute(reader: Reader, ingress: Ingress, listener: Listener, request: Request): Routed {
  const system = `cluster/${ingress.cluster}`;
  const gap = reader.gap('route', system);
  const found = candidates(reader, ingress, request.host)
    .filter((r) => isFor(r.value, ingress, listener))
    .filter((r) => pathHolds(r.value, request.path))
    .sort(byOrder);
  const first = found[0];
  if (first === undefined) return gap ? { kind: 'gap', gap } : { kind: 'none' };
  if (gap) return { kind: 'gap', gap };
  if (first.value.match.isComplete) return { kind: 'route', route: first };
  return notEvaluated(
    first,
    found.find((r) => r.value.match.isComplete),
  );
}

/** A rule with parts that are not evaluated may win: harmless only if the next one does the same. */
function notEvaluated(first: Fact<'route'>, next: Fact<'route'> | undefined): Routed {
  if (next && effectOf(next) === effectOf(first)) return { kind: 'route', route: next };
  const { from, namespace, name } = first.value;
  const what = `whether ${from} ${namespace}/${name} takes the request is not known: ${first.value.match.rule ?? 'its rule is not evaluated'}`;
  return {
    kind: 'gap',
    gap: {
      ...missing(
        `route/${first.value.cluster}/${from}/${namespace}/${name}`,
        'route',
        what,
        `cluster/${first.value.cluster}`,
      ),
      evidence: first.evidence,
    },
  };
}

function effectOf({ value }: Fact<'route'>): string {
  return JSON.stringify([value.backend, value.middlewares]);
}

function candidates(reader: Reader, ingress: Ingress, host: DnsName | undefined): readonly Fact<'route'>[] {
  const out = host ? [...reader.by('route', 'host', host)] : [];
  for (let at = host && parentOf(host), depth = 1; at; at = parentOf(at), depth++)
    out.push(...reader.by('route', 'host', `*.${at}`).filter((r) => depth === 1 || isDeep(r.value)));
  out.push(...reader.by('route', 'host', '*'));
  return out.filter((r) => r.value.cluster === ingress.cluster);
}

/** Ingress wildcards cover one label; a Gateway's any depth. */
function isDeep(route: Route): boolean {
  return route.from === 'HTTPRoute';
}

function isFor(route: Route, ingress: Ingress, listener: Listener): boolean {
  if (route.from === 'IngressRouteUDP') return false;
  if (route.ingressClass && ingress.ingressClass && route.ingressClass !== ingress.ingressClass) return false;
  const isTraefikOnly = route.from === 'IngressRoute' || route.from === 'IngressRouteTCP';
  if (isTraefikOnly && ingress.program !== 'traefik') return false;
  if (route.entryPoints.length > 0) return route.entryPoints.includes(listener.name);
  return !route.tls || listener.tls || route.from === 'Ingress';
}

function pathHolds(route: Route, path: string): boolean {
  const match = route.match.path;
  if (!match) return true;
  switch (match.type) {
    case 'exact':
      return path === match.value;
    case 'prefix':
      return route.from === 'IngressRoute' ? path.startsWith(match.value) : hasElements(path, match.value);
    case 'regex':
      return true;
    default:
      return match.type satisfies never;
  }
}

/** Ingress and Gateway API compare whole path elements: /foo covers /foo/bar, not /foobar. */
function hasElements(path: string, prefix: string): boolean {
  const bare = prefix.replace(/\/$/, '');
  return path === bare || path.startsWith(`${bare}/`);
}

const specificity = { exact: 3, regex: 2, prefix: 1 };

function byOrder(a: Fact<'route'>, b: Fact<'route'>): number {
  if (a.value.priority !== b.value.priority) return b.value.priority - a.value.priority;
  const rank = (r: Route) =>
    r.match.path ? specificity[r.match.path.type] * 1000 + r.match.path.value.length : 0;
  const ranks = rank(b.value) - rank(a.value);
  if (ranks !== 0) return ranks;
  return a.key < b.key ? -1 : 1;
}
