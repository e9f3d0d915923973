/*
 * The process that is killed: runs, or rolls back, the plan over the stand-ins whose places it is given, with its journal
 * in a file, and kills itself at the record it is told to. At a write the parent kills it instead.
 */
import { appendFileSync } from 'node:fs';
import { journalFile } from '#adapters/run-folder/journal-file.ts';
import type { JournalStore } from '#apply/journal.ts';
import { back, go, runWorld } from '#test/actuators/run.ts';
import { actuatorsFor, type Places, planOf } from '#test/actuators/world.ts';

export interface ChildTask {
  readonly places: Places;
  readonly journal: string;
  readonly direction: 'forward' | 'back';
  /** Which append of this process, from 0; `cut`: half of the line is on the disk. */
  readonly killAt?: { readonly n: number; readonly when: 'before' | 'cut' | 'after' };
}

const task = JSON.parse(process.argv[2] ?? '') as ChildTask;
const world = runWorld(actuatorsFor(task.places, 5_000), mortal(journalFile(task.journal), task));
const result = await (task.direction === 'forward' ? go(planOf(), world) : back(planOf(), world));
process.stdout.write(`${result.kind}\n`);

function mortal(journal: JournalStore, { killAt, journal: path }: ChildTask): JournalStore {
  let appended = 0;
  return {
    ...journal,
    append: async (line) => {
      const isHere = appended++ === killAt?.n;
      if (isHere && killAt?.when === 'before') await die();
      if (isHere && killAt?.when === 'cut') {
        appendFileSync(path, line.slice(0, line.length >> 1));
        await die();
      }
      await journal.append(line);
      if (isHere) await die();
    },
  };
}

/** As the kernel would, and nothing after it. */
function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}
