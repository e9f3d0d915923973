/*
 * One flow in one state with one fault and one choice of held answers, and what the invariants find there. It is judged
 * by outcomes; the whole walks, hop by hop, are made for who tells of it.
 */
import type { Walk } from '#dataplane/trace.ts';
import type { Fault } from './faults.ts';
import { type Found, judgeAll } from './found.ts';
import type { HeldVersion } from './held.ts';
import type { FlowInvariant, Role } from './invariant.ts';
import { arrives, type Judgement } from './judge.ts';
import type { LinePoint } from './line.ts';
import type { KeptWalk, OutcomeQuestion } from './memo.ts';
import type { CheckedFlow, Session } from './session.ts';
import type { View } from './view.ts';

export interface Case {
  readonly point: LinePoint;
  readonly flow: CheckedFlow;
  readonly invariant: FlowInvariant;
  readonly fault?: Fault;
  readonly chosen: readonly HeldVersion[];
  readonly judgement: Judgement;
  /** The judgement in full, with the walks before and after. */
  readonly whole: () => WholeCase;
}

export interface WholeCase extends Case {
  readonly before: KeptWalk;
  readonly after: KeptWalk;
}

/** What to do with a judgement that is not fine; true stops the search. */
export type OnCase = (found: Case) => boolean;

/** Where a flow is looked at, without what was found there. */
export type Situation = Pick<Case, 'point' | 'flow' | 'chosen' | 'fault'>;

/** Judges flows of one session; the same two outcomes of one flow are judged once. */
export class Judge {
  readonly #session: Session;
  readonly #judged = new WeakMap<Walk, Map<Walk, Map<Role, readonly Found[]>>>();
  readonly #questions: OutcomeQuestion[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  /** The question of how the flow comes out. */
  questionOf({ id, flow, key }: CheckedFlow): OutcomeQuestion {
    const known = this.#questions[id];
    if (known !== undefined) return known;
    const question = this.#session.memo.outcomeOf(flow, key);
    this.#questions[id] = question;
    return question;
  }

  outcomeIn(view: View, flow: CheckedFlow): KeptWalk {
    return this.#session.memo.outcome(this.questionOf(flow), view);
  }

  /** Judgements that are not fine. */
  judge(flow: CheckedFlow, start: View, before: KeptWalk, view: View, after: KeptWalk): readonly Found[] {
    if (!isTold(before.value) || !isTold(after.value)) return judgeAll(flow, start, before, view, after);
    const ofBefore = this.#judged.get(before.value) ?? new Map<Walk, Map<Role, readonly Found[]>>();
    this.#judged.set(before.value, ofBefore);
    const known = ofBefore.get(after.value)?.get(flow.role);
    if (known !== undefined) return known;
    const found = judgeAll(flow, start, before, view, after);
    const ofAfter = ofBefore.get(after.value) ?? new Map<Role, readonly Found[]>();
    ofBefore.set(after.value, ofAfter.set(flow.role, found));
    return found;
  }

  /** Hands each judgement on as a case, until one stops the search. */
  tell(all: readonly Found[], at: Situation, start: View, view: View, onCase: OnCase): boolean {
    return all.some(({ invariant, judgement }) => {
      const found = { ...at, invariant, judgement };
      return onCase({ ...found, whole: () => this.#whole(found, start, view) });
    });
  }

  #whole(found: Omit<Case, 'whole'>, start: View, view: View): WholeCase {
    const { flow, invariant, judgement } = found;
    const { memo } = this.#session;
    const [before, after] = [memo.walk(start, flow.flow, flow.key), memo.walk(view, flow.flow, flow.key)];
    const same = judgeAll(flow, start, before, view, after).find((j) => j.invariant === invariant);
    const told = { ...found, before, after, judgement: same?.judgement ?? judgement };
    return { ...told, whole: () => told as WholeCase };
  }
}

const told = new WeakMap<Walk, boolean>();

/** Everything that judgements ask is in the walk: who owns the pod behind a plain socket has to be looked up. */
function isTold(walk: Walk): boolean {
  const known = told.get(walk);
  if (known !== undefined) return known;
  const is = walk.traces.every((t) => !arrives(t) || t.application !== undefined || !t.reached?.pod);
  told.set(walk, is);
  return is;
}
