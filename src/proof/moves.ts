/* What changes make of states, found once for each state and change of a session, and each change turned round once. */
import { type Change, inverseOf, type PlannedChange } from '#plan/change.ts';
import { type Simulated, simulate } from '#plan/simulate.ts';
import type { World } from '#plan/world.ts';
import type { View } from './view.ts';

export class Moves {
  readonly #world: World;
  readonly #known = new WeakMap<Change, Map<string, Simulated>>();
  readonly #inverses = new WeakMap<Change, Change>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Moves that the change makes in the view, or why it cannot be made there. */
  of(view: View, planned: PlannedChange): Simulated {
    const ofChange = this.#known.get(planned.change) ?? new Map<string, Simulated>();
    this.#known.set(planned.change, ofChange);
    const key = `${view.serial} ${planned.through.by} ${planned.title}`;
    const known = ofChange.get(key) ?? simulate(this.#world, view.reader, planned);
    ofChange.set(key, known);
    return known;
  }

  /** The change that takes this one back. */
  turned(planned: PlannedChange): PlannedChange {
    const change = this.#inverses.get(planned.change) ?? inverseOf(planned.change);
    this.#inverses.set(planned.change, change);
    return { ...planned, change };
  }
}
