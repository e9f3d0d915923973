/* What must hold on the way. One file each in invariants/; a code never changes its meaning. */
import type { Flow } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import type { Plan } from '#plan/plan.ts';
import type { World } from '#plan/world.ts';
import type { Judgement } from './judge.ts';
import type { LinePoint } from './line.ts';

/** Why a flow is checked: a name that somebody uses, a protected endpoint, or the user's own invariant. */
export type Role =
  | { readonly kind: 'name' }
  | { readonly kind: 'protected'; readonly name: string; readonly why: string }
  | { readonly kind: 'own'; readonly name: string; readonly expects: 'delivered' | 'refused' };

export interface FlowCheck {
  readonly flow: Flow;
  readonly role: Role;
  /** The start, with the same fault. */
  readonly before: { readonly reader: Reader; readonly walk: Walk };
  readonly after: { readonly reader: Reader; readonly walk: Walk };
}

/** Checked for each flow in each state, with every fault and held answer. */
export interface FlowInvariant {
  readonly code: string;
  /** true: may be broken inside a declared window. */
  readonly isWindowed: boolean;
  appliesTo(role: Role): boolean;
  check(input: FlowCheck): Judgement;
}

export interface StateCheck {
  readonly world: World;
  readonly plan: Plan;
  readonly start: Reader;
  readonly point: LinePoint;
  /** Kept walk in the point's state, and in the start. */
  readonly walk: (flow: Flow) => Walk;
  readonly walkAtStart: (flow: Flow) => Walk;
}

/** Checked once in each state. */
export interface StateInvariant {
  readonly code: string;
  check(input: StateCheck): Judgement;
}

export const holds: Judgement = { kind: 'fine' };

export function broken(says: string): Judgement {
  return { kind: 'broken', says };
}
