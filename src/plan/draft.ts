/* A plan while it is being found: changes in order, each with the phase that it is shown under. */

import type { Reader } from '#estate/estate.ts';
import type { Evidence } from '#estate/evidence.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { kindTable } from '#estate/kind-table.ts';
import type { Kinds } from '#estate/kinds.ts';
import type { Repository } from '#estate/settings.ts';
import { rangesText, repositoriesOf, statementsOf, statesRanges } from '#estate/stated.ts';
import type { Because, PlannedChange, Setting, Through, WritableKind } from './change.ts';
import { areRanges } from './owner.ts';

export type Phase = 'prepare' | 'add' | 're-point' | 'cut over' | 'retire' | 'hand over' | 'finish';

export interface DraftChange extends PlannedChange {
  readonly phase: Phase;
  /** Lies in the stage that declares a window. */
  readonly isInWindow?: boolean;
}

/** What a repair wants written: fields of one fact, or all of it. */
export interface Wanted<K extends WritableKind = WritableKind> {
  readonly fact: Fact<K>;
  readonly fields: Partial<Kinds[K]>;
  /** Fields that go. */
  readonly without?: readonly string[];
}

export interface Described {
  readonly id: string;
  readonly title: string;
  readonly phase: Phase;
  readonly because: Because;
}

export function because(says: string, serves: string, evidence: readonly Evidence[] = []): Because {
  return { says, serves, evidence };
}

/**
 * One change through whoever owns the facts: the repository's texts are edited in the same change as the settings that
 * its apply writes; what nobody owns is written live, or by a person where only a person can.
 */
export function makeChange(reader: Reader, wanted: readonly Wanted[], described: Described): DraftChange {
  const repository = wanted.flatMap((w) => writingOwners(reader, w.fact))[0];
  const edits = repository === undefined ? [] : wanted.flatMap((w) => editsOf(reader, repository, w));
  const settings = [...edits, ...wanted.map(settingOf)];
  return { ...described, change: { kind: 'set', settings }, through: throughOf(wanted, repository) };
}

/** Repositories that carry the setting out by their own apply; a CronJob only writes it again. */
function writingOwners(reader: Reader, fact: Fact): readonly Repository[] {
  return repositoriesOf(reader, fact).filter((r) => r.type !== 'unknown' && r.type !== 'documents');
}

/** The setting of the fields as they are and as they are wanted. */
export function settingOf(wanted: Wanted): Setting {
  const value = wanted.fact.value as unknown as Record<string, unknown>;
  const fields = [...Object.keys(wanted.fields), ...(wanted.without ?? [])];
  const present = fields.filter((f) => value[f] !== undefined);
  const before = Object.fromEntries(present.map((f) => [f, value[f]]));
  const id = wanted.fact.key.slice(wanted.fact.kind.length + 1);
  return { of: wanted.fact.kind, id, before, after: wanted.fields } as Setting;
}

export function createdSetting<K extends WritableKind>(of: K, value: Kinds[K]): Setting {
  const table = kindTable[of] as { readonly id: (value: Kinds[K]) => string };
  return { of, id: table.id(value), before: null, after: value } as Setting;
}

/** Edits of the places where the repository states what changes. */
function editsOf(reader: Reader, repository: Repository, wanted: Wanted): readonly Setting[] {
  const value = wanted.fact.value as unknown as Record<string, unknown>;
  const changes = [
    ...Object.entries(wanted.fields).map(([field, after]) => ({ field, after: textOf(after) })),
    ...(wanted.without ?? []).map((field) => ({ field, after: '' })),
  ];
  return changes.flatMap(({ field, after }) => {
    const before = textOf(value[field]);
    return statementsOf(reader, repository, wanted.fact, field).flatMap((s) => {
      const isIt = isSameText(s.text, value[field], before);
      if (!s.fact.startsWith('statedSetting:') || !isIt) return [];
      const text = s.text === before || areRanges(value[field]) ? after : capitalised(after);
      return [
        {
          of: 'statedSetting',
          id: s.fact.slice('statedSetting:'.length),
          before: { value: s.text },
          after: { value: text },
        } as const,
      ];
    });
  });
}

function isSameText(text: string, value: unknown, shown: string): boolean {
  return areRanges(value) ? statesRanges(text, value) : text.toLowerCase() === shown.toLowerCase();
}

function textOf(value: unknown): string {
  if (areRanges(value)) return rangesText(value);
  if (Array.isArray(value)) return value.length === 1 ? String(value[0]) : value.join(', ');
  return value === undefined ? '' : String(value);
}

/** Policies are lower case here and capitalised in Kubernetes. */
function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function throughOf(wanted: readonly Wanted[], repository: Repository | undefined): Through {
  if (repository !== undefined) {
    return { by: 'repository', system: `source/${repository.id}`, repository: repository.id };
  }
  const system = wanted.map((w) => systemOf(w.fact)).find((s) => s !== undefined) ?? 'sightline.yaml';
  return { by: isByHand(system, wanted) ? 'operator' : 'api', system };
}

export function systemOf(fact: Fact): string | undefined {
  const system = kindTable[fact.kind].system as (value: unknown) => string | undefined;
  return system(fact.value);
}

/** Firewalls, ban lists (no interface writes them), node files, monitors, unmanaged hops, documents and files of resolvers are edited by a person. */
function isByHand(system: string, wanted: readonly Wanted[]): boolean {
  if (/^(firewall|node|crowdsec)\//.test(system)) return true;
  return wanted.some(
    ({ fact: { kind } }) =>
      ['monitor', 'unmanagedHop', 'mention', 'repository'].includes(kind) ||
      (kind === 'nameRule' && !system.startsWith('cluster/')),
  );
}

/** An answer as people name it: `photos.example.org A`, a resolver's own rule by its name. */
export function answerText(reader: Reader, key: FactKey): string {
  const id = key.slice(key.indexOf(':') + 1);
  const rule = key.startsWith('nameRule:') ? reader.get('nameRule', id)?.value : undefined;
  if (rule?.rule.kind === 'host') return `${rule.rule.name} (${rule.resolver})`;
  if (rule?.rule.kind === 'rewrite') return `${rule.rule.from} (${rule.resolver})`;
  const map = key.startsWith('translation:') ? reader.get('translation', id)?.value : undefined;
  if (map !== undefined) return `${map.from} as ${map.to} for ${map.group}`;
  return id.split('|').slice(-2).join(' ');
}
