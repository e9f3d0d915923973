/*
 * Which node announces a VIP, read from an estate. MetalLB's layer 2 election (metallb/election.ts) where MetalLB does
 * it that way, other programs' by announcer-other.ts; BGP or an unknown release that would decide give `unknown`, named.
 */
import { keptPart, type Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { EndpointSlice, Node } from '#estate/kubernetes.ts';
import type { Announcing, L2Advertisement } from '#estate/metallb.ts';
import type { Ip } from '#net/ip.ts';
import { type Announcement, base, maybeRouted, type Question, unknown } from './announcement.ts';
import { byBgp } from './announcer-bgp.ts';
import { announcerGap } from './announcer-gap.ts';
import { announcedOtherwise } from './announcer-other.ts';
import { clusterGap } from './cluster-gap.ts';
import { firstGap } from './gaps.ts';
import { isForPool, type ResolvedAd, resolveAd } from './metallb/advertisement.ts';
import { type Election, elect } from './metallb/election.ts';
import { type L2Rules, l2RulesOf } from './metallb/l2-rules.ts';
import { poolsFor } from './metallb/pool.ts';
import { hasServingEndpoint } from './metallb/serving.ts';

export type { Announcement };

/** undefined: no Service has this VIP. One election per address: Services that share it are announced together. */
export function announcerOf(reader: Reader, vip: Ip): Announcement | undefined {
  return keptPart(reader, `announcer ${vip}`, (r) => announcerIn(r, vip));
}

function announcerIn(reader: Reader, vip: Ip): Announcement | undefined {
  const services = reader.by('service', 'vip', vip);
  const [first] = services;
  if (first === undefined) return maybeHidden(reader, vip);
  const cluster = first.value.cluster;
  const rival = services.find((s) => s.value.cluster !== cluster);
  if (rival !== undefined) return unknown(services, rivalGap(vip, cluster, rival));
  const announcing = reader.get('announcing', cluster);
  const gap = announcerGap(reader, cluster, announcing, services);
  if (gap !== undefined || announcing === undefined) return maybeRouted(services, gap ?? noProgram(cluster));
  const question = { cluster, services, announcing };
  return announcing.value.program === 'metallb'
    ? byMetallb(reader, vip, question)
    : announcedOtherwise(reader, vip, question);
}

function byMetallb(reader: Reader, vip: Ip, q: Question): Announcement {
  const system = `cluster/${q.cluster}`;
  const pool = reader.by('pool', 'cluster', q.cluster).find((p) => poolsFor([p.value], [vip]).length > 0);
  if (pool === undefined) {
    const gap = reader.gap('pool', system);
    if (gap !== undefined) return unknown(q.services, gap);
    return {
      ...base(q.services, `${vip} is in no pool, so no speaker announces it`, []),
      nodes: [],
      candidates: [],
    };
  }
  const gap = firstGap(reader, ['l2Advertisement', 'bgpAdvertisement', 'node', 'announcing'], system);
  if (gap !== undefined) return unknown(q.services, gap);
  const ads = reader
    .by('l2Advertisement', 'cluster', q.cluster)
    .filter((a) => isForPool(a.value, pool.value));
  const bgp = reader
    .by('bgpAdvertisement', 'cluster', q.cluster)
    .filter((b) => isForPool(b.value, pool.value));
  if (bgp.length > 0) return byBgp(reader, q, bgp, ads.length === 0);
  const because = [pool.evidence, ...ads.map((a) => a.evidence), q.announcing.evidence];
  const nodes = reader.by('node', 'cluster', q.cluster).map((n) => n.value);
  const resolved = ads.map((a) => resolvedAd(a.value, nodes));
  if (resolved.includes(undefined)) return unknown(q.services, selectorGap(q.cluster));
  return electAll(reader, q, { ads: resolved.filter((a) => a !== undefined), nodes, because });
}

interface Ground {
  readonly ads: readonly ResolvedAd[];
  readonly nodes: readonly Node[];
  readonly because: readonly Evidence[];
}

function electAll(reader: Reader, q: Question, ground: Ground): Announcement {
  const slices = q.services.map((s) =>
    reader.by('endpointSlice', 'service', s.key.slice('service:'.length)).map((f) => f.value),
  );
  const sliceGap = reader.gap('endpointSlice', `cluster/${q.cluster}`);
  const isSliceNeeded = q.services.some((s, i) => !cannotChange(s, slices[i] ?? []));
  if (sliceGap !== undefined && isSliceNeeded) return unknown(q.services, sliceGap);
  const speakers = speakersOf(q.announcing.value, ground.nodes);
  if (speakers === 'unknown') return unknown(q.services, speakersGap(q));
  const answers = l2RulesOf(q.announcing.value).map((rules) =>
    q.services.map((s, i) => elect(electionOf(s, slices[i] ?? [], speakers, q, ground, rules)).candidates),
  );
  const [answer = [], ...others] = answers;
  if (others.some((o) => winners(o).join() !== winners(answer).join())) {
    return unknown(q.services, versionGap(q));
  }
  return conclude(q, answer, ground.because);
}

function electionOf(
  service: Fact<'service'>,
  slices: readonly EndpointSlice[],
  speakers: readonly string[] | undefined,
  q: Question,
  ground: Ground,
  rules: L2Rules,
): Election {
  return {
    service: service.value,
    ip: service.value.vips[0]?.ip ?? ('' as Ip),
    ads: ground.ads,
    slices,
    speakers,
    nodes: ground.nodes,
    ignoreExcludeLabel: q.announcing.value.ignoreExcludeLabel,
    rules,
  };
}

function conclude(
  q: Question,
  answer: readonly (readonly string[])[],
  because: readonly Evidence[],
): Announcement {
  const nodes = winners(answer);
  const candidates = [...new Set(answer.flat())];
  const [only, other] = nodes;
  const says =
    only === undefined
      ? 'no node may announce it'
      : other === undefined
        ? `${only} announces it, first of ${candidates.length} by MetalLB’s election`
        : `the Services on it elect different nodes: ${nodes.join(', ')}`;
  const rule = `MetalLB ${q.announcing.value.version ?? 'any version'}: layer 2 election by sha256(node#ip)`;
  return { ...base(q.services, says, because), nodes, candidates, rule };
}

function winners(answer: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(answer.flatMap((candidates) => candidates.slice(0, 1)))].sort();
}

