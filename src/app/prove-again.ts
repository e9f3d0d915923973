/*
 * `prove --watch`: a plan is proved again whenever its file or its snapshot changes. Each proof takes over what the one
 * before found and the change leaves alone; what it says is what a proof from nothing would say.
 */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SightlineError } from '#estate/error.ts';
import { realWorld } from '#plan/real-world.ts';
import { prove } from '#proof/prove.ts';
import { makeSession, type Session } from '#proof/session.ts';
import type { Snapshot } from './load-snapshot.ts';
import { openPlan, type ProveQuestion, type ProveReport, timed } from './prove.ts';

/** One proof, or why there is none yet: a file that is being edited may be wrong for a while. */
export type Proved =
  | { readonly kind: 'proof'; readonly report: ProveReport }
  | { readonly kind: 'error'; readonly error: SightlineError };

/** Milliseconds between two looks at the files. Asking is slower than being told, and works on every file system. */
const everyMs = 300;

/** Proofs that take over from one another; then one begins from nothing, since what is kept grows by some MB with each. */
const mostInARow = 50;

/** Proves at once, and again after every change, until the signal is aborted. */
export async function* provings(
  path: string,
  question: ProveQuestion,
  signal: AbortSignal,
): AsyncGenerator<Proved> {
  const { snapshot: other, ...options } = question;
  let session: Session | undefined;
  let watched: readonly string[] = [path];
  for (let count = 1; !signal.aborted; count++) {
    let before = await stateOf(watched);
    try {
      const { plan, snapshot } = await openPlan(path, other);
      watched = [path, ...pathsOf(snapshot)];
      before = new Map([...(await stateOf(watched)), ...before]);
      const current = makeSession(realWorld, snapshot.estate, session);
      session = count % mostInARow === 0 ? undefined : current;
      const proof = timed(() => prove(current, plan, options));
      yield { kind: 'proof', report: { format: 1, path, plan, proof } };
    } catch (error) {
      if (!(error instanceof SightlineError)) throw error;
      yield { kind: 'error', error };
    }
    await changed(watched, before, signal);
  }
}

/** Files that were read, and their folders: one that is added or taken away changes its folder. */
function pathsOf({ root, files }: Snapshot): readonly string[] {
  const all = files.map((f) => join(root, f.path));
  return [...new Set([root, ...all.map(dirname), ...all])];
}

/** Resolves when the files are others than before and stay so for a moment, or when the signal is aborted. */
async function changed(
  paths: readonly string[],
  before: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<void> {
  let last = before;
  while (!signal.aborted) {
    const now = await stateOf(paths);
    const isNew = [...now].some(([path, state]) => (before.get(path) ?? state) !== state);
    const isStill = [...now].every(([path, state]) => last.get(path) === state);
    if (isNew && isStill) return;
    last = now;
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

async function stateOf(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const states = paths.map(async (path) => {
    const found = await stat(path).catch(() => undefined);
    return [path, found === undefined ? 'gone' : `${found.mtimeMs} ${found.size}`] as const;
  });
  return new Map(await Promise.all(states));
}
