/* What the model says about one probe in one state of the estate. */
import type { Flow } from '#dataplane/flow.ts';
import { resolveName } from '#dataplane/resolve.ts';
import type { Disposition, Trace, Walk } from '#dataplane/trace.ts';
import { type Reader, readerOver, writeOf } from '#estate/estate.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import type { Attempt, Probe } from './prober.ts';

export interface Prediction {
  readonly outcome: 'works' | 'refused' | 'fails' | 'unknown';
  readonly says: string;
  /** For a resolver: every address that it may answer, ordered. */
  readonly addresses?: readonly string[];
  /** Client addresses that the ingress may write into its log, also of what it turns away. */
  readonly seenAs?: readonly Ip[];
  /** Why it is not known whom the ingress logs; undefined: it is known, or nothing reaches one. */
  readonly seenAsGap?: string;
}

export type WalkFlow = (reader: Reader, flow: Flow) => Walk;

/** What the probe should see in the state. */
export function predict(probe: Probe, reader: Reader, walk: WalkFlow): Prediction {
  if (probe.attempt.kind === 'dns')
    return (
      unreached(probe.from, probe.attempt, reader, walk) ?? predictAnswer(probe.from, probe.attempt, reader)
    );
  const flow = flowOf(probe.from, probe.attempt);
  const { traces } = walk(reader, flow);
  const seenAs = [
    ...new Set(traces.flatMap((t) => t.identities.find((i) => i.consumer === 'access-log')?.client ?? [])),
  ];
  const isHttp = probe.attempt.kind === 'http';
  const outcomes = new Set(traces.map((t) => (isHttp ? outcomeOf(t, flow) : connectionOf(t))));
  const [only] = outcomes;
  const outcome = outcomes.size === 1 && only !== undefined ? only : 'unknown';
  const says = [...new Set(traces.map(endOf))].join(' or ');
  const isAnswered = outcome !== 'fails';
  return {
    outcome,
    says,
    ...(isAnswered && outcome !== 'unknown' && seenAs.length > 0 && { seenAs }),
    ...(isAnswered && seenAs.length === 0 && gapsOf(traces)),
  };
}

/** What hides whom the ingress sees, or what hides the way to it. */
function gapsOf(traces: readonly Trace[]): Pick<Prediction, 'seenAsGap'> {
  const ofClients = traces.flatMap((t) => t.identities.flatMap((i) => i.gap?.what ?? []));
  const all = ofClients.length > 0 ? ofClients : traces.flatMap((t) => t.gaps.map((g) => g.what));
  return all.length === 0 ? {} : { seenAsGap: [...new Set(all)].join('; ') };
}

/** The flow that the attempt starts; a name resolves to nothing else than the pinned address. */
function flowOf(from: string, attempt: Exclude<Attempt, { kind: 'dns' }>): Flow {
  const isUdp = attempt.kind === 'http' && attempt.version === 3;
  return {
    from,
    family: familyOf(attempt.ip),
    to: { ip: attempt.ip },
    port: attempt.port,
    protocol: isUdp ? 'udp' : 'tcp',
    ...('name' in attempt && { host: attempt.name }),
  };
}

const outcomes: Partial<Record<Disposition, Prediction['outcome']>> = {
  delivered: 'works',
  denied: 'refused',
  unknown: 'unknown',
};

/** A connection is accepted by whatever was reached, whatever is said over it. */
function connectionOf(trace: Trace): Prediction['outcome'] {
  if (trace.reached !== undefined) return wayBackOf(trace);
  return trace.disposition === 'unknown' ? 'unknown' : 'fails';
}

function wayBackOf({ returnPath }: Trace): Prediction['outcome'] {
  const back = returnPath?.disposition ?? 'delivered';
  return back === 'delivered' ? 'works' : back === 'unknown' ? 'unknown' : 'fails';
}

/** Turned away before it reached the ingress, a request sees silence or a reset; turned away there, it is answered. */
function outcomeOf(trace: Trace, flow: Flow): Prediction['outcome'] {
  const isAnswered = trace.disposition !== 'denied' || trace.reached !== undefined;
  const outcome = (isAnswered ? outcomes[trace.disposition] : undefined) ?? 'fails';
  const back = outcome === 'works' ? wayBackOf(trace) : outcome;
  if (back !== 'works') return back;
  // Whether clients are told of this port is another question: this one is dialled all the same.
  return flow.protocol !== 'udp' || trace.quic?.isOffered !== false ? 'works' : 'fails';
}

function endOf(trace: Trace): string {
  const to = trace.reached?.service ?? trace.reached?.ip;
  return to === undefined ? trace.disposition : `${trace.disposition} to ${to}`;
}

/** A resolver that no packet from there reaches (a cluster's own, from outside of it) answers nothing. */
function unreached(
  from: string,
  { ip, name }: Extract<Attempt, { kind: 'dns' }>,
  reader: Reader,
  walk: WalkFlow,
): Prediction | undefined {
  const flow = { from, family: familyOf(ip), to: { ip }, port: 53, protocol: 'udp' } as const;
  const { traces } = walk(reader, flow);
  if (traces.length === 0 || traces.some((t) => connectionOf(t) !== 'fails')) return undefined;
  return {
    outcome: 'fails',
    says: `nobody is asked for ${name}: ${[...new Set(traces.map(endOf))].join(' or ')}`,
  };
}

/** The vantage point asks the attempt's resolver, whichever it asks in daily life. */
function predictAnswer(from: string, attempt: Extract<Attempt, { kind: 'dns' }>, reader: Reader): Prediction {
  const point = reader.get('vantagePoint', from);
  if (point === undefined) return { outcome: 'unknown', says: `no vantage point ${from}` };
  const asking = readerOver(reader, [
    writeOf(reader, 'vantagePoint', { ...point.value, resolver: attempt.resolver }),
  ]);
  const answers = resolveName(asking, from, attempt.name, attempt.type === 'A' ? 4 : 6);
  if (answers.some((a) => a.disposition === 'unknown'))
    return { outcome: 'unknown', says: 'a gap hides the answer' };
  if (answers.some((a) => a.edge !== undefined))
    return { outcome: 'unknown', says: 'an edge that proxies the name answers' };
  const addresses = [...new Set(answers.flatMap((a) => a.ip ?? []))].sort();
  return addresses.length === 0
    ? { outcome: 'fails', says: 'no such name', addresses }
    : { outcome: 'works', says: addresses.join(', '), addresses };
}
