/* What the invariants find in one flow, before and after: every judgement that is not fine. */
import type { FlowInvariant } from './invariant.ts';
import { flowInvariants } from './invariants/all.ts';
import type { Judgement } from './judge.ts';
import type { KeptWalk } from './memo.ts';
import type { CheckedFlow } from './session.ts';
import type { View } from './view.ts';

export const noneFound: readonly Found[] = [];

/** One invariant's judgement that is not fine. */
export interface Found {
  readonly invariant: FlowInvariant;
  readonly judgement: Judgement;
}

/** All judgements of the flow that are not fine. */
export function judgeAll(
  flow: CheckedFlow,
  start: View,
  before: KeptWalk,
  view: View,
  after: KeptWalk,
): readonly Found[] {
  const input = {
    flow: flow.flow,
    role: flow.role,
    before: { reader: start.reader, walk: before.value },
    after: { reader: view.reader, walk: after.value },
  };
  return flowInvariants.flatMap((invariant) => {
    if (!invariant.appliesTo(flow.role)) return [];
    const judgement = invariant.check(input);
    return judgement.kind === 'fine' ? [] : [{ invariant, judgement }];
  });
}
