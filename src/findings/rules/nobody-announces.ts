/*
 * Addresses that no node may announce, with the reason: no speaker where the pods are, a label that keeps nodes out of
 * it, no serving endpoint, no advertisement.
 */
import { announcerOf } from '#dataplane/announce.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Node } from '#estate/kubernetes.ts';
import type { Ip } from '#net/ip.ts';
import { at, claim, count, finding, idOf, list, serviceText } from '../compose.ts';
import type { Claim, Finding } from '../finding.ts';
import { endpointsOf, nodesWith } from '../frontends.ts';
import type { Rule } from '../rule.ts';

const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

export const nobodyAnnounces: Rule = {
  code: 'nobody-announces',
  looksFor: 'addresses that no node may announce',
  cases: ['S40', 'S41'],
  needs: ['service', 'announcing', 'node', 'endpointSlice', 'pool', 'l2Advertisement', 'bgpAdvertisement'],
  check: ({ reader }) =>
    reader.all('announcing').flatMap((a) => {
      if (a.value.program !== 'metallb') return [];
      const eligible = eligibleSpeakers(reader, a);
      return reader
        .by('service', 'cluster', a.value.cluster)
        .flatMap((s) => suspects(reader, s, eligible).flatMap((vip) => confirmed(reader, a, s, vip) ?? []));
    }),
};

/** Nodes that run a speaker and are not kept out by the label. */
function eligibleSpeakers(reader: Reader, a: Fact<'announcing'>): ReadonlySet<string> {
  const speakers = new Set(a.value.speakerNodes ?? []);
  const nodes = reader.by('node', 'cluster', a.value.cluster).map((n) => n.value);
  const isIn = (n: Node) =>
    speakers.has(n.name) && (a.value.ignoreExcludeLabel || !(excludeLabel in n.labels));
  return new Set(nodes.filter(isIn).map((n) => n.name));
}

/** A cheap look first, so that ten thousand Services cost no ten thousand elections. */
function suspects(reader: Reader, service: Fact<'service'>, eligible: ReadonlySet<string>): readonly Ip[] {
  if (service.value.type !== 'LoadBalancer' || service.value.vips.length === 0) return [];
  const nodes = [...nodesWith(reader, idOf(service.value)).keys()];
  const isFine =
    service.value.externalPolicy === 'local'
      ? nodes.some((n) => eligible.has(n))
      : eligible.size > 0 && endpointsOf(reader, idOf(service.value)).length > 0;
  return isFine ? [] : service.value.vips.slice(0, 1).map((v) => v.ip);
}

function confirmed(
  reader: Reader,
  a: Fact<'announcing'>,
  service: Fact<'service'>,
  vip: Ip,
): Finding | undefined {
  const announcement = announcerOf(reader, vip);
  if (announcement === undefined || announcement.gap !== undefined || announcement.nodes.length > 0)
    return undefined;
  const cause = causeOf(reader, a, service);
  return finding({
    code: 'nobody-announces',
    severity: 'critical',
    subject: `${serviceText(service.value)} on ${vip}`,
    title: `No node announces ${vip} of ${serviceText(service.value)}: ${cause.short}`,
    cause: cause.long,
    claims: [
      claim(`election: ${announcement.says}`, ...announcement.because),
      claim(
        `policy ${service.value.externalPolicy === 'local' ? 'Local' : 'Cluster'}`,
        at(service, 'spec.externalTrafficPolicy'),
      ),
      ...cause.claims,
    ],
    refutedBy: `arping -c 3 ${vip} on its network: any answer; in BGP mode a route to it on a router`,
    affects: { services: [idOf(service.value)] },
    advice: cause.advice,
  });
}

function causeOf(
  reader: Reader,
  a: Fact<'announcing'>,
  service: Fact<'service'>,
): { short: string; long: string; claims: readonly Claim[]; advice: readonly string[] } {
  const id = idOf(service.value);
  const on = [...nodesWith(reader, id).keys()];
  const slices = reader.by('endpointSlice', 'service', id);
  const nodes = reader.by('node', 'cluster', a.value.cluster);
  const excluded = nodes.filter((n) => excludeLabel in n.value.labels);
  const speakers = a.value.speakerNodes ?? [];
  if (on.length === 0)
    return {
      short: 'it has no serving endpoint',
      long: 'MetalLB announces an address only while a Service on it has an endpoint that serves.',
      claims: [claim('no endpoint serves', ...slices)],
      advice: ['Look at the pods first; the address comes back with them.'],
    };
  const isLocal = service.value.externalPolicy === 'local';
  const concerned = isLocal ? on : speakers;
  const outOf = excluded.filter((n) => concerned.includes(n.value.name) && speakers.includes(n.value.name));
  if (outOf.length > 0 && !a.value.ignoreExcludeLabel)
    return {
      short: `${list(outOf.map((n) => n.value.name))} ${outOf.length === 1 ? 'carries' : 'carry'} the label that excludes from load balancers`,
      long: `MetalLB leaves out nodes labelled ${excludeLabel} (kubeadm and Talos set it on control planes, and set it again on upgrades), and says nothing about it.`,
      claims: outOf.map((n) =>
        claim(`${n.value.name} has the label`, at(n, `metadata.labels["${excludeLabel}"]`)),
      ),
      advice: [
        `Remove the label from a node that should announce, or start the speakers with --ignore-exclude-lb.`,
      ],
    };
  if (!concerned.some((n) => speakers.includes(n)))
    return {
      short: `no speaker runs on ${list(on)}, where its pods are`,
      long: 'Under Local only a node with a pod of the Service may announce, and only nodes with a speaker can. The two sets have no node in common.',
      claims: [
        claim(`speakers run on ${list(speakers) || 'no node'}`, a),
        claim(`endpoints are on ${list(on)}`, ...slices),
      ],
      advice: ['Run speakers on those nodes (tolerations, nodeSelector), or the pods where speakers are.'],
    };
  return {
    short: 'no advertisement selects a node that could',
    long: 'Pool, advertisement and node selectors leave no candidate.',
    claims: [
      ...(['l2Advertisement', 'bgpAdvertisement'] as const).map((kind) => {
        const ads = reader.by(kind, 'cluster', a.value.cluster);
        return claim(
          count(ads.length, kind === 'l2Advertisement' ? 'L2Advertisement' : 'BGPAdvertisement'),
          ...ads,
        );
      }),
    ],
    advice: ['Add an advertisement for the pool that selects these nodes.'],
  };
}
