/*
 * Ends an attempt once: with its answer, with the errno of what went wrong, or at its deadline.
 */
import type { Attempted, AttemptStage, AttemptTarget } from './attempt.ts';

export interface Ending {
  /** The last stage that was reached. */
  stage: AttemptStage;
  readonly done: (answer: Omit<Attempted, 'stage' | 'cause'>) => void;
  readonly failed: (error: NodeJS.ErrnoException | string) => void;
}

/** Runs `begin`; calls `clean` exactly once, whatever happens. */
export function attempting(target: AttemptTarget, begin: (ending: Ending) => () => void): Promise<Attempted> {
  return new Promise((resolve) => {
    let isOver = false;
    let clean: () => void = () => undefined;
    const end = (rest: Omit<Attempted, 'stage'>) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(deadline);
      resolve({ stage: ending.stage, ...rest });
      setImmediate(() => clean());
    };
    const ending: Ending = {
      stage: 'start',
      done: end,
      failed: (error) => end({ cause: typeof error === 'string' ? error : (error.code ?? error.message) }),
    };
    const deadline = setTimeout(() => end({ cause: 'timeout' }), target.timeoutMs ?? 3000);
    clean = begin(ending);
  });
}
