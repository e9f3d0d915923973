/* Where runs are kept: one folder a run with its plan, its proof and its journal. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalStore } from '#apply/journal.ts';
import { SightlineError } from '#estate/error.ts';
import { journalFile } from './journal-file.ts';
import { type Lock, takeLock } from './lock-file.ts';

export interface RunFolder {
  readonly id: string;
  readonly path: string;
  readonly journal: JournalStore;
  /** Text of plan.json and proof.json as they were when the run began. */
  plan(): Promise<string>;
  proof(): Promise<string>;
}

/** The runs below a folder (by default `.sightline/runs` of the working directory). */
export class RunFolders {
  readonly #root: string;
  constructor(root: string) {
    this.#root = root;
  }

  async create(id: string, plan: string, proof: string): Promise<RunFolder> {
    const path = this.#pathOf(id);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await writeFile(join(path, 'plan.json'), plan, { flag: 'wx', mode: 0o600 });
    await writeFile(join(path, 'proof.json'), proof, { flag: 'wx', mode: 0o600 });
    return this.#folder(id);
  }

  /** Throws SightlineError `no-run` with the known ones in the hint. */
  async open(id: string): Promise<RunFolder> {
    const known = await this.ids();
    if (known.includes(id)) return this.#folder(id);
    const hint = known.length > 0 ? `known runs: ${known.slice(-5).join(', ')}` : 'there is no run yet';
    throw new SightlineError('no-run', `no run ${JSON.stringify(id)} in ${this.#root}`, { hint });
  }

  /** Oldest first. */
  async ids(): Promise<readonly string[]> {
    const entries = await readdir(this.#root, { withFileTypes: true }).catch(() => []);
    return entries
      .filter((e) => e.isDirectory())
      .map((e) => e.name)
      .sort();
  }

  async lock(run: string): Promise<Lock> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    return takeLock(join(this.#root, 'lock'), run);
  }

  #folder(id: string): RunFolder {
    const path = this.#pathOf(id);
    return {
      id,
      path,
      journal: journalFile(join(path, 'journal.jsonl')),
      plan: () => readFile(join(path, 'plan.json'), 'utf8'),
      proof: () => readFile(join(path, 'proof.json'), 'utf8'),
    };
  }

  #pathOf(id: string): string {
    if (!/^[\w.-]{1,80}$/.test(id) || id.startsWith('.')) {
      throw new SightlineError('wrong-use', `${JSON.stringify(id)} is no run id`, {
        hint: 'sightline runs lists them',
      });
    }
    return join(this.#root, id);
  }
}
