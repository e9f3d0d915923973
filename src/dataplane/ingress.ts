/*
 * The ingress stage: which program the delivered packet reached, by which of its listeners, which route takes the
 * host and path, what its middlewares decide, and the application behind. Memoised by the prover by host.
 */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ingress, Listener } from '#estate/ingress.ts';
import type { DnsName } from '#net/name.ts';
import { backendOf } from './backend.ts';
import type { Arrival } from './headers.ts';
import { type IdentityInput, identitiesOf, socketIdentity } from './identity.ts';
import { middlewaresOf } from './middlewares.ts';
import type { PathTrace } from './path.ts';
import { chooseRoute } from './routing-table.ts';
import type { Disposition, Hop, Identity, Packet, Reached, Step, Trace } from './trace.ts';

export interface IngressRequest {
  /** TLS name and Host header. */
  readonly host?: DnsName | undefined;
  readonly path: string;
  /** Headers as they arrive, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Those of them that the client wrote by itself. */
  readonly forged: Readonly<Record<string, string>>;
  readonly protocol: Packet['protocol'];
  /** Whose flow it is, where that is not the path's own client (behind a tunnel). */
  readonly client?: PathTrace['client'];
  /** What the peer stands for, where that is not what the path says (a connector). */
  readonly peer?: { readonly is: Identity['is']; readonly says: string } | undefined;
}

export interface IngressResult {
  /** undefined: the endpoint is no ingress that the snapshot knows. */
  readonly ingress?: Fact<'ingress'>;
  readonly listener?: Listener;
  readonly disposition: Disposition;
  readonly hops: readonly Hop[];
  readonly application?: NonNullable<Trace['application']>;
  readonly identities: readonly Identity[];
  readonly gaps: readonly Gap[];
}

/** How identities are found; `memoWalker` hands in one that remembers. */
export type Identify = (reader: Reader, input: IdentityInput) => readonly Identity[];

/** What happens behind the socket that the path was delivered to. */
export function walkIngress(
  reader: Reader,
  path: PathTrace,
  request: IngressRequest,
  identify: Identify = identitiesOf,
): IngressResult {
  const arrival = arrivalOf(path, request);
  const found = path.reached && ingressAt(reader, path.reached);
  if (!path.reached || !found) return plain(reader, path, arrival);
  const host = `ingress/${found.value.cluster}/${found.value.namespace}/${found.value.name}`;
  const at: At = { reader, path, request, arrival, ingress: found, host, identify };
  const listener = listenerAt(found.value, path.reached.port, request.protocol);
  if (listener) return throughListener(at, listener);
  const gap = reader.gap('ingress', `cluster/${found.value.cluster}`);
  const says = `${found.value.name} has no entry point on ${path.reached.port}/${request.protocol}.`;
  if (gap) return stopped(at, 'unknown', `Not known: ${gap.what}`, [gap]);
  return stopped(at, 'no-listener', says, []);
}

/** The ingress whose pods the reached pod is one of. */
export function ingressAt(reader: Reader, reached: Reached): Fact<'ingress'> | undefined {
  if (!reached.cluster || !reached.pod) return undefined;
  const pod = reader.get('pod', reached.pod);
  if (!pod) return undefined;
  return reader
    .by('ingress', 'cluster', reached.cluster)
    .find((i) => isPodOf(i.value, pod.value.namespace, pod.value.labels));
}

/** The listener behind a port; UDP leads to one that offers HTTP/3. */
export function listenerAt(
  ingress: Ingress,
  port: number,
  protocol: Packet['protocol'],
): Listener | undefined {
  return ingress.listeners.find(
    (l) =>
      l.port === port &&
      (protocol === 'udp'
        ? l.protocol === 'udp' || (l.http3 !== undefined && l.tls)
        : l.protocol === protocol),
  );
}

interface At {
  readonly reader: Reader;
  readonly path: PathTrace;
  readonly request: IngressRequest;
  readonly arrival: Arrival;
  readonly ingress: Fact<'ingress'>;
  readonly host: string;
  readonly identify: Identify;
}

function isPodOf(ingress: Ingress, namespace: string, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(ingress.podLabels);
  return ingress.namespace === namespace && wanted.length > 0 && wanted.every(([k, v]) => labels[k] === v);
}

function arrivalOf(path: PathTrace, request: IngressRequest): Arrival {
  const isClient = path.peer.is === 'client' && request.peer !== undefined;
  const peer = isClient ? request.peer : undefined;
  return {
    client: request.client ?? path.client,
    seenAs: path.seenAs,
    peerIs: peer?.is ?? path.peer.is,
    peerSays: peer?.says ?? path.peer.says,
    because: path.peer.because,
    proxyClient: path.proxyClient,
    protocol: request.protocol,
    sent: request.headers,
    forged: request.forged,
  };
}

