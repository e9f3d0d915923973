/* Runs on this machine: one folder a run with its plan, its proof, its baseline and its journal. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeptRun, RunFiles, RunLock, RunStore } from '#apply/run-store.ts';
import { SightlineError } from '#estate/error.ts';
import { checkRunId } from '../run-id.ts';
import { journalFile } from './journal-file.ts';
import { takeLock } from './lock-file.ts';

/** The runs below a folder (by default `.sightline/runs` of the working directory). */
export class RunFolders implements RunStore {
  readonly #root: string;
  constructor(root: string) {
    this.#root = root;
  }

  async create(id: string, files: RunFiles): Promise<KeptRun> {
    const path = this.#pathOf(id);
    await mkdir(path, { recursive: true, mode: 0o700 });
    for (const name of ['plan', 'proof', 'baseline'] as const)
      await writeFile(join(path, `${name}.json`), files[name], { flag: 'wx', mode: 0o600 });
    return this.#folder(id);
  }

  async open(id: string): Promise<KeptRun> {
    const known = await this.ids();
    if (known.includes(id)) return this.#folder(id);
    const hint = known.length > 0 ? `known runs: ${known.slice(-5).join(', ')}` : 'there is no run yet';
    throw new SightlineError('no-run', `no run ${JSON.stringify(id)} in ${this.#root}`, { hint });
  }

  async ids(): Promise<readonly string[]> {
    const entries = await readdir(this.#root, { withFileTypes: true }).catch(() => []);
    return entries
      .filter((e) => e.isDirectory())
      .map((e) => e.name)
      .sort();
  }

  async lock(run: string): Promise<RunLock> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    return takeLock(join(this.#root, 'lock'), run);
  }

  #folder(id: string): KeptRun {
    const path = this.#pathOf(id);
    return {
      id,
      path,
      journal: journalFile(join(path, 'journal.jsonl')),
      plan: () => readFile(join(path, 'plan.json'), 'utf8'),
      proof: () => readFile(join(path, 'proof.json'), 'utf8'),
      baseline: () => readFile(join(path, 'baseline.json'), 'utf8').catch(() => ''),
    };
  }

  #pathOf(id: string): string {
    checkRunId(id);
    return join(this.#root, id);
  }
}
