/*
 * Routes: Ingress, Traefik's IngressRoute (TCP, UDP), Gateway API's HTTPRoute. Router names follow Traefik v3's
 * providers (kubernetes/crd makeServiceKey and makeID; kubernetes/ingress Normalize), because logs state them.
 */
import { type Fact, fact } from '#estate/fact.ts';
import type { Middleware, Route, RouteMatch } from '#estate/ingress.ts';
import { parsePrefix } from '#net/prefix.ts';
import { sha256 } from '#net/sha256.ts';
import type { KubeObject } from './object.ts';
import { given, mapAt, mapsAt, numberAt, type Raw, textAt, textsAt } from './raw.ts';
import { parseRule } from './rule.ts';

type From = Route['from'];

export function traefikRoutes(o: KubeObject): readonly Fact<'route'>[] {
  const routes = mapsAt(o.spec, 'routes');
  const values = routes.flatMap((r, i) => traefikRoute(o, r, i));
  return named(values).map((v) => fact('route', v, o.evidence, o.owner));
}

function traefikRoute(o: KubeObject, r: Raw, i: number): Route[] {
  const from = o.kind as From;
  const rule = textAt(r, 'match') ?? '';
  const matches: readonly RouteMatch[] =
    from === 'IngressRouteUDP' ? [{ hosts: [], isComplete: true }] : parseRule(rule);
  return matches.map((match) => ({
    cluster: o.cluster,
    from,
    namespace: o.namespace,
    name: o.name,
    match,
    entryPoints: textsAt(o.spec, 'entryPoints'),
    middlewares: mapsAt(r, 'middlewares').map((m) => refText(m, o.namespace)),
    ...given('backend', traefikBackend(mapsAt(r, 'services')[0], o.namespace)),
    priority: numberAt(r, 'priority') || rule.length,
    tls: o.spec.tls !== undefined && o.spec.tls !== null,
    ...given('ingressClass', o.annotations['kubernetes.io/ingress.class']),
    routerName: from === 'IngressRouteUDP' ? udpRouterName(o, i) : crdRouterName(o, rule),
  }));
}

function crdRouterName(o: KubeObject, rule: string): string {
  return `${normalized(`${o.namespace}-${o.name}-${sha256(rule).slice(0, 20)}`)}@kubernetescrd`;
}

function udpRouterName(o: KubeObject, i: number): string {
  return `${normalized(`${o.namespace}-${o.name}-${i}`)}@kubernetescrd`;
}

/** Traefik's provider.Normalize: runs of anything but letters and digits become one dash. */
export function normalized(name: string): string {
  return name
    .split(/[^\p{L}\p{N}]+/u)
    .filter((p) => p !== '')
    .join('-');
}

/** `name` may already be `ns-name@kubernetescrd`; it is kept then, and resolved when all middlewares are known. */
function refText(ref: Raw, namespace: string): string {
  const name = textAt(ref, 'name') ?? '';
  return name.includes('@') ? name : `${textAt(ref, 'namespace') ?? namespace}/${name}`;
}

function traefikBackend(s: Raw | undefined, namespace: string): Route['backend'] | undefined {
  if (s === undefined || textAt(s, 'kind') === 'TraefikService') return undefined;
  const port = s.port;
  return {
    service: `${textAt(s, 'namespace') ?? namespace}/${textAt(s, 'name') ?? ''}`,
    port: typeof port === 'number' || typeof port === 'string' ? portOf(port) : 80,
  };
}

function portOf(port: number | string): number | string {
  return typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : port;
}

/** Routes of one object need a name each: the second and later, and all where there are several, get their number. */
function named(routes: readonly Route[]): readonly Route[] {
  return routes.length < 2 ? routes : routes.map((r, i) => ({ ...r, name: `${r.name}[${i}]` }));
}

export function ingressRoutes(o: KubeObject): readonly Fact[] {
  const nginx = sourceRangeMiddleware(o);
  const middlewares = [...traefikMiddlewares(o), ...(nginx ? [`${o.namespace}/${nginx.value.name}`] : [])];
  const tlsHosts = new Set(mapsAt(o.spec, 'tls').flatMap((t) => textsAt(t, 'hosts')));
  const isAllTls =
    o.annotations['traefik.ingress.kubernetes.io/router.tls'] === 'true' ||
    mapsAt(o.spec, 'tls').some((t) => textsAt(t, 'hosts').length === 0);
  const routes = mapsAt(o.spec, 'rules').flatMap((rule) => {
    const host = (textAt(rule, 'host') ?? '').toLowerCase();
    return mapsAt(mapAt(rule, 'http'), 'paths').map((p) =>
      ingressRoute(o, host, p, middlewares, isAllTls || tlsHosts.has(host)),
    );
  });
  const fallback = defaultRoute(o, middlewares, isAllTls);
  const all = named([...routes, ...(fallback && routes.length === 0 ? [fallback] : [])]);
  return [...all.map((v) => fact('route', v, o.evidence, o.owner)), ...(nginx ? [nginx] : [])];
}

function ingressRoute(
  o: KubeObject,
  host: string,
  p: Raw,
  middlewares: readonly string[],
  tls: boolean,
): Route {
  const path = textAt(p, 'path') ?? '';
  const router = `${o.namespace}-${o.name}-${host}${path}`;
  return {
    cluster: o.cluster,
    from: 'Ingress',
    namespace: o.namespace,
    name: o.name,
    match: ingressMatch(host, path, textAt(p, 'pathType')),
    entryPoints: listed(o.annotations['traefik.ingress.kubernetes.io/router.entrypoints']),
    middlewares,
    ...given('backend', ingressBackend(mapAt(p, 'backend'), o.namespace)),
    priority:
      Number(o.annotations['traefik.ingress.kubernetes.io/router.priority']) || ruleLength(host, path, p),
    tls,
    ...given('ingressClass', classOf(o)),
    routerName: `${normalized(router)}@kubernetes`,
  };
}

