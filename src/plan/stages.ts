/* A draft as stages: neighbouring changes of one phase are shown together. The order is the prover's, not this file's. */

import type { PlannedChange } from './change.ts';
import type { DraftChange, Phase } from './draft.ts';
import type { Gate, Stage } from './plan.ts';

const titles: Readonly<Record<Phase, string>> = {
  prepare: 'Prepare',
  add: 'Add the new address',
  're-point': 'Re-point who uses the old address',
  'cut over': 'Cut over',
  retire: 'Leave the old address',
  'hand over': 'Hand the new address over',
  finish: 'Finish',
};

/** Window of a stage while it is not yet computed. */
export const unboundedSeconds = 1_000_000_000;

/** Stages of the draft. `windowSeconds` undefined: windows are not bounded yet. */
export function stagesOf(
  changes: readonly DraftChange[],
  windowSeconds: number = unboundedSeconds,
): readonly Stage[] {
  const groups: DraftChange[][] = [];
  for (const change of changes) {
    const last = groups.at(-1);
    if (last?.[0] !== undefined && isTogether(last[0], change)) last.push(change);
    else groups.push([change]);
  }
  const used = new Map<string, number>();
  return groups.map((group) => stageOf(group, used, windowSeconds));
}

function isTogether(a: DraftChange, b: DraftChange): boolean {
  return a.phase === b.phase && (a.isInWindow ?? false) === (b.isInWindow ?? false);
}

function stageOf(group: readonly DraftChange[], used: Map<string, number>, windowSeconds: number): Stage {
  const [first] = group;
  const phase = first?.phase ?? 'finish';
  const n = (used.get(phase) ?? 0) + 1;
  used.set(phase, n);
  const id = phase.replaceAll(' ', '-') + (n === 1 ? '' : `-${n}`);
  const title = titles[phase] + (n === 1 ? '' : `, part ${n}`);
  const window = first?.isInWindow === true ? { says: windowSays(phase), seconds: windowSeconds } : undefined;
  return { id, title, changes: group.map(plain), gates: gatesOf(group, phase), ...(window && { window }) };
}

function windowSays(phase: Phase): string {
  return phase === 'hand over'
    ? 'names may fail while the new address changes hands'
    : 'names may fail while clients move';
}

function plain({ phase, isInWindow, ...change }: DraftChange): PlannedChange {
  return change;
}

function gatesOf(group: readonly DraftChange[], phase: Phase): readonly Gate[] {
  const probes: Gate = { kind: 'probes', says: 'every name that worked answers from every vantage point' };
  if (phase === 'prepare' || phase === 'finish') return [];
  const asks: Gate[] = phase === 'add' ? [] : [{ kind: 'confirm', asks: `${titles[phase]}: go on?` }];
  return group.every((c) => c.change.kind === 'wait') ? [] : [probes, ...asks];
}
