/*
 * Answers kept with what they were made from: keys that were read (absences and collections among them), and other
 * answers. An answer is good wherever the keys hold the same and the other answers come out with the same value, also
 * where those had to be found anew. One store for each stage of the walk, and one for whole walks.
 */
import { equalValue } from './equal-value.ts';
import { intersects, ReadSet } from './read-set.ts';
import type { Shape } from './versions.ts';
import type { View } from './view.ts';

export interface Kept<T> {
  readonly value: T;
  /** Every key that the answer depends on, those of the other answers included; in a fleeting view nobody asks. */
  readonly reads: ReadSet;
  /** The other answers that it was made from, in the order in which they were asked for. */
  readonly parts: readonly Part[];
}

export interface Part {
  readonly question: Question<unknown>;
  readonly kept: Kept<unknown>;
}

/** Makes an answer in a view, and says what from. */
export type Compute<T> = (view: View) => Kept<T>;

/** What is kept of one question. */
export interface Question<T> {
  readonly store: Store;
  readonly compute: Compute<T>;
  /** By the view's number. */
  readonly byView: Map<number, Kept<T>>;
  /** Every answer with the view that it was made in. */
  readonly made: { readonly kept: Kept<T>; readonly at: View }[];
  /** The same, to be found by what a view holds. */
  groups: Group<T>[];
  /** How many touchable keys the groups were made for. */
  known: number;
  /** How many of them the answers themselves read, summed up. */
  read: number;
}

/** Answers that themselves read the same of the keys that views touch. */
interface Group<T> {
  readonly shape: Shape;
  /** By what a view holds at the shape's keys. */
  readonly bySignature: Map<number, Branch<T>>;
}

/**
 * What was read being equal, the next part that is asked for hangs on the values of those before only: a tree, with the
 * answer where no part is left.
 */
interface Branch<T> {
  kept?: Kept<T>;
  question?: Question<unknown>;
  readonly byValue: Map<unknown, Branch<T>>;
}

/** What questions of one kind have in common. */
export interface Store {
  asked: number;
  /** How often an answer had to be made. */
  fresh: number;
}

export class KeptAnswers<T> implements Store {
  readonly #questions = new Map<string, Question<T>>();
  fresh = 0;
  asked = 0;

  /** The question of the key; how it is answered must hang on the key alone. */
  question(key: string, compute: Compute<T>): Question<T> {
    const known = this.#questions.get(key);
    if (known !== undefined) return known;
    const question: Question<T> = {
      store: this,
      compute,
      byView: new Map(),
      made: [],
      groups: [],
      known: 0,
      read: 0,
    };
    this.#questions.set(key, question);
    return question;
  }
}

/** The answer to the question in the view: kept, or made and kept. */
export function answer<T>(view: View, question: Question<T>): Kept<T> {
  question.store.asked++;
  const known = question.byView.get(view.serial);
  if (known !== undefined) return known;
  const before = view.parent && question.byView.get(view.parent.view.serial);
  const kept = (before && asBefore(view, before)) ?? fromMade(view, question) ?? make(view, question);
  question.byView.set(view.serial, kept);
  return kept;
}

/** The same for who asks a question once in each view. */
export function answerOnce<T>(view: View, question: Question<T>): Kept<T> {
  if (!view.isFleeting) return answer(view, question);
  question.store.asked++;
  const before = view.parent && question.byView.get(view.parent.view.serial);
  return (before && asBefore(view, before)) ?? fromMade(view, question) ?? make(view, question);
}

/** The answer of the view that this one was made from, where what differs changes no part of it. */
function asBefore<T>(view: View, kept: Kept<T>): Kept<T> | undefined {
  const { touchable } = view;
  const { differs } = view.parent as NonNullable<View['parent']>;
  if (!intersects(kept.reads.bits(touchable), differs)) return kept;
  if (intersects(kept.reads.own(touchable), differs)) return undefined;
  let parts: Part[] | undefined;
  for (let i = 0; i < kept.parts.length; i++) {
    const part = kept.parts[i] as Part;
    if (!intersects(part.kept.reads.bits(touchable), differs)) continue;
    const now = answer(view, part.question);
    if (now.value !== part.kept.value) return undefined;
    if (now === part.kept || view.isFleeting) continue;
    parts ??= kept.parts.slice();
    parts[i] = { question: part.question, kept: now };
  }
  return parts === undefined ? kept : keptWith(kept, parts);
}

/** The same answer made from other answers of the same values. */
function keptWith<T>(kept: Kept<T>, parts: readonly Part[]): Kept<T> {
  return { value: kept.value, reads: kept.reads.with(parts.map(readsOf)), parts };
}

