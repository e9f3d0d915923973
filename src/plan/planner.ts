/* Finds a plan for a goal: what the goal is for the search (plan/search.ts), or why it cannot be reached and what can. */
import type { Flow } from '#dataplane/flow.ts';
import type { Reader } from '#estate/estate.ts';
import type { AddressOwner } from './address-owner.ts';
import { planRepointTunnel, planSetPolicy } from './goal-one-change.ts';
import { planRetire, planSplit } from './goal-sequence.ts';
import { moveTask } from './move-task.ts';
import type { Decision, Goal, Plan, Style } from './plan.ts';
import { inStyle } from './prefer-style.ts';
import { PlanSearch } from './search.ts';
import type { MoveGoal } from './task.ts';
import type { Refutation, Verdict } from './verdict.ts';
import type { World } from './world.ts';

export { endOf } from './search.ts';

export interface PlannerInput {
  readonly world: World;
  readonly start: Reader;
  readonly goal: Goal;
  readonly style: Style | 'auto';
  /** Who has a new address for good; undefined: the default is taken, and said. */
  readonly owner?: AddressOwner;
  /** `quick`: without faults, which most counterexamples do not need. */
  readonly prove: (plan: Plan, depth: 'quick' | 'full') => Verdict;
  /** What the walk of the flow reads in the start. */
  readonly readsOf: (flow: Flow) => Pick<ReadonlySet<string>, 'has'>;
  readonly snapshot: Plan['snapshot'];
  readonly decisions?: readonly Decision[];
}

export type PlanOutcome =
  | { readonly kind: 'planned'; readonly plan: Plan; readonly rounds: number }
  /** The goal cannot be reached; `nearest` says what can. */
  | Unreachable
  /** Only a person can decide how to go on; the plan as far as it was found. */
  | Stuck;

export interface Stuck {
  readonly kind: 'stuck';
  readonly plan: Plan;
  readonly says: string;
  readonly refuted?: Refutation;
  /** What can be had instead, where something can. */
  readonly nearest?: string;
}

export interface Unreachable {
  readonly kind: 'unreachable';
  readonly says: string;
  readonly nearest: string;
}

/** A proved plan for the goal, or why there is none. */
export function planFor(input: PlannerInput): PlanOutcome {
  const { goal } = input;
  switch (goal.kind) {
    case 'move':
      return inStyle(input, (styled) => ({ outcome: planMove(styled, goal) })).outcome;
    case 'set-policy':
      return inStyle(input, (styled) => ({ outcome: planSetPolicy(styled, goal) })).outcome;
    case 'repoint-tunnel':
      return inStyle(input, (styled) => ({ outcome: planRepointTunnel(styled, goal) })).outcome;
    case 'split':
      return planSplit(input, goal, (other) => planFor({ ...input, goal: other }));
    case 'retire':
      return planRetire(input, goal, (other) => planFor({ ...input, goal: other }));
    default:
      return goal satisfies never;
  }
}

function planMove(input: PlannerInput, goal: MoveGoal): PlanOutcome {
  const task = moveTask(input, goal);
  return task.kind === 'unreachable' ? task : new PlanSearch(input, task).find();
}
