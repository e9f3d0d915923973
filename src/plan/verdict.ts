/* What the planner needs of a proof; proof/ gives more. The planner takes the prover as a function. */
import type { Flow } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import type { FactKey } from '#estate/fact.ts';

export interface Refutation {
  readonly invariant: string;
  readonly says: string;
  readonly at: { readonly position: number; readonly direction: 'forward' | 'back'; readonly after?: string };
  readonly fault?: string;
  readonly faultId?: string;
  readonly flow?: Flow;
  readonly heldAnswers?: readonly { readonly record: FactKey; readonly seconds: number }[];
  readonly before?: Walk;
  readonly after?: Walk;
}

export type Verdict =
  | {
      readonly kind: 'proved';
      readonly windows: readonly { readonly stage: string; readonly seconds: number }[];
    }
  | { readonly kind: 'refuted'; readonly counterexample: Refutation }
  | { readonly kind: 'undecided'; readonly says: string; readonly settledBy: string };
