/*
 * Which node announces an address in layer 2 mode (MetalLB: ShouldAnnounce, speakersForAds and sortCandidates of
 * speaker/layer2_controller.go). Every speaker computes it alone, from the same facts, and the first of the list announces.
 */
import type { EndpointSlice, Node, Service } from '#estate/kubernetes.ts';
import type { Ip } from '#net/ip.ts';
import { sha256 } from '#net/sha256.ts';
import { adsForService, type ResolvedAd, scoresOver } from './advertisement.ts';
import type { L2Rules } from './l2-rules.ts';
import { hasServingEndpoint, nodesWithEndpoint } from './serving.ts';

/** All that an election of one Service depends on. */
export interface Election {
  readonly service: Pick<Service, 'labels' | 'externalPolicy' | 'sharingKey'>;
  /** The first address of the Service: a dual-stack Service has one election, by its first. */
  readonly ip: Ip;
  /** Advertisements of the pool that owns the address. */
  readonly ads: readonly ResolvedAd[];
  readonly slices: readonly EndpointSlice[];
  /** Nodes on which a speaker is up; undefined: there is no memberlist, so every node counts. */
  readonly speakers: readonly string[] | undefined;
  readonly nodes: readonly Pick<Node, 'name' | 'labels' | 'isNetworkUnavailable'>[];
  readonly ignoreExcludeLabel: boolean;
  readonly rules: L2Rules;
}

/** Why nobody, or not this node, announces; upstream's words. */
export type Refusal = 'notOwner' | 'noMatchingAdvertisement' | 'sharedIPWithServiceSelector';

export interface ElectionResult {
  /** In the order of the election: the first announces. */
  readonly candidates: readonly string[];
  /** Nodes in an advertisement that selects the Service. */
  readonly advertised: ReadonlySet<string>;
  /** Why there is no candidate. */
  readonly refusal?: Refusal;
}

export function elect(election: Election): ElectionResult {
  const { service, rules } = election;
  const ads = rules.serviceSelectors ? adsForService(election.ads, service.labels) : election.ads;
  const advertised = new Set(ads.flatMap((ad) => [...ad.nodes]));
  const nobody = (refusal: Refusal): ElectionResult => ({ candidates: [], advertised, refusal });
  if (!hasServingEndpoint(election.slices)) return nobody('notOwner');
  const selects = rules.serviceSelectors && ads.some((ad) => ad.serviceSelectors.length > 0);
  if (selects && service.sharingKey !== undefined) return nobody('sharedIPWithServiceSelector');
  if (advertised.size === 0) return nobody('noMatchingAdvertisement');
  const speakers = new Set(usableSpeakers(election).filter((n) => advertised.has(n)));
  const able =
    service.externalPolicy === 'local' ? nodesWithEndpoint(election.slices, speakers) : [...speakers];
  const scores = rules.preferences ? scoresOver(ads) : new Map<string, number>();
  return { candidates: sortCandidates(able, election.ip, scores), advertised };
}

/** What the speaker of one node decides; 'announces' on the winner alone. */
export function shouldAnnounce(election: Election, node: string): 'announces' | Refusal {
  const result = elect(election);
  if (result.refusal !== undefined) return result.refusal;
  if (!result.advertised.has(node)) {
    return election.rules.serviceSelectors ? 'noMatchingAdvertisement' : 'notOwner';
  }
  return result.candidates[0] === node ? 'announces' : 'notOwner';
}

/** Highest score first, then the lowest sha256 of `node#ip`. */
export function sortCandidates(
  nodes: readonly string[],
  ip: Ip,
  scores: ReadonlyMap<string, number>,
): readonly string[] {
  const ranked = nodes.map((node) => ({
    node,
    score: scores.get(node) ?? 0,
    hash: rankOf(`${node}#${ip}`),
  }));
  ranked.sort((a, b) => b.score - a.score || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  return ranked.map((r) => r.node);
}

const maxRanks = 10_000;
const ranks = new Map<string, string>();

/** The hash of the text, kept: the same nodes stand for the same addresses again and again. */
function rankOf(text: string): string {
  const known = ranks.get(text);
  if (known !== undefined) return known;
  if (ranks.size >= maxRanks) ranks.clear();
  const hash = sha256(text);
  ranks.set(text, hash);
  return hash;
}

const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

function usableSpeakers(election: Election): readonly string[] {
  const { rules, nodes } = election;
  const byName = new Map(nodes.map((n) => [n.name, n]));
  const everywhere = rules.withoutMemberlist ? nodes.map((n) => n.name) : [];
  const ignoresLabel = !rules.excludeLabel || (rules.ignoreExcludeLabel && election.ignoreExcludeLabel);
  return (election.speakers ?? everywhere).filter((name) => {
    const node = byName.get(name);
    if (node === undefined) return true;
    if (rules.networkUnavailable && node.isNetworkUnavailable) return false;
    return ignoresLabel || !(excludeLabel in node.labels);
  });
}
