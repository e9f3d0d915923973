/*
 * Which node carries all direct traffic under Local in layer 2 mode, and what each loss does. A disruption budget counts
 * pods and limits voluntary evictions only; only a spread rule keeps the pods on different nodes.
 */
import { announcerOf } from '#dataplane/announce.ts';
import { matchesSelector } from '#dataplane/metallb/selector.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import { claim, count, finding, list, serviceText } from '../compose.ts';
import type { Claim, Finding } from '../finding.ts';
import { type Frontend, frontendsOf, nodesWith } from '../frontends.ts';
import { allotmentOfMove, movedTo } from '../move.ts';
import type { Rule } from '../rule.ts';

export const eligibleNodes: Rule = {
  code: 'eligible-nodes',
  looksFor: 'which node carries all direct traffic under Local, and what each loss does',
  cases: ['S44', 'S64'],
  needs: [
    'service',
    'ingress',
    'endpointSlice',
    'node',
    'announcing',
    'pool',
    'l2Advertisement',
    'workload',
    'disruptionBudget',
  ],
  check: ({ reader }) => frontendsOf(reader).flatMap((f) => judge(reader, f) ?? []),
};

function judge(reader: Reader, frontend: Frontend): Finding | undefined {
  const isLocal = frontend.service.value.externalPolicy === 'local';
  const ip = isLocal ? frontend.vips[0] : allotmentOfMove(reader, frontend).ips[0];
  if (ip === undefined) return undefined;
  const state = isLocal ? reader : movedTo(reader, frontend, ip);
  const announcement = announcerOf(state, ip);
  if (announcement === undefined) return undefined;
  if (announcement.gap !== undefined) return undecided(frontend, ip, announcement.gap);
  const { cluster } = frontend.service.value;
  const program = reader.get('announcing', cluster)?.value.program;
  if (program === 'klipper') return undefined;
  if (program === 'cilium' || program === 'kube-vip') return undecided(frontend, ip, takeoverGap(cluster));
  return answer(reader, {
    frontend,
    ip,
    isLocal,
    candidates: announcement.candidates,
    because: announcement.because,
  });
}

/** A lease tells who announces now; whoever asks first gets it next. */
function takeoverGap(cluster: string): Finding['gaps'][number] {
  return {
    id: `takeover/${cluster}`,
    system: `cluster/${cluster}`,
    kinds: ['lease'],
    what: 'a lease decides who announces, and which node takes it over is not known',
  };
}

interface Known {
  readonly frontend: Frontend;
  readonly ip: Ip;
  readonly isLocal: boolean;
  readonly candidates: readonly string[];
  readonly because: Finding['claims'][number]['evidence'];
}

function answer(reader: Reader, k: Known): Finding {
  const workload = workloadOf(reader, k.frontend);
  const spread = workload?.value.spread;
  const [first, second] = k.candidates;
  const isThin = second === undefined || spread !== 'required';
  const service = serviceText(k.frontend.service.value);
  const when = k.isLocal ? 'carries' : 'would carry';
  return finding({
    code: 'eligible-nodes',
    severity: isThin ? 'warning' : 'notice',
    subject: `${service} on ${k.ip}`,
    title:
      first === undefined
        ? `No node could announce ${k.ip} for ${service} under Local`
        : `Under Local ${first} ${when} all direct traffic of ${service} on ${k.ip}; ${count(k.candidates.length, 'eligible node')}${spread === 'required' ? '' : ', and nothing keeps them apart'}`,
    cause:
      'In layer 2 mode one node answers for an address, and under Local only its own pods take the traffic. How many nodes can take over is decided by where the pods are, which a disruption budget does not say.',
    claims: [
      electionClaim(k),
      lossClaim(k),
      podsClaim(reader, k),
      spreadClaim(workload),
      ...budgetClaims(reader, k.frontend),
    ],
    refutedBy: `kubectl get pods -o wide of ${service} with fewer or more nodes than ${list(k.candidates)}, or a topology spread rule over kubernetes.io/hostname in its template`,
    affects: { services: [k.frontend.id] },
    advice: [
      ...(spread === 'required'
        ? []
        : [
            'Add a topologySpreadConstraint over kubernetes.io/hostname with DoNotSchedule (or a required anti-affinity) before the move.',
          ]),
      `Expect the load of all direct clients on one node, and a short gap when it is lost.`,
      'Roll the pods one node at a time: a rollout may move the address.',
    ],
  });
}

