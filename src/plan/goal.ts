/*
 * Goals: whether one can be reached at all, when it is met, what it leaves alone, and the end conditions that belong to
 * it: documents that would be wrong, monitors that expect the old address.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { type Reference, referencesTo } from '#estate/reference.ts';
import type { Ip } from '#net/ip.ts';
import type { DraftChange } from './draft.ts';
import type { Goal, OutOfScope } from './plan.ts';
import type { Move } from './repoint.ts';
import { entryUnmet } from './runbook-entry.ts';

/** Something that is not so yet at the end of a plan. `reference` can be re-pointed. */
export interface Unmet {
  readonly code: 'goal' | 'documents' | 'monitors' | 'durability';
  readonly says: string;
  readonly reference?: Reference;
  /** What brings it about, where it is no reference. */
  readonly change?: DraftChange;
}

/** Conditions of a move that do not hold in the state. */
export function unmetByMove(
  reader: Reader,
  start: Reader,
  goal: Extract<Goal, { kind: 'move' }>,
  move: Move,
): readonly Unmet[] {
  return [
    ...placeUnmet(reader, goal, move),
    ...textsUnmet(reader, start, move),
    ...entryUnmet(reader, start, move),
    ...ttlsUnmet(reader, start),
  ];
}

function placeUnmet(reader: Reader, goal: Extract<Goal, { kind: 'move' }>, move: Move): readonly Unmet[] {
  const on = reader.by('service', 'vip', move.to);
  const own = on.find((f) => isSameBackend(f, move.service));
  if (own === undefined) return [{ code: 'goal', says: `${goal.service} is not at ${move.to}` }];
  if (on.length > 1) return [{ code: 'goal', says: `${move.to} is shared with other Services` }];
  if (own.value.externalPolicy !== goal.policy)
    return [{ code: 'goal', says: `the policy at ${move.to} is ${own.value.externalPolicy}` }];
  const left = reader.by('service', 'vip', move.from).find((f) => isSameBackend(f, move.service));
  return left === undefined ? [] : [{ code: 'goal', says: `${left.key} is still at ${move.from}` }];
}

/** Serves the same pods: the Service itself, or one that stands beside it. */
export function isSameBackend(a: Fact<'service'>, b: Fact<'service'>): boolean {
  const [x, y] = [a.value, b.value];
  if (x.cluster !== y.cluster || x.namespace !== y.namespace) return false;
  return x.name === y.name || JSON.stringify(x.selector ?? 0) === JSON.stringify(y.selector ?? 1);
}

/** TTLs that were lowered for the way are as before at the end. */
function ttlsUnmet(reader: Reader, start: Reader): readonly Unmet[] {
  return start.all('recordSet').flatMap((f): readonly Unmet[] => {
    const now = reader.get('recordSet', f.key.slice('recordSet:'.length))?.value.ttlSeconds;
    if (now === undefined || now === f.value.ttlSeconds) return [];
    return [{ code: 'durability', says: `the TTL of ${f.value.name} ${f.value.type} stays ${now} s` }];
  });
}

/** Texts and monitors about the Service that still say the old address. */
function textsUnmet(reader: Reader, start: Reader, move: Move): readonly Unmet[] {
  const id = move.service.key.slice('service:'.length);
  return referencesTo(reader, { kind: 'ip', ip: move.from }, { leaving: [id] }).flatMap(
    (r): readonly Unmet[] => {
      if (r.kind === 'monitor') return monitorUnmet(reader, start, r);
      if (r.kind !== 'mention' || r.class !== 'prose' || !isAboutService(reader, r, move)) return [];
      return [{ code: 'documents', says: `${r.evidence.file} still says ${move.from}`, reference: r }];
    },
  );
}

/** A monitor is wrong when the name that it watches has another address now. */
function monitorUnmet(reader: Reader, start: Reader, r: Reference): readonly Unmet[] {
  const monitor = reader.get('monitor', r.fact.slice('monitor:'.length))?.value;
  if (monitor === undefined || r.field !== 'expectsIp') return [];
  const answers = (at: Reader) =>
    at
      .all('recordSet')
      .some((f) => f.value.name === monitor.expectsName && f.value.values.includes(monitor.expectsIp));
  if (!answers(start) || answers(reader)) return [];
  return [
    { code: 'monitors', says: `monitor ${monitor.name} still expects ${monitor.expectsIp}`, reference: r },
  ];
}

/** The line names the Service, or one of its ports and no other Service of the cluster on the address. */
function isAboutService(reader: Reader, r: Reference, move: Move): boolean {
  const mention = reader.get('mention', r.fact.slice('mention:'.length))?.value;
  const text = (mention?.context ?? r.text).toLowerCase();
  const { name, namespace, ports } = move.service.value;
  if (hasWord(text, `${namespace}/${name}`) || hasWord(text, name)) return true;
  const others = reader.by('service', 'vip', move.from).map((f) => f.value);
  if (others.some((s) => s.name !== name && hasWord(text, s.name))) return false;
  return ports.some((p) => hasWord(text.replaceAll(move.from, ''), String(p.port)));
}

function hasWord(text: string, word: string): boolean {
  const at = text.indexOf(word.toLowerCase());
  if (at < 0) return false;
  return !/[a-z0-9]/.test(`${text[at - 1] ?? ' '}${text[at + word.length] ?? ' '}`);
}

/** What a move leaves alone: the others on the address, the tunnel, and the firewall beyond the Service's ports. */
export function scopeOfMove(
  reader: Reader,
  move: Move,
  allowed: ReadonlySet<FactKey>,
): readonly OutOfScope[] {
  const others = reader.by('service', 'vip', move.from).filter((f) => f.key !== move.service.key);
  const tunnel = reader.all('tunnelRule').map((f) => f.key);
  const ports = new Set(move.service.value.ports.map((p) => p.port));
  const firewall = [...reader.all('portForward'), ...reader.all('filterRule')].filter((f) => {
    const { destinationPort } = f.value.match;
    return destinationPort.kind !== 'range' || !ports.has(destinationPort.range.first);
  });
  const kept = (keys: readonly FactKey[]) => keys.filter((k) => !allowed.has(k));
  return [
    { what: `the other Services on ${move.from}`, keys: kept(others.map((f) => f.key)) },
    { what: 'the path of the proxied applications', keys: kept(tunnel) },
    { what: 'the firewall beyond the ports of the Service', keys: kept(firewall.map((f) => f.key)) },
  ];
}

export function addressOf(service: Fact<'service'>): Ip | undefined {
  return service.value.vips[0]?.ip;
}
