/*
 * What MetalLB's controller makes of one Service (controller/service.go: convergeBalancer, allocateIPs): it keeps the
 * addresses of the status where they still fit, else clears them and allocates anew.
 */
import type { Labels, Service } from '#estate/kubernetes.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import {
  type Allocated,
  addFamily,
  allocateAny,
  allocateFromPool,
  familiesOf,
  type Wanted,
} from './allocate.ts';
import { type Allocations, assign, unassign } from './allocations.ts';
import { desiredIps } from './desired.ts';
import { portKey, sharingKeyOf } from './sharing.ts';

/** One way that the Service may come out of it. */
export interface Outcome {
  /** status.loadBalancer.ingress afterwards, in its order; empty: it has no address. */
  readonly ips: readonly Ip[];
  readonly pool?: string;
  readonly allocations: Allocations;
}

export interface Converged {
  /** false: it could not be given what it needs, and waits. */
  readonly ok: boolean;
  /** Several where upstream leaves the order of pools undefined; never empty. */
  readonly outcomes: readonly Outcome[];
  /** Warning events, in the order they come. */
  readonly warnings: readonly string[];
  /** Why addresses of the status were taken away; undefined: none were. */
  readonly cleared?: string;
}

/** Converges the Service; `statusIps` are the addresses of its status. */
export function converge(
  allocations: Allocations,
  service: Service,
  statusIps: readonly Ip[],
  namespaceLabels?: Labels,
): Converged {
  const key = serviceKey(service);
  const empty = unassign(allocations, key);
  const gone = (reason: string, ok: boolean, warnings: readonly string[] = []): Converged => ({
    ok,
    outcomes: [{ ips: [], allocations: empty }],
    warnings,
    ...(statusIps.length > 0 && { cleared: reason }),
  });
  if (service.type !== 'LoadBalancer') return gone('it is not a LoadBalancer', true);
  if (allocations.pools.length === 0) return gone('there is no pool', false);
  if (service.clusterIps.length === 0) return gone('it has no ClusterIP', false);
  if (service.ipFamilyPolicy === 'RequireDualStack' && service.clusterIps.length < 2) {
    const reason = 'it requires two families and has one ClusterIP';
    return gone(reason, false, [reason]);
  }
  const families = familiesOf(service.clusterIps);
  if (families === undefined) return malformed(allocations, service, statusIps);
  const wanted = wantedBy(service, families, namespaceLabels);
  const kept = keepStatus(allocations, service, wanted, statusIps);
  if (kept.isFinal) return kept.converged;
  return finish(kept.allocations, service, wanted, kept);
}

export function serviceKey(service: Pick<Service, 'namespace' | 'name'>): string {
  return `${service.namespace}/${service.name}`;
}

/** What a Service asks of the pools. */
export function wantedBy(service: Service, families: Wanted['families'], namespaceLabels?: Labels): Wanted {
  return {
    service: serviceKey(service),
    namespace: service.namespace,
    labels: service.labels,
    ...(namespaceLabels !== undefined && { namespaceLabels }),
    ports: service.ports.map(portKey),
    key: sharingKeyOf(service),
    families,
    policy: service.ipFamilyPolicy,
    primary: service.ipFamilies[0] ?? familyOf(service.clusterIps[0] ?? ('0.0.0.0' as Ip)),
  };
}

type Kept =
  | { readonly isFinal: true; readonly converged: Converged }
  | {
      readonly isFinal: false;
      readonly allocations: Allocations;
      /** What it may keep; empty: it must be given something. */
      readonly ips: readonly Ip[];
      readonly pool?: string;
      readonly warnings: readonly string[];
      readonly cleared?: string;
    };

