/*
 * Goes through the states, plain ones first, then held answers, then faults, then both, so that what it finds first is
 * the shortest. It asks for walks only; whether one is fresh or kept is the memo's business.
 */
import type { FactKey } from '#estate/fact.ts';
import type { Fault } from './faults.ts';
import { type Found, judgeAll, noneFound } from './found.ts';
import type { Held, HeldVersion } from './held.ts';
import { isRead } from './held-read.ts';
import type { FlowInvariant } from './invariant.ts';
import { flowInvariants } from './invariants/all.ts';
import { healthOf, type Judgement } from './judge.ts';
import type { LinePoint } from './line.ts';
import type { KeptWalk, WalkQuestion } from './memo.ts';
import { distinctPoints, weightsOf } from './points.ts';
import { intersects } from './read-set.ts';
import type { CheckedFlow, Member, Session } from './session.ts';
import type { View } from './view.ts';

/** One flow in one state with one fault and one choice of held answers. */
export interface Case {
  readonly point: LinePoint;
  readonly flow: CheckedFlow;
  readonly invariant: FlowInvariant;
  readonly fault?: Fault;
  readonly chosen: readonly HeldVersion[];
  readonly before: KeptWalk;
  readonly after: KeptWalk;
  readonly judgement: Judgement;
}

/** What to do with a judgement that is not fine; true stops the search. */
export type OnCase = (found: Case) => boolean;

/** One way that a flow may be answered: the view with its choice of held answers laid over it. */
interface Leaf {
  readonly view: View;
  readonly chosen: readonly HeldVersion[];
}

/** What is known of one fault: its flows, and what came out for each of them in each view, by their numbers. */
interface FaultRun {
  readonly fault: Fault;
  /** The start with the fault. */
  readonly start: View;
  readonly flows: readonly CheckedFlow[];
  readonly questions: readonly WalkQuestion[];
  readonly outcomes: ('untouched' | readonly Found[])[][];
}

export class Search {
  readonly #session: Session;
  readonly #faults: readonly Fault[];
  readonly #flows: readonly CheckedFlow[];
  readonly #runs = new Map<Fault, FaultRun>();
  readonly #faultViews = new Map<Fault, Map<number, View>>();
  readonly #leaves = new Map<string, Map<string, readonly Leaf[]>>();
  #weights: (point: LinePoint) => number = () => 1;
  readonly checked = new Map<string, number>();
  /** Cases multiplied out: flows × held choices × (1 + faults). */
  covered = 0;

  constructor(session: Session, faults: readonly Fault[], flows: readonly CheckedFlow[]) {
    this.#session = session;
    this.#faults = faults;
    this.#flows = flows;
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
    for (const p of distinct) for (const fault of this.#faults) this.#faultView(p.view, p.view, fault);
    return (
      distinct.some((p) => this.#faulty(p, onCase, false)) ||
      distinct.some((p) => this.#faulty(p, onCase, true))
    );
  }

  #plain(point: LinePoint, onCase: OnCase): boolean {
    return this.#flows.some((flow) => this.#judge(point, flow, { view: point.view, chosen: [] }, onCase));
  }

  #held(point: LinePoint, onCase: OnCase): boolean {
    if (point.held.length === 0) {
      for (const flow of this.#flows) this.#cover(point, flow, 1);
      return false;
    }
    return this.#flows.some((flow) => {
      const leaves = this.#leavesOf(point, flow);
      this.#cover(point, flow, leaves.length);
      return leaves.some((leaf) => leaf.chosen.length > 0 && this.#judge(point, flow, leaf, onCase));
    });
  }

  /** Counts the cases that the point stands for: equal positions, names of the class, choices, faults. */
  #cover(point: LinePoint, flow: CheckedFlow, leaves: number): void {
    this.covered += this.#weights(point) * (flow.members?.length ?? 1) * leaves * (1 + this.#faults.length);
  }

