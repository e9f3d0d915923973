/*
 * The ingress stage: which program the delivered packet reached, by which of its listeners, which route takes the
 * host and path, what its middlewares decide, and the application behind. Memoised by the prover by host.
 */
import { keptPart, type Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ingress, Listener } from '#estate/ingress.ts';
import type { DnsName } from '#net/name.ts';
import { type Behind, behindListener, ingressHop } from './behind.ts';
import type { Arrival } from './headers.ts';
import { type IdentityInput, identitiesOf, socketIdentity } from './identity.ts';
import type { Arrived, PathTrace } from './path.ts';
import type { Request } from './routing-table.ts';
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

/** The two parts that do not hang on the path; `memoWalker` hands in ones that remember. */
export interface IngressParts {
  readonly identify: (reader: Reader, input: IdentityInput, path: PathTrace) => readonly Identity[];
  readonly behind: (reader: Reader, ingress: Fact<'ingress'>, listener: Listener, request: Request) => Behind;
}

const freshParts: IngressParts = { identify: identitiesOf, behind: behindPart };

/** Kept where the reader keeps parts: asked by listener, host and path only, so the ingress itself is looked up again. */
function behindPart(reader: Reader, ingress: Fact<'ingress'>, listener: Listener, request: Request): Behind {
  const { host = '', path } = request;
  const id = ingress.key.slice('ingress:'.length);
  const { name, port, protocol } = listener;
  return keptPart(reader, `behind ${id} ${name} ${port}/${protocol} ${host} ${path}`, (r) => {
    const now = r.get('ingress', id) ?? ingress;
    const same = now.value.listeners.find((l) => l.name === name);
    return behindListener(r, now, same ?? listener, request);
  });
}

/** What happens behind the socket that the path was delivered to; `found` is the ingress there (ingressAt). */
export function walkIngress(
  reader: Reader,
  path: Arrived,
  request: IngressRequest,
  found: Fact<'ingress'> | undefined,
  parts: IngressParts = freshParts,
): IngressResult {
  const arrival = arrivalOf(path, request);
  if (!found) return plain(reader, path.reached, arrival);
  const at: At = { reader, path, request, arrival, ingress: found, parts };
  const listener = listenerAt(found.value, path.reached.port, request.protocol);
  if (listener) return throughListener(at, listener);
  const gap = reader.gap('ingress', `cluster/${found.value.cluster}`);
  const says = `${found.value.name} has no entry point on ${path.reached.port}/${request.protocol}.`;
  if (!gap)
    return answered(at, undefined, { disposition: 'no-listener', hops: [ingressHop(found, says)], gaps: [] });
  const hops = [ingressHop(found, `Not known: ${gap.what}`)];
  return answered(at, undefined, { disposition: 'unknown', hops, gaps: [gap] });
}

/** The ingress whose pods the reached pod is one of, as far as walks look at it: what it publishes is left out. */
export function ingressAt(reader: Reader, { pod, ingress }: Reached): Fact<'ingress'> | undefined {
  const its = ingress ? reader.get('ingress', ingress.slice('ingress:'.length)) : ingressOfPod(reader, pod);
  if (its?.value.publishedService === undefined) return its;
  const { publishedService: _, ...value } = its.value;
  return { ...its, value };
}

function ingressOfPod(reader: Reader, id: string | undefined): Fact<'ingress'> | undefined {
  const pod = id === undefined ? undefined : reader.get('pod', id)?.value;
  if (!pod) return undefined;
  return reader
    .by('ingress', 'cluster', pod.cluster)
    .find((i) => isPodOf(i.value, pod.namespace, pod.labels));
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
  readonly parts: IngressParts;
}

function isPodOf(ingress: Ingress, namespace: string, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(ingress.podLabels);
  return ingress.namespace === namespace && wanted.length > 0 && wanted.every(([k, v]) => labels[k] === v);
}

function arrivalOf(path: PathTrace, request: IngressRequest): Arrival {
  const peer = path.peer.is === 'client' && request.peer ? request.peer : path.peer;
  return {
    client: request.client ?? path.client,
    seenAs: path.seenAs,
    peerIs: peer.is,
    peerSays: peer.says,
    because: path.peer.because,
    proxyClient: path.proxyClient,
    protocol: request.protocol,
    sent: request.headers,
    forged: request.forged,
  };
}

/** An endpoint that is no known ingress; where the cluster's ingresses are a gap, it may be one. */
function plain(reader: Reader, { cluster, pod }: Reached, arrival: Arrival): IngressResult {
  const gap = cluster ? reader.gap('ingress', `cluster/${cluster}`) : undefined;
  const hidden = pod && !reader.get('pod', pod) ? reader.gap('pod', `cluster/${cluster}`) : undefined;
  const why = gap ?? hidden;
  const base = { hops: [], identities: [socketIdentity(arrival)] };
  return why
    ? { ...base, disposition: 'unknown', gaps: [why] }
    : { ...base, disposition: 'delivered', gaps: [] };
}

function throughListener(at: At, listener: Listener): IngressResult {
  if (listener.redirectsTo) {
    const says = `Entry point ${listener.name} redirects every request to ${listener.redirectsTo}.`;
    return answered(at, listener, {
      disposition: 'delivered',
      hops: [ingressHop(at.ingress, says)],
      gaps: [],
    });
  }
  if (listener.protocol === 'udp') {
    const identities = [socketIdentity(at.arrival)];
    return { ingress: at.ingress, listener, disposition: 'delivered', hops: [], identities, gaps: [] };
  }
  const behind = at.parts.behind(at.reader, at.ingress, listener, at.request);
  const identities = identitiesAt(at, listener, behind.middlewares);
  const base = { ingress: at.ingress, listener, identities };
  return { ...base, ...decided(behind, identities) };
}

/**
 * Middlewares come before the backend: a refusal, or one that is not known, ends the request there. Where the peer is
 * not known, no allow-list's verdict is.
 */
function decided(
  behind: Behind,
  identities: readonly Identity[],
): Pick<IngressResult, 'disposition' | 'hops' | 'application' | 'gaps'> {
  const { chosen, disposition, hops, gaps, application } = behind;
  const refused = identities.find((i) => i.verdict === 'refuse');
  if (refused) {
    const { says, because } = refused;
    const step: Step = { stage: 'middleware', says, because, rule: 'Traefik: 403' };
    const open = behind.middlewareGap ? [behind.middlewareGap] : [];
    return { disposition: 'denied', hops: [{ ...chosen, steps: [...chosen.steps, step] }], gaps: open };
  }
  const unsure = identities.find((i) => i.consumer === 'allowlist')?.gap ?? behind.middlewareGap;
  if (unsure) return { disposition: 'unknown', hops: [chosen], gaps: [unsure] };
  return { disposition, hops, gaps, ...(application && { application }) };
}

function answered(
  at: At,
  listener: Listener | undefined,
  end: Pick<IngressResult, 'disposition' | 'hops' | 'gaps'>,
): IngressResult {
  const identities = listener ? identitiesAt(at, listener, []) : [socketIdentity(at.arrival)];
  return { ingress: at.ingress, ...(listener && { listener }), identities, ...end };
}

function identitiesAt(at: At, listener: Listener, middlewares: Behind['middlewares']): readonly Identity[] {
  const { ingress, arrival } = at;
  return at.parts.identify(at.reader, { ingress, listener, middlewares, arrival }, at.path);
}
