/*
 * How a walk comes out, as far as judgements look at it: who arrives where and is taken for whom. By which hops, over
 * which node and to how many endpoints of the application is left out, so that most faults change no outcome.
 */
import type { IngressResult } from '#dataplane/ingress.ts';
import type { PathTrace } from '#dataplane/path.ts';
import type { Resolution } from '#dataplane/resolve.ts';
import type { Hop, Reached, Walk } from '#dataplane/trace.ts';
import type { FactKey } from '#estate/fact.ts';
import { familyOf, ip } from '#net/ip.ts';
import { equalValue } from './equal-value.ts';

const noHops: readonly Hop[] = [];

/** Paths without their hops, equal ones once. Where an ingress is reached it stands for whichever of its pods it was. */
export function pathOutcomes(
  paths: readonly PathTrace[],
  ingressAt: (reached: Reached) => FactKey | undefined,
): readonly PathTrace[] {
  const kept: PathTrace[] = [];
  for (const whole of paths) {
    const path = withoutHops(whole, whole.reached && ingressAt(whole.reached));
    const isKnown = path.reached?.ingress !== undefined && kept.some((k) => equalValue(k, path));
    if (!isKnown) kept.push(path);
  }
  return kept;
}

function withoutHops(
  { hops, choice, reached, returnPath, peer, mtu, ...rest }: PathTrace,
  ingress: FactKey | undefined,
): PathTrace {
  const back = returnPath && { disposition: returnPath.disposition, hops: noHops, isAsymmetric: false };
  return {
    ...rest,
    hops: noHops,
    peer: { ...peer, because: [] },
    ...(mtu && { mtu: { ...mtu, where: '', because: [] } }),
    ...(reached && { reached: ingress === undefined ? withoutNode(reached) : atIngress(reached, ingress) }),
    ...(back && { returnPath: back }),
  };
}

function withoutNode({ node, ...rest }: Reached): Reached {
  return rest;
}

function atIngress({ cluster, ip, port }: Reached, ingress: FactKey): Reached {
  return { ...(cluster !== undefined && { cluster }), ip: unspecified[familyOf(ip)], port, ingress };
}

const unspecified = { 4: ip('0.0.0.0'), 6: ip('::') };

/** The ingress's answer without its hops, and without the endpoints of the application. */
export function ingressOutcome(result: IngressResult): IngressResult {
  const { hops, application, ingress, identities, ...rest } = result;
  return {
    ...rest,
    identities: identities.map((i) => ({ ...i, because: [] })),
    hops: noHops,
    ...(application && { application: { ...application, endpoints: [] } }),
  };
}

/** What the name resolves to, without how. */
export function resolutionOutcome(resolution: Resolution): Resolution {
  return { ...resolution, steps: [] };
}

/** The walk without hops: those of stages that are no question of their own, an edge's, are gone as well. */
export function walkOutcome({ flow, traces }: Walk): Walk {
  return { flow, traces: traces.map((t) => ({ ...t, hops: noHops })) };
}
