/*
 * The ingress (or another endpoint) sees a node instead of its clients: externalTrafficPolicy Cluster makes the
 * announcing node masquerade. Election, policy and access log are three independent pieces of evidence.
 */

import { announcerOf } from '#dataplane/announce.ts';
import type { Reader } from '#estate/estate.ts';
import { list } from '../compose.ts';
import type { Claim, Finding } from '../finding.ts';
import { type LogShare, logShareOf } from '../log-share.ts';
import { distinct, groupBy, type MaskedWay, maskedWays } from '../masked.ts';
import { walkKinds } from '../needs.ts';
import { nodeOfAddress } from '../node-addresses.ts';
import type { Rule, RuleContext } from '../rule.ts';

export const clientMasked: Rule = {
  code: 'client-masked',
  looksFor: 'an ingress that sees a node of its own cluster instead of its clients',
  cases: ['S01', 'S27'],
  needs: walkKinds,
  check: (context) => {
    const ways = maskedWays(context).filter((w) => w.trace.application !== undefined);
    return [...groupBy(ways, (w) => `${w.service} ${w.vip}`)].map(([, group]) => findingOf(context, group));
  },
};

function findingOf({ reader, namesLike }: RuleContext, ways: readonly MaskedWay[]): Finding {
  const [first] = ways;
  if (first === undefined) throw new RangeError('a group has at least one way');
  const seen = distinct(ways.map((w) => w.seenAs));
  const names = distinct(ways.map((w) => ('name' in w.flow.to ? w.flow.to.name : undefined))).flatMap(
    namesLike,
  );
  const service = reader.get('service', first.service)?.value;
  const subject = service ? `Service ${service.namespace}/${service.name}` : first.service;
  return {
    code: 'client-masked',
    severity: 'critical',
    certainty: 'established',
    subject: `${subject} on ${first.vip}`,
    title: `${subject} on ${first.vip} sees its clients as ${seen.join(' or ')}`,
    cause: `externalTrafficPolicy is Cluster, so the node that announces ${first.vip} may pass a connection on to a pod elsewhere and puts its own address in place of the client's before it does.`,
    claims: claimsOf({ reader, ways, namesLike }, first, seen),
    refutedBy: `a request from outside whose line in the access log shows another ClientAddr than ${seen.join(' or ')} without a forwarding header, or another node answering ARP for ${first.vip}`,
    affects: { services: [first.service], names, flows: distinct(ways.map((w) => w.flow.from)) },
    advice: adviceFor(reader, first, subject),
    gaps: [],
  };
}

/** A plan is found where MetalLB gives addresses out; a node's own address is nobody's to leave. */
function adviceFor(reader: Reader, way: MaskedWay, subject: string): readonly string[] {
  const [cluster = ''] = way.service.split('/');
  if (nodeOfAddress(reader, cluster, way.vip))
    return [`Set ${subject} to Local, and let clients come to nodes that run one of its pods.`];
  const isPlanned = reader.get('announcing', cluster)?.value.program === 'metallb';
  return [
    `Give ${subject} an address of its own with externalTrafficPolicy: Local${isPlanned ? ' (sightline plan finds the way there)' : ''}.`,
    `Do not flip the policy on ${way.vip} in place while other Services share it.`,
  ];
}

interface Ground {
  readonly reader: Reader;
  readonly ways: readonly MaskedWay[];
  readonly namesLike: RuleContext['namesLike'];
}

function claimsOf(
  { reader, ways, namesLike }: Ground,
  way: MaskedWay,
  seen: readonly string[],
): readonly Claim[] {
  const announcement = announcerOf(reader, way.vip);
  const service = reader.get('service', way.service);
  const share = logShareOf(reader, seen);
  return [
    ...(announcement ? [{ says: `election: ${announcement.says}`, evidence: announcement.because }] : []),
    {
      says: `policy: externalTrafficPolicy is ${service?.value.externalPolicy === 'local' ? 'Local' : 'Cluster'}; ${way.socket.says}`,
      evidence: service ? [{ ...service.evidence, field: 'spec.externalTrafficPolicy' }] : way.socket.because,
    },
    ...(share.total > 0 ? [logClaim(share, seen)] : []),
    reachClaim(reader, ways, namesLike),
  ];
}

/** From where it is met, and by how many names. */
function reachClaim(reader: Reader, ways: readonly MaskedWay[], namesLike: RuleContext['namesLike']): Claim {
  const from = [...groupBy(ways, (w) => w.flow.from)].map(([id, group]) => {
    const names = distinct(group.map((w) => ('name' in w.flow.to ? w.flow.to.name : undefined))).flatMap(
      namesLike,
    );
    return { id, names: new Set(names).size };
  });
  const places = from.flatMap((f) => reader.get('vantagePoint', f.id)?.evidence ?? []);
  return { says: `met from ${from.map((f) => `${f.id} (${f.names} names)`).join(', ')}`, evidence: places };
}

function logClaim(share: LogShare, seen: readonly string[]): Claim {
  const told = share.forwardedBy.length > 0 ? `, told by a header from ${list(share.forwardedBy, 4)}` : '';
  const others =
    share.publicClients.length > 0
      ? ` and ${share.publicHits} from ${share.publicClients.length} public addresses (${list(share.publicClients, 5)}${told})`
      : '';
  const what = share.hasPeers ? 'connections' : 'lines';
  return {
    says: `log: ${share.hits} of ${share.total} ${what} came from ${seen.join(' or ')}${others}${share.span}`,
    evidence: share.evidence,
  };
}
