/*
 * The first free address of a pool (MetalLB: getFreeIPsFromPool and getIPFromCIDR). Ranges in their order, addresses
 * ascending, network and broadcast included; a Service with a sharing key may land on an address in use.
 */
import type { Pool } from '#estate/metallb.ts';
import { type Family, familyOf, type Ip, ipToNumber, numberToIp } from '#net/ip.ts';
import { type Allocations, objectionAt, type Request } from './allocations.ts';
import { isBuggy } from './pool.ts';

/** First address of each family; undefined: the pool has none left for this Service. */
export interface Free {
  readonly pool: Pool;
  readonly ipv4: Ip | undefined;
  readonly ipv6: Ip | undefined;
}

export function freeIn(allocations: Allocations, pool: Pool, request: Request): Free {
  return {
    pool,
    ipv4: firstFree(allocations, pool, request, 4),
    ipv6: firstFree(allocations, pool, request, 6),
  };
}

function firstFree(allocations: Allocations, pool: Pool, request: Request, family: Family): Ip | undefined {
  for (const range of pool.ranges) {
    if (familyOf(range.first) !== family) continue;
    const last = ipToNumber(range.last);
    for (let at = ipToNumber(range.first); at <= last; at++) {
      const ip = numberToIp(at, family);
      if (pool.avoidBuggyIps && isBuggy(ip)) continue;
      if (objectionAt(allocations, request, ip) === undefined) return ip;
    }
  }
  return undefined;
}
