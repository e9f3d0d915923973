/*
 * Writes record sets by dynamic update. The old set is a prerequisite of the update, so the server itself refuses it when
 * somebody else wrote in between; it happens as a whole or not at all. Read back at every authoritative server named.
 */
import type { Actuator, Observed, WriteOutcome } from '#apply/actuator.ts';
import type { RecordSet } from '#estate/dns.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import type { PlannedChange, Setting } from '#plan/change.ts';
import { type ApiFailure, afterParts, fetched, observedOf, writeOutcomeOf } from '../api-failure.ts';
import { ask, type DnsServer, update } from './api.ts';
import { classAny, classIn, classNone, dataOf, dataText, typeNumber, type WireRecord } from './wire.ts';

/** Servers of one view: the one that takes updates, and others that must show them. */
export interface ViewServers {
  readonly primary: DnsServer;
  readonly others: readonly DnsServer[];
}

interface Wanted {
  readonly view: string;
  readonly zone: string;
  readonly name: string;
  readonly type: string;
  readonly before: Partial<RecordSet> | null;
  readonly after: Partial<RecordSet> | null;
}
type Live = { readonly records: readonly WireRecord[] } | ApiFailure;
const rcodes: Readonly<Record<number, string>> = {
  1: 'FORMERR',
  2: 'SERVFAIL',
  4: 'NOTIMP',
  5: 'REFUSED: the key or address may not update this zone',
  6: 'YXDOMAIN',
  7: 'YXRRSET',
  8: 'NXRRSET',
  9: 'NOTAUTH',
  10: 'NOTZONE',
};
const conflicts = new Set([6, 7, 8, 3]);

/** The actuator of `dns/<name>`; `serversOf` gives the servers of a view ('' where there are none), undefined: not known. */
export class BindActuator implements Actuator {
  readonly name = 'bind9';
  readonly #system: string;
  readonly #serversOf: (view: string) => Promise<ViewServers | undefined>;

  constructor(system: string, serversOf: (view: string) => Promise<ViewServers | undefined>) {
    this.#system = system;
    this.#serversOf = serversOf;
  }

  can(system: string, setting: Setting): boolean {
    return system === this.#system && setting.of === 'recordSet' && setting.id.startsWith(`${system}|`);
  }

