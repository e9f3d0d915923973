/*
 * How a walk comes out, as far as judgements look at it: who arrives where and is taken for whom. By which hops, over
 * which node and to how many endpoints of the application is left out, so that most faults change no outcome.
 */
import type { IngressResult } from '#dataplane/ingress.ts';
import type { PathTrace } from '#dataplane/path.ts';
import type { Hop, Reached } from '#dataplane/trace.ts';
import { equalValue } from './equal-value.ts';

const noHops: readonly Hop[] = [];

/** Paths without their hops; of several that differ in the pod of one ingress only, the first stands for all. */
export function pathOutcomes(
  paths: readonly PathTrace[],
  ingressAt: (reached: Reached) => string | undefined,
): readonly PathTrace[] {
  const kept: { readonly path: PathTrace; readonly ingress: string | undefined }[] = [];
  for (const whole of paths) {
    const path = withoutHops(whole);
    const ingress = path.reached && ingressAt(path.reached);
    const isKnown = kept.some((k) => ingress !== undefined && k.ingress === ingress && isAlike(k.path, path));
    if (!isKnown) kept.push({ path, ingress });
  }
  return kept.map((k) => k.path);
}

function withoutHops({ hops, choice, reached, returnPath, ...rest }: PathTrace): PathTrace {
  const back = returnPath && { disposition: returnPath.disposition, hops: noHops, isAsymmetric: false };
  return {
    ...rest,
    hops: noHops,
    ...(reached && { reached: withoutNode(reached) }),
    ...(back && { returnPath: back }),
  };
}

function withoutNode({ node, ...rest }: Reached): Reached {
  return rest;
}

/** Equal but for the address and the name of the pod. */
function isAlike({ reached: a, ...one }: PathTrace, { reached: b, ...other }: PathTrace): boolean {
  return a?.port === b?.port && a?.cluster === b?.cluster && equalValue(one, other);
}

/** The ingress's answer without its hops, and without the endpoints of the application. */
export function ingressOutcome({ hops, application, ingress, ...rest }: IngressResult): IngressResult {
  return { ...rest, hops: noHops, ...(application && { application: { ...application, endpoints: [] } }) };
}
