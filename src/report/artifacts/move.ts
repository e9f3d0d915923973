/* What a plan moves, in a few words: the Service, its addresses, who follows it, who stays. */
import type { Reader } from '#estate/estate.ts';
import type { Service } from '#estate/kubernetes.ts';
import { policyName } from '#estate/service-manifest.ts';
import type { SettingOf, WritableKind } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';

/** Shaped as the documents' editor takes it. */
export interface MoveSummary {
  readonly service: string;
  readonly newService: string;
  readonly cluster: string;
  readonly from: string;
  readonly to: string;
  readonly policy: { readonly before: string; readonly after: string };
  readonly ports: readonly number[];
  readonly stays: readonly string[];
  readonly names: readonly string[];
  readonly aliases: readonly { readonly before: string; readonly after: string }[];
}

/** undefined: the plan is no move, or its Service is not in the estate. */
export function moveOf(plan: Plan, reader: Reader): MoveSummary | undefined {
  const { goal } = plan;
  if (goal.kind !== 'move') return undefined;
  const service = reader.get('service', goal.service)?.value;
  const from = service?.vips[0]?.ip;
  if (service === undefined || from === undefined || goal.to === 'auto') return undefined;
  const made = settingsOf(plan, 'service');
  const isGone = (id: string) => made.some((s) => s.id === id && s.after === null);
  const second = made.find((s) => s.before === null && !isGone(s.id))?.after as Service | undefined;
  const stays = reader.by('service', 'vip', from).filter((f) => f.key !== `service:${goal.service}`);
  return {
    service: nameOf(service),
    newService: second === undefined ? nameOf(service) : nameOf(second),
    cluster: service.cluster,
    from,
    to: goal.to,
    policy: { before: policyName(service.externalPolicy), after: policyName(goal.policy) },
    ports: [...new Set(service.ports.map((p) => p.port))],
    stays: stays.map((f) => nameOf(f.value)).sort(),
    names: recordNames(plan, reader, goal.to),
    aliases: aliasesOf(plan, reader),
  };
}

/** true: the plan moves what is protected, so its address is not what must answer; its names are. */
export function isMoved(move: MoveSummary | undefined, { service }: { readonly service?: string }): boolean {
  return move !== undefined && service === move.service;
}

/** Every setting of one kind that the plan writes. */
export function settingsOf<K extends WritableKind>(plan: Plan, kind: K): readonly SettingOf<K>[] {
  const changes = plan.stages.flatMap((s) => s.changes);
  return changes.flatMap((c) =>
    c.change.kind === 'set' ? c.change.settings.filter((s): s is never => s.of === kind) : [],
  );
}

function nameOf(service: Pick<Service, 'namespace' | 'name'>): string {
  return `${service.namespace}/${service.name}`;
}

function recordNames(plan: Plan, reader: Reader, to: string): readonly string[] {
  const names = settingsOf(plan, 'recordSet').flatMap((s) => {
    const name = reader.get('recordSet', s.id)?.value.name;
    return name !== undefined && s.after?.values?.includes(to) ? [name] : [];
  });
  return [...new Set(names)];
}

function aliasesOf(plan: Plan, reader: Reader): MoveSummary['aliases'] {
  const pairs = settingsOf(plan, 'portForward').flatMap((s) => {
    const before = s.before?.target;
    const after = s.after?.target;
    return before !== undefined && after !== undefined ? [{ before, after }] : [];
  });
  return pairs.filter(
    (p, i) =>
      pairs.findIndex((q) => q.before === p.before) === i &&
      reader.all('alias').some((a) => a.value.name === p.before),
  );
}
