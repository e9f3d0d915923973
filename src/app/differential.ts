/*
 * Model against kernel: the same flows walked and sent, and what differs. A flow that the model does not know, or that the
 * lab cannot start, is counted and not compared; nothing else is left out.
 */
import { type Flow, flowText } from '#dataplane/flow.ts';
import type { Consumer, Trace, Walk } from '#dataplane/trace.ts';
import { memoWalker } from '#dataplane/walk.ts';
import type { Reader } from '#estate/estate.ts';
import type { EstateLab } from '#lab/estate/estate-lab.ts';
import type { AttemptProtocol } from '#lab/traffic/attempt.ts';
import { type Observation, observe } from './lab-observe.ts';

export interface FlowResult {
  readonly flow: Flow;
  readonly protocol: AttemptProtocol;
  readonly result: 'agrees' | 'disagrees' | 'unknown' | 'not-built';
  /** What differs: `verdict`, `endpoint`, `socket`, `x-forwarded-for` … */
  readonly differs: readonly Difference[];
}

export interface Difference {
  readonly about: 'verdict' | 'endpoint' | 'refusal' | Consumer;
  readonly model: string;
  readonly kernel: string;
}

export interface DifferentialOptions {
  /** Attempts for each flow; where not given 2 for one that may go several ways, 1 for the others. */
  readonly attempts?: number;
  /** Flows under way at once; 60 where not given. */
  readonly parallel?: number;
  readonly timeoutMs?: number;
}

interface Asking extends DifferentialOptions {
  /** Runs one thing at a time. */
  readonly alone: (work: () => Promise<FlowResult>) => Promise<FlowResult>;
}

/** Sends every flow and compares; results in the order of the flows. */
export async function compareAll(
  lab: EstateLab,
  reader: Reader,
  flows: readonly Flow[],
  options: DifferentialOptions = {},
): Promise<readonly FlowResult[]> {
  const walker = memoWalker(reader);
  const results: FlowResult[] = [];
  let next = 0;
  const asking = { ...options, alone: oneAtATime() };
  const worker = async () => {
    for (let at = next++; at < flows.length; at = next++) {
      const flow = flows[at];
      if (flow) results[at] = await compareOne(lab, reader, walker.walk(flow), asking);
    }
  };
  await Promise.all(Array.from({ length: options.parallel ?? 60 }, worker));
  return results;
}

async function compareOne(lab: EstateLab, reader: Reader, walk: Walk, options: Asking): Promise<FlowResult> {
  const { flow } = walk;
  const protocol = protocolOf(reader, flow);
  if (walk.traces.some((t) => t.disposition === 'unknown'))
    return { flow, protocol, differs: [], result: 'unknown' };
  const first = await ask(lab, walk, protocol, options);
  if (first.result !== 'disagrees') return first;
  // A busy machine also makes flows time out: what stands must stand alone too.
  return options.alone(() => ask(lab, walk, protocol, { ...options, timeoutMs: 2700 }));
}

async function ask(
  lab: EstateLab,
  walk: Walk,
  protocol: AttemptProtocol,
  options: DifferentialOptions,
): Promise<FlowResult> {
  const { flow } = walk;
  const base = { flow, protocol, differs: [] };
  const count = options.attempts ?? (walk.traces.length > 1 ? 2 : 1);
  const times = Array.from({ length: count }, (_, at) => at + (flowText(flow).length % 2));
  const asked = { timeoutMs: options.timeoutMs ?? 1500 };
  const seen = await Promise.all(
    times.map((at) =>
      observe(lab, flow, { protocol: protocol === 'http1' && at % 2 === 1 ? 'http2' : protocol, ...asked }),
    ),
  );
  if (seen.some((s) => s.verdict === 'not-built')) return { ...base, result: 'not-built' };
  const differs = seen.flatMap((s) => differencesOf(walk.traces, s));
  return { ...base, differs, result: differs.length === 0 ? 'agrees' : 'disagrees' };
}

function oneAtATime(): Asking['alone'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine;
    return mine;
  };
}

/** What a client speaks there: the web on the web's ports, DNS on its own, an echo on all others. */
function protocolOf(reader: Reader, flow: Flow): AttemptProtocol {
  if (flow.port === 53) return flow.protocol === 'udp' ? 'dns' : 'tcp';
  const web = reader.all('ingress').length > 0;
  if (web && flow.port === 443) return flow.protocol === 'udp' ? 'http3' : 'http1';
  if (web && flow.port === 80 && flow.protocol === 'tcp') return 'http';
  return flow.protocol === 'udp' ? 'udp' : 'tcp';
}

