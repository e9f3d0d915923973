/*
 * Seeing what a person did on a system that Sightline cannot read: its export, saved anew, read by the same source that
 * reads the snapshot. Where no new export lies in the folder, the snapshot's own says how it was.
 */
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Observed } from '#apply/actuator.ts';
import { makeEstate, type Reader, readerOf } from '#estate/estate.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { PlannedChange, Setting } from '#plan/change.ts';
import { inMemory, snapshotSources } from './wire.ts';

/** Where a new export of the system is expected, below the folder: the snapshot's own layout. */
export function exportFolder(folder: string, system: string): string {
  return join(folder, ...system.split('/'));
}

export class ReadBack {
  readonly #folder: string;
  readonly #start: Reader;

  /** `start`: what the snapshot says of every system. */
  constructor(folder: string, start: Reader) {
    this.#folder = folder;
    this.#start = start;
  }

  /** What the newest export of the change's system shows of its settings. */
  async observe(change: PlannedChange): Promise<Observed> {
    if (change.change.kind !== 'set') return { kind: 'other', says: 'a wait is never written' };
    const { system } = change.through;
    const reader = await this.#readerOf(system);
    if (reader === undefined)
      return {
        kind: 'unreachable',
        says: `the export in ${exportFolder(this.#folder, system)} cannot be read`,
      };
    return settingsSeen(reader, change.change.settings);
  }

  async #readerOf(system: string): Promise<Reader | undefined> {
    const files = await this.#exported(system);
    if (files.length === 0) return this.#start;
    const { memoryContext, memoryFile } = await inMemory();
    const open = files.map((f) => memoryFile(f.path, f.bytes));
    const sources = await snapshotSources();
    const facts = [];
    for (const source of sources) {
      const own = open.filter((f) => source.matches(f.path));
      if (own.length > 0) facts.push(...(await source.discover(own, memoryContext(open))).facts);
    }
    return facts.length === 0 ? undefined : readerOf(makeEstate(facts));
  }

  async #exported(system: string): Promise<readonly { path: string; bytes: Uint8Array }[]> {
    const folder = exportFolder(this.#folder, system);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const names = (await readdir(folder)).sort();
    const files = [];
    for (const name of names) {
      const path = join(folder, name);
      if ((await stat(path)).isFile()) files.push({ path: `${system}/${name}`, bytes: await readFile(path) });
    }
    return files;
  }
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

/** Texts that only people read do not count. */
const ignored = new Set(['descr', 'description']);

function isAs(reader: Reader, setting: Setting, side: object | null): boolean {
  const now = reader.get(setting.of, setting.id)?.value as Readonly<Record<string, unknown>> | undefined;
  if (side === null) return now === undefined;
  if (now === undefined) return false;
  return Object.entries(side).every(
    ([field, value]) => ignored.has(field) || canonical(now[field] ?? null) === canonical(value ?? null),
  );
}

function oddText(reader: Reader, setting: Setting): string {
  const name = `${setting.of} ${setting.id}`;
  return reader.get(setting.of, setting.id) === undefined
    ? `${name} is not there`
    : `${name} has another value`;
}