/** Traefik ranks routers by the length of the rule that it makes of an Ingress. */
function ruleLength(host: string, path: string, p: Raw): number {
  const matcher = textAt(p, 'pathType') === 'Exact' ? 'Path' : 'PathPrefix';
  const parts = [host && `Host(\`${host}\`)`, path && `${matcher}(\`${path}\`)`].filter((t) => t !== '');
  return parts.join(' && ').length;
}

function ingressMatch(host: string, path: string, pathType: string | undefined): RouteMatch {
  const hosts = host === '' ? [] : [host];
  if (path === '' || (path === '/' && pathType !== 'Exact')) return { hosts, isComplete: true };
  if (/[()[\]*+?^$|\\]/.test(path)) return { hosts, path: { type: 'regex', value: path }, isComplete: true };
  return { hosts, path: { type: pathType === 'Exact' ? 'exact' : 'prefix', value: path }, isComplete: true };
}

function ingressBackend(b: Raw, namespace: string): Route['backend'] | undefined {
  const s = mapAt(b, 'service');
  const name = textAt(s, 'name');
  const port = mapAt(s, 'port');
  if (name === undefined) return undefined;
  return { service: `${namespace}/${name}`, port: numberAt(port, 'number') ?? textAt(port, 'name') ?? 80 };
}

function defaultRoute(o: KubeObject, middlewares: readonly string[], tls: boolean): Route | undefined {
  const backend = ingressBackend(mapAt(o.spec, 'defaultBackend'), o.namespace);
  if (backend === undefined) return undefined;
  return {
    cluster: o.cluster,
    from: 'Ingress',
    namespace: o.namespace,
    name: o.name,
    match: { hosts: [], isComplete: true },
    entryPoints: [],
    middlewares,
    backend,
    priority: 0,
    tls,
    ...given('ingressClass', classOf(o)),
  };
}

function classOf(o: KubeObject): string | undefined {
  return textAt(o.spec, 'ingressClassName') ?? o.annotations['kubernetes.io/ingress.class'];
}

function traefikMiddlewares(o: KubeObject): readonly string[] {
  return listed(o.annotations['traefik.ingress.kubernetes.io/router.middlewares']);
}

export function listed(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((t) => t.trim())
    .filter((t) => t !== '');
}

/** ingress-nginx keeps its allowlist in an annotation; here it is a middleware like any other. */
function sourceRangeMiddleware(o: KubeObject): Fact<'middleware'> | undefined {
  const key = ['allowlist-source-range', 'whitelist-source-range'].find(
    (k) => o.annotations[`nginx.ingress.kubernetes.io/${k}`] !== undefined,
  );
  if (key === undefined) return undefined;
  const ranges = listed(o.annotations[`nginx.ingress.kubernetes.io/${key}`]).flatMap(
    (t) => parsePrefix(t) ?? [],
  );
  const value: Middleware = {
    cluster: o.cluster,
    namespace: o.namespace,
    name: `${o.name}.${key}`,
    rule: { kind: 'ip-allow-list', ranges, depth: 0 },
  };
  const evidence = { ...o.evidence, field: `metadata.annotations.nginx.ingress.kubernetes.io/${key}` };
  return fact('middleware', value, evidence, o.owner);
}

export function httpRoutes(o: KubeObject): readonly Fact<'route'>[] {
  const hosts = textsAt(o.spec, 'hostnames').map((h) => h.toLowerCase());
  const parents = mapsAt(o.spec, 'parentRefs').map(
    (p) => textAt(p, 'sectionName') ?? textAt(p, 'name') ?? '',
  );
  const values = mapsAt(o.spec, 'rules').flatMap((rule) => {
    const matches = mapsAt(rule, 'matches');
    return (matches.length === 0 ? [{}] : matches).map((m) => httpRoute(o, hosts, parents, rule, m));
  });
  return named(values).map((v) => fact('route', v, o.evidence, o.owner));
}

function httpRoute(
  o: KubeObject,
  hosts: readonly string[],
  parents: readonly string[],
  rule: Raw,
  m: Raw,
): Route {
  const backend = mapsAt(rule, 'backendRefs')[0];
  const path = mapAt(m, 'path');
  const others = ['headers', 'queryParams', 'method'].filter((k) => m[k] !== undefined);
  const kind = { Exact: 'exact', RegularExpression: 'regex' }[textAt(path, 'type') ?? ''] ?? 'prefix';
  const value = textAt(path, 'value') ?? '/';
  const isAnyPath = kind === 'prefix' && value === '/';
  return {
    cluster: o.cluster,
    from: 'HTTPRoute',
    namespace: o.namespace,
    name: o.name,
    match: {
      hosts,
      ...(!isAnyPath && { path: { type: kind as 'exact' | 'prefix' | 'regex', value } }),
      isComplete: others.length === 0,
      ...(others.length > 0 && { rule: `also matches ${others.join(', ')}` }),
    },
    entryPoints: parents,
    middlewares: [],
    ...given('backend', gatewayBackend(backend, o.namespace)),
    priority: value.length,
    tls: false,
  };
}

function gatewayBackend(b: Raw | undefined, namespace: string): Route['backend'] | undefined {
  if (b === undefined || (textAt(b, 'kind') ?? 'Service') !== 'Service') return undefined;
  const service = `${textAt(b, 'namespace') ?? namespace}/${textAt(b, 'name') ?? ''}`;
  return { service, port: numberAt(b, 'port') ?? 80 };
}
