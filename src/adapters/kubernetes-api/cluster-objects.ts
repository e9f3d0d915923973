/* ConfigMaps and the Lease of runs in a cluster: where they are, and calls that are made again while no answer comes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SightlineError } from '#estate/error.ts';
import type { Answer, ObjectRef } from './api.ts';
import { ownManager } from './owners.ts';

export const writing = { manager: ownManager, isDryRun: false } as const;

const tries = 6;

export function configMapRef(namespace: string, name: string): ObjectRef {
  return { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespace, name };
}

/** Labels of what belongs to a run; `part` is `run` for its files, `journal` for its records. */
export function labelsOf(run: string, part: 'run' | 'journal'): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/managed-by': 'sightline',
    'app.kubernetes.io/instance': run,
    'app.kubernetes.io/component': part,
  };
}

export interface Patience {
  /** Pause before the second try; doubled for each further one. */
  readonly pauseMs: number;
}

/** Asks again while there is no answer, or one that will pass (429, 5xx). */
export async function insist(call: () => Promise<Answer>, { pauseMs }: Patience): Promise<Answer> {
  for (let attempt = 1, ms = pauseMs; ; attempt += 1, ms *= 2) {
    const answer = await call();
    if (answer.kind === 'object' || isLasting(answer.status) || attempt >= tries) return answer;
    await sleep(answer.retryAfterMs ?? ms);
  }
}

/** The system said no, and would say so again. */
export function isLasting(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

export function unwritable(what: string, why: string): SightlineError {
  return new SightlineError('journal-unwritable', `the journal in the cluster cannot be ${what}: ${why}`, {
    hint: 'nothing goes on without its journal: see that the API answers, then run sightline resume',
  });
}
