/*
 * A counterexample has a repair: a change that prevents it, at the place where it is needed. Each carries the failure as
 * its `because`. No repair means that only a person can decide.
 */
import type { Reader } from '#estate/estate.ts';
import { collectionsOf, type Fact, type FactKey } from '#estate/fact.ts';
import { type Reference, referencesTo } from '#estate/reference.ts';
import type { AddressOwner } from './address-owner.ts';
import { bothAddresses } from './both-addresses.ts';
import { answerText, because, type DraftChange } from './draft.ts';
import { keyOfSetting } from './patch.ts';
import type { Goal } from './plan.ts';
import { repairAllowlist, repairMiddleware } from './repair-access.ts';
import { stateAddress } from './repair-address.ts';
import { fetchSecret, freezeAndThaw, pinChart, publishElsewhere } from './repair-owner.ts';
import { stateValues } from './repair-values.ts';
import { type Move, repoint, slug } from './repoint.ts';
import { podsOf } from './settle-pods.ts';
import type { Refutation } from './verdict.ts';

export interface RepairContext {
  readonly start: Reader;
  readonly goal: Extract<Goal, { kind: 'move' }>;
  readonly move: Move;
  readonly style: 'additive' | 'in-place';
  /** Who has the new address at the end, where two Services answer for a while. */
  readonly owner: AddressOwner;
  /** What the flow's walk reads in the start. */
  readonly readsOf: (flow: NonNullable<Refutation['flow']>) => Pick<ReadonlySet<string>, 'has'>;
}

export type Changes = readonly DraftChange[];

/** The changes with the repair in its place; undefined where there is none. */
export function repair(context: RepairContext, changes: Changes, refuted: Refutation): Changes | undefined {
  const isEarly = refuted.invariant === 'consumers-served' || refuted.invariant === 'published-service';
  if (isEarly && context.style === 'additive' && changes.some((c) => c.id === 'move-service')) {
    return withBoth(context, changes, refuted);
  }
  const asked = stateAddress(context, changes, refuted);
  if (asked !== undefined) return asked;
  switch (refuted.invariant) {
    case 'credentials-reachable':
      return fetchSecret(context, changes, refuted);
    case 'chart-pinned':
      return pinChart(context, changes, refuted);
    case 'published-service':
      return publishElsewhere(context, changes, refuted);
    case 'protected-people-not-bannable':
      return repairAllowlist(context, changes, refuted);
    case 'consumers-served':
      return repointUnseen(context, changes, refuted);
    case 'nothing-reverted':
      return stateValues(context, changes, refuted) ?? freezeAndThaw(context, changes, refuted);
    default:
      return repairFlow(context, changes, refuted);
  }
}

function repairFlow(context: RepairContext, changes: Changes, refuted: Refutation): Changes | undefined {
  if (refuted.faultId?.startsWith('owner-applies'))
    return stateValues(context, changes, refuted) ?? freezeAndThaw(context, changes, refuted);
  if (context.style === 'additive' && changes.some((c) => c.id === 'move-service')) {
    return withBoth(context, changes, refuted);
  }
  if ((refuted.heldAnswers ?? []).length > 0) return waitOut(context, changes, refuted);
  return repointCulprit(context, changes, refuted) ?? repairMiddleware(context, changes, refuted);
}

/** Some client knows only one of the two addresses at any moment: both must answer for a while. */
function withBoth(context: RepairContext, changes: Changes, refuted: Refutation): Changes {
  const { start, move, goal, owner } = context;
  const why = because(refuted.says, refuted.invariant, [move.service.evidence]);
  return changes.flatMap((c) =>
    c.id === 'move-service' ? bothAddresses(start, move, goal, owner, why) : [c],
  );
}

