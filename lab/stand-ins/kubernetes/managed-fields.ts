/*
 * Who owns which field (structured-merge-diff v6 as the API server uses it): an update takes over what it changes, a
 * server-side apply meets a conflict with every other owner of a field that it wants otherwise.
 */
import { compare, fieldsOf, fieldText, fromFieldsV1, keyElement, removeField, toFieldsV1 } from './fields.ts';
import { canonical, copy, isMap, type Json, listOf, mapOf, textOf } from './json.ts';
import { applyKeys, isAtomicMap, keyDefaults } from './resources.ts';
import { type Cause, Refused } from './status.ts';

export interface Writer {
  readonly manager: string;
  readonly subresource: string;
  readonly apiVersion: string;
  /** RFC 3339. */
  readonly time: string;
}

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource: string;
  time: string;
  set: Set<string>;
}

/** The new object with managedFields as an update, patch or create by the writer leaves them. */
export function ownUpdate(live: Json, next: Json, writer: Writer): Json {
  const entries = entriesOf(mapOf(next.metadata).managedFields ?? mapOf(live.metadata).managedFields);
  const { written, removed } = compare(live, next);
  for (const entry of entries) {
    if (isSame(entry, writer, 'Update')) continue;
    for (const path of [...written, ...removed]) entry.set.delete(path);
  }
  if (written.size > 0 || removed.size > 0) {
    const own = entryFor(entries, writer, 'Update');
    own.set = new Set([...own.set, ...written].filter((p) => !removed.has(p)));
    own.time = writer.time;
  }
  return withEntries(next, entries);
}

/** The live object with the configuration applied. Throws the conflicts as a Status unless forced. */
export function apply(live: Json, configuration: Json, writer: Writer, isForced: boolean): Json {
  const entries = entriesOf(mapOf(live.metadata).managedFields);
  const wanted = fieldsOf(configuration);
  const now = fieldsOf(live);
  const conflicts: Cause[] = [];
  for (const entry of entries) {
    if (isSame(entry, writer, 'Apply')) continue;
    for (const [path, value] of wanted) {
      if (!entry.set.has(path) || now.get(path) === value) continue;
      if (isForced) entry.set.delete(path);
      else conflicts.push(conflictOf(entry, path));
    }
  }
  if (conflicts.length > 0) throw conflictStatus(conflicts);
  const merged = mergeApplied(live, configuration, [String(live.kind)]);
  const own = entryFor(entries, writer, 'Apply');
  const others = entries.filter((e) => e !== own);
  for (const path of own.set) {
    if (!wanted.has(path) && !others.some((e) => e.set.has(path))) removeField(merged, path);
  }
  const set = new Set(wanted.keys());
  const isChanged = canonical([...set].sort()) !== canonical([...own.set].sort());
  own.set = set;
  if (isChanged || canonical(merged) !== canonical(live)) own.time = writer.time;
  return withEntries(merged, entries);
}

function conflictOf(entry: Entry, path: string): Cause {
  const using =
    entry.operation === 'Apply' ? `"${entry.manager}"` : `"${entry.manager}" using ${entry.apiVersion}`;
  return { reason: 'FieldManagerConflict', message: `conflict with ${using}`, field: fieldText(path) };
}

function conflictStatus(causes: readonly Cause[]): Refused {
  const list = causes.map((c) => `${c.message}: ${c.field}`);
  const text =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${list[0]}`
      : `Apply failed with ${causes.length} conflicts: ${list.join('\n')}`;
  return new Refused(409, 'Conflict', text, { causes });
}

/** Maps by field, keyed lists by key in the live order, everything else as one value. */
function mergeApplied(live: Json, applied: Json, place: readonly string[]): Json {
  const merged = copy(live);
  for (const [key, value] of Object.entries(applied)) {
    if (value === undefined || value === null) continue;
    merged[key] = mergedValue(merged[key], value, [...place, key]);
  }
  return merged;
}

function mergedValue(live: unknown, applied: unknown, place: readonly string[]): unknown {
  if (isMap(applied)) {
    return isMap(live) && !isAtomicMap(place) ? mergeApplied(live, applied, place) : copy(applied);
  }
  const keys = Array.isArray(applied) ? applyKeys(place) : undefined;
  if (keys === undefined) return copy(applied);
  const merged = copy(listOf(live)).filter(isMap);
  for (const item of (applied as readonly unknown[]).filter(isMap)) {
    const element = keyElement(item, keys);
    const at = merged.findIndex((m) => keyElement(m, keys) === element);
    const whole = { ...keyPart(item, keys), ...item };
    if (at < 0) merged.push(copy(whole));
    else merged[at] = mergeApplied(merged[at] ?? {}, whole, [...place, `[${element}]`]);
  }
  return merged;
}

function keyPart(item: Json, keys: readonly string[]): Json {
  const filled = keys.filter((k) => item[k] === undefined && keyDefaults[k] !== undefined);
  return Object.fromEntries(filled.map((k) => [k, keyDefaults[k]]));
}

function entriesOf(managedFields: unknown): Entry[] {
  return listOf(managedFields)
    .filter(isMap)
    .filter((m) => textOf(m.manager) !== '' || textOf(m.operation) !== '')
    .map((m) => ({
      manager: textOf(m.manager),
      operation: textOf(m.operation),
      apiVersion: textOf(m.apiVersion),
      subresource: textOf(m.subresource),
      time: textOf(m.time),
      set: fromFieldsV1(m.fieldsV1),
    }));
}

function isSame(entry: Entry, writer: Writer, operation: string): boolean {
  return (
    entry.manager === writer.manager &&
    entry.operation === operation &&
    entry.subresource === writer.subresource &&
    entry.apiVersion === writer.apiVersion
  );
}

function entryFor(entries: Entry[], writer: Writer, operation: string): Entry {
  const own = entries.find((e) => isSame(e, writer, operation));
  if (own !== undefined) return own;
  const made: Entry = { ...writer, operation, set: new Set() };
  entries.push(made);
  return made;
}

function withEntries(object: Json, entries: readonly Entry[]): Json {
  const kept = entries.filter((e) => e.set.size > 0);
  const managedFields = kept.map(({ subresource, set, ...entry }) => ({
    ...entry,
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(set),
    ...(subresource !== '' && { subresource }),
  }));
  const { managedFields: _, ...metadata } = mapOf(object.metadata);
  return { ...object, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
}
