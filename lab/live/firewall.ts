/*
 * A firewall of the lab by what its screens do to its config.xml, as pfSense does it: a rule that belongs to a forward
 * follows it, an alias in use is not deleted, and nothing counts before Apply Changes.
 */
import { editConfigXml } from '#adapters/repository/edit-xml.ts';
import { SightlineError } from '#estate/error.ts';
import { makeEstate, type Reader, readerOf } from '#estate/estate.ts';
import type { Alias, PortForward } from '#estate/firewall.ts';
import type { SetChange, Setting } from '#plan/change.ts';
import type { NativeFiles, ReadNative } from './follower.ts';

export class LiveFirewall {
  readonly name: string;
  readonly #read: ReadNative;
  readonly #applied: () => void;
  /** What runs; `#saved` is what the screens show. */
  #running: string;
  #saved: string;

  /** `applied` is told when changes begin to count. */
  constructor(name: string, configXml: string, read: ReadNative, applied: () => void) {
    this.name = name;
    this.#running = configXml;
    this.#saved = configXml;
    this.#read = read;
    this.#applied = applied;
  }

  /** The configuration that counts. */
  get config(): string {
    return this.#running;
  }

  files(): NativeFiles {
    return { [this.#path]: this.#running };
  }

  get #path(): string {
    return `firewall/${this.name}/config.xml`;
  }

  async addAlias(alias: Omit<Alias, 'firewall'>): Promise<void> {
    const after = { firewall: this.name, ...alias };
    await this.#edit(await this.#reader(), [
      { of: 'alias', id: `${this.name}/${alias.name}`, before: null, after },
    ]);
  }

  async deleteAlias(name: string): Promise<void> {
    const reader = await this.#reader();
    const before = reader.get('alias', `${this.name}/${name}`)?.value;
    if (before === undefined) throw refused(`there is no alias ${name}`);
    if (usersOf(reader, name) > 0) throw refused(`alias ${name} is in use`);
    await this.#edit(reader, [{ of: 'alias', id: `${this.name}/${name}`, before, after: null }]);
  }

  /** Of the forward at the position from the top, 0-based. */
  async setTarget(position: number, from: string, to: string): Promise<void> {
    const reader = await this.#reader();
    const forward = reader.all('portForward').find((f) => f.value.position === position);
    if (forward === undefined) throw refused(`there is no forward ${position + 1}`);
    const id = forward.key.slice('portForward:'.length);
    await this.#edit(reader, [
      { of: 'portForward', id, before: { target: from }, after: { target: to } },
      ...followers(reader, forward.value, to),
    ]);
  }

  /** Destinations of the rules with this description, as the list shows them. */
  async destinationsOf(descr: string): Promise<readonly string[]> {
    const rules = (await this.#reader()).all('filterRule').filter((r) => r.value.descr === descr);
    return rules.map(({ value: { match } }) => shown(match.destination));
  }

  apply(): void {
    this.#running = this.#saved;
    this.#applied();
  }

  async #reader(): Promise<Reader> {
    return readerOf(makeEstate(await this.#read({ [this.#path]: this.#saved })));
  }

  async #edit(reader: Reader, settings: readonly unknown[]): Promise<void> {
    const change = { kind: 'set', settings: settings as readonly Setting[] } as unknown as SetChange;
    const edit = await editConfigXml(this.#saved, change, reader);
    if (!edit.ok) throw refused(edit.says);
    this.#saved = edit.text;
  }
}

/** The rule that was made with a forward shows its target as destination. */
function followers(reader: Reader, forward: PortForward, to: string): readonly unknown[] {
  if (forward.associatedRule === '' || forward.associatedRule === 'pass') return [];
  const rules = reader.all('filterRule').filter((r) => r.value.associatedRule === forward.associatedRule);
  const isAlias = reader.all('alias').some((a) => a.value.name === to);
  const destination = isAlias
    ? { kind: 'alias', name: to, not: false }
    : { kind: 'address', prefix: `${to}/${to.includes(':') ? 128 : 32}`, not: false };
  return rules.map((r) => ({
    of: 'filterRule',
    id: r.key.slice('filterRule:'.length),
    before: { match: r.value.match },
    after: { match: { ...r.value.match, destination } },
  }));
}

function usersOf(reader: Reader, alias: string): number {
  const forwards = reader.all('portForward').filter((f) => f.value.target === alias);
  const rules = reader.all('filterRule').filter(({ value: { match } }) => {
    return [match.source, match.destination].some((m) => m.kind === 'alias' && m.name === alias);
  });
  return forwards.length + rules.length;
}

function shown(destination: { kind: string; name?: string; prefix?: string }): string {
  return destination.name ?? destination.prefix?.replace(/\/(32|128)$/, '') ?? destination.kind;
}

function refused(says: string): SightlineError {
  return new SightlineError('lab-firewall', `the firewall refuses: ${says}`);
}
