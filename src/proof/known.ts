/*
 * What came out in states that a proof has looked at, for the other proofs of the session: views of equal contents are
 * one object, so a flow's outcome in one of them is found once, whichever plan leads there.
 */
import type { World } from '#plan/world.ts';
import { type Fault, faultsOf, pairsOf } from './faults.ts';
import type { Found } from './found.ts';
import type { HeldVersion } from './held.ts';
import type { View, Views } from './view.ts';

/** One way that a flow may be answered: the view with its choice of held answers laid over it. */
export interface Leaf {
  readonly view: View;
  readonly chosen: readonly HeldVersion[];
}

/** What was found of a flow, by its number; untouched: as without the fault. */
export type Outcomes = ('untouched' | readonly Found[] | undefined)[];

/** A view with a fault, and what came out there. */
export interface UnderFault {
  readonly view: View;
  readonly outcomes: Outcomes;
}

export class Known {
  readonly #views: Views;
  readonly #world: World;
  readonly #faults = new Map<number, readonly Fault[]>();
  readonly #underFault = new Map<Fault, Map<View, Map<View, UnderFault>>>();
  readonly #faultOutcomes = new Map<Fault, Map<string, Outcomes>>();
  readonly #outcomes = new Map<View, Outcomes>();
  readonly #leaves = new Map<string, (readonly Leaf[] | undefined)[]>();

  constructor(views: Views, world: World) {
    this.#views = views;
    this.#world = world;
  }

  /** Every fault of the estate, that many at a time: the same objects for each proof. */
  faults(count: 0 | 1 | 2): readonly Fault[] {
    if (count === 0) return [];
    const { base } = this.#views;
    return keptIn(this.#faults, count, () => {
      if (count === 1) return faultsOf(this.#world, base.reader);
      const single = this.faults(1);
      return [...single, ...pairsOf(single, (view, writes) => this.#views.with(view, writes))];
    });
  }

  /** The leaf with the fault that happens in the state. */
  under(fault: Fault, state: View, leaf: View): UnderFault {
    const ofFault = keptIn(this.#underFault, fault, () => new Map<View, Map<View, UnderFault>>());
    const ofState = keptIn(ofFault, state, () => new Map<View, UnderFault>());
    return keptIn(ofState, leaf, () => {
      const view = this.#views.with(leaf, fault.writes(state), true);
      const ofLeaf = keptIn(this.#faultOutcomes, fault, () => new Map<string, Outcomes>());
      return { view, outcomes: keptIn(ofLeaf, `${leaf.serial} ${view.serial}`, (): Outcomes => []) };
    });
  }

  /** Outcomes of flows in the view, without a fault. */
  outcomes(view: View): Outcomes {
    return keptIn(this.#outcomes, view, (): Outcomes => []);
  }

  /** Choices of answers by flow, where these answers may be held. */
  leaves(view: View, held: string): (readonly Leaf[] | undefined)[] {
    return keptIn(this.#leaves, `${view.serial} ${held}`, () => []);
  }
}

function keptIn<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
