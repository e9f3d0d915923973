/* Flows whose client the ingress takes for one of the cluster's own nodes: found once, used by several rules. */
import type { Flow } from '#dataplane/flow.ts';
import type { Identity, Trace } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import type { RuleContext } from './rule.ts';

/** One way of a flow that reaches an endpoint under an address that is not the client's. */
export interface MaskedWay {
  readonly flow: Flow;
  readonly trace: Trace;
  readonly vip: Ip;
  /** `cluster/ns/name` of the Service that the address belongs to. */
  readonly service: string;
  readonly seenAs: Ip;
  readonly socket: Identity;
}

/** All masked ways from outside the cluster, in the order of the flows. */
export function maskedWays(context: RuleContext): readonly MaskedWay[] {
  return context.flows.flatMap((flow) => {
    const vantage = context.reader.get('vantagePoint', flow.from);
    if (vantage === undefined || vantage.value.kind === 'pod' || vantage.value.kind === 'node') return [];
    return context.walk(flow).traces.flatMap((trace) => {
      const way = maskedWay(context.reader, flow, trace);
      return way === undefined ? [] : [way];
    });
  });
}

function maskedWay(reader: Reader, flow: Flow, trace: Trace): MaskedWay | undefined {
  const socket = trace.identities.find((i) => i.consumer === 'socket');
  const { dialled, reached, seenAs } = trace;
  if (trace.disposition !== 'delivered' || socket?.is !== 'node' || isThroughTunnel(trace)) return undefined;
  if (dialled === undefined || reached?.service === undefined || seenAs === undefined) return undefined;
  return {
    flow,
    trace,
    vip: vipOf(reader, reached.service, dialled),
    service: reached.service,
    seenAs,
    socket,
  };
}

/** A connector dials from inside the cluster: that is the tunnel's matter, not that of direct clients. */
function isThroughTunnel(trace: Trace): boolean {
  return trace.hops.some((h) => h.steps.some((s) => s.stage === 'tunnel'));
}

/** What was dialled may be the outside of a firewall: the address that the Service has is the one that is announced. */
function vipOf(reader: Reader, service: string, dialled: Ip): Ip {
  const vips = reader.get('service', service)?.value.vips.map((v) => v.ip) ?? [];
  if (vips.includes(dialled)) return dialled;
  return vips.find((ip) => familyOf(ip) === familyOf(dialled)) ?? vips[0] ?? dialled;
}

/** Groups in the order in which their keys first appear. */
export function groupBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Each value once, in the order of first appearance, empty ones left out. */
export function distinct(values: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(values)].filter((v): v is string => v !== undefined && v !== '');
}
