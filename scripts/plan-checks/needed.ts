/*
 * Whether a plan holds nothing that is not needed: each change is left out once, and each that prevents a failure is moved
 * behind what it protects. The proof, the goal or an end condition must notice.
 */
import type { Reader } from '#estate/estate.ts';
import type { Ip } from '#net/ip.ts';
import { rangeHas } from '#net/prefix.ts';
import type { PlannedChange } from '#plan/change.ts';
import { unmetByMove } from '#plan/goal.ts';
import type { Plan, Stage } from '#plan/plan.ts';
import { endOf } from '#plan/planner.ts';
import type { World } from '#plan/world.ts';
import { prove } from '#proof/prove.ts';
import type { ProofResult } from '#proof/result.ts';
import type { Session } from '#proof/session.ts';

export interface Needed {
  readonly wrong: readonly string[];
  /** `a before b`: moved behind b, a comes too late. */
  readonly order: readonly string[];
}

/** Changes that nobody would miss, and changes that may stand behind what they are for. */
export function neededIn(world: World, session: Session, plan: Plan): Needed {
  const wrong: string[] = [];
  const order: string[] = [];
  for (const change of plan.stages.flatMap((s) => s.changes)) {
    if (isGood(world, session, without(plan, change.id))) wrong.push(`${change.id} is not needed`);
    if (!prevents(change)) continue;
    const last = movedBehind(plan, change, undefined);
    const met = isUnmet(world, session, last) ? undefined : proof(session, last);
    if (met?.kind === 'proved') wrong.push(`${change.id} may come last`);
    const protects = met?.kind === 'refuted' ? protectedBy(plan, change, met) : undefined;
    if (protects === undefined) continue;
    if (isGood(world, session, movedBehind(plan, change, protects)))
      wrong.push(`${change.id} may stand behind ${protects}`);
    else order.push(`${change.id} before ${protects}`);
  }
  return { wrong, order };
}

/** Changes for the goal and for its end conditions have no place of their own. */
function prevents({ because }: PlannedChange): boolean {
  return !['goal', 'documents', 'monitors', 'durability', 'nothing-reverted'].includes(because.serves);
}

/** The change after which the failure is seen, where it stands behind this one in the plan. */
function protectedBy(
  plan: Plan,
  change: PlannedChange,
  { counterexample }: Extract<ProofResult, { kind: 'refuted' }>,
): string | undefined {
  const ids = plan.stages.flatMap((s) => s.changes.map((c) => c.id));
  const { after } = counterexample.at;
  const isLater = after !== undefined && ids.indexOf(after) > ids.indexOf(change.id);
  return isLater && counterexample.at.direction === 'forward' ? after : undefined;
}

/** The plan with the change right behind another one; undefined: at the end, in a stage of its own. */
function movedBehind(plan: Plan, change: PlannedChange, behind: string | undefined): Plan {
  const rest = without(plan, change.id);
  if (behind === undefined) {
    const last: Stage = { id: 'last', title: 'Last', changes: [change], gates: [] };
    return { ...rest, stages: [...rest.stages, last] };
  }
  const stages = rest.stages.flatMap((s): readonly Stage[] => {
    // the end of a window is when it must be over: behind it is behind its stage
    const isEnd = s.window !== undefined && s.changes.at(-1)?.id === behind;
    if (isEnd) return [s, { id: 'late', title: 'Late', changes: [change], gates: [] }];
    return [{ ...s, changes: s.changes.flatMap((c) => (c.id === behind ? [c, change] : [c])) }];
  });
  return { ...rest, stages };
}

function without(plan: Plan, id: string): Plan {
  const stages = plan.stages.map((s): Stage => ({ ...s, changes: s.changes.filter((x) => x.id !== id) }));
  return { ...plan, stages: stages.filter((s) => s.changes.length > 0) };
}

function isGood(world: World, session: Session, plan: Plan): boolean {
  return !isUnmet(world, session, plan) && proof(session, plan).kind === 'proved';
}

function proof(session: Session, plan: Plan): ProofResult {
  const quick = prove(session, plan, { faults: 0 });
  return quick.kind === 'proved' ? prove(session, plan, { faults: 1 }) : quick;
}

/** Asked of the goal itself, apart from the planner's own task where that is possible. */
function isUnmet(world: World, session: Session, plan: Plan): boolean {
  const start = session.views.base.reader;
  const changes = plan.stages.flatMap((s) => s.changes).map((x) => ({ ...x, phase: 'add' as const }));
  return unmetAt(start, endOf(world, start, changes), plan);
}

function unmetAt(start: Reader, end: Reader, { goal }: Plan): boolean {
  switch (goal.kind) {
    case 'move':
      return goal.to === 'auto' || moveUnmet(start, end, goal.service, goal.to, goal.policy);
    case 'set-policy':
      return end.get('service', goal.service)?.value.externalPolicy !== goal.policy;
    case 'split':
      return end.by('service', 'vip', goal.ip).length > 1 || textsLeft(start, end, goal.ip);
    case 'repoint-tunnel':
      return end.by('tunnelRule', 'tunnel', goal.tunnel).some((r) => dials(start, r.value.service, goal.to));
    case 'retire':
      return (
        end.by('service', 'vip', goal.ip).length > 0 ||
        end.all('pool').some((p) => p.value.ranges.some((r) => rangeHas(r, goal.ip))) ||
        textsLeft(start, end, goal.ip)
      );
    default:
      return goal satisfies never;
  }
}

function moveUnmet(start: Reader, end: Reader, id: string, to: Ip, policy: 'local' | 'cluster'): boolean {
  const service = start.get('service', id);
  const from = service?.value.vips[0]?.ip;
  if (service === undefined || from === undefined) return true;
  const goal = { kind: 'move', service: id, to, policy } as const;
  return unmetByMove(end, start, goal, { service, from, to }).length > 0;
}

/** Texts about a Service that left the address still say so, or no runbook says where it is. */
function textsLeft(start: Reader, end: Reader, ip: Ip): boolean {
  return start.by('service', 'vip', ip).some((f) => {
    const id = f.key.slice('service:'.length);
    const now = end.get('service', id)?.value.vips[0]?.ip;
    return now !== undefined && now !== ip && moveUnmet(start, end, id, now, f.value.externalPolicy);
  });
}

function dials(start: Reader, origin: string, service: string): boolean {
  const of = start.get('service', service)?.value;
  return [...(of?.vips.map((v) => v.ip) ?? []), ...(of?.clusterIps ?? [])].some((ip) => origin.includes(ip));
}
