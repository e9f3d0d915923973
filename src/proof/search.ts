/*
 * Goes through the states, plain ones first, then held answers, then faults, then both, so that what it finds first is
 * the shortest. It asks for outcomes only; whether one is fresh or kept is the memo's business.
 */
import type { FactKey } from '#estate/fact.ts';
import { type Case, Judge, type OnCase, type Situation } from './case.ts';
import { FaultFlows } from './fault-flows.ts';
import type { Fault } from './faults.ts';
import { type Found, noneFound } from './found.ts';
import { answerText, type Held, type HeldVersion, heldId } from './held.ts';
import { isRead } from './held-read.ts';
import { flowInvariants } from './invariants/all.ts';
import type { Choices, Leaf, UnderFault } from './known.ts';
import type { LinePoint } from './line.ts';
import { distinctPoints, weightsOf } from './points.ts';
import { intersects } from './read-set.ts';
import type { CheckedFlow, Session } from './session.ts';
import type { View } from './view.ts';

export type { Case, OnCase };

/** A point's leaf under each of the faults, in their order. */
type UnderFaults = (leaf: View) => readonly UnderFault[];

export class Search {
  readonly #session: Session;
  readonly #faults: readonly Fault[];
  readonly #flows: readonly CheckedFlow[];
  readonly #judge: Judge;
  readonly #faultFlows: FaultFlows;
  #weights: (point: LinePoint) => number = () => 1;
  readonly #leaves = new Map<LinePoint, readonly [now: Choices, earlier: Choices]>();
  readonly checked = new Map<string, number>();
  /** Cases multiplied out: flows × held choices × (1 + faults). */
  covered = 0;

  constructor(session: Session, faults: readonly Fault[], flows: readonly CheckedFlow[]) {
    this.#session = session;
    this.#faults = faults;
    this.#flows = flows;
    this.#judge = new Judge(session);
    this.#faultFlows = new FaultFlows(session, this.#judge, flows);
  }

  /** Without faults: plain states, then held answers. Returns true when a case stopped it. */
  run(points: readonly LinePoint[], onCase: OnCase): boolean {
    const distinct = distinctPoints(points);
    const weights = weightsOf(points);
    this.#weights = (point) => weights.get(point.id) ?? 1;
    return distinct.some((p) => this.#plain(p, onCase)) || distinct.some((p) => this.#held(p, onCase));
  }

  /** With faults, and then with faults and held answers. */
  runFaulty(points: readonly LinePoint[], onCase: OnCase): boolean {
    const distinct = distinctPoints(points);
    for (const p of distinct) for (const f of this.#faults) this.#session.known.under(f, p.view, p.view);
    return (
      distinct.some((p) => this.#faulty(p, onCase, false)) ||
      distinct.some((p) => this.#faulty(p, onCase, true))
    );
  }

  #plain(point: LinePoint, onCase: OnCase): boolean {
    const leaf: Leaf = { view: point.view, chosen: [] };
    return this.#flows.some((flow) => this.#look(point, flow, leaf, onCase));
  }

  #held(point: LinePoint, onCase: OnCase): boolean {
    if (point.held.length === 0) {
      for (const flow of this.#flows) this.#cover(point, flow, 1);
      return false;
    }
    return this.#flows.some((flow) => {
      const leaves = this.#leavesOf(point, flow);
      this.#cover(point, flow, leaves.length);
      return leaves.some((leaf) => leaf.chosen.length > 0 && this.#look(point, flow, leaf, onCase));
    });
  }

  /** Counts the cases that the point stands for: equal positions, names of the class, choices, faults. */
  #cover(point: LinePoint, flow: CheckedFlow, leaves: number): void {
    this.covered += this.#weights(point) * (flow.members?.length ?? 1) * leaves * (1 + this.#faults.length);
  }

  /** One flow without a fault. */
  #look(point: LinePoint, flow: CheckedFlow, { view, chosen }: Leaf, onCase: OnCase): boolean {
    this.#count(flow);
    const start = this.#session.views.base;
    const outcomes = this.#session.known.outcomes(view);
    const known = outcomes[flow.id];
    const found = known ?? this.#foundIn(flow, start, view);
    outcomes[flow.id] = found;
    if (found === 'untouched' || found.length === 0) return false;
    return this.#judge.tell(found, { point, flow, chosen }, start, view, onCase);
  }

