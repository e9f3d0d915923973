/* Where runs are kept: a folder of this machine, or a namespace of a cluster (`kubeconfig:CONTEXT/NAMESPACE`). */
import type { RunLock, RunStore } from '#apply/run-store.ts';
import { SightlineError } from '#estate/error.ts';
import { clusterRuns, RunFolders } from './wire.ts';

export interface RunPlace {
  /** Folder of all runs, or `kubeconfig:CONTEXT/NAMESPACE`, or the store itself; `.sightline/runs` where not given. */
  readonly runs?: string | RunStore;
}

export const defaultRuns = '.sightline/runs';

/** What a person types, wherever the runs are kept. */
export function commandFor(
  verb: 'resume' | 'rollback' | 'runs' | 'verify',
  run: string,
  { runs }: RunPlace,
): string {
  const isElsewhere = typeof runs === 'string' && runs !== defaultRuns;
  return `sightline ${verb} ${run}${isElsewhere ? ` --runs ${quoted(runs)}` : ''}`;
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The runs there. Throws SightlineError `wrong-use` where the place cannot be understood. */
export async function runsAt({ runs = defaultRuns }: RunPlace): Promise<RunStore> {
  if (typeof runs !== 'string') return runs;
  if (!runs.startsWith('kubeconfig:')) return new RunFolders(runs);
  const [, context, namespace] = /^kubeconfig:(.+)\/([a-z0-9][a-z0-9-]{0,62})$/.exec(runs) ?? [];
  if (context !== undefined && namespace !== undefined) return clusterRuns({ context, namespace });
  throw new SightlineError('wrong-use', `--runs ${JSON.stringify(runs)} names no namespace of a cluster`, {
    hint: 'a folder, or kubeconfig:CONTEXT/NAMESPACE: docs/in-cluster.md',
  });
}

/** Takes the lock, and says so where that means to take it over. */
export async function lockRun(
  store: RunStore,
  run: string,
  working: (says: string) => void,
): Promise<RunLock> {
  const lock = await store.lock(run, working);
  if (lock.tookOverFrom !== undefined)
    working(`taking over the lock of run ${lock.tookOverFrom}, whose holder is gone`);
  return lock;
}
