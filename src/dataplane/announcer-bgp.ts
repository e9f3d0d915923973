/*
 * MetalLB in BGP mode: every node that may announces, and a router chooses among them. Which nodes may: those of an
 * advertisement, with a speaker, and under Local with an endpoint (speaker/bgp_controller.go, ShouldAnnounce, 978f3bd6).
 * Sessions and the router's choice are not in a snapshot; that nobody may is certain without them.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { type Announcement, base, maybeRouted, type Question } from './announcement.ts';
import { clusterGap } from './cluster-gap.ts';
import { matchesAny } from './metallb/selector.ts';
import { canServe } from './metallb/serving.ts';

/** `isAlone`: no layer 2 advertisement is for the pool too. */
export function byBgp(
  reader: Reader,
  q: Question,
  ads: readonly Fact<'bgpAdvertisement'>[],
  isAlone: boolean,
): Announcement {
  const able = ableNodes(reader, q, ads);
  const because = [...ads.map((a) => a.evidence), q.announcing.evidence];
  if (able?.length === 0 && isAlone) {
    const says = 'no node may announce it by BGP';
    return { ...base(q.services, says, because), nodes: [], candidates: [], rule: 'MetalLB: BGP' };
  }
  const from = able === undefined || able.length === 0 ? '' : ` from ${able.join(', ')}`;
  const gap = clusterGap(
    'metallb-bgp',
    q.cluster,
    ['bgpAdvertisement'],
    `MetalLB announces it by BGP${from}; which node receives is the router’s choice and not modelled`,
    'layer 2 mode',
    ads[0]?.evidence,
  );
  return { ...maybeRouted(q.services, gap), candidates: able ?? [] };
}

/** Nodes that could announce one of the Services, by name; undefined: not known. Sessions may be fewer. */
function ableNodes(
  reader: Reader,
  q: Question,
  ads: readonly Fact<'bgpAdvertisement'>[],
): readonly string[] | undefined {
  const speakers = q.announcing.value.speakerNodes;
  if (speakers === undefined || reader.gap('endpointSlice', `cluster/${q.cluster}`) !== undefined)
    return undefined;
  const advertised = reader
    .by('node', 'cluster', q.cluster)
    .filter((n) => ads.some((a) => matchesAny(a.value.nodeSelectors, n.value.labels) ?? true))
    .map((n) => n.value.name)
    .filter((name) => speakers.includes(name));
  return advertised.filter((name) => q.services.some((s) => mayAnnounce(reader, s, name))).sort();
}

function mayAnnounce(reader: Reader, service: Fact<'service'>, node: string): boolean {
  const able = reader
    .by('endpointSlice', 'service', service.key.slice('service:'.length))
    .flatMap((f) => f.value.endpoints)
    .filter(canServe);
  return service.value.externalPolicy === 'local' ? able.some((e) => e.node === node) : able.length > 0;
}