  #foundIn(flow: CheckedFlow, start: View, view: View): readonly Found[] {
    const before = this.#judge.outcomeIn(start, flow);
    const after = this.#judge.outcomeIn(view, flow);
    return before.value === after.value ? noneFound : this.#judge.judge(flow, start, before, view, after);
  }

  /** Only flows that the fault touches are looked at: for the others the walk is the one that was judged already. */
  #faulty(point: LinePoint, onCase: OnCase, withHeld: boolean): boolean {
    if (withHeld && point.held.length === 0) return false;
    const under = this.#underFaults(point);
    const plain: readonly Leaf[] = [{ view: point.view, chosen: [] }];
    const leavesOf = (flow: CheckedFlow) =>
      withHeld ? this.#leavesOf(point, flow).filter((l) => l.chosen.length > 0) : plain;
    this.#prepare(under, leavesOf);
    return this.#faults.some((fault, i) =>
      this.#faultFlows.of(fault).some((flow) =>
        leavesOf(flow).some(({ view, chosen }) => {
          const there = under(view)[i] as UnderFault;
          const found = there.outcomes[flow.id];
          if (found === undefined || found === 'untouched') return false;
          return this.#tellUnder({ point, flow, chosen, fault }, found, there.view, onCase);
        }),
      ),
    );
  }

  /** Finds what comes out flow by flow: one flow's answers under all faults lie close together. */
  #prepare(under: UnderFaults, leavesOf: (flow: CheckedFlow) => readonly Leaf[]): void {
    const { known, views } = this.#session;
    const starts = this.#faults.map((fault) => known.under(fault, views.base, views.base).view);
    for (const { flow, faults } of this.#faultFlows.byFlow(this.#faults)) {
      for (const { view } of leavesOf(flow)) {
        const theirs = under(view);
        for (const i of faults) {
          const there = theirs[i] as UnderFault;
          there.outcomes[flow.id] ??= this.#foundUnder(starts[i] as View, flow, view, there.view);
        }
      }
    }
  }

  #underFaults({ view: state }: LinePoint): UnderFaults {
    const ofLeaf = new Map<View, readonly UnderFault[]>();
    return (leaf) => {
      const found = ofLeaf.get(leaf) ?? this.#faults.map((f) => this.#session.known.under(f, state, leaf));
      ofLeaf.set(leaf, found);
      return found;
    };
  }

  /** What comes out for one flow is the same in all points of one view: found once, told for each. */
  #tellUnder(at: Required<Situation>, found: readonly Found[], view: View, onCase: OnCase): boolean {
    this.#count(at.flow);
    if (found.length === 0) return false;
    const { known, views } = this.#session;
    const start = known.under(at.fault, views.base, views.base).view;
    return this.#judge.tell(found, at, start, view, onCase);
  }

  /** Where nothing that the flow's walk reads differs under the fault, nothing has to be asked. */
  #foundUnder(start: View, flow: CheckedFlow, plain: View, faulty: View): 'untouched' | readonly Found[] {
    if (plain === faulty) return 'untouched';
    const without = this.#judge.outcomeIn(plain, flow);
    const differing = this.#session.views.differing(plain, faulty);
    if (!intersects(without.reads.bits(plain.touchable), differing)) return 'untouched';
    const after = this.#judge.outcomeIn(faulty, flow);
    if (without.value === after.value) return 'untouched';
    const before = this.#judge.outcomeIn(start, flow);
    return before.value === after.value ? noneFound : this.#judge.judge(flow, start, before, faulty, after);
  }

  #count({ role }: CheckedFlow): void {
    for (const { code, appliesTo } of flowInvariants) {
      if (appliesTo(role)) this.checked.set(code, (this.checked.get(code) ?? 0) + 1);
    }
  }

  /** Every choice among current and held answers that the flow's own chain reads. */
  #leavesOf(point: LinePoint, flow: CheckedFlow): readonly Leaf[] {
    const { view, held } = point;
    const [leaves, earlier] = this.#leavesAt(point);
    const known = leaves[flow.id];
    if (known !== undefined) return known;
    const fresh =
      this.#sameChoices(point, earlier[flow.id]) ??
      this.#explore({ view, chosen: [] }, held, new Set(), flow);
    leaves[flow.id] = fresh;
    return fresh;
  }

  #leavesAt(point: LinePoint): readonly [now: Choices, earlier: Choices] {
    const known = this.#leaves.get(point);
    if (known !== undefined) return known;
    const held = keptFor(point.held);
    const { known: shared } = this.#session;
    const made = [shared.leaves(point.view, held), shared.earlierLeaves(point.view, held)] as const;
    this.#leaves.set(point, made);
    return made;
  }

  /** The choices of an earlier session, where the same answers are held. */
  #sameChoices({ view, held }: LinePoint, leaves: readonly Leaf[] | undefined): readonly Leaf[] | undefined {
    const now = leaves?.map(({ chosen }) => chosen.map((c) => held.find((h) => isSameHeld(h, c))));
    return now?.every((chosen) => chosen.every((h) => h !== undefined))
      ? now.map((chosen) =>
          chosen.reduce((leaf: Leaf, h) => this.#choose(leaf, h as HeldVersion), { view, chosen: [] }),
        )
      : undefined;
  }

  #explore(leaf: Leaf, held: Held, decided: ReadonlySet<FactKey>, flow: CheckedFlow): readonly Leaf[] {
    const { reads } = this.#judge.outcomeIn(leaf.view, flow);
    const next = held.find((h) => !decided.has(h.key) && isRead(reads, leaf.view, h))?.key;
    if (next === undefined) return [leaf];
    const now = new Set([...decided, next]);
    const choices = otherAnswers(leaf.view, next, held).map((h) => this.#choose(leaf, h));
    return [leaf, ...choices].flatMap((l) => this.#explore(l, held, now, flow));
  }

  #choose(leaf: Leaf, version: HeldVersion): Leaf {
    const before = leaf.view.overlay.get(version.key);
    const view = this.#session.views.with(leaf.view, [{ key: version.key, before, after: version.fact }]);
    return { view, chosen: [...leaf.chosen, version] };
  }
}

function isSameHeld(a: HeldVersion, b: HeldVersion): boolean {
  return a.key === b.key && a.hold.seconds === b.hold.seconds && answerText(a.fact) === answerText(b.fact);
}

/** Held answers with how long each is kept: what is told of a choice names the time. */
function keptFor(held: Held): string {
  return `${heldId(held)} ${held.map((h) => h.hold.seconds).join()}`;
}

/** Held versions of the record that say something else than it does now; of equal answers the one kept longest. */
function otherAnswers({ reader }: View, key: FactKey, held: Held): readonly HeldVersion[] {
  const kind = key.slice(0, key.indexOf(':')) as 'recordSet';
  const now = answerText(reader.get(kind, key.slice(kind.length + 1)));
  const ofKey = held.filter((h) => h.key === key).sort((a, b) => a.remaining - b.remaining);
  const byAnswer = new Map(ofKey.map((h) => [answerText(h.fact), h]));
  byAnswer.delete(now);
  return [...byAnswer.values()];
}
