/*
 * What MetalLB's controller makes of a Service in a state of the estate: it keeps its addresses, gets others, or loses
 * them (metallb/converge.ts). Other Services are taken to hold what their status says.
 */
import type { Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { Pool } from '#estate/metallb.ts';
import type { Ip } from '#net/ip.ts';
import { allocatorGap, isOfClass } from './announcer-gap.ts';
import { clusterGap } from './cluster-gap.ts';
import { firstGap } from './gaps.ts';
import { type Allocation, type Allocations, allocationsOf, unassign } from './metallb/allocations.ts';
import { type Converged, converge, serviceKey } from './metallb/converge.ts';
import { poolsFor } from './metallb/pool.ts';
import { portKey, sharingKeyOf } from './metallb/sharing.ts';

/** What becomes of a Service's addresses. */
export interface Allotment {
  /**
   * keeps: what it has; assigned: new ones; cleared: it loses what it has and gets none; refused: it has none and gets
   * none; not-metallb: MetalLB does not look after it; unknown: see the gap.
   */
  readonly kind: 'keeps' | 'assigned' | 'cleared' | 'refused' | 'not-metallb' | 'unknown';
  /** Afterwards; empty too where it is one of several. */
  readonly ips: readonly Ip[];
  /** The possible outcomes, where MetalLB leaves the choice undefined. */
  readonly oneOf?: readonly (readonly Ip[])[];
  readonly says: string;
  readonly rule?: string;
  readonly because: readonly Evidence[];
  readonly gap?: Gap;
}

export function allocate(reader: Reader, service: Service): Allotment {
  const { cluster } = service;
  const announcing = reader.get('announcing', cluster);
  const has = service.vips.map((v) => v.ip);
  if (service.type !== 'LoadBalancer' && has.length === 0) return left(has, 'it is no LoadBalancer', []);
  if (announcing?.value.program === 'none')
    return left(has, 'nothing gives out addresses', [announcing.evidence]);
  if (announcing?.value.program === 'metallb' && !isOfClass(announcing.value, service)) {
    return left(has, `MetalLB leaves class ${service.loadBalancerClass ?? 'none'} to others`, [
      announcing.evidence,
    ]);
  }
  const gap =
    allocatorGap(reader, cluster, announcing) ??
    firstGap(reader, ['announcing', 'pool'], `cluster/${cluster}`) ??
    (announcing === undefined ? noProgram(cluster) : undefined);
  if (gap !== undefined) return unknown(gap);
  return byMetallb(reader, service, has, announcing);
}

function byMetallb(
  reader: Reader,
  service: Service,
  has: readonly Ip[],
  announcing: Fact<'announcing'> | undefined,
): Allotment {
  const pools = reader.by('pool', 'cluster', service.cluster);
  const labels = namespaceLabels(reader, service, pools);
  if (!labels.ok) return unknown(labels.gap);
  const values = pools.map((p) => p.value);
  const because = pools.map((p) => p.evidence);
  const rule = `MetalLB ${announcing?.value.version ?? 'any version'}: controller convergence`;
  const near = neighboursOn(reader, service, has, values);
  if (near.gap !== undefined) return unknown(near.gap);
  const kept = converge(near.allocations, service, has, labels.labels);
  if (keepsAll(kept, has)) {
    return { kind: 'keeps', ips: has, says: `it keeps ${has.join(', ')}`, rule, because };
  }
  const serviceGap = reader.gap('service', `cluster/${service.cluster}`);
  const all = everyoneElse(reader, service, values);
  const result = converge(all, service, has, labels.labels);
  if (serviceGap !== undefined && result.outcomes.some((o) => o.ips.length > 0)) return unknown(serviceGap);
  return { ...describe(result, has), rule, because };
}

function describe(result: Converged, has: readonly Ip[]): Pick<Allotment, 'kind' | 'ips' | 'oneOf' | 'says'> {
  const outcomes = distinct(result.outcomes.map((o) => o.ips));
  const [first = [], ...others] = outcomes;
  const why = result.cleared ?? result.warnings.join('; ');
  if (first.length === 0) {
    const kind = has.length > 0 ? 'cleared' : 'refused';
    return { kind, ips: [], says: [`it has no address`, why, ...result.warnings].filter(isSaid).join(': ') };
  }
  if (others.length > 0) {
    const list = outcomes.map((ips) => ips.join('+')).join(', ');
    return { kind: 'assigned', ips: [], oneOf: outcomes, says: `it gets one of ${list}` };
  }
  const lost = has.length > 0 ? ` instead of ${has.join(', ')} (${why})` : '';
  return { kind: 'assigned', ips: first, says: `it gets ${first.join(', ')}${lost}` };
}

function isSaid(text: string, i: number, all: readonly string[]): boolean {
  return text !== '' && all.indexOf(text) === i;
}

function keepsAll(result: Converged, has: readonly Ip[]): boolean {
  const [only, other] = result.outcomes;
  return has.length > 0 && other === undefined && only?.ips.join() === has.join();
}

/** The tables as far as the Service's own addresses go: enough to know whether it keeps them. */
function neighboursOn(
  reader: Reader,
  service: Service,
  ips: readonly Ip[],
  pools: readonly Pool[],
): { readonly allocations: Allocations; readonly gap?: Gap } {
  const others = ips
    .flatMap((ip) => reader.by('service', 'vip', ip))
    .map((f) => f.value)
    .filter((s) => s.cluster === service.cluster && serviceKey(s) !== serviceKey(service));
  const keys = new Set(others.map((s) => JSON.stringify(sharingKeyOf(s))));
  const allocations = allocationsOf(
    pools,
    others.flatMap((s) => heldBy(s, pools)),
  );
  return keys.size > 1 ? { allocations, gap: mixedKeys(service, others) } : { allocations };
}

type ServiceFacts = readonly Fact<'service'>[];
const tables = new WeakMap<ServiceFacts, { readonly pools: readonly Pool[]; readonly all: Allocations }>();

/** The tables with every other Service in them; kept while Services and pools are the very same. */
function everyoneElse(reader: Reader, service: Service, pools: readonly Pool[]): Allocations {
  const services = reader.by('service', 'cluster', service.cluster);
  const known = tables.get(services);
  const isSame = known !== undefined && sameItems(known.pools, pools);
  const all = isSame
    ? known.all
    : allocationsOf(
        pools,
        services.flatMap((f) => heldBy(f.value, pools)),
      );
  if (!isSame) tables.set(services, { pools, all });
  const key = serviceKey(service);
  if (!sharesIn(all, key)) return unassign(all, key);
  // what it asks for with now must not stand as the key of those who had the address with it
  const others = services.filter((f) => serviceKey(f.value) !== key);
  return allocationsOf(
    pools,
    others.flatMap((f) => heldBy(f.value, pools)),
  );
}

function sharesIn({ byService, byIp }: Allocations, key: string): boolean {
  return (byService.get(key)?.ips ?? []).some((ip) => byIp.get(ip)?.services.size !== 1);
}

const holdings = new WeakMap<Service, { readonly pools: readonly Pool[]; readonly held: Held }>();
type Held = readonly (readonly [string, Allocation])[];

/** What the Service's status says that it holds; nothing outside of the pools. */
function heldBy(service: Service, pools: readonly Pool[]): Held {
  const known = holdings.get(service);
  if (known !== undefined && sameItems(known.pools, pools)) return known.held;
  const held = readHeld(service, pools);
  holdings.set(service, { pools, held });
  return held;
}

function readHeld(service: Service, pools: readonly Pool[]): Held {
  if (service.type !== 'LoadBalancer') return [];
  const ips = service.vips.map((v) => v.ip);
  const pool = ips.length === 0 ? undefined : poolsFor(pools, ips)[0];
  if (pool === undefined) return [];
  const allocation = {
    pool: pool.name,
    ips,
    ports: service.ports.map(portKey),
    key: sharingKeyOf(service),
  };
  return [[serviceKey(service), allocation]];
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function namespaceLabels(reader: Reader, service: Service, pools: readonly Fact<'pool'>[]) {
  const isAsked = pools.some((p) => (p.value.serviceAllocation?.namespaceSelectors ?? []).length > 0);
  if (!isAsked) return { ok: true as const, labels: undefined };
  const namespace = reader.get('namespace', `${service.cluster}/${service.namespace}`);
  if (namespace !== undefined) return { ok: true as const, labels: namespace.value.labels };
  const gap = reader.gap('namespace', `cluster/${service.cluster}`);
  return { ok: false as const, gap: gap ?? noNamespace(service) };
}

function distinct(lists: readonly (readonly Ip[])[]): readonly (readonly Ip[])[] {
  return [...new Map(lists.map((ips) => [ips.join(), ips])).values()];
}

function left(ips: readonly Ip[], says: string, because: readonly Evidence[]): Allotment {
  return { kind: 'not-metallb', ips, says, because };
}

function unknown(gap: Gap): Allotment {
  return { kind: 'unknown', ips: [], says: gap.what, because: gap.evidence ? [gap.evidence] : [], gap };
}

function noProgram(cluster: string): Gap {
  return clusterGap(
    'announcer-unknown',
    cluster,
    ['announcing'],
    `who gives out addresses in ${cluster} is not known`,
  );
}

function noNamespace(service: Service): Gap {
  return clusterGap(
    `namespace-unknown/${service.namespace}`,
    service.cluster,
    ['namespace'],
    `a pool selects namespaces by label, and the labels of ${service.namespace} are not in the snapshot`,
  );
}

function mixedKeys(service: Service, others: readonly Service[]): Gap {
  return clusterGap(
    `sharing-keys/${serviceKey(service)}`,
    service.cluster,
    ['service'],
    `Services on one address ask for it with different keys (${others.map(serviceKey).join(', ')}); which one MetalLB saw last decides`,
  );
}
