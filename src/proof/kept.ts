/*
 * Answers kept with what they were read from. An answer is good wherever nothing in its read set differs: the keys of
 * its facts, the absences and the collections. One store for each stage of the walk, and one for whole walks.
 */
import { intersects, type ReadSet } from './read-set.ts';
import type { Shape, View } from './view.ts';

export interface Kept<T> {
  readonly value: T;
  readonly reads: ReadSet;
}

/** Answers that depend on the same of the keys that views touch; what else they read can differ in no view. */
interface Group<T> {
  readonly shape: Shape;
  /** By what the view holds at the shape's keys. */
  readonly bySignature: Map<number, Kept<T>>;
}

/** What is kept of one question. */
export interface Question<T> {
  groups: Group<T>[];
  /** How many touchable keys the groups were made for. */
  known: number;
  /** By the view's number. */
  readonly byView: Kept<T>[];
  /** Every answer with the view that it was computed in. */
  readonly made: { readonly kept: Kept<T>; readonly at: View }[];
}

/** Computes an answer in a view and says what it read. */
export type Compute<T> = (view: View) => Kept<T>;

export class KeptAnswers<T> {
  readonly #questions = new Map<string, Question<T>>();
  fresh = 0;
  asked = 0;

  /** The answer to the question in the view: kept, or computed and kept. */
  answer(view: View, key: string, compute: Compute<T>): Kept<T> {
    const question = this.question(key);
    return this.known(view, question) ?? this.compute(view, question, compute);
  }

  /** The question of the key, for who asks it often. */
  question(key: string): Question<T> {
    const known = this.#questions.get(key);
    if (known !== undefined) return known;
    const question: Question<T> = { groups: [], known: 0, byView: [], made: [] };
    this.#questions.set(key, question);
    return question;
  }

  /** The answer in the view where one that is kept is good there. */
  known(view: View, question: Question<T>): Kept<T> | undefined {
    this.asked++;
    const known = question.byView[view.serial];
    if (known !== undefined) return known;
    const kept = fromParent(view, question) ?? fromGroups(view, question);
    if (kept !== undefined) question.byView[view.serial] = kept;
    return kept;
  }

  /** The answer computed in the view, and kept. */
  compute(view: View, question: Question<T>, compute: Compute<T>): Kept<T> {
    this.fresh++;
    const kept = compute(view);
    question.byView[view.serial] = kept;
    regroup(view, question);
    question.made.push({ kept, at: view });
    put(question, view.shapeOf(kept.reads), kept, view);
    return kept;
  }
}

function fromParent<T>(view: View, { byView }: Question<T>): Kept<T> | undefined {
  const { parent } = view;
  if (parent === undefined) return undefined;
  const kept = byView[parent.view.serial];
  return kept !== undefined && !intersects(kept.reads.bits(view.touchable), parent.differs)
    ? kept
    : undefined;
}

function fromGroups<T>(view: View, question: Question<T>): Kept<T> | undefined {
  regroup(view, question);
  for (const group of question.groups) {
    const kept = group.bySignature.get(view.signatureOf(group.shape));
    if (kept !== undefined) return kept;
  }
  return undefined;
}

/**
 * Once views touch more keys, answers of one group may depend on different ones. Where an answer was computed, none of
 * the newer keys were touched, so the view in which it was computed still tells its signature.
 */
function regroup<T>(view: View, question: Question<T>): void {
  const count = view.touchable.all.length;
  if (question.known === count) return;
  question.known = count;
  if (question.groups.length === 0) return;
  question.groups = [];
  for (const { kept, at } of question.made) put(question, view.shapeOf(kept.reads), kept, at);
}

function put<T>(question: Question<T>, shape: Shape, kept: Kept<T>, view: View): void {
  const group = question.groups.find((g) => g.shape === shape);
  const signature = view.signatureOf(shape);
  if (group !== undefined) group.bySignature.set(signature, kept);
  else question.groups.push({ shape, bySignature: new Map([[signature, kept]]) });
}