/** What one attempt contradicts; `[]` where some way of the model is just as the kernel's. */
export function differencesOf(traces: readonly Trace[], seen: Observation): readonly Difference[] {
  const fitting = traces.filter((t) => isDelivered(t) === isAnswered(seen));
  if (fitting.length === 0)
    return [
      {
        about: 'verdict',
        model: [...new Set(traces.map((t) => t.disposition))].join(' or '),
        kernel: kernelVerdict(seen),
      },
    ];
  if (!isAnswered(seen)) return refusalDifference(fitting, seen);
  const sameEnd = fitting.filter(
    (t) => seen.pod === undefined || podOf(t) === undefined || podOf(t) === seen.pod,
  );
  if (sameEnd.length === 0)
    return [
      { about: 'endpoint', model: fitting.map((t) => podOf(t) ?? '?').join(' or '), kernel: seen.pod ?? '?' },
    ];
  const all = sameEnd.map((t) => identityDifferences(t, seen));
  return all.find((d) => d.length === 0) ?? all[0] ?? [];
}

/** What ends at a firewall itself finds nobody in the lab, whose firewalls serve no pages. */
function isDelivered(trace: Trace): boolean {
  if (
    trace.disposition === 'delivered' &&
    trace.reached?.pod === undefined &&
    trace.reached?.node === undefined
  )
    return false;
  return (
    trace.disposition === 'delivered' &&
    (trace.returnPath === undefined || trace.returnPath.disposition === 'delivered')
  );
}

function isAnswered(seen: Observation): boolean {
  return seen.verdict === 'delivered' && (seen.status === undefined || seen.status < 400);
}

function kernelVerdict(seen: Observation): string {
  const status = seen.status === undefined ? '' : ` ${seen.status}`;
  return `${seen.verdict}${status}${seen.cause === undefined ? '' : ` (${seen.cause})`}`;
}

/** A rejection is heard at once, a drop is not: the two must not be taken for each other. */
function refusalDifference(traces: readonly Trace[], seen: Observation): readonly Difference[] {
  const says = [...new Set(traces.map((t) => t.disposition))];
  const isLoud = says.every((d) => d === 'rejected');
  const isQuiet = says.every((d) => d === 'no-announcer' || d === 'no-session');
  if ((isLoud && seen.verdict === 'silent') || (isQuiet && seen.verdict === 'refused'))
    return [{ about: 'refusal', model: says.join(' or '), kernel: kernelVerdict(seen) }];
  return [];
}

/** `ns/name`, without the cluster. */
function podOf(trace: Trace): string | undefined {
  return trace.reached?.pod?.split('/').slice(-2).join('/');
}

/** The first entry of a list is what applications commonly take for the client. */
function identityDifferences(trace: Trace, seen: Observation): readonly Difference[] {
  const pairs: readonly (readonly [Consumer, string | undefined])[] = [
    ['socket', seen.socket],
    ['proxy-protocol', seen.proxy],
    ['x-forwarded-for', seen.xff?.split(',')[0]?.trim()],
    ['x-real-ip', seen.xRealIp],
    ['cf-connecting-ip', seen.cfConnectingIp],
  ];
  // A name server and a database tell nobody whom they see.
  if (seen.socket === undefined) return [];
  return pairs.flatMap(([about, kernel]) => {
    const model = modelClient(trace, about);
    if (model === 'not said' || (kernel === undefined && model === undefined)) return [];
    return model === kernel ? [] : [{ about, model: model ?? 'none', kernel: kernel ?? 'none' }];
  });
}

function modelClient(trace: Trace, consumer: Consumer): string | undefined | 'not said' {
  const found = trace.identities.find((i) => i.consumer === consumer);
  if (found?.is === 'unknown') return 'not said';
  if (found) return found.client;
  return consumer === 'socket'
    ? (trace.seenAs ?? 'not said')
    : consumer === 'proxy-protocol'
      ? undefined
      : 'not said';
}

/** One line for a list of disagreements. */
export function resultText({ flow, protocol, differs }: FlowResult): string {
  const what = [...new Set(differs.map((d) => `${d.about}: model ${d.model}, kernel ${d.kernel}`))];
  return `${flowText(flow)} (${protocol})  ${what.join('; ')}`;
}