function electionClaim(k: Known): Claim {
  return claim(
    `election for ${k.ip} under Local, in the order of taking over: ${k.candidates.join(', ') || 'nobody'}`,
    ...k.because,
  );
}

function lossClaim(k: Known): Claim {
  const losses = k.candidates.map((node, i) => {
    const next = k.candidates.find((_, j) => j !== i);
    if (i > 0) return `${node} lost: nothing changes for clients`;
    return next === undefined
      ? `${node} lost: nobody announces it`
      : `${node} lost: ${next} takes over, established flows end`;
  });
  return claim(losses.join('; ') || 'no node to lose', k.frontend.service);
}

function podsClaim(reader: Reader, k: Known): Claim {
  const nodes = [...nodesWith(reader, k.frontend.id)].map(([node, n]) => `${node} (${n})`).sort();
  return claim(
    `endpoints by node: ${nodes.join(', ') || 'none'}`,
    ...reader.by('endpointSlice', 'service', k.frontend.id),
  );
}

function spreadClaim(workload: Fact<'workload'> | undefined): Claim {
  if (workload === undefined)
    return claim('what makes its pods, and whether it spreads them, is not in the snapshot');
  const { type, replicas, spread } = workload.value;
  const how = { required: 'must', preferred: 'would rather', none: 'need not' }[spread];
  return claim(
    `${type} ${workload.value.name}: ${replicas === undefined ? '' : `${count(replicas, 'replica')}, which `}${how} sit on different nodes`,
    workload,
  );
}

function budgetClaims(reader: Reader, frontend: Frontend): readonly Claim[] {
  const labels = frontend.ingress.value.podLabels;
  return reader
    .by('disruptionBudget', 'cluster', frontend.service.value.cluster)
    .filter(
      (b) =>
        b.value.namespace === frontend.service.value.namespace && matchesSelector(b.value.selector, labels),
    )
    .map((b) => {
      const kept =
        b.value.minAvailable === undefined
          ? `maxUnavailable ${b.value.maxUnavailable ?? '?'}`
          : `minAvailable ${b.value.minAvailable}`;
      return claim(
        `the disruption budget (${kept}) counts pods, not nodes, and only holds back voluntary evictions: it keeps no two nodes eligible`,
        b,
      );
    });
}

/** The workload whose pods the ingress is. */
function workloadOf(reader: Reader, frontend: Frontend): Fact<'workload'> | undefined {
  const { cluster, namespace, podLabels } = frontend.ingress.value;
  return reader
    .by('workload', 'cluster', cluster)
    .find(
      (w) =>
        w.value.namespace === namespace &&
        w.value.type !== 'CronJob' &&
        Object.entries(podLabels).every(([k, v]) => w.value.podLabels[k] === v),
    );
}

function undecided(frontend: Frontend, ip: Ip, gap: Finding['gaps'][number]): Finding {
  const service = serviceText(frontend.service.value);
  return finding({
    code: 'eligible-nodes',
    severity: 'notice',
    certainty: 'unknown',
    subject: `${service} on ${ip}`,
    title: `Which node would carry ${service} on ${ip} is not known`,
    cause: gap.what,
    claims: [claim('the Service', frontend.service)],
    refutedBy: 'the same check on a snapshot that closes the gap',
    advice: [],
    gaps: [gap],
  });
}
