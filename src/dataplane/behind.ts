/*
 * What stands behind a listener for a host and path: the route, its middlewares and the application. It depends on
 * the request alone, not on who comes or how, so one answer serves every vantage point.
 */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Listener } from '#estate/ingress.ts';
import { backendOf } from './backend.ts';
import { middlewaresOf } from './middlewares.ts';
import { chooseRoute, type Request } from './routing-table.ts';
import type { Disposition, Hop, Step, Trace } from './trace.ts';

export interface Behind {
  readonly disposition: Disposition;
  readonly hops: readonly Hop[];
  readonly gaps: readonly Gap[];
  /** The choice of the route (or of none) alone, for requests that a middleware ends. */
  readonly chosen: Hop;
  readonly middlewares: readonly Fact<'middleware'>[];
  /** Middlewares that are not all known. */
  readonly middlewareGap?: Gap;
  readonly application?: NonNullable<Trace['application']>;
}

/** The answer of the ingress's routing table for one listener. */
export function behindListener(
  reader: Reader,
  ingress: Fact<'ingress'>,
  listener: Listener,
  request: Request,
): Behind {
  const routed = chooseRoute(reader, ingress.value, listener, request);
  if (routed.kind === 'route') return throughRoute(reader, ingress, listener, request, routed.route);
  const says =
    routed.kind === 'gap'
      ? `Not known: ${routed.gap.what}`
      : `No route for ${request.host ?? 'this host'}${request.path}: the ingress answers 404.`;
  const chosen = ingressHop(ingress, says);
  return {
    disposition: routed.kind === 'gap' ? 'unknown' : 'rejected',
    chosen,
    hops: [chosen],
    gaps: routed.kind === 'gap' ? [routed.gap] : [],
    middlewares: [],
  };
}

/** One step at the ingress. */
export function ingressHop(ingress: Fact<'ingress'>, says: string, more: Step['because'] = []): Hop {
  const { cluster, namespace, name } = ingress.value;
  const because = [...more, ingress.evidence];
  return { host: `ingress/${cluster}/${namespace}/${name}`, steps: [{ stage: 'ingress', says, because }] };
}

function throughRoute(
  reader: Reader,
  ingress: Fact<'ingress'>,
  listener: Listener,
  request: Request,
  route: Fact<'route'>,
): Behind {
  const { cluster, from, namespace, name, backend, middlewares: own } = route.value;
  const found = middlewaresOf(reader, cluster, [...listener.middlewares, ...own]);
  const says = `${from} ${namespace}/${name} takes ${request.host ?? 'the request'}${request.path}.`;
  const chosen = ingressHop(ingress, says, [route.evidence]);
  const base = {
    chosen,
    middlewares: found.inOrder,
    ...(found.gap && { middlewareGap: found.gap }),
  };
  if (backend) return { ...base, ...toBackend(reader, chosen, route, backend) };
  const application = { route: route.key, service: '', endpoints: [] };
  return { ...base, disposition: 'delivered', hops: [chosen], application, gaps: [] };
}

function toBackend(
  reader: Reader,
  chosen: Hop,
  route: Fact<'route'>,
  to: { readonly service: string; readonly port: number | string },
): Pick<Behind, 'disposition' | 'hops' | 'application' | 'gaps'> {
  const found = backendOf(reader, route.value.cluster, to.service, to.port);
  const application = { route: route.key, service: found.service, endpoints: found.endpoints };
  if (found.gap) return { disposition: 'unknown', hops: [chosen], application, gaps: [found.gap] };
  const isThere = found.endpoints.length > 0 || found.isElsewhere === true;
  const says = isThere
    ? `Service ${to.service} has ${found.endpoints.length} ready endpoint(s).`
    : `Service ${to.service} has no ready endpoint: the ingress answers 503.`;
  const step: Step = { stage: 'ingress', says, because: found.because };
  const hops = [{ ...chosen, steps: [...chosen.steps, step] }];
  return { disposition: isThere ? 'delivered' : 'no-endpoint', hops, application, gaps: [] };
}