/** A wait where the failing answer is still held: before the failing change, or after the one taken back. */
function waitOut(context: RepairContext, changes: Changes, refuted: Refutation): Changes | undefined {
  const longest = [...(refuted.heldAnswers ?? [])].sort((a, b) => b.seconds - a.seconds)[0];
  const failing = changes.findIndex((c) => c.id === refuted.at.after);
  if (longest === undefined || failing < 0) return undefined;
  const direction = refuted.at.direction;
  const isAdditive = context.style === 'additive';
  const at = isAdditive && direction === 'forward' ? beginOfWindow(changes, failing) : failing;
  const cut = direction === 'forward' && !isAdditive ? lastInWindow(changes, at) : undefined;
  const isWindow = !isAdditive && (refuted.invariant === 'window' || cut !== undefined);
  const place = direction === 'back' || isWindow ? (cut ?? at) + 1 : at;
  const near = direction === 'back' || isWindow ? changes[place] : changes[place - 1];
  const wait = waitChange(context, changes, changes[cut ?? at], longest, direction, refuted, isWindow);
  if (near?.change.kind !== 'wait' || near.change.direction !== direction)
    return inserted(changes, place, [wait]);
  if (near.change.for.seconds >= longest.seconds) return undefined;
  const { isInWindow: _, ...longer } = wait;
  const kept = { id: near.id, phase: near.phase, ...(near.isInWindow && { isInWindow: true }) };
  return changes.map((c) => (c === near ? { ...longer, ...kept } : c));
}

/**
 * A window in which the address only changes hands is no time to wait or to re-point in, and behind it is too late: both
 * come before it.
 */
function beginOfWindow(changes: Changes, at: number): number {
  const begin = changes.slice(0, at + 1).findIndex((c) => c.isInWindow);
  return begin < 0 ? at : begin;
}

/** What is held after a window is waited out inside it: names may fail there, and not behind it. */
function lastInWindow(changes: Changes, at: number): number | undefined {
  if (changes[at]?.isInWindow === true) return undefined;
  const last = changes.slice(0, at).findLastIndex((c) => c.isInWindow === true);
  return last < 0 || changes[last]?.change.kind === 'wait' ? undefined : last;
}

function waitChange(
  context: RepairContext,
  changes: Changes,
  beside: DraftChange | undefined,
  longest: { readonly record: FactKey; readonly seconds: number },
  direction: 'forward' | 'back',
  refuted: Refutation,
  isWindow: boolean,
): DraftChange {
  const name = answerText(context.start, longest.record);
  const back = direction === 'back' ? ' when rolling back' : '';
  return {
    id: unique(changes, `wait-${slug(name)}${direction === 'back' ? '-back' : ''}`),
    title: `Wait ${longest.seconds} s until no cache answers the other ${name}${back}`,
    phase: isWindow ? 'cut over' : isLeaving(beside) ? 're-point' : (beside?.phase ?? 're-point'),
    ...(beside?.isInWindow && isWindow && { isInWindow: true }),
    change: { kind: 'wait', direction, for: { kind: 'answers', ...longest } },
    through: { by: 'time', system: 'dns' },
    because: because(refuted.says, refuted.invariant),
  };
}

function isLeaving(change: DraftChange | undefined): boolean {
  return change?.phase === 'retire' || change?.phase === 'hand over';
}

const kinds = [
  'tunnelRule',
  'recordSet',
  'nameRule',
  'translation',
  'workload',
  'unmanagedHop',
  'mention',
  'portForward',
  'filterRule',
];

/** Of everything that points at the old address, what this flow read and nobody has re-pointed yet. */
function repointCulprit(context: RepairContext, changes: Changes, refuted: Refutation): Changes | undefined {
  const { flow } = refuted;
  if (flow === undefined || !leavesAddress(context)) return undefined;
  const reads = context.readsOf(flow);
  const culprits = openReferences(context, changes)
    .filter((r) => r.port === undefined || r.port === flow.port || r.kind === 'tunnelRule')
    .filter((r) => isRead(context.start, r, reads))
    .sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  return firstRepointed(context, changes, refuted, culprits);
}

/** Consumers that no flow stands for: node files, objects that are not interpreted. */
function repointUnseen(context: RepairContext, changes: Changes, refuted: Refutation): Changes | undefined {
  if (!leavesAddress(context)) return undefined;
  const unseen = openReferences(context, changes).filter(
    (r) => r.class === 'consumer' && r.kind === 'mention',
  );
  const named = unseen.filter((r) => refuted.says.includes(r.fact));
  return firstRepointed(context, changes, refuted, named.length > 0 ? named : unseen);
}

