/*
 * How many addresses a pool has, and how many are given out (MetalLB: poolCount and PoolCounters, which the pool's
 * status and metrics show). An enormous IPv6 range counts as the largest 64-bit number, as upstream.
 */
import type { Pool } from '#estate/metallb.ts';
import { familyOf, type Ip, ipToNumber } from '#net/ip.ts';
import { type IpRange, prefixBits, rangeToPrefixes } from '#net/prefix.ts';
import type { Allocations } from './allocations.ts';

export interface PoolSize {
  readonly total: bigint;
  readonly ipv4: bigint;
  readonly ipv6: bigint;
}

export interface PoolCounters {
  readonly assignedIpv4: bigint;
  readonly assignedIpv6: bigint;
  readonly availableIpv4: bigint;
  readonly availableIpv6: bigint;
}

const largest = 2n ** 63n - 1n;

export function poolSize(pool: Pool): PoolSize {
  const of = (family: 4 | 6) =>
    pool.ranges
      .filter((r) => familyOf(r.first) === family)
      .reduce((sum, r) => atMost(sum + rangeSize(r, pool.avoidBuggyIps)), 0n);
  const ipv4 = of(4);
  const ipv6 = of(6);
  return { total: atMost(ipv4 + ipv6), ipv4, ipv6 };
}

export function poolCounters(allocations: Allocations, pool: Pool): PoolCounters {
  const size = poolSize(pool);
  const used = addressesInUse(allocations, pool.name);
  const assignedIpv4 = BigInt(used.filter((ip) => familyOf(ip) === 4).length);
  const assignedIpv6 = BigInt(used.length) - assignedIpv4;
  return {
    assignedIpv4,
    assignedIpv6,
    availableIpv4: size.ipv4 - assignedIpv4,
    availableIpv6: size.ipv6 - assignedIpv6,
  };
}

/** Addresses of the pool that some Service holds, each once. */
export function addressesInUse(allocations: Allocations, pool: string): readonly Ip[] {
  const used = new Set<Ip>();
  for (const a of allocations.byService.values()) {
    if (a.pool === pool) for (const ip of a.ips) used.add(ip);
  }
  return [...used];
}

function rangeSize(range: IpRange, avoidsBuggy: boolean): bigint {
  const first = ipToNumber(range.first);
  const last = ipToNumber(range.last);
  if (familyOf(range.first) === 6) return isEnormous(range) ? largest : last - first + 1n;
  return last - first + 1n - (avoidsBuggy ? buggyBetween(first, last) : 0n);
}

/** A prefix of 62 or more host bits. */
function isEnormous(range: IpRange): boolean {
  return rangeToPrefixes(range).some((p) => 128 - prefixBits(p) >= 62);
}

/** Numbers ending in 0 or 255 (modulo 256) from first to last. */
function buggyBetween(first: bigint, last: bigint): bigint {
  const upTo = (n: bigint, end: bigint) => (n < end ? 0n : (n - end) / 256n + 1n);
  const count = (end: bigint) => upTo(last, end) - upTo(first - 1n, end);
  return count(0n) + count(255n);
}

function atMost(n: bigint): bigint {
  return n > largest ? largest : n;
}