  /** Only flows that the fault touches are looked at: for the others the walk is the one that was judged already. */
  #faulty(point: LinePoint, onCase: OnCase, withHeld: boolean): boolean {
    if (withHeld && point.held.length === 0) return false;
    const plain: readonly Leaf[] = [{ view: point.view, chosen: [] }];
    return this.#faults.some((fault) => {
      const run = this.#runOf(fault);
      return run.flows.some((flow, i) => {
        const leaves = withHeld ? this.#leavesOf(point, flow) : plain;
        return leaves.some(
          (leaf) => (!withHeld || leaf.chosen.length > 0) && this.#underFault(run, i, point, leaf, onCase),
        );
      });
    });
  }

  /** What comes out for one flow is the same in all points of one view: found once, told for each. */
  #underFault(run: FaultRun, i: number, point: LinePoint, leaf: Leaf, onCase: OnCase): boolean {
    const { fault, start } = run;
    const flow = run.flows[i] as CheckedFlow;
    let ofView = run.outcomes[leaf.view.serial];
    if (ofView === undefined) {
      ofView = [];
      run.outcomes[leaf.view.serial] = ofView;
    }
    let outcome = ofView[i];
    if (outcome === undefined) {
      outcome = this.#outcome(run, i, leaf.view, this.#faultView(point.view, leaf.view, fault));
      ofView[i] = outcome;
    }
    if (outcome === 'untouched') return false;
    this.#count(flow);
    if (outcome.length === 0) return false;
    const view = this.#faultView(point.view, leaf.view, fault);
    return this.#tell(point, flow, { view, chosen: leaf.chosen }, outcome, onCase, fault, start);
  }

  /** Where nothing that the flow's walk reads differs under the fault, nothing has to be asked. */
  #outcome(run: FaultRun, i: number, plain: View, faulty: View): 'untouched' | readonly Found[] {
    if (plain === faulty) return 'untouched';
    const { views, memo } = this.#session;
    const question = run.questions[i] as WalkQuestion;
    const without = memo.ask(question, plain);
    if (!intersects(without.reads.bits(plain.touchable), views.differing(plain, faulty))) return 'untouched';
    const after = memo.ask(question, faulty);
    if (without === after) return 'untouched';
    const before = memo.ask(question, run.start);
    if (before === after) return noneFound;
    return this.#judgements(run.flows[i] as CheckedFlow, run.start, before, faulty, after);
  }

  #runOf(fault: Fault): FaultRun {
    const known = this.#runs.get(fault);
    if (known !== undefined) return known;
    const { base } = this.#session.views;
    const start = this.#faultView(base, base, fault);
    const flows = this.#flowsUnder(fault, start);
    const questions = flows.map((f) => this.#session.memo.questionOf(f.flow, f.key));
    const run = { fault, start, flows, questions, outcomes: [] };
    this.#runs.set(fault, run);
    return run;
  }

  /**
   * Flows to look at under a fault: of each class one whose own objects it leaves alone, and each one whose it does not,
   * unless that one fails at the start under the same fault: then nothing of it can be broken.
   */
  #flowsUnder(fault: Fault, start: View): readonly CheckedFlow[] {
    return this.#flows
      .filter((f) => !fault.silences(f.flow.from) && !this.#isBadFromTheStart(f))
      .flatMap((f) => (f.members === undefined ? [f] : this.#membersUnder(f.members, start)));
  }

  /** A name that does not work at the start cannot be broken, by a fault least of all. */
  #isBadFromTheStart(flow: CheckedFlow): boolean {
    return flow.role.kind === 'name' && healthOf(this.#walk(this.#session.views.base, flow).value) === 'bad';
  }

  #membersUnder(members: readonly Member[], start: View): readonly CheckedFlow[] {
    const isOwn = (m: Member) => m.own.some((k) => start.overlay.has(k));
    const untouched = members.find((m) => !isOwn(m));
    const touched = members.filter((m) => isOwn(m) && healthOf(this.#walk(start, m.flow).value) !== 'bad');
    return [...(untouched ? [untouched] : []), ...touched].map((m) => m.flow);
  }

  #faultView(state: View, leaf: View, fault: Fault): View {
    let ofFault = this.#faultViews.get(fault);
    if (ofFault === undefined) {
      ofFault = new Map();
      this.#faultViews.set(fault, ofFault);
    }
    const known = ofFault.get(leaf.serial);
    if (known !== undefined) return known;
    const view = this.#session.views.with(leaf, fault.writes(state));
    ofFault.set(leaf.serial, view);
    return view;
  }

  #judge(point: LinePoint, flow: CheckedFlow, leaf: Leaf, onCase: OnCase): boolean {
    const start = this.#session.views.base;
    const before = this.#walk(start, flow);
    const after = this.#walk(leaf.view, flow);
    this.#count(flow);
    if (before === after) return false;
    const found = this.#judgements(flow, start, before, leaf.view, after);
    return found.length > 0 && this.#tell(point, flow, leaf, found, onCase);
  }

  #tell(
    point: LinePoint,
    flow: CheckedFlow,
    { view, chosen }: Leaf,
    all: readonly Found[],
    onCase: OnCase,
    fault?: Fault,
    start: View = this.#session.views.base,
  ): boolean {
    const [before, after] = [this.#walk(start, flow), this.#walk(view, flow)];
    return all.some(({ invariant, judgement }) => {
      const found: Case = { point, flow, invariant, chosen, before, after, judgement };
      return onCase(fault === undefined ? found : { ...found, fault });
    });
  }

  /** Judgements that are not fine. The same two walks are judged once: a walk holds all that a judgement looks at. */
  #judgements(
    flow: CheckedFlow,
    start: View,
    before: KeptWalk,
    view: View,
    after: KeptWalk,
  ): readonly Found[] {
    const { judged } = this.#session;
    let ofBefore = judged.get(before);
    if (ofBefore === undefined) {
      ofBefore = new Map();
      judged.set(before, ofBefore);
    }
    const known = ofBefore.get(after)?.get(flow.role);
    if (known !== undefined) return known;
    const found = judgeAll(flow, start, before, view, after);
    const ofAfter = ofBefore.get(after) ?? new Map();
    ofAfter.set(flow.role, found);
    ofBefore.set(after, ofAfter);
    return found;
  }

  #count({ role }: CheckedFlow): void {
    for (const { code, appliesTo } of flowInvariants) {
      if (appliesTo(role)) this.checked.set(code, (this.checked.get(code) ?? 0) + 1);
    }
  }

  #walk(view: View, flow: CheckedFlow): KeptWalk {
    return this.#session.memo.walk(view, flow.flow, flow.key);
  }

  /** Every choice among current and held answers that the flow's own chain reads. */
  #leavesOf(point: LinePoint, flow: CheckedFlow): readonly Leaf[] {
    let ofPoint = this.#leaves.get(point.id);
    if (ofPoint === undefined) {
      ofPoint = new Map();
      this.#leaves.set(point.id, ofPoint);
    }
    const known = ofPoint.get(flow.key);
    if (known !== undefined) return known;
    const leaves = this.#explore({ view: point.view, chosen: [] }, point.held, new Set(), flow);
    ofPoint.set(flow.key, leaves);
    return leaves;
  }

  #explore(leaf: Leaf, held: Held, decided: ReadonlySet<FactKey>, flow: CheckedFlow): readonly Leaf[] {
    const { reads } = this.#walk(leaf.view, flow);
    const next = held.find((h) => !decided.has(h.key) && isRead(reads, leaf.view, h))?.key;
    if (next === undefined) return [leaf];
    const now = new Set([...decided, next]);
    const choices = held.filter((h) => h.key === next).map((h) => this.#choose(leaf, h));
    return [leaf, ...choices.filter((c) => c.view !== leaf.view)].flatMap((l) =>
      this.#explore(l, held, now, flow),
    );
  }

  #choose(leaf: Leaf, version: HeldVersion): Leaf {
    const before = leaf.view.overlay.get(version.key);
    const view = this.#session.views.with(leaf.view, [{ key: version.key, before, after: version.fact }]);
    return { view, chosen: [...leaf.chosen, version] };
  }
}
