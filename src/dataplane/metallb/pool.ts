/*
 * MetalLB's pools: which addresses they own, which Services they are for, and in which order they are tried
 * (internal/allocator/allocator.go: poolFor, isPoolCompatibleWithService, pinnedPoolsForService, sortPools).
 */
import type { Labels } from '#estate/kubernetes.ts';
import type { Pool } from '#estate/metallb.ts';
import type { Ip } from '#net/ip.ts';
import { rangeHas } from '#net/prefix.ts';
import { matchesAny, matchesSelector } from './selector.ts';

/** What a pool asks of a Service. */
export interface PoolUser {
  readonly namespace: string;
  readonly labels: Labels;
  /** Labels of the namespace, for pools that select namespaces by label; undefined: not known. */
  readonly namespaceLabels?: Labels;
}

/** IPv4 addresses ending in .0 or .255, which some old devices drop. */
export function isBuggy(ip: Ip): boolean {
  return ip.endsWith('.0') || ip.endsWith('.255');
}

export function owns(pool: Pool, ip: Ip): boolean {
  return !(pool.avoidBuggyIps && isBuggy(ip)) && pool.ranges.some((r) => rangeHas(r, ip));
}

/** Pools that own all the addresses; configuration checks keep it to one, tests upstream do not. */
export function poolsFor(pools: readonly Pool[], ips: readonly Ip[]): readonly Pool[] {
  return pools.filter((p) => ips.every((ip) => owns(p, ip)));
}

/** A pool is for the Service if its namespaces hold it, and one of its selectors matches; lists left out match all. */
export function isPoolFor(pool: Pool, user: PoolUser): boolean {
  const allocation = pool.serviceAllocation;
  if (allocation === undefined) return true;
  const namespaces = allocation.namespaces.length + allocation.namespaceSelectors.length;
  if (namespaces > 0 && !isInNamespaces(pool, user)) return false;
  return matchesAny(allocation.serviceSelectors, user.labels) ?? true;
}

/** Auto-assigned pools meant for this Service, in groups of equal rank: ascending priority, none given last. */
export function pinnedPools(pools: readonly Pool[], user: PoolUser): readonly (readonly Pool[])[] {
  const pinned = pools.filter((p) => p.serviceAllocation !== undefined && p.autoAssign && isPoolFor(p, user));
  const ranks = [...new Set(pinned.map(rankOf))].sort((a, b) => a - b);
  return ranks.map((rank) => pinned.filter((p) => rankOf(p) === rank));
}

/** Pools that any Service may get an address from without asking; upstream leaves their order undefined. */
export function openPools(pools: readonly Pool[]): readonly Pool[] {
  return pools.filter((p) => p.autoAssign && p.serviceAllocation === undefined);
}

function rankOf(pool: Pool): number {
  const priority = pool.serviceAllocation?.priority ?? 0;
  return priority > 0 ? priority : Number.POSITIVE_INFINITY;
}

function isInNamespaces(pool: Pool, user: PoolUser): boolean {
  const allocation = pool.serviceAllocation;
  if (allocation?.namespaces.includes(user.namespace)) return true;
  const labels = user.namespaceLabels;
  return (
    labels !== undefined && (allocation?.namespaceSelectors ?? []).some((s) => matchesSelector(s, labels))
  );
}
