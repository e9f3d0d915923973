/* The goal that a Service gets an address of its own, as a task for the search. */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import { chooseAddress, whyTaken } from './address.ts';
import { chooseOwner } from './address-owner.ts';
import { decisionsOf, exceptions } from './decisions.ts';
import { because, type DraftChange } from './draft.ts';
import { addressOf, scopeOfMove, unmetByMove } from './goal.ts';
import { dialledByAddress, heldAt, tellClients, whyHeld } from './held-address.ts';
import type { PlannerInput, Unreachable } from './planner.ts';
import { moveItself } from './second-service.ts';
import type { MoveGoal, Task } from './task.ts';

/** Where the move begins, when it is one part of a longer plan. */
export interface Begun {
  readonly start: Reader;
  readonly before: readonly DraftChange[];
}

/** The task, or why the Service cannot have what the goal asks for. */
export function moveTask(
  input: PlannerInput,
  goal: MoveGoal,
  { start, before }: Begun = { start: input.start, before: [] },
): Task | Unreachable {
  const service = start.get('service', goal.service);
  if (service === undefined) return notFound(start, goal.service);
  const from = addressOf(service);
  if (from === undefined) {
    return unreachable(`${goal.service} has no address to move from`, 'give it one first');
  }
  const flow = dialledByAddress({ world: input.world, start }, from, service);
  if (flow !== undefined)
    return unreachable(
      `${goal.service} cannot leave ${from}: ${whyHeld(from, heldAt({ world: input.world, start }, from, [service]))}`,
      tellClients,
    );
  const target = targetOf({ ...input, start }, service, goal.to);
  if (!target.ok) return unreachable(target.says, nearestAddress({ ...input, start }, service));
  const chosen = chooseOwner(start, service, input.owner);
  if (!chosen.ok) return unreachable(chosen.says, chosen.nearest);
  const move = { service, from, to: target.ip };
  const asMove = { ...goal, to: target.ip };
  const style = input.style === 'auto' ? 'additive' : input.style;
  const why = because(`${goal.service} is to have ${move.to} for itself`, 'goal', [service.evidence]);
  const moved = moveItself(start, move, goal.policy, why);
  return {
    kind: 'task',
    goal: asMove,
    asMove,
    move,
    style,
    owner: chosen.owner,
    decisions: decisionsOf({ ...input, start, goal }, service, style, target, chosen.decision),
    before,
    start,
    first: [style === 'in-place' ? { ...moved, isInWindow: true } : moved],
    unmet: (reader) => unmetByMove(reader, start, asMove, move),
    scope: (written) => scopeOfMove(start, move, written),
    exceptions: (written) => exceptions(start, move, written),
  };
}

export function unreachable(says: string, nearest: string): Unreachable {
  return { kind: 'unreachable', says, nearest };
}

interface Target {
  readonly ok: true;
  readonly ip: Ip;
  readonly says: string;
}

function targetOf(
  input: PlannerInput,
  service: Fact<'service'>,
  to: Ip | 'auto',
): Target | { ok: false; says: string } {
  const { world, start } = input;
  if (to === 'auto') return chooseAddress(world, start, service.value);
  const taken = whyTaken(world, start, service.value, to);
  return taken === undefined
    ? { ok: true, ip: to, says: `${to} is free` }
    : { ok: false, says: `${to} cannot be used: ${taken}` };
}

/** What can be had where the address cannot: the first one that is free. */
function nearestAddress({ world, start }: PlannerInput, service: Fact<'service'>): string {
  if (start.by('pool', 'cluster', service.value.cluster).length === 0)
    return "nothing here: only MetalLB's pools are understood, and the snapshot has none of them";
  const free = chooseAddress(world, start, service.value);
  return free.ok ? `--to ${free.ip}: ${free.says}` : 'a larger pool, or an address in it given up';
}

export function notFound(start: Reader, service: string): Unreachable {
  const name = service.split('/').at(-1) ?? '';
  const like = start
    .all('service')
    .map((f) => f.key.slice('service:'.length))
    .filter((k) => k.endsWith(`/${name}`));
  const nearest = like.length > 0 ? `did you mean ${like.join(' or ')}?` : 'name a Service of the snapshot';
  return unreachable(`there is no Service ${service} in the snapshot`, nearest);
}
