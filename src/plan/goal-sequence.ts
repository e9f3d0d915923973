/* Goals that are several moves, one after the other: a shared address split, an address retired. Each begins where the last ends. */

import type { Fact } from '#estate/fact.ts';
import { referencesTo } from '#estate/reference.ts';
import { familyOf, type Ip, ipToNumber, numberToIp } from '#net/ip.ts';
import { type IpRange, rangeHas } from '#net/prefix.ts';
import { because, type DraftChange, makeChange } from './draft.ts';
import { type Held, heldAt, shortName, tellClients, whyHeld } from './held-address.ts';
import { type Begun, moveTask, unreachable } from './move-task.ts';
import type { Decision, Goal, Style } from './plan.ts';
import type { PlannerInput, PlanOutcome } from './planner.ts';
import { inStyle } from './prefer-style.ts';
import { slug } from './repoint.ts';
import { endOf, PlanSearch } from './search.ts';
import type { Task } from './task.ts';

/** Every Service on the address but one gets an address of its own, with the policy that it has. */
export function planSplit(
  input: PlannerInput,
  goal: Extract<Goal, { kind: 'split' }>,
  plan: PlanOther,
): PlanOutcome {
  const on = input.start.by('service', 'vip', goal.ip);
  if (on.length < 2) {
    const who = on[0] === undefined ? 'no Service has it' : `only ${idOf(on[0])} has it`;
    return unreachable(`${goal.ip} is not shared: ${who}`, 'nothing is left to do');
  }
  const held = heldAt(input, goal.ip, on);
  if (held.length > 1) return cannotLeave(input, goal.ip, on, held, plan);
  const stays = held[0]?.service ?? mostPointedAt(input, goal.ip, on);
  const leave = on.filter((f) => f !== stays);
  return sequence(input, goal, leave, [staysDecision(goal.ip, on, stays)]);
}

/** Nothing is left on the address, and no pool gives it out again. */
export function planRetire(
  input: PlannerInput,
  goal: Extract<Goal, { kind: 'retire' }>,
  plan: PlanOther,
): PlanOutcome {
  const on = input.start.by('service', 'vip', goal.ip);
  const pool = input.start.all('pool').find((f) => f.value.ranges.some((r) => rangeHas(r, goal.ip)));
  if (on.length === 0 && pool === undefined)
    return unreachable(
      `no Service has ${goal.ip} and no pool gives it out`,
      `sightline who SNAPSHOT ${goal.ip}`,
    );
  const held = heldAt(input, goal.ip, on);
  return held.length > 0 ? cannotLeave(input, goal.ip, on, held, plan) : sequence(input, goal, on, [], pool);
}

/** The planner, for another goal on the same start: what is offered has been planned. */
export type PlanOther = (goal: Goal) => PlanOutcome;

const mostOffered = 5;

/** Some stay: said why, and which of the others can go, each with the command that plans it. */
function cannotLeave(
  input: PlannerInput,
  ip: Ip,
  on: readonly Fact<'service'>[],
  held: readonly Held[],
  plan: PlanOther,
): PlanOutcome {
  const [only, ...others] = on;
  const who =
    others.length === 0 && only !== undefined
      ? `${shortName(only)} on ${ip}`
      : `${held.length} of the ${on.length} Services on ${ip}`;
  const free = on.filter((f) => held.every((h) => h.service !== f)).slice(0, mostOffered);
  const offers = free.flatMap((f) => offerOf(input, f, plan));
  const nearest =
    offers.length === 0
      ? tellClients
      : `${offers.join('; ')}${offers.length > 1 ? ' (one after the other, each from a new snapshot)' : ''}; the others stay at ${ip}`;
  return unreachable(`${who} cannot leave it: ${whyHeld(ip, held)}`, nearest);
}

/** The command that moves it with the policy that it has; nothing where that cannot be planned. */
function offerOf(input: PlannerInput, service: Fact<'service'>, plan: PlanOther): readonly string[] {
  const { externalPolicy: policy } = service.value;
  const outcome = plan({ kind: 'move', service: idOf(service), to: 'auto', policy });
  if (outcome.kind !== 'planned') return [];
  const { stages, style } = outcome.plan;
  const proved = stages.some((s) => s.window) ? style : `${style}, without a window`;
  const text = policy === 'local' ? 'Local' : 'Cluster';
  return [
    `sightline plan ${input.snapshot.path} --move ${shortName(service)} --policy ${text} (proved, ${proved})`,
  ];
}

function sequence(
  input: PlannerInput,
  goal: Goal,
  leave: readonly Fact<'service'>[],
  decisions: readonly Decision[],
  pool?: Fact<'pool'>,
): PlanOutcome {
  let state: Parts = {
    begun: { start: input.start, before: [] },
    decisions,
    style: input.style === 'in-place' ? 'in-place' : 'additive',
  };
  let outcome: PlanOutcome | undefined;
  for (const service of leave) {
    const part = inStyle(input, (styled) => partOf(styled, goal, service, state));
    outcome = part.outcome;
    if (part.next === undefined) return outcome;
    state = part.next;
  }
  if (pool === undefined || !('ip' in goal))
    return outcome ?? unreachable('nothing is to be moved', 'nothing');
  return new PlanSearch(input, poolTask(goal, state, pool, leave)).find();
}

