/*
 * Both addresses answer for a while: some client knows only one of them at any moment. What the goal's one move becomes
 * depends on who owns the new address for good (plan/address-owner.ts).
 */
import { type Reader, readerOver } from '#estate/estate.ts';
import type { AddressOwner } from './address-owner.ts';
import type { Because, SetChange, Setting } from './change.ts';
import { because, type DraftChange } from './draft.ts';
import { writesOf } from './patch.ts';
import type { Move } from './repoint.ts';
import { addSecond, moveItself, retireFirst } from './second-service.ts';
import type { MoveGoal } from './task.ts';

/** The changes that stand in for the move: another Service, and then the first one leaves, or takes the address over. */
export function bothAddresses(
  start: Reader,
  move: Move,
  goal: MoveGoal,
  owner: AddressOwner,
  why: Because,
): readonly DraftChange[] {
  const second = addSecond(start, move, goal.policy, why, owner);
  const leave = because(`${goal.service} is to leave ${move.from}`, 'goal', [move.service.evidence]);
  if (owner !== 'chart-service-later') return [second, retireFirst(start, move, leave)];
  return [second, removeSecond(second, move), takeOver(start, move, goal)];
}

/** The address is free again: it can be had by one Service only. */
function removeSecond(second: DraftChange, move: Move): DraftChange {
  const { namespace, name } = move.service.value;
  const settings = (second.change as SetChange).settings.map((s) => ({ ...s, before: s.after, after: null }));
  return {
    ...second,
    id: 'remove-second',
    title: `Remove Service ${namespace}/${name}-lb, so that ${move.to} is free`,
    phase: 'hand over',
    isInWindow: true,
    change: { kind: 'set', settings: settings as never },
    because: because(`two Services cannot serve the same ports on ${move.to}`, 'goal', [
      move.service.evidence,
    ]),
  };
}

/** The chart's own Service goes to the address that it could not have before. */
function takeOver(start: Reader, move: Move, goal: MoveGoal): DraftChange {
  const { namespace, name } = move.service.value;
  const why = because(`${goal.service} is to have ${move.to} for good, and to leave ${move.from}`, 'goal', [
    move.service.evidence,
  ]);
  return {
    ...moveItself(start, move, goal.policy, why),
    id: 'take-over',
    title: `Let ${namespace}/${name} take ${move.to} over (${goal.policy}), off ${move.from}`,
    phase: 'hand over',
    isInWindow: true,
  };
}

/** The changes of the Service itself, made anew over what earlier changes state about it first. */
export function remade(
  start: Reader,
  changes: readonly DraftChange[],
  move: Move,
  goal: MoveGoal,
): readonly DraftChange[] {
  const reader = readerOver(
    start,
    changes.filter(isStatement).flatMap((c) => statementWrites(start, c)),
  );
  const service = reader.get('service', move.service.key.slice('service:'.length)) ?? move.service;
  const now = { ...move, service };
  return changes.map((c) => {
    if (c.id === 'move-service' || c.id === 'take-over')
      return again(c, moveItself(reader, now, goal.policy, c.because));
    return c.id === 'retire-first' ? again(c, retireFirst(reader, now, c.because)) : c;
  });
}

function again(change: DraftChange, made: DraftChange): DraftChange {
  return { ...change, change: made.change, through: made.through };
}

function isStatement({ id, change }: DraftChange): boolean {
  return id === 'state-address' || (change.kind === 'set' && change.settings.every((s) => isStatedFirst(s)));
}

function statementWrites(start: Reader, { change }: DraftChange) {
  const written = change.kind === 'set' ? writesOf(start, change) : undefined;
  return written?.ok ? written.writes : [];
}

/** true: the text is written down as it is before anything is changed, and can be edited afterwards. */
export function isStatedFirst(setting: Setting): boolean {
  return setting.of === 'statedSetting' && (setting.after?.resource ?? '').startsWith('values of ');
}
