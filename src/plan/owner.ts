/* An owner's next apply: the settings of the facts that it owns go back to what it states at that moment. */
import type { Reader, Write } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { Kinds } from '#estate/kinds.ts';
import { addressesIn } from '#estate/reference-places.ts';
import type { Repository } from '#estate/settings.ts';
import {
  isContentKnown,
  repositoriesOf,
  type Statement,
  statementsOf,
  statesRanges,
} from '#estate/stated.ts';
import type { IpRange } from '#net/prefix.ts';

/** Fields that no owner writes: status, and what the API server fills in. */
const filledIn = new Set(['vips', 'clusterIps', 'healthCheckNodePort', 'deployedChartVersion']);
const notApplied = new Set([
  'statedSetting',
  'mention',
  'repository',
  'systemAccess',
  'monitor',
  'endpointSlice',
  'helmRelease',
]);

/** What the owner would write in `now`, of the facts changed since `start`. */
export function ownerApplies(
  start: Reader,
  now: Reader,
  changed: ReadonlyMap<FactKey, Fact | undefined>,
  repository: Repository,
): readonly Write[] {
  const writes: Write[] = [];
  for (const [key, fact] of changed) {
    const kind = key.slice(0, key.indexOf(':')) as keyof Kinds;
    const before = start.get(kind, key.slice(kind.length + 1));
    if (before === undefined || notApplied.has(kind)) continue;
    if (!repositoriesOf(start, before).some((r) => r.id === repository.id)) continue;
    const write = writesBack(start, now, before, fact, repository);
    if (write !== undefined) writes.push(write);
  }
  return writes;
}

/** Fields of the fact that the owner would put back; empty: the change lasts. */
export function fieldsPutBack(
  start: Reader,
  now: Reader,
  before: Fact,
  after: Fact,
  repository: Repository,
): readonly string[] {
  const was = before.value as unknown as Record<string, unknown>;
  const is = after.value as unknown as Record<string, unknown>;
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return fields.filter(
    (f) => !filledIn.has(f) && !same(was[f], is[f]) && putsBack(start, now, before, f, was[f], repository),
  );
}

function writesBack(
  start: Reader,
  now: Reader,
  before: Fact,
  after: Fact | undefined,
  repository: Repository,
): Write | undefined {
  if (after === undefined) return { key: before.key, before: undefined, after: before };
  const fields = fieldsPutBack(start, now, before, after, repository);
  if (fields.length === 0) return undefined;
  const value = { ...after.value } as unknown as Record<string, unknown>;
  const was = before.value as unknown as Record<string, unknown>;
  for (const f of fields) {
    if (was[f] === undefined) delete value[f];
    else value[f] = was[f];
  }
  return { key: before.key, before: after, after: { ...after, value } as unknown as Fact };
}

function putsBack(
  start: Reader,
  now: Reader,
  before: Fact,
  field: string,
  was: unknown,
  repository: Repository,
): boolean {
  const all = statementsOf(start, repository, before, field);
  const stated = all.filter((s) => states(s, was));
  if (stated.length > 0) return stated.some((s) => states(currentText(now, s), was));
  const since = isContentKnown(start, repository, before) ? [] : statementsOf(now, repository, before, field);
  if (since.length > 0) return since.some((s) => states(s, was));
  const isHidden = all.some((s) => s.text.includes('[secret]'));
  return isHidden || !isContentKnown(start, repository, before);
}

function currentText(now: Reader, statement: Statement): Statement {
  const kind = statement.fact.slice(0, statement.fact.indexOf(':')) as 'statedSetting' | 'workload';
  const fact = now.get(kind, statement.fact.slice(kind.length + 1));
  if (fact === undefined) return { ...statement, text: '' };
  if (fact.kind === 'statedSetting')
    return { ...statement, text: (fact as Fact<'statedSetting'>).value.value };
  const { containers } = (fact as Fact<'workload'>).value;
  return { ...statement, text: containers.flatMap((c) => c.args).join(' ') };
}

/** Whether the text gives the value: the same word, or, in a longer text, one of its addresses. */
function states(statement: Statement, value: unknown): boolean {
  if (areRanges(value)) return statesRanges(statement.text, value);
  const texts = (Array.isArray(value) ? value : [value]).map((v) =>
    typeof v === 'object' ? canonical(v) : String(v),
  );
  const text = statement.text.trim().toLowerCase();
  return texts.some((t) => text === t.toLowerCase() || addressesIn(text).some((ip) => ip === t));
}

/** The ranges of a pool. */
export function areRanges(value: unknown): value is readonly IpRange[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((v) => typeof v === 'object' && v !== null && 'first' in v && 'last' in v)
  );
}

function same(a: unknown, b: unknown): boolean {
  return canonical(a ?? null) === canonical(b ?? null);
}
