/*
 * The walk: resolve, path, ingress, put together into traces. The three stages are handed in, so that the prover can
 * keep their answers with their read sets, and `memoWalker` can keep them within one state.
 */
import type { Reader } from '#estate/estate.ts';
import type { Evidence } from '#estate/evidence.ts';
import type { Listener } from '#estate/ingress.ts';
import type { Ip } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';
import { type Stages, traceOf } from './assemble.ts';
import { type Behind, behindListener } from './behind.ts';
import type { Flow } from './flow.ts';
import { type IdentityInput, identitiesOf } from './identity.ts';
import {
  type IngressParts,
  type IngressRequest,
  type IngressResult,
  ingressAt,
  listenerAt,
  walkIngress,
} from './ingress.ts';
import { type PathInput, type PathTrace, walkAddress } from './path.ts';
import { quicOf } from './quic.ts';
import { type Resolution, resolveName } from './resolve.ts';
import type { Hop, Identity, Quic, Trace, Walk } from './trace.ts';
import { walkEdge } from './walk-edge.ts';

/** Stages that keep nothing. */
export function stagesOf(reader: Reader): Stages {
  const stages: Stages = {
    reader,
    resolve: (vantage, name, family) => resolveName(reader, vantage, name, family),
    path: (input) => walkAddress(reader, input),
    ingressAt: (reached) => ingressAt(reader, reached),
    ingress: (path, request, at) => walkIngress(reader, path, request, at),
    quic: (path, result) => quicAlong(stages, path, result),
  };
  return stages;
}

/** Every way that the flow may go. */
export function walk(reader: Reader, flow: Flow): Walk {
  return walkWith(stagesOf(reader), flow);
}

/** The walk over given stages. */
export function walkWith(stages: Stages, flow: Flow): Walk {
  return {
    flow,
    traces:
      'ip' in flow.to ? fromAddress(stages, flow, flow.to.ip, []) : fromName(stages, flow, flow.to.name),
  };
}

export type { Stages } from './assemble.ts';

/** Whole walks kept by a walker; beyond that they are put together again from the stages, to bound the memory. */
const maxKept = 20_000;

/** Answers of one stage that are kept. */
const maxAnswers = 20_000;

export interface MemoWalker {
  readonly walk: (flow: Flow) => Walk;
  readonly stages: Stages;
}

/** A walker of one state that answers each question of each stage once. */
export function memoWalker(reader: Reader): MemoWalker {
  const parts: IngressParts = { identify: identifyOnce(), behind: behindOnce() };
  const findIngress = ingressOnce();
  const quics = new Map<PathTrace, Map<unknown, Quic | undefined>>();
  const walks = new Map<Flow, Walk>();
  const stages: Stages = {
    reader,
    resolve: once(
      (v: string, n: DnsName, f: 4 | 6) => `${v} ${n} ${f}`,
      (v, n, f) => resolveName(reader, v, n, f),
    ),
    path: once(pathKey, (input) => walkAddress(reader, input)),
    ingressAt: (reached) => findIngress(reader, reached),
    ingress: (path, request, at) => walkIngress(reader, path, request, at, parts),
    quic: (path, result) => {
      const ofPath = quics.get(path) ?? new Map<unknown, Quic | undefined>();
      quics.set(path, ofPath);
      if (!ofPath.has(result.listener)) ofPath.set(result.listener, quicAlong(stages, path, result));
      return ofPath.get(result.listener);
    },
  };
  const walkOnce = (flow: Flow) => {
    const known = walks.get(flow);
    if (known) return known;
    const fresh = walkWith(stages, flow);
    if (walks.size < maxKept) walks.set(flow, fresh);
    return fresh;
  };
  return { walk: walkOnce, stages };
}

/** Key of a path question: everything that its answer depends on besides the state. */
export function pathKey(p: PathInput): string {
  return `${p.vantage} ${p.source ?? ''} ${p.family} ${p.ip} ${p.port}/${p.protocol}`;
}

/** HTTP/3 for clients of the listener that came this way; undefined: not an HTTPS listener, or not by HTTP. */
export function quicAlong(stages: Stages, path: PathTrace, result: IngressResult): Quic | undefined {
  const { ingress, listener } = result;
  if (!ingress || !listener?.tls) return undefined;
  const gap = listener.http3 ? undefined : stages.reader.gap('ingress', `cluster/${ingress.value.cluster}`);
  if (gap)
    return { isOffered: false, completes: 'unknown', onRebinding: 'unknown', says: gap.what, because: [] };
  const http3At = ({ reached }: PathTrace) => {
    if (reached === undefined) return false;
    const there = stages.ingressAt(reached);
    return there?.key === ingress.key && listenerAt(there.value, reached.port, 'udp')?.http3 !== undefined;
  };
  const walkUdp = (port: number) =>
    stages.path({ ...path.input, port, protocol: 'udp' }).map((p) => ({ path: p, isHttp3: http3At(p) }));
  return quicOf({ listener, family: path.input.family, because: [ingress.evidence], walkUdp });
}