/** What the parts so far have come to. */
interface Parts {
  readonly begun: Begun;
  readonly decisions: readonly Decision[];
  /** In place where one of the parts is. */
  readonly style: Style;
}

/** One Service moved, from where the last part ended; `next` is where it ends itself. */
function partOf(
  input: PlannerInput,
  goal: Goal,
  service: Fact<'service'>,
  { begun, decisions, style }: Parts,
): { readonly outcome: PlanOutcome; readonly next?: Parts } {
  const { externalPolicy: policy } = service.value;
  const own = moveTask(input, { kind: 'move', service: idOf(service), to: 'auto', policy }, begun);
  if (own.kind === 'unreachable') return { outcome: own };
  const planStyle = style === 'in-place' ? style : own.style;
  const task: Task = {
    ...own,
    goal,
    planStyle,
    decisions: [...decisions, ...named(own)],
    scope: () => [],
    exceptions: () => [],
  };
  const search = new PlanSearch(input, task);
  const outcome = search.find();
  if (outcome.kind !== 'planned') return { outcome };
  const done = after(input, begun, search.changes, idOf(service));
  return { outcome, next: { begun: done, decisions: task.decisions, style: planStyle } };
}

/** Ids of a part are told apart by its Service. */
function after(input: PlannerInput, begun: Begun, changes: readonly DraftChange[], service: string): Begun {
  const prefix = slug(service.split('/').slice(1).join('-'));
  const own = changes.map((c) => ({ ...c, id: `${prefix}-${c.id}` }));
  return { start: endOf(input.world, begun.start, changes), before: [...begun.before, ...own] };
}

function named(task: Task): readonly Decision[] {
  const { namespace, name } = task.move.service.value;
  return task.decisions.map((d) => ({ ...d, question: `${namespace}/${name}: ${d.question}` }));
}

/** The Service that most point at stays: that is the plan with the fewest changes. */
function mostPointedAt(
  input: PlannerInput,
  ip: Ip,
  on: readonly Fact<'service'>[],
): Fact<'service'> | undefined {
  const count = (f: Fact<'service'>) =>
    referencesTo(input.start, { kind: 'ip', ip }, { leaving: [idOf(f)] }).filter(
      (r) => r.state === 'would-break',
    ).length;
  return [...on].sort((a, b) => count(b) - count(a))[0];
}

function staysDecision(ip: Ip, on: readonly Fact<'service'>[], stays: Fact<'service'> | undefined): Decision {
  return {
    question: `Which Service keeps ${ip}?`,
    chosen: stays === undefined ? '' : idOf(stays),
    options: on.map((f) => ({ name: idOf(f), consequence: 'the others get an address of their own' })),
    by: 'default',
    because: 'most that states the address means this one, so the fewest things have to follow',
    evidence: stays === undefined ? [] : [stays.evidence],
  };
}

function poolTask(
  goal: Extract<Goal, { kind: 'retire' | 'split' }>,
  { begun: { start, before }, decisions, style }: Parts,
  pool: Fact<'pool'>,
  left: readonly Fact<'service'>[],
): Task {
  const ranges = pool.value.ranges.flatMap((r) => without(r, goal.ip));
  const change = makeChange(start, [{ fact: pool, fields: { ranges } }], {
    id: `pool-${slug(pool.value.name)}`,
    title: `Take ${goal.ip} out of pool ${pool.value.name}`,
    phase: 'finish',
    because: because(`no Service is to be given ${goal.ip} again`, 'goal', [pool.evidence]),
  });
  const [service] = left.length > 0 ? left : start.all('service');
  return {
    kind: 'task',
    goal,
    asMove: {
      kind: 'move',
      service: service === undefined ? '' : idOf(service),
      to: goal.ip,
      policy: 'cluster',
    },
    move: { service: service as Fact<'service'>, from: goal.ip, to: goal.ip },
    style,
    owner: 'second-service',
    decisions,
    before,
    start,
    first: [change],
    unmet: (now) =>
      now.get('pool', pool.key.slice('pool:'.length))?.value.ranges.some((r) => rangeHas(r, goal.ip)) === true
        ? [{ code: 'goal', says: `pool ${pool.value.name} still gives ${goal.ip} out` }]
        : [],
    scope: () => [],
    exceptions: () => [],
  };
}

function without(range: IpRange, ip: Ip): readonly IpRange[] {
  if (!rangeHas(range, ip)) return [range];
  const family = familyOf(ip);
  const n = ipToNumber(ip);
  const below = n > ipToNumber(range.first) ? [{ first: range.first, last: numberToIp(n - 1n, family) }] : [];
  const above = n < ipToNumber(range.last) ? [{ first: numberToIp(n + 1n, family), last: range.last }] : [];
  return [...below, ...above];
}

function idOf(service: Fact<'service'>): string {
  return service.key.slice('service:'.length);
}
