/*
 * Which Service holds which addresses (MetalLB: the tables of internal/allocator/allocator.go). Values are never
 * changed: every step gives a new table. As upstream, an address without ports in use has no sharing key left.
 */
import type { Pool } from '#estate/metallb.ts';
import type { Ip } from '#net/ip.ts';
import { isPoolFor, type PoolUser, poolsFor } from './pool.ts';
import { type PortKey, type SharingKey, sharingRefusal } from './sharing.ts';

export interface Allocation {
  readonly pool: string;
  readonly ips: readonly Ip[];
  readonly ports: readonly PortKey[];
  readonly key: SharingKey;
}

/** What is held on one address. */
interface Holding {
  readonly ports: ReadonlyMap<PortKey, string>;
  readonly services: ReadonlySet<string>;
  /** undefined: freed, although Services without ports may still be on the address. */
  readonly key: SharingKey | undefined;
}

export interface Allocations {
  readonly pools: readonly Pool[];
  readonly byService: ReadonlyMap<string, Allocation>;
  readonly byIp: ReadonlyMap<Ip, Holding>;
}

/** What a Service asks for. */
export interface Request extends PoolUser {
  readonly service: string;
  readonly ports: readonly PortKey[];
  readonly key: SharingKey;
}

export type Assigned =
  | {
      readonly ok: true;
      readonly allocations: Allocations;
      /** The one that the addresses are counted in, and all that own them and are for the Service. */
      readonly pool: string;
      readonly pools: readonly string[];
    }
  | { readonly ok: false; readonly reason: string };

export function noAllocations(pools: readonly Pool[]): Allocations {
  return { pools, byService: new Map(), byIp: new Map() };
}

/** Tables in which each Service simply holds what it is said to hold; a later one's key replaces an earlier one's. */
export function allocationsOf(
  pools: readonly Pool[],
  held: Iterable<readonly [service: string, allocation: Allocation]>,
): Allocations {
  const byService = new Map(held);
  const byIp = new Map<Ip, Holding>();
  for (const [service, allocation] of byService) {
    for (const ip of allocation.ips) byIp.set(ip, occupied(byIp.get(ip), service, allocation));
  }
  return { pools, byService, byIp };
}

/**
 * Gives the Service these addresses, if a pool owns them, is for it, and nobody on them objects. Where several pools
 * own them, `preferred` is taken.
 */
export function assign(
  before: Allocations,
  request: Request,
  ips: readonly Ip[],
  preferred?: string,
): Assigned {
  const owners = poolsFor(before.pools, ips);
  if (owners.length === 0) return refuse(`${ips.join(', ')} is not in any pool`);
  const pools = owners.filter((p) => isPoolFor(p, request));
  const pool = pools.find((p) => p.name === preferred) ?? pools[0];
  if (pool === undefined) return refuse(`pool ${owners[0]?.name} is not for this Service`);
  if (ips.length > 2) return refuse('more than two addresses');
  if (ips.length === 2 && ips[0]?.includes(':') === ips[1]?.includes(':')) {
    return refuse('two addresses of the same family');
  }
  for (const ip of ips) {
    const objection = objectionAt(before, request, ip);
    if (objection !== undefined) return refuse(objection);
  }
  const allocation = { pool: pool.name, ips, ports: request.ports, key: request.key };
  return {
    ok: true,
    allocations: hold(before, request.service, allocation),
    pool: pool.name,
    pools: pools.map((p) => p.name),
  };
}

/** Frees what the Service holds. */
export function unassign(before: Allocations, service: string): Allocations {
  const held = before.byService.get(service);
  if (held === undefined) return before;
  const byService = new Map(before.byService);
  byService.delete(service);
  const byIp = new Map(before.byIp);
  for (const ip of held.ips) byIp.set(ip, released(byIp.get(ip), service, held.ports));
  return { ...before, byService, byIp };
}

/** undefined: the Service may be on the address; else why not. */
export function objectionAt(allocations: Allocations, request: Request, ip: Ip): string | undefined {
  const holding = allocations.byIp.get(ip);
  if (holding?.key === undefined) return undefined;
  const others = [...holding.services].filter((s) => s !== request.service);
  const refusal = sharingRefusal(holding.key, request.key);
  if (refusal !== undefined && others.length > 0) {
    return `${ip} is also used by ${others.sort().join(', ')}: ${refusal}`;
  }
  const port = request.ports.find((p) => (holding.ports.get(p) ?? request.service) !== request.service);
  return port === undefined
    ? undefined
    : `port ${port} is already in use on ${ip} by ${holding.ports.get(port)}`;
}

/** New pools: a Service whose addresses no pool owns loses them; a renamed or split pool is followed. */
export function setPools(before: Allocations, pools: readonly Pool[]): Allocations {
  let after: Allocations = { ...before, pools };
  for (const [service, allocation] of before.byService) {
    const pool = poolsFor(pools, allocation.ips)[0];
    if (pool === undefined) after = unassign(after, service);
    else if (pool.name !== allocation.pool) after = hold(after, service, { ...allocation, pool: pool.name });
  }
  return after;
}

function hold(before: Allocations, service: string, allocation: Allocation): Allocations {
  const freed = unassign(before, service);
  const byIp = new Map(freed.byIp);
  for (const ip of allocation.ips) byIp.set(ip, occupied(byIp.get(ip), service, allocation));
  return { ...freed, byService: new Map(freed.byService).set(service, allocation), byIp };
}

function occupied(before: Holding | undefined, service: string, allocation: Allocation): Holding {
  const ports = new Map(before?.ports);
  for (const port of allocation.ports) ports.set(port, service);
  return { ports, services: new Set([...(before?.services ?? []), service]), key: allocation.key };
}

function released(before: Holding | undefined, service: string, freed: readonly PortKey[]): Holding {
  const ports = new Map([...(before?.ports ?? [])].filter(([port]) => !freed.includes(port)));
  const services = new Set([...(before?.services ?? [])].filter((s) => s !== service));
  return { ports, services, key: ports.size === 0 ? undefined : before?.key };
}

function refuse(reason: string): Assigned {
  return { ok: false, reason };
}