function keepStatus(before: Allocations, service: Service, wanted: Wanted, ips: readonly Ip[]): Kept {
  const empty = unassign(before, wanted.service);
  const warnings = ips.length > 0 && familiesOf(ips) === undefined ? ['the status has no family'] : [];
  const drop = (reason: string): Kept => ({
    isFinal: false,
    allocations: empty,
    ips: [],
    warnings,
    cleared: reason,
  });
  if (ips.length === 0) return { isFinal: false, allocations: empty, ips, warnings };
  if (hasFamilyChanged(ips, wanted)) return drop('its addresses are not of its families');
  const pool = service.requestedPool ?? '';
  const assigned = assign(before, wanted, ips, pool);
  if (!assigned.ok) return drop(assigned.reason);
  if (pool !== '' && !assigned.pools.includes(pool)) {
    return drop(`pool ${pool} is asked for`);
  }
  const desired = desiredIps(service);
  if (!desired.ok) return invalid(assigned.allocations, ips, desired.reason, warnings);
  if (desired.ips.length > 0 && !sameIps(desired.ips, ips))
    return drop(`${desired.ips.join(', ')} is asked for`);
  return { isFinal: false, allocations: assigned.allocations, ips, pool: assigned.pool, warnings };
}

function invalid(
  allocations: Allocations,
  ips: readonly Ip[],
  reason: string,
  before: readonly string[],
): Kept {
  const converged = { ok: false, outcomes: [{ ips, allocations }], warnings: [...before, reason] };
  return { isFinal: true, converged };
}

/** More than one address of a family as ClusterIPs: upstream warns and stops, or fails to allocate. */
function malformed(allocations: Allocations, service: Service, ips: readonly Ip[]): Converged {
  const after = ips.length === 0 ? unassign(allocations, serviceKey(service)) : allocations;
  return {
    ok: false,
    outcomes: [{ ips, allocations: after }],
    warnings: ['the family of its ClusterIPs cannot be told'],
  };
}

function finish(
  allocations: Allocations,
  service: Service,
  wanted: Wanted,
  kept: Extract<Kept, { isFinal: false }>,
): Converged {
  const notes = { ...(kept.cleared !== undefined && { cleared: kept.cleared }) };
  const [only, second] = kept.ips;
  if (only !== undefined) {
    const { pool } = kept;
    const held = { ips: kept.ips, allocations, ...(pool !== undefined && { pool }) };
    const added =
      second === undefined && wanted.policy === 'PreferDualStack' && pool !== undefined
        ? addFamily(allocations, wanted, pool, only)
        : undefined;
    return { ok: true, outcomes: added?.ok ? added.choices : [held], warnings: kept.warnings, ...notes };
  }
  const given = give(allocations, service, wanted);
  if (given.ok) return { ok: true, outcomes: given.choices, warnings: kept.warnings, ...notes };
  return {
    ok: false,
    outcomes: [{ ips: [], allocations: unassign(allocations, wanted.service) }],
    warnings: [...kept.warnings, given.reason],
    ...notes,
  };
}

function give(allocations: Allocations, service: Service, wanted: Wanted): Allocated {
  const desired = desiredIps(service);
  if (!desired.ok) return desired;
  const pool = service.requestedPool ?? '';
  if (desired.ips.length > 0) return giveDesired(allocations, wanted, desired.ips, pool);
  return pool === '' ? allocateAny(allocations, wanted) : allocateFromPool(allocations, wanted, pool);
}

function giveDesired(allocations: Allocations, wanted: Wanted, ips: readonly Ip[], pool: string): Allocated {
  if (familiesOf(ips) !== wanted.families) {
    return { ok: false, reason: `${ips.join(', ')} is not of the Service’s families` };
  }
  const assigned = assign(allocations, wanted, ips, pool);
  if (!assigned.ok) return assigned;
  if (pool !== '' && !assigned.pools.includes(pool)) {
    return { ok: false, reason: `${ips.join(', ')} is not in pool ${pool}` };
  }
  return { ok: true, choices: [{ ips, pool: assigned.pool, allocations: assigned.allocations }] };
}

/** MetalLB: serviceFamilyChanged. */
function hasFamilyChanged(ips: readonly Ip[], wanted: Wanted): boolean {
  const families = familiesOf(ips);
  if (families === undefined) return true;
  if (families === wanted.families) return false;
  return !(wanted.families === 'dual' && wanted.policy === 'PreferDualStack');
}

function sameIps(a: readonly Ip[], b: readonly Ip[]): boolean {
  return [...a].sort().join() === [...b].sort().join();
}