/** An endpoint that is no known ingress; where the cluster's ingresses are a gap, it may be one. */
function plain(reader: Reader, path: PathTrace, arrival: Arrival): IngressResult {
  const cluster = path.reached?.cluster;
  const gap = cluster ? reader.gap('ingress', `cluster/${cluster}`) : undefined;
  const hidden =
    cluster && path.reached?.pod && !reader.get('pod', path.reached.pod)
      ? reader.gap('pod', `cluster/${cluster}`)
      : undefined;
  const why = gap ?? hidden;
  const base = { hops: [], identities: [socketIdentity(arrival)] };
  return why
    ? { ...base, disposition: 'unknown', gaps: [why] }
    : { ...base, disposition: 'delivered', gaps: [] };
}

function throughListener(at: At, listener: Listener): IngressResult {
  if (listener.redirectsTo) {
    const says = `Entry point ${listener.name} redirects every request to ${listener.redirectsTo}.`;
    const identities = at.identify(at.reader, { ...at, listener, middlewares: [] });
    return {
      ingress: at.ingress,
      listener,
      disposition: 'delivered',
      hops: [hop(at, says)],
      identities,
      gaps: [],
    };
  }
  if (listener.protocol === 'udp')
    return {
      ingress: at.ingress,
      listener,
      disposition: 'delivered',
      hops: [],
      identities: [socketIdentity(at.arrival)],
      gaps: [],
    };
  const routed = chooseRoute(at.reader, at.ingress.value, listener, at.request);
  if (routed.kind === 'gap')
    return stopped(at, 'unknown', `Not known: ${routed.gap.what}`, [routed.gap], listener);
  if (routed.kind === 'none')
    return stopped(
      at,
      'rejected',
      `No route for ${at.request.host ?? 'this host'}${at.request.path}: the ingress answers 404.`,
      [],
      listener,
    );
  return throughRoute(at, listener, routed.route);
}

function throughRoute(at: At, listener: Listener, route: Fact<'route'>): IngressResult {
  const { cluster, from, namespace, name, backend } = route.value;
  const middlewares = middlewaresOf(at.reader, cluster, [
    ...listener.middlewares,
    ...route.value.middlewares,
  ]);
  const identities = at.identify(at.reader, { ...at, listener, middlewares: middlewares.inOrder });
  const gaps = middlewares.gap ? [middlewares.gap] : [];
  const chosen = hop(
    at,
    `${from} ${namespace}/${name} takes ${at.request.host ?? 'the request'}${at.request.path}.`,
    [route.evidence],
  );
  const base = { ingress: at.ingress, listener, identities };
  const refused = identities.find((i) => i.verdict === 'refuse');
  if (refused) {
    const step: Step = {
      stage: 'middleware',
      says: refused.says,
      because: refused.because,
      rule: 'Traefik: 403',
    };
    return { ...base, disposition: 'denied', hops: [{ ...chosen, steps: [...chosen.steps, step] }], gaps };
  }
  const unsure =
    identities.find((i) => i.consumer === 'allowlist' && i.verdict === 'unknown')?.gap ?? middlewares.gap;
  if (unsure) return { ...base, disposition: 'unknown', hops: [chosen], gaps: [unsure] };
  if (!backend)
    return {
      ...base,
      disposition: 'delivered',
      hops: [chosen],
      application: { route: route.key, service: '', endpoints: [] },
      gaps,
    };
  return toBackend(at, chosen, base, route, backend);
}

function toBackend(
  at: At,
  chosen: Hop,
  base: Pick<IngressResult, 'identities'> & {
    readonly ingress: Fact<'ingress'>;
    readonly listener: Listener;
  },
  route: Fact<'route'>,
  to: { readonly service: string; readonly port: number | string },
): IngressResult {
  const found = backendOf(at.reader, route.value.cluster, to.service, to.port);
  const application = { route: route.key, service: found.service, endpoints: found.endpoints };
  if (found.gap) return { ...base, disposition: 'unknown', hops: [chosen], application, gaps: [found.gap] };
  const isThere = found.endpoints.length > 0 || found.isElsewhere;
  const says = isThere
    ? `Service ${to.service} has ${found.endpoints.length} ready endpoint(s).`
    : `Service ${to.service} has no ready endpoint: the ingress answers 503.`;
  const step: Step = { stage: 'ingress', says, because: found.because };
  return {
    ...base,
    disposition: isThere ? 'delivered' : 'no-endpoint',
    hops: [{ ...chosen, steps: [...chosen.steps, step] }],
    application,
    gaps: [],
  };
}

function stopped(
  at: At,
  disposition: Disposition,
  says: string,
  gaps: readonly Gap[],
  listener?: Listener,
): IngressResult {
  const identities = listener
    ? at.identify(at.reader, { ...at, listener, middlewares: [] })
    : [socketIdentity(at.arrival)];
  return {
    ingress: at.ingress,
    ...(listener && { listener }),
    disposition,
    hops: [hop(at, says)],
    identities,
    gaps,
  };
}

function hop(at: At, says: string, more: Step['because'] = []): Hop {
  return { host: at.host, steps: [{ stage: 'ingress', says, because: [...more, at.ingress.evidence] }] };
}
