/*
 * Carries changes out through their repository: the files are edited exactly as the plan showed them, then the owner's own
 * command applies them, and its own plan must be empty. A file that is not byte for byte as it was is never touched.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Actuator, Observed, WriteOutcome } from '#apply/actuator.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import { sha256 } from '#net/sha256.ts';
import type { PlannedChange } from '#plan/change.ts';
import {
  commandText,
  endText,
  fileNameOf,
  notEmpty,
  otherText,
  refused,
  type Side,
  shownDiff,
} from './actuate-texts.ts';
import { ApplyMark } from './apply-mark.ts';
import { replaceFile, textOf } from './atomic-file.ts';
import type { FileChange } from './plan-edits.ts';
import { type Command, type CommandEnd, runCommand } from './run-command.ts';

/** What a plan's change does to the files of one checkout. */
export interface CheckoutEdit {
  /** The change as it stands in the plan; its undo is recognised by differing from it. */
  readonly planned: PlannedChange;
  /** Folder of the checkout. */
  readonly root: string;
  /** Paths below the root; `before` '' and `isNew`: the file is made. */
  readonly files: readonly (FileChange & { readonly isNew?: boolean })[];
  /** The owner's commands, run in `cwd`; undefined: the person applies it. */
  readonly apply?: readonly string[];
  /** Must end with 0 (terraform: -detailed-exitcode) when nothing is left to do. */
  readonly plan?: readonly string[];
  readonly cwd: string;
}

/** What a person agrees to. */
export interface Shown {
  /** Of the change. */
  readonly title: string;
  readonly diff: string;
  /** As it would be typed. */
  readonly command?: string;
}

export interface RepositoryWorld {
  /** By the planned change's id. */
  readonly edits: ReadonlyMap<string, CheckoutEdit>;
  /** Shows the diff and the command; false: the person does not want it. */
  readonly mayGoOn: (shown: Shown) => Promise<boolean>;
  /** Folder of the run: backups and outputs go there. */
  readonly runFolder: string;
  /** What the live system holds of the settings that the apply writes; undefined: it holds none of them. */
  readonly live?: (change: PlannedChange) => Promise<Observed | undefined>;
  /** Added to the environment of the owner's commands. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly run?: (command: Command) => Promise<CommandEnd>;
  readonly replace?: typeof replaceFile;
}

export function repositoryActuator(world: RepositoryWorld): Actuator {
  return new RepositoryActuator(world);
}

class RepositoryActuator implements Actuator {
  readonly name = 'repository';
  readonly #world: RepositoryWorld;
  readonly #planned = new Set<string>();
  constructor(world: RepositoryWorld) {
    this.#world = world;
  }

  can(system: string): boolean {
    return [...this.#world.edits.values()].some((e) => e.planned.through.system === system);
  }

  async preflight(change: PlannedChange): Promise<readonly string[]> {
    const edit = this.#world.edits.get(change.id);
    if (edit === undefined) return [`no file of a repository is known for ${change.title}`];
    const problems: string[] = [];
    for (const { file, from } of sidesOf(edit, edit.planned)) {
      const now = await textOf(edit.root, file).catch((e: unknown) => messageOf(e));
      // an earlier change of the plan may have to come first; then its text stands there
      const isKnown = [...this.#world.edits.values()].some((e) =>
        e.files.some((f) => f.file === file && f.before === now),
      );
      if (now !== from && !isKnown) problems.push(otherText(file, now));
    }
    return problems.length > 0 ? problems : this.#leftBefore(edit);
  }

  /** The owner's own plan is empty before the first edit, or its apply would bring other things along. */
  async #leftBefore(edit: CheckoutEdit): Promise<readonly string[]> {
    const key = JSON.stringify([edit.cwd, edit.plan]);
    if (edit.plan === undefined || this.#planned.has(key)) return [];
    this.#planned.add(key);
    const end = await this.#command(edit, edit.plan, edit.planned, 'plan-before');
    return end.code === 0 ? [] : [endText(`before the change, ${notEmpty}`, end)];
  }

  async observe(change: PlannedChange): Promise<Observed> {
    const edit = this.#world.edits.get(change.id);
    if (edit === undefined) return { kind: 'other', says: `no file is known for ${change.title}` };
    try {
      return await this.#seen(edit, change);
    } catch (error) {
      return { kind: 'unreachable', says: `a file cannot be read: ${messageOf(error)}` };
    }
  }

  async #seen(edit: CheckoutEdit, change: PlannedChange): Promise<Observed> {
    const files = await this.#filesNow(edit, change);
    if (files.kind === 'other') return files;
    const live = await this.#world.live?.(change);
    if (live?.kind === 'other' || live?.kind === 'unreachable') return live;
    // an apply that was cut off or failed is made again, whatever of it is seen already
    if (await this.#mark(change).isSet()) return { kind: 'before' };
    if (live === undefined || files.kind === live.kind) return files;
    // edited and not applied: the write goes on where it stopped, and an undo takes back the edit alone
    if (files.kind === 'after' || !isForward(edit, change)) return { kind: 'before' };
    return { kind: 'other', says: `${change.title}: it is live already, and no file says so` };
  }

  async #filesNow(edit: CheckoutEdit, change: PlannedChange): Promise<Observed> {
    let isAfter = true;
    for (const { file, from, to } of sidesOf(edit, change)) {
      const now = await textOf(edit.root, file);
      if (now === to) continue;
      if (now !== from && !this.#comesLater(edit, change, file, now))
        return { kind: 'other', says: otherText(file, now) };
      isAfter = false;
    }
    return { kind: isAfter ? 'after' : 'before' };
  }

