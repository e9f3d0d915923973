/* What the model expects between the stages of a plan, and which probes a plan is about. */
import { flowsOf, namesOf } from '#dataplane/flows.ts';
import { resolveName } from '#dataplane/resolve.ts';
import { type Reader, readerOver, type Write } from '#estate/estate.ts';
import type { Ip } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import { realWorld } from '#plan/real-world.ts';
import { simulate } from '#plan/simulate.ts';
import type { ProbeScope } from '#probe/probe-plan.ts';

/** The state after the changes, each with what follows by itself; undefined where one does not fit. */
export function readerAfterChanges(start: Reader, changes: readonly PlannedChange[]): Reader | undefined {
  const writes: Write[] = [];
  for (const change of changes) {
    const done = simulate(realWorld, readerOver(start, writes), change);
    if (!done.ok) return undefined;
    writes.push(...done.moves.flatMap((m) => m.writes));
  }
  return readerOver(start, writes);
}

/** Changes of the plan up to the end of the stage. */
export function changesUpTo(plan: Plan, stageId: string): readonly PlannedChange[] {
  const at = plan.stages.findIndex((s) => s.id === stageId);
  return plan.stages.slice(0, at + 1).flatMap((s) => s.changes);
}

/** Changes of the plan that were probed already when the stage's own gate comes. */
export function changesUpToLastGate(plan: Plan, stageId: string): readonly PlannedChange[] {
  const at = plan.stages.findIndex((s) => s.id === stageId);
  const last = plan.stages.slice(0, at).findLast((s) => s.gates.some((g) => g.kind === 'probes'));
  return last === undefined ? [] : changesUpTo(plan, last.id);
}

/** Addresses that Services of the plan have before and after, and the names that lead to them. */
export function scopeOfPlan(start: Reader, plan: Plan): ProbeScope {
  const changes = plan.stages.flatMap((s) => s.changes);
  const end = readerAfterChanges(start, changes) ?? start;
  const addresses = addressesOf(plan, [start, end]);
  return { flows: flowsOf(start), addresses, names: namesAt(addresses, [start, end]) };
}

function addressesOf(plan: Plan, states: readonly Reader[]): readonly Ip[] {
  const written = plan.stages
    .flatMap((s) => s.changes)
    .flatMap((c) => (c.change.kind === 'set' ? c.change.settings : []))
    .filter((s) => s.of === 'service')
    .map((s) => s.id);
  const moved = 'service' in plan.goal ? [plan.goal.service] : [];
  const ids = [...new Set([...written, ...moved])];
  const vips = states.flatMap((r) =>
    ids.flatMap((id) => r.get('service', id)?.value.vips.map((v) => v.ip) ?? []),
  );
  return [...new Set('ip' in plan.goal ? [plan.goal.ip, ...vips] : vips)];
}

/** Names that some vantage point finds at one of the addresses, before or after. */
function namesAt(addresses: readonly Ip[], states: readonly Reader[]): readonly DnsName[] {
  const [start] = states;
  if (start === undefined || addresses.length === 0) return [];
  const points = start.all('vantagePoint').filter((v) => v.value.kind !== 'tunnel-edge');
  const own = new Set<Ip>([...addresses, ...start.all('publicAddress').map((p) => p.value.ip)]);
  const isOurs = (reader: Reader, from: string, name: DnsName) =>
    resolveName(reader, from, name, 4).some((r) => r.ip !== undefined && own.has(r.ip));
  return namesOf(start).filter((name) => states.some((r) => points.some((p) => isOurs(r, p.value.id, name))));
}