  async preflight(change: PlannedChange): Promise<readonly string[]> {
    try {
      const problems: string[] = [];
      for (const wanted of wantedOf(change)) problems.push(...(await this.#tryOut(wanted)));
      return problems;
    } catch (error) {
      if (!(error instanceof SightlineError)) throw error;
      return [messageOf(error)];
    }
  }

  /** An update of prerequisites alone: the server checks key and right, and changes nothing. */
  async #tryOut(wanted: Wanted): Promise<readonly string[]> {
    const servers = await this.#serversOf(wanted.view);
    if (servers === undefined) return [`no server is configured for view ${JSON.stringify(wanted.view)}`];
    const wrong = [wanted.before, wanted.after]
      .flatMap((s) => s?.values ?? [])
      .find((v) => dataOf(wanted.type, v) === undefined);
    if (wrong !== undefined) return [`${wanted.type} ${wrong} cannot be written here`];
    const tried = await update(servers.primary, wanted.zone, [], []);
    if (tried.kind === 'failed') return [tried.says];
    if (tried.rcode !== 0)
      return [`an update of ${wanted.zone} is answered ${rcodes[tried.rcode] ?? tried.rcode}`];
    const others = await Promise.all(servers.others.map((s) => ask(s, wanted.name, wanted.type)));
    return others.flatMap((o) => (o.kind === 'failed' ? [o.says] : []));
  }

  async observe(change: PlannedChange): Promise<Observed> {
    let isDone = true;
    for (const wanted of wantedOf(change)) {
      const servers = await this.#serversOf(wanted.view);
      if (servers === undefined)
        return { kind: 'other', says: `no server is configured for view ${JSON.stringify(wanted.view)}` };
      const live = await read(servers.primary, wanted);
      if ('kind' in live) return observedOf(live);
      const at = judge(wanted, live.records);
      if (typeof at !== 'string') return at;
      isDone &&= at === 'after' && (await this.#isShown(servers, wanted));
    }
    return { kind: isDone ? 'after' : 'before' };
  }

  async #isShown({ others }: ViewServers, wanted: Wanted): Promise<boolean> {
    const seen = await Promise.all(others.map((s) => read(s, wanted)));
    return seen.every((live) => !('kind' in live) && judge(wanted, live.records) === 'after');
  }

  async write(change: PlannedChange): Promise<WriteOutcome> {
    let written = 0;
    for (const wanted of wantedOf(change)) {
      const got = await fetched(() => this.#serversOf(wanted.view));
      if ('kind' in got) return afterParts(writeOutcomeOf(got), written);
      const servers = got.value;
      if (servers === undefined) return afterParts(noServer(wanted), written);
      const outcome = await this.#writeOne(servers.primary, wanted);
      if (outcome.kind !== 'written') return afterParts(outcome, written);
      written += 1;
    }
    return { kind: 'written' };
  }

  async #writeOne(server: DnsServer, wanted: Wanted): Promise<WriteOutcome> {
    const live = await read(server, wanted);
    if ('kind' in live) return writeOutcomeOf(live);
    const at = judge(wanted, live.records);
    if (at === 'after') return { kind: 'written' };
    if (at !== 'before') return { kind: 'conflict', says: at.says };
    const type = typeNumber(wanted.type) ?? 0;
    const base = { name: wanted.name, type, ttl: 0, data: Buffer.alloc(0) };
    const old = live.records.map((r): WireRecord => ({ ...base, class: classIn, data: r.data }));
    const absent: WireRecord = { ...base, class: classNone };
    const updates: WireRecord[] = [{ ...base, class: classAny }, ...newRecords(wanted, live.records)];
    const answer = await update(server, wanted.zone, old.length > 0 ? old : [absent], updates);
    if (answer.kind === 'failed') return writeOutcomeOf(answer);
    if (answer.rcode === 0) return { kind: 'written' };
    const says = `the update of ${wanted.name} ${wanted.type} is answered ${rcodes[answer.rcode] ?? answer.rcode}`;
    if (conflicts.has(answer.rcode)) return { kind: 'conflict', says: `${says}: somebody else changed it` };
    if (answer.rcode === 2) return { kind: 'unknown', says };
    return {
      kind: 'refused',
      says,
      hint: 'let the key update the zone (allow-update or update-policy), then resume',
    };
  }
}

function noServer({ view }: Wanted): WriteOutcome {
  const says = `view ${JSON.stringify(view)} has no server`;
  return { kind: 'refused', says, hint: 'name its key in sightline.yaml' };
}

async function read(server: DnsServer, { name, type }: Wanted): Promise<Live> {
  const answer = await ask(server, name, type);
  if (answer.kind === 'failed') return answer;
  // NXDOMAIN (3) is an answer: nothing has this name
  if (answer.rcode !== 0 && answer.rcode !== 3)
    return {
      kind: 'failed',
      mayHaveActed: false,
      says: `${name} ${type} is answered ${rcodes[answer.rcode] ?? answer.rcode}`,
    };
  return { records: answer.records.filter((r) => r.name === name && r.type === typeNumber(type)) };
}

function judge(
  wanted: Wanted,
  live: readonly WireRecord[],
): 'before' | 'after' | { readonly kind: 'other'; readonly says: string } {
  if (isSide(wanted, wanted.after, live)) return 'after';
  if (isSide(wanted, wanted.before, live)) return 'before';
  const text = live.map((r) => `${dataText(wanted.type, r.data)} (TTL ${r.ttl})`).join(', ');
  return { kind: 'other', says: `${wanted.name} ${wanted.type} is ${text || 'absent'}` };
}

function isSide({ type }: Wanted, side: Partial<RecordSet> | null, live: readonly WireRecord[]): boolean {
  if (side === null) return live.length === 0;
  if (live.length === 0) return false;
  const isTtl = side.ttlSeconds === undefined || live.every((r) => r.ttl === side.ttlSeconds);
  const wanted = side.values
    ?.map((v) => dataOf(type, v)?.toString('hex'))
    .sort()
    .join();
  return (
    isTtl &&
    (wanted === undefined ||
      wanted ===
        live
          .map((r) => r.data.toString('hex'))
          .sort()
          .join())
  );
}

function newRecords({ name, type, after }: Wanted, live: readonly WireRecord[]): readonly WireRecord[] {
  if (after === null) return [];
  const data = after.values?.map((v) => dataOf(type, v) ?? Buffer.alloc(0)) ?? live.map((r) => r.data);
  const ttl = after.ttlSeconds ?? live[0]?.ttl ?? 3600;
  return data.map((d) => ({ name, type: typeNumber(type) ?? 0, class: classIn, ttl, data: d }));
}

/** `server|view|zone|name|type`. */
function wantedOf(change: PlannedChange): readonly Wanted[] {
  if (change.change.kind !== 'set') return [];
  return change.change.settings.flatMap((s) => {
    const [, view = '', zone = '', name = '', type = ''] = s.id.split('|');
    return s.of === 'recordSet' ? [{ view, zone, name, type, before: s.before, after: s.after }] : [];
  });
}
