/* Suite metallb-allocator: a sequence of requests, then one whose outcome is checked. */
import {
  type Allocated,
  allocateAny,
  allocateFromPool,
  type IpFamilies,
  type Wanted,
} from '#dataplane/metallb/allocate.ts';
import {
  type Allocations,
  assign,
  noAllocations,
  setPools,
  unassign,
} from '#dataplane/metallb/allocations.ts';
import { addressesInUse, poolCounters, poolSize } from '#dataplane/metallb/count.ts';
import type { Pool } from '#estate/metallb.ts';
import type { Ip } from '#net/ip.ts';
import { ip } from '#net/ip.ts';
import { poolOf, protocolOf, serviceOf } from '../kube.ts';
import {
  type Answer,
  arrayOf,
  asObject,
  at,
  type Case,
  type Group,
  type Json,
  type JsonObject,
  maybeText,
  sameJson,
  text,
  texts,
} from '../vector.ts';

interface Done {
  readonly ok: boolean;
  readonly reason?: string;
  /** Every list that it may come out as. */
  readonly lists: readonly (readonly Ip[])[];
  readonly after: Allocations;
}

export function metallbAllocator(group: Group, one: Case): Answer {
  let state = noAllocations(arrayOf(group.setup.pools).map(poolOf));
  for (const action of arrayOf(group.setup.history)) state = act(state, asObject(action)).after;
  const action = asObject(one.all.action);
  const done = act(state, action);
  const got = answerOf(done, one.expect, countedPool(group, action));
  return {
    isRight: isRight(done, got, one.expect),
    got: { ...got, ...(done.reason && { reason: done.reason }) },
  };
}

function act(state: Allocations, action: JsonObject): Done {
  const op = text(action.op);
  switch (op) {
    case 'assign': {
      const ips = texts(action.ips).map(ip);
      const result = assign(state, wantedOf(action), ips);
      return result.ok
        ? { ok: true, lists: [ips], after: result.allocations }
        : { ok: false, reason: result.reason, lists: [], after: state };
    }
    case 'allocate':
      return done(state, allocateAny(state, wantedOf(action)));
    case 'allocateFromPool':
      return done(state, allocateFromPool(state, wantedOf(action), text(action.pool)));
    case 'unassign':
      return { ok: true, lists: [], after: unassign(state, text(action.service)) };
    case 'setPools':
      return { ok: true, lists: [], after: setPools(state, arrayOf(action.pools).map(poolOf)) };
    case 'poolCount':
    case 'counters':
      return { ok: true, lists: [], after: state };
    default:
      throw new Error(`unknown action ${op}`);
  }
}

function done(before: Allocations, result: Allocated): Done {
  if (!result.ok) return { ok: false, reason: result.reason, lists: [], after: before };
  const lists = result.choices.map((c) => c.ips);
  return { ok: true, lists, after: result.choices[0]?.allocations ?? before };
}

function wantedOf(action: JsonObject): Wanted {
  const service = serviceOf(asObject(action.serviceObject ?? {}));
  return {
    service: text(action.service),
    namespace: service.namespace,
    labels: service.labels,
    ports: arrayOf(action.ports).map(
      (p) => `${protocolOf(at(p, 'proto'))}/${Number(at(p, 'port'))}` as const,
    ),
    key: { sharing: maybeText(action.sharingKey) ?? '', backend: maybeText(action.backendKey) ?? '' },
    families: familiesOf(maybeText(action.ipFamily) ?? 'ipv4'),
    policy: service.ipFamilyPolicy,
    primary: service.ipFamilies[0] ?? 4,
  };
}

function familiesOf(written: string): IpFamilies {
  if (written === 'ipv4' || written === 'ipv6' || written === 'dual') return written;
  throw new Error(`unknown ipFamily ${written}`);
}

/** The pool whose numbers are asked for: the one that the action names, else the first of the set-up. */
function countedPool(group: Group, action: JsonObject): string {
  const [first] = arrayOf(group.setup.pools).map(poolOf);
  return maybeText(action.pool) ?? first?.name ?? '';
}

function answerOf(done: Done, expect: JsonObject, counted: string): Record<string, unknown> {
  const pool = done.after.pools.find((p) => p.name === counted);
  const got: Record<string, unknown> = {};
  for (const key of Object.keys(expect)) {
    if (key === 'error') got[key] = !done.ok;
    if (key === 'ips' || key === 'everyIPIn') got[key] = done.lists;
    if (key === 'poolOf') got[key] = poolsOf(done.after, asObject(expect.poolOf ?? null));
    if (key === 'total' || key === 'ipv4' || key === 'ipv6')
      got[key] = String(pool ? poolSize(pool)[key] : 0);
    if (key === 'poolCapacity') got[key] = Number(pool ? poolSize(pool).total : 0);
    if (key === 'poolActive') got[key] = addressesInUse(done.after, counted).length;
    if (key === 'counters') got[key] = countersOf(done.after, pool);
  }
  return got;
}

function poolsOf(state: Allocations, wanted: JsonObject): JsonObject {
  return Object.fromEntries(Object.keys(wanted).map((s) => [s, state.byService.get(s)?.pool ?? '']));
}

/** A pool that is gone counts nothing. */
function countersOf(state: Allocations, pool: Pool | undefined): JsonObject {
  if (pool === undefined) {
    return { availableIPv4: 0, availableIPv6: 0, assignedIPv4: 0, assignedIPv6: 0 };
  }
  const c = poolCounters(state, pool);
  return {
    availableIPv4: Number(c.availableIpv4),
    availableIPv6: Number(c.availableIpv6),
    assignedIPv4: Number(c.assignedIpv4),
    assignedIPv6: Number(c.assignedIpv6),
  };
}

function isRight(done: Done, got: Record<string, unknown>, expect: JsonObject): boolean {
  return Object.entries(expect).every(([key, value]) => {
    if (key === 'ips') return done.lists.length > 0 && done.lists.every((l) => sameJson(l, value));
    if (key === 'everyIPIn') return done.lists.length > 0 && done.lists.flat().every((i) => isIn(i, value));
    if (key === 'total' || key === 'ipv4' || key === 'ipv6') return got[key] === String(value);
    return key in got && sameJson(got[key], value);
  });
}

function isIn(address: Ip, list: Json): boolean {
  return texts(list).map(ip).includes(address);
}
