/*
 * Which addresses MetalLB's allocator gives out (internal/allocator/allocator.go: Allocate, AllocateFromPool,
 * findBestPoolForService, selectIPsForFamilyAndPolicy). Where upstream walks a Go map the answer is a set: one of them.
 */
import type { Service } from '#estate/kubernetes.ts';
import type { Pool } from '#estate/metallb.ts';
import { type Family, familyOf, type Ip } from '#net/ip.ts';
import { type Allocations, assign, type Request } from './allocations.ts';
import { type Free, freeIn } from './free.ts';
import { openPools, pinnedPools } from './pool.ts';

export type IpFamilies = 'ipv4' | 'ipv6' | 'dual';

/** What is asked of the pools. */
export interface Wanted extends Request {
  readonly families: IpFamilies;
  readonly policy: Service['ipFamilyPolicy'];
  /** First of spec.ipFamilies. */
  readonly primary: Family;
}

/** One way that it may come out. */
export interface Choice {
  readonly ips: readonly Ip[];
  readonly pool: string;
  readonly allocations: Allocations;
}

export type Allocated =
  | { readonly ok: true; readonly choices: readonly Choice[] }
  | { readonly ok: false; readonly reason: string };

/** Any address: what the Service has already, else from pools pinned to it, else from an open pool. */
export function allocateAny(allocations: Allocations, wanted: Wanted): Allocated {
  const held = allocations.byService.get(wanted.service);
  if (held !== undefined) return keep(allocations, wanted, held.ips);
  const pinned = choose(allocations, wanted, pinnedPools(allocations.pools, wanted));
  if (pinned.length > 0) return { ok: true, choices: pinned };
  const open = choose(allocations, wanted, [openPools(allocations.pools)]);
  return open.length > 0 ? { ok: true, choices: open } : { ok: false, reason: 'no available IPs' };
}

/** An address of the named pool; autoAssign is not asked. */
export function allocateFromPool(allocations: Allocations, wanted: Wanted, poolName: string): Allocated {
  const held = allocations.byService.get(wanted.service);
  if (held !== undefined) {
    const isRight = wanted.policy === 'PreferDualStack' || familiesOf(held.ips) === wanted.families;
    return isRight
      ? keep(allocations, wanted, held.ips)
      : { ok: false, reason: `the addresses ${held.ips.join(', ')} are of the wrong family` };
  }
  const pool = allocations.pools.find((p) => p.name === poolName);
  if (pool === undefined) return { ok: false, reason: `unknown pool ${poolName}` };
  const ips = selected(freeIn(allocations, pool, wanted), wanted);
  if (ips === undefined) return { ok: false, reason: `pool ${poolName} has no address left for it` };
  return keep(allocations, wanted, ips);
}

/** The other family's address for a Service that has one and prefers two, from the same pool. */
export function addFamily(allocations: Allocations, wanted: Wanted, poolName: string, has: Ip): Allocated {
  const pool = allocations.pools.find((p) => p.name === poolName);
  if (pool === undefined) return { ok: false, reason: `unknown pool ${poolName}` };
  const free = freeIn(allocations, pool, wanted);
  const other = familyOf(has) === 4 ? free.ipv6 : free.ipv4;
  if (other === undefined)
    return { ok: false, reason: `pool ${poolName} has no address of the other family` };
  return keep(allocations, wanted, [has, other]);
}

/** undefined: neither one address nor one of each family. */
export function familiesOf(ips: readonly Ip[]): IpFamilies | undefined {
  const [a, b] = ips;
  if (a === undefined || ips.length > 2) return undefined;
  if (b === undefined) return familyOf(a) === 4 ? 'ipv4' : 'ipv6';
  return familyOf(a) === familyOf(b) ? undefined : 'dual';
}

function keep(allocations: Allocations, wanted: Wanted, ips: readonly Ip[]): Allocated {
  const assigned = assign(allocations, wanted, ips);
  if (!assigned.ok) return assigned;
  const { allocations: after, pools } = assigned;
  return { ok: true, choices: pools.slice(0, 1).map((pool) => ({ ips, pool, allocations: after })) };
}

/** Choices from the first group of equal rank that can serve best. */
function choose(
  allocations: Allocations,
  wanted: Wanted,
  groups: readonly (readonly Pool[])[],
): readonly Choice[] {
  const free = groups.map((pools) => pools.map((p) => freeIn(allocations, p, wanted)));
  for (const serves of preferences(wanted)) {
    const group = free.find((g) => g.some(serves));
    if (group === undefined) continue;
    return group.filter(serves).flatMap((f) => choicesOf(allocations, wanted, f));
  }
  return [];
}

function choicesOf(allocations: Allocations, wanted: Wanted, free: Free): readonly Choice[] {
  const ips = selected(free, wanted);
  const kept = ips === undefined ? undefined : keep(allocations, wanted, ips);
  return kept?.ok ? kept.choices : [];
}

/** What makes a pool the best: all the families wanted; failing that, for PreferDualStack, the first, then the other. */
function preferences(wanted: Wanted): readonly ((free: Free) => boolean)[] {
  const has4 = (f: Free) => f.ipv4 !== undefined;
  const has6 = (f: Free) => f.ipv6 !== undefined;
  if (wanted.families === 'ipv4') return [has4];
  if (wanted.families === 'ipv6') return [has6];
  const both = (f: Free) => has4(f) && has6(f);
  if (wanted.policy !== 'PreferDualStack') return [both];
  return wanted.primary === 4 ? [both, has4, has6] : [both, has6, has4];
}

/** Always IPv4 before IPv6. */
function selected(free: Free, wanted: Wanted): readonly Ip[] | undefined {
  const ips = [free.ipv4, free.ipv6].filter((ip) => ip !== undefined);
  switch (wanted.families) {
    case 'ipv4':
      return free.ipv4 && [free.ipv4];
    case 'ipv6':
      return free.ipv6 && [free.ipv6];
    case 'dual':
      if (ips.length === 2) return ips;
      return wanted.policy === 'PreferDualStack' && ips.length === 1 ? ips : undefined;
    default:
      return wanted.families satisfies never;
  }
}
