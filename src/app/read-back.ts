/*
 * Seeing what a person did on a system that Sightline has no interface to: its files as they are now, by what sightline.yaml
 * says (systems[].read) or as the person saved them anew, read by the same source that reads the snapshot.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Observed } from '#apply/actuator.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import { makeEstate, type Reader, readerOf } from '#estate/estate.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { PlannedChange, Setting } from '#plan/change.ts';
import { editsSeen, mentionsSeen, type TextEdit } from './mentions-seen.ts';
import { inMemory, liveLogs, snapshotSources } from './wire.ts';

/** Where a new export of the system is expected, below the folder: the snapshot's own layout. */
export function exportFolder(folder: string, system: string): string {
  return join(folder, ...system.split('/'));
}

/** Settings that stand in no file of a system. */
const nowhere = new Set<Setting['of']>(['monitor', 'unmanagedHop', 'systemAccess', 'repository']);

interface Present {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export class ReadBack {
  readonly #folder: string;
  readonly #start: Reader;
  readonly #working: (says: string) => void;

  /** `start`: what the snapshot says of every system. `working` is told which commands are run. */
  constructor(folder: string, start: Reader, working: (says: string) => void = () => undefined) {
    this.#folder = folder;
    this.#start = start;
    this.#working = working;
  }

  /** Whether the setting stands in a file, so that a new export would show it. */
  canSee(setting: Setting): boolean {
    return !nowhere.has(setting.of);
  }

  /** Files of the system that sightline.yaml tells how to read; '' names them for a message. */
  readByItself(system: string): readonly string[] {
    return Object.keys(this.#start.get('systemAccess', system)?.value.read ?? {});
  }

  /** Whether edits of the system's files are there; files that were not read anew are as the edits found them. */
  async observeEdits(
    system: string,
    edits: readonly TextEdit[],
    found: 'before' | 'after',
  ): Promise<Observed> {
    const files = await this.#present(system);
    if (!Array.isArray(files)) return files as Observed;
    const texts = new Map(edits.map((e) => [e.file, e[found]]));
    for (const f of files) texts.set(f.path, Buffer.from(f.bytes).toString('utf8'));
    return editsSeen(texts, edits);
  }

  /** What the newest files of the change's system show of its settings. */
  async observe({ change, through }: PlannedChange): Promise<Observed> {
    if (change.kind !== 'set') return { kind: 'other', says: 'a wait is never written' };
    const { system } = through;
    const files = await this.#present(system);
    if (!Array.isArray(files)) return files as Observed;
    const now = files.length === 0 ? this.#start : await readerFrom(files);
    if (now === undefined)
      return {
        kind: 'unreachable',
        says: `what was read of ${system} (${exportFolder(this.#folder, system)}) is not what the snapshot holds of it`,
      };
    const visible = change.settings.filter((s) => this.canSee(s));
    const mentions = visible.filter((s) => s.of === 'mention');
    const others = visible.filter((s) => s.of !== 'mention');
    const paths = new Set(files.map((f) => f.path));
    return together([
      ...(others.length > 0 ? [settingsSeen(now, others)] : []),
      ...(mentions.length > 0 ? [mentionsSeen({ start: this.#start, now, paths }, mentions)] : []),
    ]);
  }

  async #present(system: string): Promise<readonly Present[] | Observed> {
    const read = this.#start.get('systemAccess', system)?.value.read ?? {};
    if (Object.keys(read).length === 0) return this.#exported(system);
    const { presentBytes } = await liveLogs();
    const files: Present[] = [];
    for (const [name, reference] of Object.entries(read)) {
      this.#working(`reading ${system}/${name}: ${reference}`);
      try {
        files.push({ path: `${system}/${name}`, bytes: await presentBytes(reference) });
      } catch (error) {
        if (!(error instanceof SightlineError)) throw error;
        return { kind: 'unreachable', says: messageOf(error) };
      }
    }
    return files;
  }

  async #exported(system: string): Promise<readonly Present[]> {
    const folder = exportFolder(this.#folder, system);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files: Present[] = [];
    for (const entry of entries.filter((e) => e.isFile())) {
      const path = join(entry.parentPath, entry.name);
      files.push({ path: `${system}/${relative(folder, path)}`, bytes: await readFile(path) });
    }
    return files.sort((a, b) => (a.path < b.path ? -1 : 1));
  }
}

/** undefined: nothing that a source knows stands in them. */
async function readerFrom(files: readonly Present[]): Promise<Reader | undefined> {
  const { memoryContext, memoryFile } = await inMemory();
  const open = files.map((f) => memoryFile(f.path, f.bytes));
  const facts = [];
  for (const source of await snapshotSources()) {
    const own = open.filter((f) => source.matches(f.path));
    if (own.length > 0) facts.push(...(await source.discover(own, memoryContext(open))).facts);
  }
  return facts.length === 0 ? undefined : readerOf(makeEstate(facts));
}

function together(seen: readonly Observed[]): Observed {
  const bad = seen.find((s) => s.kind === 'other' || s.kind === 'unreachable');
  if (bad !== undefined) return bad;
  const kinds = new Set(seen.map((s) => s.kind));
  if (kinds.size > 1) return { kind: 'other', says: 'a part of it is done, and a part is not' };
  return seen[0] ?? { kind: 'before' };
}

/** Settings as they are in the state, together: all before, all after, or what is there instead. */
export function settingsSeen(reader: Reader, settings: readonly Setting[]): Observed {
  const isAt = (side: 'before' | 'after') => settings.every((s) => isAs(reader, s, s[side]));
  if (isAt('after')) return { kind: 'after' };
  if (isAt('before')) return { kind: 'before' };
  const odd = settings.find((s) => !isAs(reader, s, s.before) && !isAs(reader, s, s.after));
  return {
    kind: 'other',
    says: odd === undefined ? 'a part of it is done, and a part is not' : oddText(reader, odd),
  };
}

/** Texts that only people read do not count, nor does the order of lists that are sets. */
const ignored = new Set(['descr', 'description']);
const sets = new Set(['ranges', 'entries']);

function isAs(reader: Reader, setting: Setting, side: object | null): boolean {
  const now = reader.get(setting.of, setting.id)?.value as Readonly<Record<string, unknown>> | undefined;
  if (side === null) return now === undefined;
  if (now === undefined) return false;
  return Object.entries(side).every(
    ([field, value]) => ignored.has(field) || textOf(field, now[field]) === textOf(field, value),
  );
}

function textOf(field: string, value: unknown): string {
  if (!sets.has(field) || !Array.isArray(value)) return canonical(value ?? null);
  return value.map(canonical).sort().join();
}

function oddText(reader: Reader, setting: Setting): string {
  const name = `${setting.of} ${setting.id}`;
  return reader.get(setting.of, setting.id) === undefined
    ? `${name} is not there`
    : `${name} has another value`;
}
