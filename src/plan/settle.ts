/*
 * What acts by itself after a write: the API server, the endpoint controller, MetalLB's controller (it clears an address
 * before it gives another) and Helm, which takes an upgrade back when an address stays pending. Each visible move is one.
 */
import { type Reader, readerOver, type Write } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { kindTable } from '#estate/kind-table.ts';
import type { Service } from '#estate/kubernetes.ts';
import { compareIps, familyOf, type Ip, ipToNumber, numberToIp } from '#net/ip.ts';
import { associatedRulesMove } from './settle-firewall.ts';
import { podsMove } from './settle-pods.ts';
import { slicesMove } from './settle-slices.ts';
import type { World } from './world.ts';

/** Writes that become visible together, and who made them. */
export interface Move {
  readonly writes: readonly Write[];
  readonly says: string;
}

/**
 * The moves that follow, in order, until nothing moves any more. `before` is the state that stood before the write:
 * MetalLB's controller works on the Services that changed first, and on the others when that freed an address.
 */
export function settle(
  world: World,
  before: Reader,
  after: Reader,
  first: ReadonlySet<FactKey> = changedServices(before, after),
): readonly Move[] {
  const moves: Move[] = [];
  let reader = after;
  const take = (move: Move | undefined) => {
    if (move === undefined || move.writes.length === 0) return false;
    moves.push(move);
    reader = readerOver(reader, move.writes);
    return true;
  };
  take(clusterIpMove(reader));
  take(slicesMove(before, reader));
  take(podsMove(before, reader));
  take(associatedRulesMove(before, reader));
  for (const cluster of clustersOf(reader)) {
    for (let round = 0; round < 20; round++) if (!take(addressMove(world, reader, cluster, first))) break;
  }
  return moves;
}

function clustersOf(reader: Reader): readonly string[] {
  return reader.all('announcing').flatMap((f) => (f.value.program === 'metallb' ? [f.value.cluster] : []));
}

/** The API server gives a new Service a cluster address. */
function clusterIpMove(reader: Reader): Move | undefined {
  const without = reader.all('service').filter((f) => f.evidence.file === 'plan' && needsClusterIp(f.value));
  if (without.length === 0) return undefined;
  const used = reader.all('service').flatMap((f) => f.value.clusterIps);
  const writes = without.map((f, i) => changed(f, { clusterIps: freeClusterIps(used, f.value, i) }));
  return { writes, says: 'the API server gives the new Service a cluster address' };
}

function needsClusterIp(service: Service): boolean {
  return service.type !== 'ExternalName' && service.clusterIps.length === 0;
}

/** Which address it will be cannot be known; the one after the highest in use stands for it. */
function freeClusterIps(used: readonly Ip[], service: Service, nth: number): readonly Ip[] {
  return service.ipFamilies.flatMap((family) => {
    const highest = used
      .filter((ip) => familyOf(ip) === family)
      .sort(compareIps)
      .at(-1);
    return highest === undefined ? [] : [numberToIp(ipToNumber(highest) + BigInt(nth + 1), family)];
  });
}

function changedServices(before: Reader, after: Reader): ReadonlySet<FactKey> {
  const was = new Map(before.all('service').map((f) => [f.key, f]));
  return new Set(after.all('service').flatMap((f) => (was.get(f.key) === f ? [] : [f.key])));
}

/** The next thing MetalLB's controller does in the cluster: it works on one Service at a time. */
function addressMove(
  world: World,
  reader: Reader,
  cluster: string,
  first: ReadonlySet<FactKey>,
): Move | undefined {
  const all = reader.by('service', 'cluster', cluster);
  const ordered = [...all.filter((f) => first.has(f.key)), ...all.filter((f) => !first.has(f.key))];
  for (const f of ordered) {
    const move = addressMoveOf(world, reader, f);
    if (move !== undefined) return move;
  }
  return undefined;
}

function addressMoveOf(world: World, reader: Reader, f: Fact<'service'>): Move | undefined {
  const service = f.value;
  const id = kindTable.service.id(service);
  if (service.type !== 'LoadBalancer') {
    return service.vips.length > 0 ? clears(f, `${id} is no LoadBalancer any more`) : undefined;
  }
  const outcome = world.allocate(reader, service);
  switch (outcome.kind) {
    case 'keeps':
    case 'not-metallb':
    case 'unknown':
      return undefined;
    case 'assigned':
      if (service.vips.length > 0) return clears(f, outcome.says);
      return outcome.ips.length === 0 ? undefined : gives(f, outcome.ips);
    case 'cleared':
    case 'refused':
      return service.vips.length > 0 ? clears(f, outcome.says) : undefined;
  }
}

function gives(f: Fact<'service'>, ips: readonly Ip[]): Move {
  const vips = ips.map((ip) => ({ ip, ipMode: 'VIP' as const }));
  return {
    writes: [changed(f, { vips })],
    says: `MetalLB gives ${f.key.slice('service:'.length)} ${ips.join(' and ')}`,
  };
}

function clears(f: Fact<'service'>, why: string): Move {
  const ips = f.value.vips.map((v) => v.ip).join(' and ');
  return { writes: [changed(f, { vips: [] })], says: `MetalLB takes ${ips} back: ${why}` };
}

function changed(f: Fact<'service'>, fields: Partial<Service>): Write {
  return { key: f.key, before: f, after: { ...f, value: { ...f.value, ...fields } } };
}
