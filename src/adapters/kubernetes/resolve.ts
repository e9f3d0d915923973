/*
 * Traefik names a middleware of the cluster `namespace-name@kubernetescrd` in annotations and entry points. Which dash
 * parts the two is only known from the middlewares themselves.
 */

import type { Fact } from '#estate/fact.ts';
import type { Ingress, Route } from '#estate/ingress.ts';
import type { Cluster } from './cluster.ts';

/** Replaces such names by `ns/name` in routes and listeners; a name that fits no middleware stays as it is. */
export function resolveMiddlewares(cluster: Cluster): void {
  const byName = new Map(
    cluster.middlewares.map(({ value: m }) => [
      `${m.namespace}-${m.name}@kubernetescrd`,
      `${m.namespace}/${m.name}`,
    ]),
  );
  const resolve = (names: readonly string[]) => names.map((n) => byName.get(n) ?? n);
  cluster.facts.forEach((f, i) => {
    if (f.kind === 'route') cluster.facts[i] = withRoute(f as Fact<'route'>, resolve);
    if (f.kind === 'ingress') cluster.facts[i] = withListeners(f as Fact<'ingress'>, resolve);
  });
}

type Resolve = (names: readonly string[]) => readonly string[];

function withRoute(f: Fact<'route'>, resolve: Resolve): Fact<'route'> {
  if (f.value.middlewares.every((m) => !m.includes('@'))) return f;
  const value: Route = { ...f.value, middlewares: resolve(f.value.middlewares) };
  return { ...f, value };
}

function withListeners(f: Fact<'ingress'>, resolve: Resolve): Fact<'ingress'> {
  const listeners = f.value.listeners.map((l) => ({ ...l, middlewares: resolve(l.middlewares) }));
  const value: Ingress = { ...f.value, listeners };
  return { ...f, value };
}
