/* Goals that one change reaches: the policy of a Service, and a tunnel that is to dial a Service by its name. */
import { readerOver, writeOf } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { dialled } from '#estate/reference-places.ts';
import type { Ip } from '#net/ip.ts';
import { because, type DraftChange, makeChange } from './draft.ts';
import { addressOf, type Unmet } from './goal.ts';
import { heldAt, shortName, tellClients, whyHeld } from './held-address.ts';
import { notFound, unreachable } from './move-task.ts';
import type { Goal } from './plan.ts';
import type { PlannerInput, PlanOutcome } from './planner.ts';
import { tunnelAtName } from './repoint.ts';
import { PlanSearch } from './search.ts';
import type { Task } from './task.ts';

/** The policy of a Service where it is; a shared address allows Local to none that serves other pods. */
export function planSetPolicy(input: PlannerInput, goal: Extract<Goal, { kind: 'set-policy' }>): PlanOutcome {
  const { start, world } = input;
  const service = start.get('service', goal.service);
  if (service === undefined) return notFound(start, goal.service);
  const ip = addressOf(service);
  if (ip === undefined) return unreachable(`${goal.service} has no address`, 'give it one first');
  if (service.value.externalPolicy === goal.policy)
    return unreachable(`the policy of ${goal.service} is ${goal.policy} already`, 'nothing is left to do');
  const wanted = { ...service.value, externalPolicy: goal.policy };
  const outcome = world.allocate(readerOver(start, [writeOf(start, 'service', wanted)]), wanted);
  if (outcome.kind === 'refused' || outcome.kind === 'cleared' || outcome.kind === 'assigned') {
    return wouldLose(input, service, ip, outcome.says);
  }
  const { namespace, name } = service.value;
  const first = makeChange(start, [{ fact: service, fields: { externalPolicy: goal.policy } }], {
    id: 'set-policy',
    title: `Set the policy of ${namespace}/${name} at ${ip} to ${goal.policy}`,
    phase: 'cut over',
    because: because(`${goal.service} is to have policy ${goal.policy}`, 'goal', [service.evidence]),
  });
  const task = taskOf(input, goal, { service, ip, policy: goal.policy }, [first], (now) => {
    const is = now.get('service', goal.service)?.value;
    if (is?.externalPolicy !== goal.policy)
      return [{ code: 'goal', says: `the policy of ${goal.service} is ${is?.externalPolicy}` }];
    return is.vips.some((v) => v.ip === ip) ? [] : [{ code: 'goal', says: `${goal.service} lost ${ip}` }];
  });
  return new PlanSearch(input, task).find();
}

/** Its address cannot be kept: one of its own is offered, unless something keeps it at this one. */
function wouldLose(input: PlannerInput, service: Fact<'service'>, ip: Ip, says: string): PlanOutcome {
  const held = heldAt(input, ip, [service]);
  const move = `an address of its own: --move ${shortName(service)}`;
  const nearest = held.length === 0 ? move : `${tellClients}: ${whyHeld(ip, held)}`;
  const shared = input.start.by('service', 'vip', ip).length > 1;
  const rule = shared
    ? `${ip} is shared, and sharing allows Local only to Services with the same pods: `
    : '';
  return unreachable(`${service.key.slice('service:'.length)} would lose ${ip}: ${rule}${says}`, nearest);
}

/** Rules of the tunnel that dial the Service by an address get its name instead. */
export function planRepointTunnel(
  input: PlannerInput,
  goal: Extract<Goal, { kind: 'repoint-tunnel' }>,
): PlanOutcome {
  const { start } = input;
  const service = start.get('service', goal.to);
  if (service === undefined) return notFound(start, goal.to);
  const tunnel = goal.tunnel.replace(/^tunnel\//, '');
  const rules = start.by('tunnelRule', 'tunnel', tunnel);
  if (rules.length === 0) {
    const known = [...new Set(start.all('tunnelRule').map((r) => r.value.tunnel))].join(', ');
    return unreachable(`there is no tunnel ${tunnel} in the snapshot`, known || 'the snapshot has no tunnel');
  }
  const hosts = addressesOf(service);
  const dials = (r: Fact<'tunnelRule'>) => hosts.some((ip) => dialled(r.value.service)?.host === ip);
  if (!rules.some(dials)) {
    const origins = [...new Set(rules.map((r) => r.value.service))].slice(0, 3).join(', ');
    const says = `no rule of tunnel ${tunnel} dials ${goal.to} by an address`;
    return unreachable(
      says,
      `its rules lead to ${origins}: nothing there depends on an address of ${goal.to}`,
    );
  }
  const ip = addressOf(service) ?? hosts[0];
  if (ip === undefined) return unreachable(`${goal.to} has no address`, 'give it one first');
  const why = because(`tunnel ${tunnel} is to follow ${goal.to} wherever it is`, 'goal', [service.evidence]);
  const first = tunnelAtName(start, tunnel, service, hosts, why);
  if (first === undefined) return unreachable(`tunnel ${tunnel} cannot be written`, 'its dashboard');
  const policy = service.value.externalPolicy;
  const task = taskOf(input, { ...goal, tunnel }, { service, ip, policy }, [first], (now) =>
    now
      .by('tunnelRule', 'tunnel', tunnel)
      .filter(dials)
      .map((r): Unmet => ({ code: 'goal', says: `${r.key} still dials ${r.value.service}` })),
  );
  return new PlanSearch(input, task).find();
}

function addressesOf({ value }: Fact<'service'>): readonly Ip[] {
  return [...value.vips.map((v) => v.ip), ...value.clusterIps, ...value.externalIps];
}

interface Kept {
  readonly service: Fact<'service'>;
  /** The address that it keeps. */
  readonly ip: Ip;
  readonly policy: 'local' | 'cluster';
}

/** A task in which no address is left. */
function taskOf(
  input: PlannerInput,
  goal: Goal,
  { service, ip, policy }: Kept,
  first: readonly DraftChange[],
  unmet: Task['unmet'],
): Task {
  const id = service.key.slice('service:'.length);
  return {
    kind: 'task',
    goal,
    asMove: { kind: 'move', service: id, to: ip, policy },
    move: { service, from: ip, to: ip },
    style: input.style === 'auto' ? 'additive' : input.style,
    owner: 'second-service',
    decisions: input.decisions ?? [],
    before: [],
    start: input.start,
    first: first.map((c) => (input.style === 'in-place' ? { ...c, isInWindow: true } : c)),
    unmet,
    scope: () => [],
    exceptions: () => [],
  };
}
