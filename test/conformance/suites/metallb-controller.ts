/* Suite metallb-controller: configuration and Services shown to the controller one after the other. */

import { type Allocations, noAllocations, setPools, unassign } from '#dataplane/metallb/allocations.ts';
import { type Converged, converge, serviceKey } from '#dataplane/metallb/converge.ts';
import type { Ip } from '#net/ip.ts';
import { poolOf, serviceOf } from '../kube.ts';
import {
  type Answer,
  arrayOf,
  asObject,
  at,
  type Case,
  type Group,
  type JsonObject,
  sameJson,
  text,
} from '../vector.ts';

interface State {
  /** undefined: no configuration has been read. */
  readonly allocations: Allocations | undefined;
}

interface Seen {
  readonly after: State;
  readonly statusWritten: boolean;
  /** Every list that the status may come out as. */
  readonly ingresses: readonly (readonly Ip[])[];
  readonly warning: boolean;
  readonly syncState: string;
}

export function metallbController(group: Group, one: Case): Answer {
  const { pools, history } = group.setup;
  let state: State = { allocations: pools === null ? undefined : noAllocations(arrayOf(pools).map(poolOf)) };
  for (const action of arrayOf(history)) state = act(state, asObject(action)).after;
  const seen = act(state, asObject(one.all.action));
  const { after: _, ...got } = seen;
  return { isRight: isRight(seen, one.expect), got };
}

const nothing = { statusWritten: false, ingresses: [], warning: false } as const;

function act(state: State, action: JsonObject): Seen {
  const op = text(action.op);
  if (op === 'setPools') return withPools(state, action);
  if (op !== 'setBalancer') throw new Error(`unknown action ${op}`);
  const { allocations } = state;
  const key = text(action.service);
  if (action.serviceObject === null || action.serviceObject === undefined) {
    const after = { allocations: allocations && withoutService(allocations, key) };
    return { ...nothing, after, syncState: 'SyncStateReprocessAll' };
  }
  if (allocations === undefined) return { ...nothing, after: state, syncState: 'SyncStateSuccess' };
  return withService(allocations, named(asObject(action.serviceObject), key));
}

function withPools(state: State, action: JsonObject): Seen {
  if (action.pools === null) return { ...nothing, after: state, syncState: 'SyncStateErrorNoRetry' };
  const pools = arrayOf(action.pools).map(poolOf);
  const allocations = setPools(state.allocations ?? noAllocations([]), pools);
  return { ...nothing, after: { allocations }, syncState: 'SyncStateReprocessAll' };
}

/** The controller's key is the name alone in these tests; the model's has the namespace before it. */
function withoutService(allocations: Allocations, name: string): Allocations {
  const key = [...allocations.byService.keys()].find((k) => k.endsWith(`/${name}`));
  return key === undefined ? allocations : unassign(allocations, key);
}

/** Upstream's tests name the Service only in the controller's key. */
function named(o: JsonObject, key: string): JsonObject {
  const metadata = at(o, 'metadata') ?? {};
  return { ...o, metadata: { ...asObject(metadata), name: key } };
}

function withService(before: Allocations, o: JsonObject): Seen {
  const service = serviceOf(o);
  const statusIps = service.vips.map((v) => v.ip);
  const result = converge(before, service, statusIps);
  const allocations = result.outcomes[0]?.allocations ?? before;
  const key = serviceKey(service);
  const hasLost = before.byService.has(key) && !allocations.byService.has(key);
  const had = arrayOf(at(o, 'status', 'loadBalancer', 'ingress')).length;
  return {
    after: { allocations },
    statusWritten: isWritten(result, statusIps, had),
    ingresses: result.outcomes.map((i) => i.ips),
    warning: result.warnings.length > 0,
    syncState: hasLost ? 'SyncStateReprocessAll' : result.ok ? 'SyncStateSuccess' : 'SyncStateErrorNoRetry',
  };
}

/** The controller writes where the status would differ from what it was. */
function isWritten(result: Converged, statusIps: readonly Ip[], had: number): boolean {
  return had !== statusIps.length || result.outcomes.some((o) => !sameJson(o.ips, statusIps));
}

function isRight(seen: Seen, expect: JsonObject): boolean {
  return Object.entries(expect).every(([key, value]) => {
    switch (key) {
      case 'statusWritten':
        return seen.statusWritten === value;
      case 'warning':
        return seen.warning === value;
      case 'ingress':
        return seen.ingresses.length > 0 && seen.ingresses.every((i) => sameJson(i, value));
      case 'syncState':
        return text(value).startsWith('not ')
          ? seen.syncState !== text(value).slice('not '.length)
          : seen.syncState === value;
      default:
        throw new Error(`unknown expectation ${key}`);
    }
  });
}
