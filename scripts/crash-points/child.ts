/*
 * The process that is killed: runs, or rolls back, the plan over the stand-ins whose places it is given, with its journal in
 * a file, and kills itself at the record, file or command that it is told to. At a request the parent kills it instead.
 */
import { appendFileSync } from 'node:fs';
import { replaceFile } from '#adapters/repository/atomic-file.ts';
import { runCommand } from '#adapters/repository/run-command.ts';
import { journalFile } from '#adapters/run-folder/journal-file.ts';
import type { JournalStore } from '#apply/journal.ts';
import { type BindPlace, bindAt, bindChange } from '#test/actuators/bind.ts';
import { back, go, runWorld } from '#test/actuators/run.ts';
import { actuatorsFor, changes, type Places, planOf } from '#test/actuators/world.ts';

export interface ChildTask {
  readonly places: Places;
  readonly bind?: BindPlace;
  readonly journal: string;
  readonly direction: 'forward' | 'back';
  /** Which of its kind in this process, from 0; `cut`: half of the line is on the disk. */
  readonly killAt?: {
    readonly kind: 'record' | 'file' | 'command';
    readonly n: number;
    readonly when: 'before' | 'cut' | 'after';
  };
}

/** What it says at its end. */
export interface ChildEnd {
  readonly result: string;
  readonly files: number;
  readonly commands: number;
}

/** The plan of both sides, with BIND where it is there. */
export function planWith(bind: BindPlace | undefined) {
  return planOf(bind === undefined ? changes : [...changes.slice(0, 2), bindChange, ...changes.slice(2)]);
}

export function actuatorsWith(places: Places, bind: BindPlace | undefined, files = {}, timeoutMs = 10_000) {
  return [...actuatorsFor(places, timeoutMs, files), ...(bind === undefined ? [] : [bindAt(bind)])];
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? '') as ChildTask);

async function main(task: ChildTask): Promise<void> {
  const counted = { file: 0, command: 0 };
  const at = async <T>(kind: 'file' | 'command', act: () => Promise<T>): Promise<T> => {
    const n = counted[kind];
    counted[kind] += 1;
    const isHere = task.killAt?.kind === kind && n === task.killAt.n;
    if (isHere && task.killAt?.when === 'before') await die();
    const result = await act();
    if (isHere) await die();
    return result;
  };
  const files = {
    replace: (...args: Parameters<typeof replaceFile>) => at('file', () => replaceFile(...args)),
    run: (...args: Parameters<typeof runCommand>) => at('command', () => runCommand(...args)),
  };
  const journal = mortal(journalFile(task.journal), task);
  const world = runWorld(actuatorsWith(task.places, task.bind, files, 5_000), journal);
  const plan = planWith(task.bind);
  const { kind } = await (task.direction === 'forward' ? go(plan, world) : back(plan, world));
  const end: ChildEnd = { result: kind, files: counted.file, commands: counted.command };
  process.stdout.write(`${JSON.stringify(end)}\n`);
}

function mortal(journal: JournalStore, { killAt, journal: path }: ChildTask): JournalStore {
  let appended = 0;
  return {
    ...journal,
    append: async (line) => {
      const isHere = killAt?.kind === 'record' && appended++ === killAt.n;
      if (isHere && killAt.when === 'before') await die();
      if (isHere && killAt.when === 'cut') {
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