function fromMade<T>(view: View, question: Question<T>): Kept<T> | undefined {
  regroup(view, question);
  for (const { shape, bySignature } of question.groups) {
    const branch = bySignature.get(view.signatureOf(shape));
    const good = branch && goodIn(view, branch);
    if (good !== undefined) return good;
  }
  return undefined;
}

/** The answer of which each part comes out with the same value in the view. */
function goodIn<T>(view: View, from: Branch<T>): Kept<T> | undefined {
  if (view.isFleeting) return sameParts(view, from);
  const now: Part[] = [];
  let branch: Branch<T> | undefined = from;
  while (branch?.question !== undefined) {
    const { question }: Branch<T> = branch;
    const kept = answer(view, question);
    now.push({ question, kept });
    branch = branch.byValue.get(kept.value);
  }
  const kept = branch?.kept;
  if (kept === undefined) return undefined;
  return now.every((part, i) => part.kept === kept.parts[i]?.kept) ? kept : keptWith(kept, now);
}

/** The same where nobody asks what the answer reads. */
function sameParts<T>(view: View, from: Branch<T>): Kept<T> | undefined {
  let branch: Branch<T> | undefined = from;
  while (branch?.question !== undefined)
    branch = branch.byValue.get(answer(view, branch.question).value) as Branch<T> | undefined;
  return branch?.kept;
}

function readsOf({ kept }: Part): ReadSet {
  return kept.reads;
}

/** A value that came out before is the same object again, so that who asks needs to compare no more than that. */
function make<T>(view: View, question: Question<T>): Kept<T> {
  question.store.fresh++;
  const fresh = question.compute(view);
  regroup(view, question);
  const same = question.made.find((m) => equalValue(m.kept.value, fresh.value));
  const kept = same === undefined ? fresh : { ...fresh, value: same.kept.value };
  question.made.push({ kept, at: view });
  question.read += kept.reads.ownCount(view.touchable);
  put(question, kept, view);
  return kept;
}

/**
 * Once views touch more keys, answers of one group may depend on different ones. Where an answer was made, none of the
 * newer keys were touched, so the view in which it was made still tells what they held.
 */
function regroup<T>(view: View, question: Question<T>): void {
  const count = view.touchable.all.length;
  if (question.known === count) return;
  question.known = count;
  const read = question.made.reduce((sum, { kept }) => sum + kept.reads.ownCount(view.touchable), 0);
  if (read === question.read) return;
  question.read = read;
  question.groups = [];
  for (const { kept, at } of question.made) put(question, kept, at);
}

function put<T>({ groups }: Question<T>, kept: Kept<T>, at: View): void {
  const shape = at.shapeOf(kept.reads.own(at.touchable));
  let group = groups.find((g) => g.shape === shape);
  if (group === undefined) {
    group = { shape, bySignature: new Map() };
    groups.push(group);
  }
  const signature = at.signatureOf(shape);
  let branch = group.bySignature.get(signature) ?? bare<T>();
  group.bySignature.set(signature, branch);
  for (const part of kept.parts) {
    branch.question = part.question;
    const next = branch.byValue.get(part.kept.value) ?? bare<T>();
    branch.byValue.set(part.kept.value, next);
    branch = next;
  }
  branch.kept = kept;
}

function bare<T>(): Branch<T> {
  return { byValue: new Map() };
}

/** An answer of keys and parts. */
export function keptOf<T>(value: T, keys: ReadonlySet<string>, parts: readonly Part[]): Kept<T> {
  return { value, reads: new ReadSet(keys, parts.map(readsOf)), parts };
}

/** Questions that some answer to which, in whatever view, was made from one of the keys: itself, or through others. */
export function questionsReading(
  roots: Iterable<Question<unknown>>,
  keys: ReadonlySet<string>,
): ReadonlySet<Question<unknown>> {
  const askers = askersOf(roots);
  const own = [...askers.keys()].filter((q) => q.made.some((m) => m.kept.reads.ownsAny(keys)));
  const found = new Set(own);
  for (const question of found) for (const asker of askers.get(question) ?? []) found.add(asker);
  return found;
}

/** Every question that the roots hang on, with those that asked it. */
function askersOf(roots: Iterable<Question<unknown>>): ReadonlyMap<Question<unknown>, Question<unknown>[]> {
  const askers = new Map<Question<unknown>, Question<unknown>[]>();
  for (const root of roots) askers.set(root, []);
  for (const [question] of askers) {
    for (const { kept } of question.made) {
      for (const { question: part } of kept.parts) {
        const known = askers.get(part);
        if (known === undefined) askers.set(part, [question]);
        else if (known.at(-1) !== question) known.push(question);
      }
    }
  }
  return askers;
}
