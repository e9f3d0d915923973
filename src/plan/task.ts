/* What a search works on: the changes that reach a goal at once, when it is met, what it leaves alone. */
import type { Reader } from '#estate/estate.ts';
import type { FactKey } from '#estate/fact.ts';
import type { AddressOwner } from './address-owner.ts';
import type { DraftChange } from './draft.ts';
import type { Unmet } from './goal.ts';
import type { Decision, Goal, OutOfScope, Style } from './plan.ts';
import type { Move } from './repoint.ts';

export type MoveGoal = Extract<Goal, { kind: 'move' }>;

export interface Task {
  readonly kind: 'task';
  /** As the plan keeps it. */
  readonly goal: Goal;
  /** What repairs follow. `from` and `to` are equal where no address is left. */
  readonly move: Move;
  readonly asMove: MoveGoal;
  readonly style: Style;
  /** As the plan keeps it, where other parts may have another style; undefined: the task's own. */
  readonly planStyle?: Style;
  readonly owner: AddressOwner;
  readonly decisions: readonly Decision[];
  /** Changes of earlier parts of the plan, and the state that they leave: there this part begins. */
  readonly before: readonly DraftChange[];
  readonly start: Reader;
  readonly first: readonly DraftChange[];
  unmet(reader: Reader): readonly Unmet[];
  scope(written: ReadonlySet<FactKey>): readonly OutOfScope[];
  exceptions(written: ReadonlySet<FactKey>): readonly Decision[];
}
