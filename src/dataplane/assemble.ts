/*
 * One trace out of its parts: hops before the path, the path, what stands behind its socket. Used by the walk itself
 * and by the way over an edge.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { DnsName } from '#net/name.ts';
import type { Flow } from './flow.ts';
import type { IngressRequest, IngressResult } from './ingress.ts';
import { type Arrived, hasArrived, type PathInput, type PathTrace } from './path.ts';
import { quicMtu, tooNarrow } from './quic.ts';
import type { Resolution } from './resolve.ts';
import type { Hop, Identity, Quic, Reached, Trace } from './trace.ts';
import type { Mtu } from './way.ts';

/** The stages of one state, and the HTTP/3 question that reuses the second. */
export interface Stages {
  readonly reader: Reader;
  readonly resolve: (vantage: string, name: DnsName, family: 4 | 6) => readonly Resolution[];
  readonly path: (input: PathInput) => readonly PathTrace[];
  /** The ingress behind a socket that a path reached; undefined: none that is known. */
  readonly ingressAt: (reached: Reached) => Fact<'ingress'> | undefined;
  readonly ingress: (
    path: Arrived,
    request: IngressRequest,
    at: Fact<'ingress'> | undefined,
  ) => IngressResult;
  readonly quic: (path: PathTrace, result: IngressResult) => Quic | undefined;
}

/** One trace of a path, with what stands behind its socket. */
export function traceOf(
  stages: Stages,
  flow: Flow,
  path: PathTrace,
  request: IngressRequest,
  before: readonly Hop[],
): Trace {
  const hops = joined(before, path.hops);
  const base = { flow, dialled: path.input.ip, gaps: path.gaps };
  if (!hasArrived(path)) return { ...base, hops, disposition: path.disposition, identities: noIdentities };
  const result = stages.ingress(path, request, stages.ingressAt(path.reached));
  const isHttp3 = request.protocol === 'udp' && result.listener?.http3 !== undefined;
  const narrow = isHttp3 ? tooNarrow(path) : undefined;
  const arrived = path.disposition === 'delivered' ? result.disposition : path.disposition;
  const quic = stages.quic(path, result);
  return {
    ...base,
    hops: [...hops, ...result.hops, ...(narrow ? [bigHop(path, narrow)] : [])],
    disposition: narrow && arrived === 'delivered' ? 'too-big' : arrived,
    reached: path.reached,
    ...(path.seenAs && { seenAs: path.seenAs }),
    ...(result.application && { application: result.application }),
    ...(path.returnPath && { returnPath: path.returnPath }),
    identities: result.identities,
    ...(quic && { quic }),
    gaps: result.gaps.length === 0 ? path.gaps : [...path.gaps, ...result.gaps],
  };
}

const noIdentities: readonly Identity[] = [];

function bigHop(path: PathTrace, { bytes, where, because }: Mtu): Hop {
  const says = `The path carries ${bytes} bytes at ${where}; HTTP/3 needs ${quicMtu(path.input.family)}.`;
  return { host: where, steps: [{ stage: 'quic', says, because }] };
}

/** Hops put one after the other; the same host twice in a row is one hop. */
export function joined(before: readonly Hop[], after: readonly Hop[]): readonly Hop[] {
  const last = before.at(-1);
  const first = after[0];
  if (!last || !first || last.host !== first.host) return [...before, ...after];
  return [
    ...before.slice(0, -1),
    { host: last.host, steps: [...last.steps, ...first.steps] },
    ...after.slice(1),
  ];
}
