/* Suite metallb-layer2: who announces, and the small rules that it is made of. */
import {
  adsForService,
  interfacesOver,
  preferenceScores,
  type ResolvedAd,
  scoresOver,
} from '#dataplane/metallb/advertisement.ts';
import { type Election, shouldAnnounce, sortCandidates } from '#dataplane/metallb/election.ts';
import { newestL2Rules } from '#dataplane/metallb/l2-rules.ts';
import { canServe, nodesWithEndpoint } from '#dataplane/metallb/serving.ts';
import type { Selector } from '#estate/kubernetes.ts';
import { ip } from '#net/ip.ts';
import { conditionsOf, labelsOf, nodeOf, selectorOf, serviceOf, sliceOf } from '../kube.ts';
import {
  type Answer,
  arrayOf,
  asObject,
  at,
  type Case,
  type Group,
  type Json,
  type JsonObject,
  sameJson,
  text,
  texts,
} from '../vector.ts';

export function metallbLayer2(group: Group, one: Case): Answer {
  const got: Record<string, unknown> = {};
  for (const key of Object.keys(one.expect)) {
    const ask = questions[key];
    if (ask === undefined) throw new Error(`unknown expectation ${key}`);
    got[key] = ask(group.setup, one.expect);
  }
  return { isRight: sameJson(comparable(got), comparable(one.expect)), got };
}

type Ask = (setup: JsonObject, expect: JsonObject) => unknown;

const questions: Readonly<Record<string, Ask>> = {
  shouldAnnounce: (setup, expect) =>
    Object.fromEntries(
      nodesAsked(expect).map((node) => {
        const answer = shouldAnnounce(electionOf(setup), node);
        return [node, answer === 'announces' ? '' : answer];
      }),
    ),
  onlyAnnouncer: (setup) => announcersOf(electionOf(setup)),
  nodesWithEndpoint: (setup) =>
    [
      ...nodesWithEndpoint(
        arrayOf(setup.endpointSlices).map((s) => sliceOf(asObject(s))),
        new Set(texts(setup.usableSpeakers)),
      ),
    ].sort(),
  sorted: (setup) => sortCandidates(texts(setup.candidates), ip(text(setup.ip)), numbersOf(setup.scores)),
  scores: (setup) => scoresAsked(setup) ?? 'refused',
  error: (setup) => scoresAsked(setup) === undefined,
  matching: (setup) => {
    const ads = arrayOf(setup.l2Advertisements).map((a) => ({ ...adOf(a), id: text(at(a, 'id')) }));
    return adsForService(ads, labelsOf(at(setup, 'service', 'metadata', 'labels'))).map((a) => a.id);
  },
  allInterfaces: (setup) => interfacesAsked(setup) === 'all',
  interfaces: (setup) => {
    const names = interfacesAsked(setup);
    return names === 'all' ? [] : [...names].sort();
  },
  endpointCanServe: (setup) => canServe(conditionsOf(setup.conditions)),
};

function nodesAsked(expect: JsonObject): readonly string[] {
  const nodes = Object.keys(asObject(expect.shouldAnnounce));
  if (nodes.length === 0) throw new Error('shouldAnnounce asks about no node');
  return nodes;
}

/** The one node whose speaker announces; null for none, a list where several would. */
function announcersOf(election: Election): string | null | readonly string[] {
  const all = new Set([
    ...election.nodes.map((n) => n.name),
    ...(election.speakers ?? []),
    ...election.ads.flatMap((ad) => [...ad.nodes]),
  ]);
  const announcing = [...all].filter((node) => shouldAnnounce(election, node) === 'announces');
  return announcing.length > 1 ? announcing : (announcing[0] ?? null);
}

function interfacesAsked(setup: JsonObject): ResolvedAd['interfaces'] {
  return interfacesOver(arrayOf(setup.l2Advertisements).map(adOf));
}

/** Either preferences over labelled nodes, or the sum over several advertisements. */
function scoresAsked(setup: JsonObject): JsonObject | undefined {
  if (setup.preferred === undefined) {
    return Object.fromEntries(scoresOver(arrayOf(setup.l2Advertisements).map(adOf)));
  }
  const eligible = texts(setup.eligible);
  const nodes = arrayOf(setup.nodes)
    .map((n) => ({ name: text(at(n, 'name')), labels: labelsOf(at(n, 'labels')) }))
    .filter((n) => eligible.includes(n.name));
  const preferred = arrayOf(setup.preferred).map((p) => ({
    weight: Number(at(p, 'weight')),
    selector: asObject(at(p, 'preference') ?? {}) as Selector,
  }));
  const scores = preferenceScores(preferred, nodes);
  return scores && Object.fromEntries(scores);
}

function electionOf(setup: JsonObject): Election {
  const speakers = setup.usableSpeakers;
  const nodes = setup.nodes === null || setup.nodes === undefined ? {} : asObject(setup.nodes);
  return {
    service: serviceOf(asObject(setup.service)),
    ip: ip(texts(setup.loadBalancerIPs)[0] ?? ''),
    ads: arrayOf(setup.l2Advertisements).map(adOf),
    slices: arrayOf(setup.endpointSlices).map((s) => sliceOf(asObject(s))),
    speakers: speakers === null ? undefined : texts(speakers),
    nodes: Object.entries(nodes).map(([name, n]) => ({
      ...nodeOf(name, [], labelsOf(at(n, 'labels'))),
      isNetworkUnavailable: isNetworkUnavailable(n),
    })),
    ignoreExcludeLabel: setup.ignoreExcludeLB === true,
    rules: newestL2Rules,
  };
}

function isNetworkUnavailable(node: Json): boolean {
  if (at(node, 'networkUnavailable') === true) return true;
  return arrayOf(at(node, 'conditions') ?? at(node, 'status', 'conditions')).some(
    (c) => at(c, 'type') === 'NetworkUnavailable' && at(c, 'status') === 'True',
  );
}

function adOf(a: Json): ResolvedAd {
  return {
    nodes: new Set(texts(at(a, 'nodes'))),
    serviceSelectors: texts(at(a, 'serviceSelectors')).map(selectorOf),
    interfaces: at(a, 'allInterfaces') === true ? 'all' : texts(at(a, 'interfaces')),
    scores: numbersOf(at(a, 'preferredNodes')),
  };
}

function numbersOf(value: Json | undefined): ReadonlyMap<string, number> {
  if (value === undefined || value === null) return new Map();
  return new Map(Object.entries(asObject(value)).map(([k, v]) => [k, Number(v)]));
}

const sets: readonly string[] = ['interfaces', 'nodesWithEndpoint', 'matching'];

/** Sets in one order; null stands for an empty set, an empty list and for no scores. */
function comparable(answer: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const inOrder = ([key, value]: [string, unknown]): [string, unknown] => {
    if (sets.includes(key)) return [key, [...texts(value as Json)].sort()];
    if (key === 'scores') return [key, value ?? {}];
    return [key, key === 'sorted' ? (value ?? []) : value];
  };
  return Object.fromEntries(Object.entries(answer).map(inOrder));
}