/** false: the goal leaves every address where it is, so nothing has to follow. */
function leavesAddress({ move }: RepairContext): boolean {
  return move.from !== move.to;
}

function openReferences(context: RepairContext, changes: Changes): readonly Reference[] {
  const id = context.move.service.key.slice('service:'.length);
  const written = new Set(changes.flatMap(keysWritten));
  return referencesTo(context.start, { kind: 'ip', ip: context.move.from }, { leaving: [id] }).filter(
    (r) => kinds.includes(r.kind) && r.state === 'would-break' && r.class !== 'prose' && !written.has(r.fact),
  );
}

export function keysWritten(change: DraftChange): readonly FactKey[] {
  return change.change.kind === 'wait' ? [] : change.change.settings.map(keyOfSetting);
}

function isRead(reader: Reader, r: Reference, reads: Pick<ReadonlySet<string>, 'has'>): boolean {
  if (reads.has(r.fact)) return true;
  const fact = reader.get(r.kind, r.fact.slice(r.kind.length + 1)) as Fact | undefined;
  if (fact?.kind === 'workload')
    return podsOf(reader, fact as Fact<'workload'>).some((p) => reads.has(p.key));
  return fact !== undefined && collectionsOf(fact.kind, fact.value).some((c) => reads.has(c));
}

function firstRepointed(
  context: RepairContext,
  changes: Changes,
  refuted: Refutation,
  culprits: readonly Reference[],
): Changes | undefined {
  for (const culprit of culprits) {
    const why = because(refuted.says, refuted.invariant);
    const done = repoint(context.start, culprit, context.move, why);
    if (done === undefined) continue;
    const known = new Set(changes.map((c) => c.id));
    const fresh = done.changes.filter((c) => !known.has(c.id));
    return placed(context, changes, fresh, refuted, done.isIndependent);
  }
  return undefined;
}

/** Before the change that breaks it; in place, what needs the new address comes after the move, inside the window. */
function placed(
  context: RepairContext,
  changes: Changes,
  fresh: Changes,
  refuted: Refutation,
  isIndependent: boolean,
): Changes {
  const early = fresh.filter((c) => isIndependent || c.phase === 'prepare');
  const late = fresh.filter((c) => !early.includes(c));
  const withEarly = inserted(changes, endOfPreparation(changes), early);
  const cut = withEarly.findIndex((c) => c.id === 'move-service');
  if (context.style === 'in-place' && cut >= 0) {
    const inWindow = late.map((c): DraftChange => ({ ...c, phase: 'cut over', isInWindow: true }));
    return inserted(withEarly, endOfWindow(withEarly, cut), inWindow);
  }
  const at = withEarly.findIndex((c) => c.id === refuted.at.after);
  const begin = beginOfWindow(withEarly, at);
  return inserted(withEarly, at < 0 ? withEarly.length : beforeWaits(withEarly, begin), late);
}

function endOfPreparation(changes: Changes): number {
  const at = changes.findIndex((c) => c.phase !== 'prepare');
  return at < 0 ? changes.length : at;
}

/** Waits right before the failing change wait for answers, which later re-pointing may hold as well. */
function beforeWaits(changes: Changes, at: number): number {
  let place = at;
  while (changes[place - 1]?.change.kind === 'wait' && isForwardWait(changes[place - 1])) place--;
  return place;
}

function isForwardWait(change: DraftChange | undefined): boolean {
  return change?.change.kind === 'wait' && change.change.direction === 'forward';
}

function endOfWindow(changes: Changes, cut: number): number {
  let end = cut + 1;
  while (changes[end]?.isInWindow && changes[end]?.change.kind !== 'wait') end++;
  return end;
}

export function inserted(changes: Changes, at: number, fresh: Changes): Changes {
  return [...changes.slice(0, at), ...fresh, ...changes.slice(at)];
}

export function unique(changes: Changes, id: string): string {
  for (let name = id, n = 2; ; name = `${id}-${n++}`) if (changes.every((c) => c.id !== name)) return name;
}
