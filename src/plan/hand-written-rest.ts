/* Documents and waits of a person's plan. */
import type { Reader } from '#estate/estate.ts';
import { kindTable } from '#estate/kind-table.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import type { Change, PlannedChange } from './change.ts';
import { because } from './draft.ts';
import { unmetByMove } from './goal.ts';
import type { Written } from './hand-written-changes.ts';
import { repoint } from './repoint.ts';

/** Every line of the file that says the old address of the Service that moves. */
export function updateDocument(w: Written): PlannedChange | undefined {
  const file = String(w.data.path ?? '');
  const { reader, input } = w.context;
  if (reader.by('mention', 'file', file).length === 0) {
    return w.context.issue(
      [...w.path, 'path'],
      `the snapshot has no document ${file} that states an address`,
    );
  }
  const goal = {
    kind: 'move',
    service: w.move.service.key.slice(8),
    to: w.move.to,
    policy: 'local',
  } as const;
  const lines = unmetByMove(reader, input.start, goal, w.move).filter(
    (u) => u.reference?.evidence.file === file,
  );
  const made = lines.flatMap(
    (u) => (u.reference && repoint(reader, u.reference, w.move, because(u.says, u.code))?.changes) ?? [],
  );
  const settings = made.flatMap((c) => (c.change.kind === 'set' ? c.change.settings : []));
  return documentChange(w, `Update ${file}`, settings);
}

export function addDocument(w: Written): PlannedChange {
  return documentChange(w, `Add ${String(w.data.path ?? '')}`, []);
}

function documentChange(
  w: Written,
  title: string,
  settings: Extract<Change, { kind: 'set' }>['settings'],
): PlannedChange {
  const through = { by: 'operator', system: 'documents' } as const;
  return {
    id: w.id,
    title,
    change: { kind: 'set', settings },
    through,
    because: because('written in the plan', 'documents'),
  };
}

const longestSeconds = 31 * 86_400;

/** A wait lets answers end; the record is the last one that the plan touched, or the apex that it will touch. */
export function waitWritten(w: Written): PlannedChange | undefined {
  if (w.data.until !== undefined) return stragglersWritten(w);
  const { seconds } = w.data;
  if (typeof seconds !== 'number' || seconds <= 0 || seconds > longestSeconds)
    return w.context.issue([...w.path, 'seconds'], 'seconds are expected here, of 31 days at most');
  const record =
    w.context.reader.by('recordSet', 'value', w.move.from)[0] ??
    w.context.reader.by('recordSet', 'value', w.move.to)[0];
  if (record === undefined)
    return w.context.issue(w.path, 'no record holds the address, so there is nothing to wait for');
  const key = `recordSet:${kindTable.recordSet.id(record.value)}` as const;
  const title = `Wait ${seconds} s`;
  const change: Change = { kind: 'wait', for: { kind: 'answers', record: key, seconds } };
  return {
    id: w.id,
    title,
    change,
    through: { by: 'time', system: 'dns' },
    because: because(String(w.data.why ?? 'written in the plan'), 'goal'),
  };
}

/**
 * Until nobody was seen at the address for so long as its records are kept. Who is seen by what is the runner's business;
 * the wait lets those answers end that are not kept longer than this.
 */
function stragglersWritten(w: Written): PlannedChange | undefined {
  const { until, address, seconds } = w.data;
  if (until !== 'no-stragglers')
    return w.context.issue([...w.path, 'until'], 'no-stragglers is expected here');
  const ip = parseIp(String(address ?? ''));
  if (ip === undefined) return w.context.issue([...w.path, 'address'], 'an address is expected here');
  const least = typeof seconds === 'number' && seconds > 0 ? seconds : keptSeconds(w.context.input.start, ip);
  const change: Change = {
    kind: 'wait',
    for: { kind: 'stragglers', ip, seconds: least, seenBy: 'connection tracking of the nodes' },
  };
  return {
    id: w.id,
    title: `Wait until nobody came by ${ip} for ${least} s`,
    change,
    through: { by: 'time', system: 'dns' },
    because: because(String(w.data.why ?? 'written in the plan'), 'goal'),
  };
}

/** The longest TTL under which the address is told, and what a client may add to it. */
function keptSeconds(start: Reader, ip: Ip): number {
  const ttls = start.by('recordSet', 'value', ip).map((f) => f.value.ttlSeconds);
  const stale = start.get('durations', 'durations')?.value.maxStaleSeconds ?? 3600;
  return Math.max(0, ...ttls) + stale;
}
