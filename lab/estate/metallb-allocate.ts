/*
 * Which addresses MetalLB's controller gives a Service, after its documentation ("Usage", "Advanced address pools") and
 * source: what it has is kept where it is still allowed; then the asked-for addresses, the asked-for pool, pools that are
 * pinned to it, and the rest. Sharing needs equal keys, other ports, and Cluster policy or the same pods.
 */
import type { Reader } from '#estate/estate.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { Pool } from '#estate/metallb.ts';
import { type Family, familyOf, type Ip, ipToNumber, numberToIp, parseIp } from '#net/ip.ts';
import { rangeHas } from '#net/prefix.ts';
import { matches } from './metallb-elect.ts';

/** The addresses that a Service shall have, IPv4 first; `[]`: none (pending). */
export function allocate(reader: Reader, service: Service): readonly Ip[] {
  if (!isMine(reader, service)) return service.type === 'LoadBalancer' ? service.vips.map((v) => v.ip) : [];
  const pools = reader.by('pool', 'cluster', service.cluster).map((p) => p.value);
  const current = service.vips.map((v) => v.ip);
  const asked = askedFor(service);
  if (asked === 'contradiction') return [];
  if (asked) return isAllowed(reader, pools, service, asked, service.requestedPool) ? asked : [];
  const keeps = current.length > 0 && isAllowed(reader, pools, service, current, service.requestedPool);
  if (keeps) return current;
  for (const candidates of poolsInOrder(reader, pools, service)) {
    const found = fromPools(reader, candidates, service);
    if (found) return found;
  }
  return [];
}

/** A Service that another load balancer serves is left alone. */
function isMine(reader: Reader, service: Service): boolean {
  const announcing = reader.get('announcing', service.cluster)?.value;
  const isOurs =
    announcing?.program === 'metallb' && service.loadBalancerClass === announcing.loadBalancerClass;
  return isOurs && service.type === 'LoadBalancer' && service.clusterIps.length > 0;
}

/** undefined: nothing is asked for. */
function askedFor(service: Service): readonly Ip[] | 'contradiction' | undefined {
  const { requestedIps, loadBalancerIp } = service;
  if (requestedIps !== undefined && loadBalancerIp !== undefined) return 'contradiction';
  const text = requestedIps ?? loadBalancerIp;
  if (text === undefined || text.trim() === '') return undefined;
  const ips = text.split(',').map((one) => parseIp(one.trim()));
  if (ips.includes(undefined) || ips.length > 2) return 'contradiction';
  const known = ips.filter((one) => one !== undefined);
  const wrong = known.some((one) => !service.ipFamilies.includes(familyOf(one)));
  return wrong ? 'contradiction' : [...known].sort((a, b) => familyOf(a) - familyOf(b));
}

function isAllowed(
  reader: Reader,
  pools: readonly Pool[],
  service: Service,
  ips: readonly Ip[],
  poolName: string | undefined,
): boolean {
  const pool = pools.find((p) => ips.every((one) => holds(p, one)));
  if (!pool || !takes(reader, pool, service)) return false;
  if (poolName !== undefined && poolName !== '' && pool.name !== poolName) return false;
  return ips.every((one) => canShare(reader, service, one));
}

function holds(pool: Pool, ip: Ip): boolean {
  const isBuggy = pool.avoidBuggyIps && /\.(0|255)$/.test(ip);
  return !isBuggy && pool.ranges.some((r) => rangeHas(r, ip));
}

/** Namespaces and selectors of the pool's serviceAllocation, both where both are given. */
function takes(reader: Reader, pool: Pool, service: Service): boolean {
  const limits = pool.serviceAllocation;
  if (!limits) return true;
  const isByName = limits.namespaces.length > 0 || limits.namespaceSelectors.length > 0;
  const labels = reader.get('namespace', `${service.cluster}/${service.namespace}`)?.value.labels ?? {};
  const inNamespace =
    limits.namespaces.includes(service.namespace) ||
    limits.namespaceSelectors.some((s) => matches(s, labels));
  const isSelected = limits.serviceSelectors.some((s) => matches(s, service.labels));
  return (!isByName || inNamespace) && (limits.serviceSelectors.length === 0 || isSelected);
}

/** Whether the address is free for this Service, beside whom it would then stand. */
function canShare(reader: Reader, service: Service, ip: Ip): boolean {
  const others = reader
    .by('service', 'vip', ip)
    .map((s) => s.value)
    .filter((s) => s.cluster === service.cluster && !isSame(s, service));
  return others.every(
    (other) =>
      (service.sharingKey ?? '') !== '' &&
      service.sharingKey === other.sharingKey &&
      podsKey(service) === podsKey(other) &&
      !service.ports.some((p) => other.ports.some((q) => p.port === q.port && p.protocol === q.protocol)),
  );
}

/** Cluster Services share whatever their pods; Local ones must have the same. */
function podsKey(service: Service): string {
  if (service.externalPolicy === 'cluster') return '';
  return Object.entries(service.selector ?? {})
    .map(([k, v]) => `${k}=${v}`)
    .sort()
    .join();
}

/** The pool asked for; or those pinned to the Service by priority, then those for everybody. */
function poolsInOrder(
  reader: Reader,
  pools: readonly Pool[],
  service: Service,
): readonly (readonly Pool[])[] {
  const { requestedPool } = service;
  if (requestedPool !== undefined && requestedPool !== '')
    return [pools.filter((p) => p.name === requestedPool && takes(reader, p, service))];
  const free = pools.filter((p) => p.autoAssign && takes(reader, p, service));
  const priority = (p: Pool) => p.serviceAllocation?.priority || Number.MAX_SAFE_INTEGER;
  const pinned = free.filter((p) => p.serviceAllocation).sort((a, b) => priority(a) - priority(b));
  return [pinned, free.filter((p) => !p.serviceAllocation)];
}

function fromPools(reader: Reader, pools: readonly Pool[], service: Service): readonly Ip[] | undefined {
  const found = pools.map((p) => ({
    4: firstFree(reader, p, service, 4),
    6: firstFree(reader, p, service, 6),
  }));
  const wantsBoth = service.ipFamilyPolicy !== 'SingleStack' && service.ipFamilies.length > 1;
  const both = wantsBoth ? found.find((f) => f[4] && f[6]) : undefined;
  if (both?.[4] && both[6]) return [both[4], both[6]];
  if (wantsBoth && service.ipFamilyPolicy === 'RequireDualStack') return undefined;
  const order: readonly Family[] = wantsBoth ? service.ipFamilies : service.ipFamilies.slice(0, 1);
  for (const family of order) {
    const one = found.map((f) => f[family]).find((ip) => ip !== undefined);
    if (one) return [one];
  }
  return undefined;
}

const mostTried = 4096n;

function firstFree(reader: Reader, pool: Pool, service: Service, family: Family): Ip | undefined {
  for (const range of pool.ranges.filter((r) => familyOf(r.first) === family)) {
    const first = ipToNumber(range.first);
    const last = ipToNumber(range.last);
    for (let at = first; at <= last && at - first < mostTried; at++) {
      const ip = numberToIp(at, family);
      if (holds(pool, ip) && canShare(reader, service, ip)) return ip;
    }
  }
  return undefined;
}

function isSame(a: Service, b: Service): boolean {
  return a.cluster === b.cluster && a.namespace === b.namespace && a.name === b.name;
}