  /** The file is as it was before an earlier change of the plan. A write still asks for its own text. */
  #comesLater(edit: CheckoutEdit, change: PlannedChange, file: string, now: string | undefined): boolean {
    if (!isForward(edit, change)) return false;
    const all = [...this.#world.edits.values()];
    const earlier = all.slice(0, all.indexOf(edit)).filter((e) => e.root === edit.root);
    return earlier.some((e) => e.files.some((f) => f.file === file && f.before === now));
  }

  /** Keeps the files outside the journal, which is no place for what they may hold; returns where, with their hashes. */
  async backup(change: PlannedChange): Promise<string> {
    const edit = this.#world.edits.get(change.id);
    const kept: Record<string, string> = {};
    const folder = join('backup', fileNameOf(change));
    for (const { file, from } of edit === undefined ? [] : sidesOf(edit, change)) {
      if (from === undefined) continue;
      kept[file] = sha256(from);
      await this.#keep(join(folder, file), from);
    }
    return JSON.stringify({ folder, files: kept });
  }

  async #keep(path: string, text: string): Promise<void> {
    const { runFolder } = this.#world;
    try {
      await mkdir(runFolder, { recursive: true, mode: 0o700 });
      await replaceFile(runFolder, path, await textOf(runFolder, path), text);
    } catch (error) {
      throw new SightlineError('no-backup', `${path} cannot be kept in ${runFolder}: ${messageOf(error)}`);
    }
  }

  async write(change: PlannedChange): Promise<WriteOutcome> {
    const edit = this.#world.edits.get(change.id);
    if (edit === undefined) return refused(`no file is known for ${change.title}`, 'make the plan again');
    const sides = sidesOf(edit, change);
    const command = edit.apply && commandText(edit.apply);
    const diff = sides.map(shownDiff).join('');
    const { title } = change;
    const isWanted = await this.#world.mayGoOn({ title, diff, ...(command !== undefined && { command }) });
    if (!isWanted) return refused('the edit was not wanted', 'resume when it is, or roll back');
    if (edit.apply === undefined) return this.#edit(edit, sides);
    const unmarked = await this.#marked(change);
    if (unmarked !== undefined) return unmarked;
    const edited = await this.#edit(edit, sides);
    return edited.kind === 'written' ? this.#applied(edit, edit.apply, change) : edited;
  }

  /** Undefined: it is marked as being applied. */
  async #marked(change: PlannedChange): Promise<WriteOutcome | undefined> {
    try {
      await this.#mark(change).set();
      return undefined;
    } catch (error) {
      return refused(
        `${this.#world.runFolder} cannot be written: ${messageOf(error)}`,
        'make room or mend it, then resume',
      );
    }
  }

  #mark(change: PlannedChange): ApplyMark {
    return new ApplyMark(this.#world.runFolder, fileNameOf(change));
  }

  /** The files one after the other; where one cannot be written, it is told whether others are. */
  async #edit(edit: CheckoutEdit, sides: readonly Side[]): Promise<WriteOutcome> {
    const replace = this.#world.replace ?? replaceFile;
    let written = 0;
    const partly = (says: string) => (written === 0 ? says : `a part of it is written; then: ${says}`);
    for (const { file, from, to } of sides) {
      try {
        if ((await textOf(edit.root, file)) === to) continue;
        const done = await replace(edit.root, file, from, to);
        if (done.kind === 'changed')
          return { kind: written === 0 ? 'conflict' : 'unknown', says: partly(done.says) };
        written += 1;
      } catch (error) {
        return { kind: 'unknown', says: partly(`${file} cannot be written: ${messageOf(error)}`) };
      }
    }
    return { kind: 'written' };
  }

  async #applied(edit: CheckoutEdit, apply: readonly string[], change: PlannedChange): Promise<WriteOutcome> {
    const end = await this.#command(edit, apply, change, 'apply');
    if (end.code !== 0) return { kind: 'unknown', says: endText('the apply', end) };
    await this.#mark(change).remove();
    return { kind: 'written' };
  }

  /** The owner's own plan must be empty, also after a crash and after an undo. */
  async unsettled(change: PlannedChange): Promise<string | undefined> {
    const edit = this.#world.edits.get(change.id);
    if (edit?.plan === undefined) return undefined;
    const end = await this.#command(edit, edit.plan, change, 'plan');
    if (end.code === 0) return undefined;
    return `${endText(notEmpty, end)} (all of it: ${this.#logOf(change, 'plan')})`;
  }

  #logOf(change: PlannedChange, what: string): string {
    return join(this.#world.runFolder, 'output', `${fileNameOf(change)}.${what}.log`);
  }

  /** Also where its output cannot be kept: then it was not run. */
  async #command(
    edit: CheckoutEdit,
    argv: readonly string[],
    change: PlannedChange,
    what: string,
  ): Promise<CommandEnd> {
    const run = this.#world.run ?? runCommand;
    const log = this.#logOf(change, what);
    const { environment, timeoutMs = 30 * 60_000 } = this.#world;
    try {
      return await run({ argv, cwd: edit.cwd, log, timeoutMs, ...(environment && { environment }) });
    } catch (error) {
      return { code: undefined, isTimeout: false, tail: messageOf(error) };
    }
  }
}

/** The plan's own change goes from before to after; anything else is its undo. */
function sidesOf(edit: CheckoutEdit, change: PlannedChange): readonly Side[] {
  const forward = isForward(edit, change);
  return edit.files.map((f) => {
    const before = f.isNew ? undefined : f.before;
    return forward
      ? { file: f.file, from: before, to: f.after }
      : { file: f.file, from: f.after, to: before };
  });
}

function isForward(edit: CheckoutEdit, change: PlannedChange): boolean {
  return JSON.stringify(change.change) === JSON.stringify(edit.planned.change);
}
