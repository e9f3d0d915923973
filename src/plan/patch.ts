/* A set of settings as writes on a state. Refused where the state is not what the settings say it was before. */
import { type Reader, readerOver, type Write } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { Kinds } from '#estate/kinds.ts';
import type { SetChange, Setting, WritableKind } from './change.ts';

export type Patched =
  | { readonly ok: true; readonly writes: readonly Write[] }
  /** The state differs from `before`; `says` names the setting and what is there. */
  | { readonly ok: false; readonly setting: Setting; readonly says: string };

/** Writes of the change in this state, in the order of its settings. */
export function writesOf(reader: Reader, change: SetChange): Patched {
  const writes: Write[] = [];
  for (const setting of change.settings) {
    const at = readerOver(reader, writes);
    const patched = patchOf(at, setting);
    if (typeof patched === 'string') return { ok: false, setting, says: patched };
    writes.push(patched);
  }
  return { ok: true, writes };
}

/** Key of the fact that a setting writes. */
export function keyOfSetting(setting: Setting): FactKey {
  return `${setting.of}:${setting.id}`;
}

function patchOf(reader: Reader, setting: Setting): Write | string {
  const current = reader.get(setting.of, setting.id);
  const key = keyOfSetting(setting);
  const wrong = mismatch(current, setting);
  if (wrong !== undefined) return `${key} ${wrong}`;
  if (setting.after === null) return { key, before: current, after: undefined };
  const value = patchedValue(current, setting) as Kinds[WritableKind];
  const after: Fact =
    current === undefined
      ? { kind: setting.of, key, value, evidence: { file: 'plan' } }
      : { ...current, value };
  return { key, before: current, after };
}

/** Undefined when the state is as `before` says. */
function mismatch(current: Fact | undefined, setting: Setting): string | undefined {
  if (setting.before === null) return current === undefined ? undefined : 'is there already';
  if (current === undefined) return 'is not there';
  if (setting.after === null) {
    return written(current.value) === written(setting.before) ? undefined : 'is not as it was';
  }
  const value = current.value as unknown as Record<string, unknown>;
  const before = setting.before as Record<string, unknown>;
  for (const field of fieldsOf(setting)) {
    if (canonical(value[field] ?? null) === canonical(before[field] ?? null)) continue;
    return `has ${field} ${short(value[field])}, not ${short(before[field])}`;
  }
  return undefined;
}

/** What somebody wrote, without what the API server and controllers fill in. */
function written(value: unknown): string {
  const { vips, clusterIps, healthCheckNodePort, ports, ...rest } = value as Partial<Kinds['service']>;
  const plain = ports?.map(({ nodePort, ...port }) => port);
  return canonical({ ...rest, ...(plain && { ports: plain }) });
}

function patchedValue(current: Fact | undefined, setting: Setting): unknown {
  if (setting.before === null)
    return setting.of === 'service' ? { ...setting.after, vips: [] } : setting.after;
  const value: Record<string, unknown> = { ...(current?.value as unknown as Record<string, unknown>) };
  const after = setting.after as Record<string, unknown>;
  for (const field of fieldsOf(setting)) {
    if (after[field] === undefined) delete value[field];
    else value[field] = after[field];
  }
  return value;
}

/** Fields named by either side; one that stands on one side only appears or goes. */
function fieldsOf(setting: Setting): readonly string[] {
  return [...new Set([...Object.keys(setting.before ?? {}), ...Object.keys(setting.after ?? {})])];
}

function short(value: unknown): string {
  return value === undefined ? 'absent' : (JSON.stringify(value) ?? '').slice(0, 80);
}
