/* A Service that got its address without asking for it may not get it again: going back needs the address by name. */
import { remade } from './both-addresses.ts';
import { because, makeChange } from './draft.ts';
import type { Changes, RepairContext } from './repair.ts';
import type { Refutation } from './verdict.ts';

/** The changes with the address asked for first; undefined where it is asked for already, or nothing went back wrong. */
export function stateAddress(
  context: RepairContext,
  changes: Changes,
  refuted: Refutation,
): Changes | undefined {
  const { start, move, goal } = context;
  const { requestedIps, loadBalancerIp, namespace, name } = move.service.value;
  const isAsked = requestedIps !== undefined || loadBalancerIp !== undefined;
  const isKnown = changes.some((c) => c.id === 'state-address');
  if (isAsked || isKnown || move.from === move.to || !isBackWithoutCaches(refuted)) return undefined;
  const change = makeChange(start, [{ fact: move.service, fields: { requestedIps: move.from } }], {
    id: 'state-address',
    title: `Let ${namespace}/${name} ask for ${move.from}, which it was given without asking`,
    phase: 'prepare',
    because: because(refuted.says, refuted.invariant, [move.service.evidence]),
  });
  return remade(start, [change, ...changes], move, goal);
}

function isBackWithoutCaches({ at, heldAnswers }: Refutation): boolean {
  return at.direction === 'back' && (heldAnswers ?? []).length === 0;
}
