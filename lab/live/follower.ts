/*
 * The lab's kernel follows the systems that a run writes: each system's native state is read by the sources that read a
 * snapshot, and what changed since the last reading goes into the lab's store, where the controllers find it.
 */
import { SightlineError } from '#estate/error.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';
import type { NameServers, Rollout } from '../estate/actuators.ts';
import type { LabStore } from '../estate/store.ts';

/** Native files by their paths in a snapshot, read as those of a snapshot are. */
export type ReadNative = (files: NativeFiles) => Promise<readonly Fact[]>;
export type NativeFiles = Readonly<Record<string, string>>;

export interface FollowerParts {
  readonly store: LabStore;
  readonly names: NameServers;
  readonly rollout: Rollout;
  readonly read: ReadNative;
}

interface Followed {
  readonly files: () => NativeFiles;
  last: ReadonlyMap<FactKey, Fact>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Fields that the lab's own controllers write: what the system says of them came from there. */
const ownFields: Partial<Record<Kind, readonly string[]>> = { service: ['vips'] };

export class Follower {
  readonly #parts: FollowerParts;
  readonly #systems = new Map<string, Followed>();
  readonly #waiting = new Set<string>();
  #working: Promise<void> | undefined;
  #failure: unknown;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** From now on `poke(system)` brings what changed in its files into the lab. */
  async follow(system: string, files: () => NativeFiles): Promise<void> {
    this.#systems.set(system, { files, last: await this.#read(system, files()) });
  }

  poke(system: string): void {
    this.#waiting.add(system);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Resolves when nothing is left to bring over. Throws what went wrong on the way. */
  async settled(): Promise<void> {
    while (this.#working) await this.#working;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #work(): Promise<void> {
    for (const system of this.#waiting) {
      this.#waiting.delete(system);
      await this.#bringOver(system).catch((error: unknown) => {
        this.#failure = error;
      });
    }
  }

  async #read(system: string, files: NativeFiles): Promise<ReadonlyMap<FactKey, Fact>> {
    const facts = await this.#parts.read(files);
    if (facts.length === 0)
      throw new SightlineError('lab-native', `nothing can be read from ${system} in the lab`);
    return new Map(facts.map((f) => [f.key, f]));
  }

  async #bringOver(system: string): Promise<void> {
    const followed = this.#systems.get(system);
    if (followed === undefined) return;
    const now = await this.#read(system, followed.files());
    const before = followed.last;
    followed.last = now;
    for (const fact of now.values()) await this.#changed(before.get(fact.key), fact);
    for (const fact of before.values()) if (!now.has(fact.key)) await this.#gone(fact);
  }

  async #changed(before: Fact | undefined, now: Fact): Promise<void> {
    if (before !== undefined && canonical(before.value) === canonical(now.value)) return;
    const { store, names, rollout } = this.#parts;
    const there = store.reader.get(now.kind, now.key.slice(now.kind.length + 1));
    const value = merged(now.kind, there?.value, before?.value, now.value);
    const fact = { ...now, value } as Fact;
    if (now.kind === 'recordSet')
      await names.update(there as Fact<'recordSet'> | undefined, fact as Fact<'recordSet'>);
    store.put(now.kind, fact.value);
    if (now.kind === 'ingress') await rollout.roll(fact as Fact<'ingress'>);
  }

  async #gone(fact: Fact): Promise<void> {
    const { store, names } = this.#parts;
    if (fact.kind === 'recordSet') await names.update(fact as Fact<'recordSet'>, undefined);
    store.remove(fact.key);
  }
}

/** What the lab has, with the fields that changed; other sources and the lab's controllers wrote the rest. */
function merged<K extends Kind>(
  kind: K,
  there: Kinds[K] | undefined,
  before: Kinds[K] | undefined,
  now: Kinds[K],
): Kinds[K] {
  const own: readonly string[] = ownFields[kind] ?? [];
  if (there === undefined || before === undefined) {
    const fresh = Object.fromEntries(own.map((name) => [name, []]));
    return { ...now, ...fresh } as Kinds[K];
  }
  const value: Record<string, unknown> = { ...(there as unknown as Fields) };
  const [old, next] = [before as unknown as Fields, now as unknown as Fields];
  for (const name of new Set([...Object.keys(old), ...Object.keys(next)])) {
    if (own.includes(name) || canonical(old[name] ?? null) === canonical(next[name] ?? null)) continue;
    if (next[name] === undefined) delete value[name];
    else value[name] = next[name];
  }
  return value as unknown as Kinds[K];
}
