/* Suite topology: which endpoints a node may use. */
import { type Categories, categoriseEndpoints } from '#dataplane/kube-proxy/categorise.ts';
import { endpointText, type ServiceEndpoint } from '#dataplane/kube-proxy/endpoints.ts';
import { newestRules } from '#dataplane/kube-proxy/rules.ts';
import { ip } from '#net/ip.ts';
import {
  type Answer,
  arrayOf,
  at,
  type Case,
  type Group,
  type Json,
  maybeText,
  sameJson,
  text,
  texts,
} from '../vector.ts';

export function topology(group: Group, one: Case): Answer {
  const { setup } = group;
  const zone = maybeText(at(setup, 'nodeLabels', 'topology.kubernetes.io/zone'));
  const categories = categoriseEndpoints(
    arrayOf(setup.endpoints).map(endpointOf),
    {
      isInternalLocal: at(setup, 'service', 'internalPolicyLocal') === true,
      isExternalLocal: at(setup, 'service', 'externalPolicyLocal') === true,
      isExternallyAccessible: Number(at(setup, 'service', 'nodePort') ?? 0) > 0,
    },
    {
      node: maybeText(setup.nodeName) ?? '',
      ...(zone !== undefined && { zone }),
      hasHintsAnnotation: false,
    },
    { ...newestRules, nodeHints: at(setup, 'featureGates', 'PreferSameTrafficDistribution') !== false },
  );
  const got = resultOf(categories, Object.keys(one.expect));
  return { isRight: sameJson(got, resultSorted(one)), got };
}

function endpointOf(e: Json): ServiceEndpoint {
  const [, address = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(text(at(e, 'endpoint'))) ?? [];
  return {
    ip: ip(address),
    port: Number(port),
    isLocal: at(e, 'isLocal') === true,
    isReady: at(e, 'ready') === true,
    isServing: at(e, 'serving') === true,
    isTerminating: at(e, 'terminating') === true,
    zoneHints: texts(at(e, 'zoneHints')),
    nodeHints: texts(at(e, 'nodeHints')),
  };
}

function resultOf(c: Categories, keys: readonly string[]): Record<string, unknown> {
  const all: Record<string, unknown> = {
    clusterEndpoints: c.cluster?.map(endpointText).sort() ?? null,
    localEndpoints: c.local?.map(endpointText).sort() ?? null,
    allReachableEndpoints: c.reachable.map(endpointText).sort(),
    hasAnyEndpoints: c.hasAny,
  };
  return Object.fromEntries(keys.map((k) => [k, all[k]]));
}

function resultSorted(one: Case): Record<string, unknown> {
  const sorted = Object.entries(one.expect).map(([k, v]) => [k, Array.isArray(v) ? [...v].sort() : v]);
  return Object.fromEntries(sorted);
}
