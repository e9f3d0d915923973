/* Makes answers and notes what from: the keys that were read, and the other answers that were used. */
import { type Reader, type ReadKey, recordingReader } from '#estate/estate.ts';
import { answer, type Compute, type Kept, KeptAnswers, keptOf, type Question } from './kept.ts';
import type { View } from './view.ts';

/** What an answer is made with: everything that is asked through it is noted. */
export interface Asking {
  readonly reader: Reader;
  /** The value of another answer, which becomes a part of this one. */
  readonly use: <T>(question: Question<T>) => T;
}

export class Recorder {
  /** Parts of stages that the data plane names itself. */
  readonly parts = new KeptAnswers<unknown>();

  /** Computes by `make`, in whichever view is asked for. */
  computing<T>(make: (asking: Asking) => T): Compute<T> {
    return (view) => this.#record(view, make);
  }

  #record<T>(view: View, make: (asking: Asking) => T): Kept<T> {
    const keys = new Set<ReadKey>();
    const used = new Map<Question<unknown>, Kept<unknown>>();
    const use = <P>(question: Question<P>): P => {
      const kept = answer(view, question);
      used.set(question as Question<unknown>, kept);
      return kept.value;
    };
    const keep = <P>(key: string, part: (reader: Reader) => P): P => use(this.#part(key, part)) as P;
    const reader = recordingReader(view.reader, (key) => keys.add(key), keep);
    const value = make({ reader, use });
    return keptOf(
      value,
      keys,
      [...used].map(([question, kept]) => ({ question, kept })),
    );
  }

  #part(key: string, part: (reader: Reader) => unknown): Question<unknown> {
    return this.parts.question(
      key,
      this.computing(({ reader }) => part(reader)),
    );
  }
}
