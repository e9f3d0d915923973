/*
 * What came out in states that a proof has looked at, for the other proofs of the session: views of equal contents are
 * one object, so a flow's outcome in one of them is found once, whichever plan leads there.
 */
import type { Write } from '#estate/estate.ts';
import type { World } from '#plan/world.ts';
import { type Carried, faultKey, type KnownById, leafKey } from './carried.ts';
import { type Fault, faultsOf, pairsOf } from './faults.ts';
import type { Found } from './found.ts';
import type { HeldVersion } from './held.ts';
import { answer, KeptAnswers } from './kept.ts';
import { Recorder } from './recorder.ts';
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

/** Choices of answers by flow: those of one view where the same answers may be held. */
export type Choices = (readonly Leaf[] | undefined)[];

export class Known {
  readonly #views: Views;
  readonly #world: World;
  readonly #earlier: Carried | undefined;
  readonly #recorder = new Recorder();
  readonly #writes = new KeptAnswers<readonly Write[]>();
  readonly #faults = new Map<number, readonly Fault[]>();
  readonly #underFault = new Map<Fault, Map<View, Map<View, UnderFault>>>();
  readonly #faultOutcomes = new Map<Fault, Map<View, Map<View, Outcomes>>>();
  readonly #outcomes = new Map<View, Outcomes>();
  readonly #bad = new Map<View, (boolean | undefined)[]>();
  readonly #leaves = new Map<View, Map<string, Choices>>();

  constructor(views: Views, world: World, earlier?: Carried) {
    this.#views = views;
    this.#world = world;
    this.#earlier = earlier;
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
      const view = this.#views.with(leaf, this.#writesOf(fault, state), true);
      const ofOutcomes = keptIn(this.#faultOutcomes, fault, () => new Map<View, Map<View, Outcomes>>());
      const ofLeaf = keptIn(ofOutcomes, leaf, () => new Map<View, Outcomes>());
      return { view, outcomes: keptIn(ofLeaf, view, () => this.#earlierUnder(fault, leaf, view)) };
    });
  }

  /** What a fault does is the same in most states: it reads little of them. */
  #writesOf(fault: Fault, state: View): readonly Write[] {
    const question = this.#writes.question(
      `${fault.id} ${fault.besides?.(state) ?? ''}`,
      this.#recorder.computing(({ reader }) => fault.writes({ ...state, reader })),
    );
    return answer(state, question).value;
  }

  #earlierUnder(fault: Fault, leaf: View, view: View): Outcomes {
    const { base } = this.#views;
    const start = leaf === base ? view : this.under(fault, base, base).view;
    return this.#earlier?.underFault(fault.id, start.id, leaf.id, view.id) ?? [];
  }

  /** Outcomes of flows in the view, without a fault. */
  outcomes(view: View): Outcomes {
    return keptIn(this.#outcomes, view, () => this.#earlier?.outcomes(view.id) ?? []);
  }

  /** Whether flows fail in the view, by their numbers. */
  bad(view: View): (boolean | undefined)[] {
    return keptIn(this.#bad, view, () => this.#earlier?.bad(view.id) ?? []);
  }

  /** Choices of answers by flow, where these answers may be held. */
  leaves(view: View, held: string): Choices {
    const ofView = keptIn(this.#leaves, view, () => new Map<string, Choices>());
    return keptIn(ofView, held, (): Choices => []);
  }

  /** The same as an earlier session found them: of its own views. */
  earlierLeaves(view: View, held: string): Choices {
    return this.#earlier?.leaves(view.id, held) ?? [];
  }

  /** Everything that was found, by the ids of views and faults. */
  byId(): KnownById {
    const underFault = new Map<string, Outcomes>();
    const starts = new Map<string, string>();
    for (const { fault, start, leaf, view, outcomes } of this.foundUnderFaults()) {
      starts.set(fault.id, start.id);
      underFault.set(faultKey(fault.id, leaf.id, view.id), outcomes);
    }
    const leaves = new Map<string, Choices>();
    for (const [view, ofView] of this.#leaves) {
      for (const [held, choices] of ofView) leaves.set(leafKey(view.id, held), choices);
    }
    return { starts, underFault, outcomes: byId(this.found()), bad: byId(this.#bad), leaves };
  }

  /** What was found without faults. */
  found(): ReadonlyMap<View, Outcomes> {
    return this.#outcomes;
  }

  /** What was found under faults, with the start under the same fault and the view without it. */
  *foundUnderFaults() {
    for (const [fault, ofFault] of this.#faultOutcomes) {
      const start = this.under(fault, this.#views.base, this.#views.base).view;
      for (const [leaf, ofLeaf] of ofFault) {
        for (const [view, outcomes] of ofLeaf) yield { fault, start, leaf, view, outcomes };
      }
    }
  }
}

function byId<T>(map: ReadonlyMap<View, T>): ReadonlyMap<string, T> {
  return new Map([...map].map(([view, value]) => [view.id, value]));
}

function keptIn<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