function fromName(stages: Stages, flow: Flow, name: DnsName): readonly Trace[] {
  const vantage = stages.reader.get('vantagePoint', flow.from);
  const told = vantage ? [vantage.evidence] : [];
  if (vantage?.value.kind === 'tunnel-edge')
    return walkEdge(stages, flow, {
      hops: [edgeHop(flow, told)],
      tunnel: vantage.value.tunnel,
      host: flow.host ?? name,
    });
  return stages.resolve(flow.from, name, flow.family).flatMap((r) => fromResolution(stages, flow, name, r));
}

function fromResolution(stages: Stages, flow: Flow, name: DnsName, r: Resolution): readonly Trace[] {
  const hop: Hop = { host: `vantage/${flow.from}`, steps: r.steps };
  if (r.disposition !== 'found')
    return [{ flow, hops: [hop], disposition: r.disposition, identities: [], gaps: r.gaps }];
  if (r.edge) return walkEdge(stages, flow, { hops: [hop], host: flow.host ?? name, edge: r.edge });
  return r.ip ? fromAddress(stages, flow, r.ip, [hop]) : [];
}

function fromAddress(stages: Stages, flow: Flow, ip: Ip, before: readonly Hop[]): readonly Trace[] {
  const input: PathInput = {
    vantage: flow.from,
    source: flow.source,
    family: flow.family,
    ip,
    port: flow.port,
    protocol: flow.protocol,
  };
  const request = requestOf(flow);
  return stages.path(input).map((path) => traceOf(stages, flow, path, request, before));
}

function requestOf(flow: Flow): IngressRequest {
  const headers = flow.headers ?? noHeaders;
  const host = flow.host ?? ('name' in flow.to ? flow.to.name : undefined);
  return { host, path: flow.path ?? '/', headers, forged: headers, protocol: flow.protocol };
}

const noHeaders: Readonly<Record<string, string>> = {};

function edgeHop(flow: Flow, because: readonly Evidence[]): Hop {
  const says = `A client at the edge asks for ${'name' in flow.to ? flow.to.name : flow.to.ip}.`;
  return { host: `vantage/${flow.from}`, steps: [{ stage: 'tunnel', says, because }] };
}

/** Routes depend on listener, host and path only. */
function behindOnce(): IngressParts['behind'] {
  const known = new Map<Listener, Map<string, Behind>>();
  return (reader, ingress, listener, request) => {
    const { host = '', path } = request;
    const ofListener = kept(known, listener, () => new Map<string, Behind>());
    const key = path === '/' ? host : `${host}${path}`;
    return kept(ofListener, key, () => behindListener(reader, ingress, listener, request));
  };
}

/** Beliefs depend on the way, the middlewares and the headers, not on the host: found once for each. */
function identifyOnce(): IngressParts['identify'] {
  const known = new Map<PathTrace, Map<string, readonly Identity[]>>();
  return (reader, input, path) => {
    const { arrival, listener, middlewares } = input;
    const ofPath = kept(known, path, () => new Map<string, readonly Identity[]>());
    const names = middlewares.length === 0 ? '' : middlewares.map((m) => m.key).join();
    const isPlain = arrival.sent === noHeaders && arrival.client === path.client;
    const key = isPlain ? names : `${names} ${arrival.client} ${arrival.peerIs} ${headerKey(arrival)}`;
    return kept(ofPath, `${listener.name} ${key}`, () => identitiesOf(reader, input));
  };
}

function headerKey({ sent, forged }: IdentityInput['arrival']): string {
  return JSON.stringify([sent, forged]);
}

function ingressOnce(): typeof ingressAt {
  const known = new Map<string, ReturnType<typeof ingressAt>>();
  return (reader, reached) => {
    const id = reached.pod ?? '';
    if (!known.has(id)) known.set(id, ingressAt(reader, reached));
    return known.get(id);
  };
}

function kept<K, V>(known: Map<K, V>, key: K, compute: () => V): V {
  const hit = known.get(key);
  if (hit !== undefined) return hit;
  const fresh = compute();
  known.set(key, fresh);
  return fresh;
}

/** Remembers answers; begins anew when there are too many, since neighbours in a list of flows ask alike. */
function once<A extends readonly unknown[], R>(
  keyOf: (...args: A) => string,
  compute: (...args: A) => R,
): (...args: A) => R {
  const known = new Map<string, R>();
  return (...args) => {
    if (known.size >= maxAnswers) known.clear();
    return kept(known, keyOf(...args), () => compute(...args));
  };
}
