/*
 * A record set as calls of the API, one record each, always with everything that a call would else reset: TTL, comment,
 * whether it is disabled, when it expires. The states between the calls are known, so that a cut run is recognised.
 */
import type { RecordSet } from '#estate/dns.ts';
import { parseIp } from '#net/ip.ts';
import type { LiveRecord } from './decode.ts';

/** Values with the TTL of each, in order. */
export interface SetState {
  readonly values: readonly string[];
  readonly ttls: readonly number[];
}

export interface CallStep {
  readonly path: 'zones/records/add' | 'zones/records/update' | 'zones/records/delete' | 'apps/config/set';
  readonly parameters: Readonly<Record<string, string>>;
}

export interface SetWanted {
  readonly zone: string;
  readonly name: string;
  readonly type: string;
  /** null: the set is not there. A field left out: any. */
  readonly before: Partial<RecordSet> | null;
  readonly after: Partial<RecordSet> | null;
}

interface ValueParameters {
  readonly field: string;
  readonly now: string;
  readonly next: string;
}
const address: ValueParameters = { field: 'ipAddress', now: 'ipAddress', next: 'newIpAddress' };
const parametersByType: Readonly<Record<string, ValueParameters>> = {
  A: address,
  AAAA: address,
  CNAME: { field: 'cname', now: 'cname', next: 'cname' },
  PTR: { field: 'ptrName', now: 'ptrName', next: 'newPtrName' },
  TXT: { field: 'text', now: 'text', next: 'newText' },
};

export function canWriteType(type: string): boolean {
  return parametersByType[type] !== undefined;
}

/** Value in the form that facts have. */
export function valueOfRecord(record: LiveRecord): string {
  const field = parametersByType[record.type]?.field ?? '';
  const text = String(record.rData[field] ?? '');
  return parseIp(text) ?? (record.type === 'TXT' ? text : text.toLowerCase().replace(/\.$/, ''));
}

export type Judged =
  | { readonly kind: 'before'; readonly left: readonly CallStep[] }
  | { readonly kind: 'after' }
  | { readonly kind: 'other'; readonly says: string };

/** Where the live set stands between before and after, and the calls that are left. */
export function judge(wanted: SetWanted, live: readonly LiveRecord[]): Judged {
  const now = live.map(entryOf);
  const states = statesOf(wanted, now);
  const at = states.findLastIndex((s) => isSameSet(s, now));
  if (at < 0) return { kind: 'other', says: `it is ${describe(now)}` };
  if (at === states.length - 1) return { kind: 'after' };
  const left = states.slice(at + 1).map((s, i) => stepBetween(wanted, states[at + i] ?? [], s, live));
  return { kind: 'before', left };
}

interface Entry {
  readonly value: string;
  readonly ttl: number;
}

function entryOf(record: LiveRecord): Entry {
  return { value: valueOfRecord(record), ttl: record.ttl };
}

/** before, after each call, after. TTLs that the plan does not name are those that are there. */
function statesOf({ before, after }: SetWanted, now: readonly Entry[]): readonly (readonly Entry[])[] {
  const entries = (side: Partial<RecordSet> | null): Entry[] => {
    if (side === null) return [];
    const values = side.values ?? now.map((e) => e.value);
    return values.map((value) => ({ value, ttl: side.ttlSeconds ?? ttlOf(now, value) }));
  };
  const [from, to] = [entries(before), entries(after)];
  const states: (readonly Entry[])[] = [from];
  const common = Math.min(from.length, to.length);
  for (let i = 0; i < Math.max(from.length, to.length); i++) {
    const last = [...(states.at(-1) ?? [])];
    const [a, b] = [from[i], to[i]];
    if (i < common && a && b) {
      if (a.value === b.value && a.ttl === b.ttl) continue;
      last[i] = b;
      states.push(last);
    } else if (b) states.push([...last, b]);
    else if (a) states.push(last.filter((e) => e.value !== a.value));
  }
  return states;
}

function ttlOf(now: readonly Entry[], value: string): number {
  return now.find((e) => e.value === value)?.ttl ?? now[0]?.ttl ?? 3600;
}

function stepBetween(
  { zone, name, type }: SetWanted,
  from: readonly Entry[],
  to: readonly Entry[],
  live: readonly LiveRecord[],
): CallStep {
  const { now, next } = parametersByType[type] ?? address;
  const base = { zone, domain: name, type };
  const gone = from.find((e) => !to.some((t) => t.value === e.value && t.ttl === e.ttl));
  const come = to.find((e) => !from.some((f) => f.value === e.value && f.ttl === e.ttl));
  if (come === undefined)
    return { path: 'zones/records/delete', parameters: { ...base, [now]: gone?.value ?? '' } };
  const kept = settingsOf(live.find((r) => valueOfRecord(r) === gone?.value) ?? live[0], come.ttl);
  const hints = type === 'A' || type === 'AAAA' ? { updateSvcbHints: 'true' } : {};
  if (gone === undefined)
    return { path: 'zones/records/add', parameters: { ...base, [now]: come.value, ...kept, ...hints } };
  return {
    path: 'zones/records/update',
    parameters: { ...base, [now]: gone.value, [next]: come.value, ...kept, ...hints },
  };
}

/** What an update forgets unless it is sent again. */
function settingsOf(record: LiveRecord | undefined, ttl: number): Readonly<Record<string, string>> {
  return {
    ttl: String(ttl),
    comments: record?.comments ?? '',
    disable: String(record?.disabled ?? false),
    expiryTtl: String(record?.expiryTtl ?? 0),
  };
}

function isSameSet(a: readonly Entry[], b: readonly Entry[]): boolean {
  const key = (list: readonly Entry[]) =>
    list
      .map((e) => `${e.value} ${e.ttl}`)
      .sort()
      .join('|');
  return key(a) === key(b);
}

function describe(now: readonly Entry[]): string {
  return now.length === 0 ? 'absent' : now.map((e) => `${e.value} (TTL ${e.ttl})`).join(', ');
}
