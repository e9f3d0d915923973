/* Writes values, TTL and proxying of records in one Cloudflare zone, one record a call, found by name, type and old value. */
import type { Actuator, Observed, WriteOutcome } from '#apply/actuator.ts';
import type { RecordSet } from '#estate/dns.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import { parseIp } from '#net/ip.ts';
import type { PlannedChange, Setting } from '#plan/change.ts';
import { type ApiFailure, afterParts, observedOf, writeOutcomeOf } from '../api-failure.ts';
import type { CloudflareApi, DnsRecord } from './api.ts';

/** Automatic, which is answered as 300 seconds. */
const automatic = 1;
const automaticSeconds = 300;

interface Wanted {
  readonly zone: string;
  readonly name: string;
  readonly type: string;
  readonly before: Partial<RecordSet>;
  readonly after: Partial<RecordSet>;
}

type Read = { readonly zone: string; readonly records: readonly DnsRecord[] } | ApiFailure;

export class CloudflareDnsActuator implements Actuator {
  readonly name = 'cloudflare-dns';
  readonly #system: string;
  readonly #api: CloudflareApi;

  constructor(system: string, api: CloudflareApi) {
    this.#system = system;
    this.#api = api;
  }

  can(system: string, setting: Setting): boolean {
    return system === this.#system && setting.of === 'recordSet' && setting.id.startsWith(`${system}|`);
  }

  async preflight(change: PlannedChange): Promise<readonly string[]> {
    try {
      const problems: string[] = [];
      for (const w of wantedOf(change)) {
        if (typeof w === 'string') problems.push(w);
        else {
          const read = await this.#read(w);
          if ('kind' in read) problems.push(read.says);
        }
      }
      return problems;
    } catch (error) {
      if (!(error instanceof SightlineError)) throw error;
      return [messageOf(error)];
    }
  }

  async observe(change: PlannedChange): Promise<Observed> {
    let isDone = true;
    for (const w of wantedOf(change)) {
      if (typeof w === 'string') return { kind: 'other', says: w };
      const read = await this.#read(w);
      if ('kind' in read) return observedOf(read);
      const left = callsLeft(w, read.records);
      if (typeof left === 'string') return { kind: 'other', says: left };
      isDone &&= left.length === 0;
    }
    return { kind: isDone ? 'after' : 'before' };
  }

  /** Records as they are: automatic TTL and 300 seconds are the same fact, and not the same record. */
  async backup(change: PlannedChange): Promise<string> {
    const kept: DnsRecord[] = [];
    for (const w of wantedOf(change)) {
      const read = typeof w === 'string' ? undefined : await this.#read(w);
      if (read !== undefined && 'kind' in read)
        throw new SightlineError('no-backup', `what is there cannot be kept: ${read.says}`);
      kept.push(...(read?.records ?? []));
    }
    return JSON.stringify(kept.map(({ id, ttl }) => ({ id, ttl })));
  }

  async write(change: PlannedChange, backup?: string): Promise<WriteOutcome> {
    const kept = JSON.parse(backup ?? '[]') as readonly Pick<DnsRecord, 'id' | 'ttl'>[];
    let written = 0;
    for (const w of wantedOf(change)) {
      if (typeof w === 'string')
        return afterParts({ kind: 'refused', says: w, hint: 'make a new plan' }, written);
      const read = await this.#read(w);
      if ('kind' in read) return afterParts(writeOutcomeOf(read), written);
      const left = callsLeft(w, read.records);
      if (typeof left === 'string') return afterParts({ kind: 'conflict', says: left }, written);
      for (const { id, change: fields } of left) {
        const ttl = kept.find((k) => k.id === id)?.ttl;
        const exact = fields.ttl !== undefined && ttl !== undefined ? { ...fields, ttl } : fields;
        const answer = await this.#api.changeRecord(read.zone, id, exact);
        if (answer.kind === 'failed') return afterParts(writeOutcomeOf(answer), written);
        written += 1;
      }
    }
    return { kind: 'written' };
  }

  async #read({ zone, name, type }: Wanted): Promise<Read> {
    const zones = await this.#api.zones(zone);
    if (zones.kind === 'failed') return zones;
    const id = zones.result[0]?.id;
    if (id === undefined)
      return {
        kind: 'failed',
        mayHaveActed: false,
        status: 404,
        says: `Cloudflare shows no zone ${zone} to this token`,
      };
    const records = await this.#api.records(id, name, type);
    return records.kind === 'failed' ? records : { zone: id, records: records.result };
  }
}

/** `server|view|zone|name|type`. */
function wantedOf(change: PlannedChange): readonly (Wanted | string)[] {
  if (change.change.kind !== 'set') return ['a wait is never written'];
  return change.change.settings.map((s) => {
    const [, , zone = '', name = '', type = ''] = s.id.split('|');
    if (s.of !== 'recordSet' || s.before === null || s.after === null)
      return `${s.id}: records are changed here, not made or removed`;
    const [before, after] = [s.before, s.after] as [Partial<RecordSet>, Partial<RecordSet>];
    if (before.values !== undefined && before.values.length !== after.values?.length)
      return `${s.id}: the number of records changes`;
    return { zone, name, type, before, after };
  });
}

interface RecordCall {
  readonly id: string;
  readonly change: Partial<DnsRecord>;
}

/** Calls that are left of the change; a text: somebody else wrote. */
function callsLeft(
  { name, type, before, after }: Wanted,
  records: readonly DnsRecord[],
): readonly RecordCall[] | string {
  const free = [...records];
  const values = before.values ?? records.map(contentOf);
  const calls: RecordCall[] = [];
  for (const [i, value] of values.entries()) {
    const wanted = after.values?.[i] ?? value;
    const at = free.findIndex((r) => [value, wanted].includes(contentOf(r)) && isEither(r, before, after));
    const record = free.splice(at < 0 ? free.length : at, 1)[0];
    if (record === undefined)
      return `${name} ${type} is ${records.map((r) => `${r.content} (TTL ${r.ttl})`).join(', ') || 'absent'}`;
    const change = changeOf(record, value, wanted, after);
    if (Object.keys(change).length > 0) calls.push({ id: record.id, change });
  }
  return free.length > 0
    ? `${name} ${type} has other values as well: ${free.map((r) => r.content).join(', ')}`
    : calls;
}

function isEither(record: DnsRecord, before: Partial<RecordSet>, after: Partial<RecordSet>): boolean {
  const fits = (side: Partial<RecordSet>) =>
    (side.ttlSeconds === undefined || side.ttlSeconds === secondsOf(record)) &&
    (side.isProxied === undefined || side.isProxied === (record.proxied ?? false));
  return fits(before) || fits(after);
}

function changeOf(
  record: DnsRecord,
  value: string,
  wanted: string,
  after: Partial<RecordSet>,
): Partial<DnsRecord> {
  const { ttlSeconds, isProxied } = after;
  return {
    ...(value !== wanted && contentOf(record) !== wanted && { content: wanted }),
    ...(ttlSeconds !== undefined && ttlSeconds !== secondsOf(record) && { ttl: ttlSeconds }),
    ...(isProxied !== undefined && isProxied !== (record.proxied ?? false) && { proxied: isProxied }),
  };
}

function secondsOf(record: DnsRecord): number {
  return record.ttl === automatic ? automaticSeconds : record.ttl;
}

function contentOf(record: DnsRecord): string {
  return (
    parseIp(record.content) ??
    (record.type === 'TXT' ? record.content : record.content.toLowerCase().replace(/\.$/, ''))
  );
}