/** With policy Cluster one serving endpoint is enough; more slices would not move the address. */
function cannotChange(service: Fact<'service'>, slices: readonly EndpointSlice[]): boolean {
  return service.value.externalPolicy === 'cluster' && hasServingEndpoint(slices);
}

/** undefined: no memberlist, every node counts. A node that is not Ready is taken to have left the memberlist. */
function speakersOf(
  announcing: Announcing,
  nodes: readonly Node[],
): readonly string[] | undefined | 'unknown' {
  if (announcing.isMemberlistDisabled) return undefined;
  if (announcing.speakerNodes === undefined) return 'unknown';
  const down = new Set(nodes.filter((n) => !n.isReady).map((n) => n.name));
  return announcing.speakerNodes.filter((n) => !down.has(n));
}

const resolutions = new WeakMap<L2Advertisement, { nodes: readonly Node[]; ad: ResolvedAd | undefined }>();

/** Kept while advertisement and nodes are the very same values. */
function resolvedAd(ad: L2Advertisement, nodes: readonly Node[]): ResolvedAd | undefined {
  const known = resolutions.get(ad);
  if (known !== undefined && sameItems(known.nodes, nodes)) return known.ad;
  const result = resolveAd(ad, nodes);
  resolutions.set(ad, { nodes, ad: result });
  return result;
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

/** No Service is known to have it, but one that was not read may. */
function maybeHidden(reader: Reader, vip: Ip): Announcement | undefined {
  const pool = reader.all('pool').find((p) => poolsFor([p.value], [vip]).length > 0);
  if (pool === undefined) return undefined;
  const gap = reader.gap('service', `cluster/${pool.value.cluster}`);
  return gap && unknown([], gap);
}

function noProgram(cluster: string): Gap {
  return clusterGap(
    'announcer-unknown',
    cluster,
    ['announcing'],
    `who announces addresses in ${cluster} is not known`,
  );
}

function rivalGap(vip: Ip, cluster: string, rival: Fact<'service'>): Gap {
  return clusterGap(
    `vip-conflict/${vip}`,
    cluster,
    ['service'],
    `${vip} is a VIP in ${cluster} and in ${rival.value.cluster}; who answers for it is not defined`,
    'one cluster for each VIP',
    rival.evidence,
  );
}

function speakersGap(q: Question): Gap {
  return clusterGap(
    'metallb-speakers',
    q.cluster,
    ['announcing'],
    'the nodes on which a MetalLB speaker runs are not known',
    'the speaker pods',
    q.announcing.evidence,
  );
}

function versionGap(q: Question): Gap {
  return clusterGap(
    'metallb-version',
    q.cluster,
    ['announcing'],
    'the release of MetalLB is not known, and it decides who announces',
    'the image tag of the speaker',
    q.announcing.evidence,
  );
}

function selectorGap(cluster: string): Gap {
  return clusterGap(
    'metallb-selector',
    cluster,
    ['l2Advertisement'],
    'an advertisement has a selector that Kubernetes refuses, so MetalLB keeps its last configuration',
  );
}
