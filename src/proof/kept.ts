/*
 * Answers kept with what they were read from. An answer is good wherever nothing in its read set differs: the keys of
 * its facts, the absences and the collections. One store for each stage of the walk, and one for whole walks.
 */
import type { ReadKey } from '#estate/estate.ts';
import type { View } from './view.ts';

export interface Kept<T> {
  readonly value: T;
  readonly reads: ReadonlySet<ReadKey>;
}

/** Answers that depend on the same of the keys that views touch; what else they read can differ in no view. */
interface Shape<T> {
  readonly reads: ReadonlySet<ReadKey>;
  /** Those of the touched keys that were read; `known` says of how many this was asked. */
  readonly touched: ReadKey[];
  known: number;
  /** By the versions of what was read, as far as a view touches it. */
  readonly bySignature: Map<string, Kept<T>>;
}

/** Computes an answer in a view and says what it read. */
export type Compute<T> = (view: View) => Kept<T>;

export class KeptAnswers<T> {
  readonly #shapes = new Map<string, Shape<T>[]>();
  readonly #byView = new WeakMap<View, Map<string, Kept<T>>>();
  fresh = 0;
  asked = 0;

  /** The answer to the question in the view: kept, or computed and kept. */
  answer(view: View, key: string, compute: Compute<T>): Kept<T> {
    this.asked++;
    const known = this.#byView.get(view)?.get(key);
    if (known !== undefined) return known;
    const kept =
      this.#fromParent(view, key) ?? this.#fromShapes(view, key) ?? this.#compute(view, key, compute);
    this.#remember(view, key, kept);
    return kept;
  }

  #remember(view: View, key: string, kept: Kept<T>): void {
    const ofView = this.#byView.get(view);
    if (ofView === undefined) this.#byView.set(view, new Map([[key, kept]]));
    else ofView.set(key, kept);
  }

  #fromParent(view: View, key: string): Kept<T> | undefined {
    const { parent } = view;
    const kept = parent && this.#byView.get(parent.view)?.get(key);
    if (parent === undefined || kept === undefined) return undefined;
    for (const k of parent.differs) if (kept.reads.has(k)) return undefined;
    return kept;
  }

  #fromShapes(view: View, key: string): Kept<T> | undefined {
    for (const shape of this.#shapes.get(key) ?? []) {
      const kept = shape.bySignature.get(signatureOf(view, shape));
      if (kept !== undefined) return kept;
    }
    return undefined;
  }

  #compute(view: View, key: string, compute: Compute<T>): Kept<T> {
    this.fresh++;
    const { value, reads } = compute(view);
    let shapes = this.#shapes.get(key);
    if (shapes === undefined) {
      shapes = [];
      this.#shapes.set(key, shapes);
    }
    const kept: Kept<T> = { value, reads };
    const fresh: Shape<T> = { reads, touched: [], known: 0, bySignature: new Map() };
    catchUp(view, fresh);
    const shape = shapes.find((s) => isSameShape(view, s, fresh));
    if (shape === undefined) shapes.push(fresh);
    (shape ?? fresh).bySignature.set(signatureOf(view, shape ?? fresh), kept);
    return kept;
  }
}

/** Asks of keys that views came to touch since; an answer that read otherwise than its shape leaves it. */
function catchUp<T>(view: View, shape: Shape<T>): void {
  const { all } = view.touchable;
  for (; shape.known < all.length; shape.known++) {
    const key = all[shape.known];
    if (key === undefined) continue;
    const isRead = shape.reads.has(key);
    for (const [signature, kept] of shape.bySignature) {
      if (kept.reads !== shape.reads && kept.reads.has(key) !== isRead) shape.bySignature.delete(signature);
    }
    if (isRead) shape.touched.push(key);
  }
}

function isSameShape<T>(view: View, a: Shape<T>, b: Shape<T>): boolean {
  catchUp(view, a);
  return a.touched.length === b.touched.length && a.touched.every((key, i) => key === b.touched[i]);
}

/** Versions of what was read, where the view differs from the estate; keys in the order in which views came to touch them. */
function signatureOf<T>(view: View, shape: Shape<T>): string {
  catchUp(view, shape);
  let signature = '';
  for (const [i, key] of shape.touched.entries()) {
    const version = view.versions.get(key);
    if (version !== undefined) signature += `${i}=${version};`;
  }
  return signature;
}
