/* A free address for a Service: in a pool that MetalLB would give it from, outside every DHCP range, seen nowhere else. */
import { type Reader, readerOver, writeOf } from '#estate/estate.ts';
import type { Service } from '#estate/kubernetes.ts';
import { addressesIn, placesOf, referringKinds } from '#estate/reference-places.ts';
import { rangesText } from '#estate/stated.ts';
import { familyOf, type Ip, ipToNumber, numberToIp } from '#net/ip.ts';
import { type IpRange, rangeHas } from '#net/prefix.ts';
import type { World } from './world.ts';

export type Chosen =
  | { readonly ok: true; readonly ip: Ip; readonly says: string }
  | { readonly ok: false; readonly says: string };

const mostTried = 4096;

/** The first address, ascending in the order of pools, that nobody has, gives out or mentions. */
export function chooseAddress(world: World, reader: Reader, service: Service): Chosen {
  const seen = addressesSeen(reader);
  const pools = reader.by('pool', 'cluster', service.cluster);
  const reasons: string[] = [];
  for (const pool of pools) {
    for (const ip of addressesOf(pool.value.ranges)) {
      const taken = seen.get(ip) ?? dhcpReason(reader, ip) ?? refusal(world, reader, service, ip);
      if (taken === undefined) return { ok: true, ip, says: `${ip} is free in pool ${pool.value.name}` };
      if (reasons.length < 3) reasons.push(`${ip}: ${taken}`);
    }
  }
  if (pools.length === 0)
    return { ok: false, says: `the snapshot holds no pool that gives out addresses in ${service.cluster}` };
  return { ok: false, says: `no free address in the pools of ${service.cluster} (${reasons.join('; ')})` };
}

/** Why the address cannot be used; undefined when it can. */
export function whyTaken(world: World, reader: Reader, service: Service, ip: Ip): string | undefined {
  if (service.vips.some((v) => v.ip === ip)) return 'the Service has it already';
  const ranges = reader.by('pool', 'cluster', service.cluster).flatMap((p) => p.value.ranges);
  if (ranges.length > 0 && !ranges.some((r) => rangeHas(r, ip)))
    return `no pool of ${service.cluster} holds it; they hold ${rangesText(ranges)}`;
  return addressesSeen(reader).get(ip) ?? dhcpReason(reader, ip) ?? refusal(world, reader, service, ip);
}

/** Address → where it was seen; ranges and prose do not count as use, but stated single addresses do. */
function addressesSeen(reader: Reader): ReadonlyMap<Ip, string> {
  const seen = new Map<Ip, string>();
  for (const kind of referringKinds()) {
    for (const fact of reader.all(kind)) {
      for (const place of placesOf(reader, fact)) {
        if (place.range !== undefined || place.class === 'prose') continue;
        for (const ip of addressesIn(place.text)) if (!seen.has(ip)) seen.set(ip, `stated by ${fact.key}`);
      }
    }
  }
  return seen;
}

function dhcpReason(reader: Reader, ip: Ip): string | undefined {
  const range = reader.all('dhcpRange').find((d) => rangeHas(d.value.range, ip));
  return range === undefined
    ? undefined
    : `in the DHCP range ${range.value.range.first}-${range.value.range.last}`;
}

function refusal(world: World, reader: Reader, service: Service, ip: Ip): string | undefined {
  const { sharingKey, loadBalancerIp, ...rest } = service;
  const asking: Service = { ...rest, type: 'LoadBalancer', requestedIps: ip };
  const asked = readerOver(reader, [writeOf(reader, 'service', asking)]);
  const outcome = world.allocate(asked, asking);
  const isGiven = outcome.kind === 'assigned' && outcome.ips.length === 1 && outcome.ips[0] === ip;
  return isGiven || (outcome.kind === 'keeps' && outcome.ips.includes(ip)) ? undefined : outcome.says;
}

function* addressesOf(ranges: readonly IpRange[]): Generator<Ip> {
  let tried = 0;
  for (const { first, last } of ranges) {
    const family = familyOf(first);
    for (let n = ipToNumber(first); n <= ipToNumber(last) && tried < mostTried; n++, tried++) {
      yield numberToIp(n, family);
    }
  }
}
