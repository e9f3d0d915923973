/* Connections whose five-tuple changes may reach another pod: kube-proxy balances by addresses and ports (RFC 9000, 5.2.3). */
import type { Reader } from '#estate/estate.ts';
import { familyOf } from '#net/ip.ts';
import { at, claim, finding, list, serviceText } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { distinct, groupBy } from '../masked.ts';
import { walkKinds } from '../needs.ts';
import type { Rule, RuleContext } from '../rule.ts';

/** Connections whose five-tuple changes may reach another pod. */
export const http3Rebinding: Rule = {
  code: 'http3-rebinding',
  looksFor: 'HTTP/3 connections that a changed client address or port takes to another pod',
  cases: ['S59'],
  needs: walkKinds,
  check: (context) => {
    const services = new Set<string>();
    for (const i of context.reader.all('ingress'))
      if (i.value.listeners.some((l) => l.http3 && l.tls)) services.add(i.value.cluster);
    if (services.size === 0) return [];
    return rebinding(context);
  },
};

function rebinding(context: RuleContext): readonly Finding[] {
  const groups = groupBy(
    context.flows.flatMap((flow) => {
      if (flow.port !== 443 || flow.protocol !== 'udp') return [];
      const kind = context.reader.get('vantagePoint', flow.from)?.value.kind;
      if (kind === 'pod' || kind === 'node' || kind === 'tunnel-edge') return [];
      return context
        .walk(flow)
        .traces.flatMap((trace) =>
          trace.disposition === 'delivered' && trace.reached?.service
            ? [{ flow, trace, service: trace.reached.service }]
            : [],
        );
    }),
    (w) => `${w.service} ${familyOf(w.trace.reached?.ip ?? w.trace.flow.source ?? ('0.0.0.0' as never))}`,
  );
  return [...groups.values()].flatMap((ways) => {
    const [first] = ways;
    const pods = distinct(ways.map((w) => w.trace.reached?.pod));
    const nodes = distinct(ways.map((w) => w.trace.reached?.node));
    if (first === undefined || pods.length < 2) return [];
    return [atRisk(context.reader, first.service, pods, nodes, distinct(ways.map((w) => w.flow.from)))];
  });
}

function atRisk(
  reader: Reader,
  id: string,
  pods: readonly string[],
  nodes: readonly string[],
  from: readonly string[],
): Finding {
  const service = reader.get('service', id);
  const affinity = service?.value.sessionAffinitySeconds;
  return finding({
    code: 'http3-rebinding',
    severity: 'notice',
    subject: `HTTP/3 of ${service ? serviceText(service.value) : id}`,
    title: `An HTTP/3 connection whose client changes address or port may reach another of ${pods.length} pods and end`,
    cause: `kube-proxy balances by addresses and ports and knows no connection IDs: a client that moves from Wi-Fi to mobile, or whose NAT picks a new port, starts a new flow, which lands on any of ${list(nodes)}.${affinity === undefined ? '' : ` Session affinity (${affinity} s) saves a client that changes its port only.`}`,
    claims: [
      claim(`UDP 443 may go to ${list(pods)}`, service, ...reader.by('endpointSlice', 'service', id)),
      claim('this is no handshake failure: a new connection completes', service && at(service, 'spec.ports')),
      claim(
        affinity === undefined ? 'sessionAffinity is None' : `sessionAffinity is ClientIP for ${affinity} s`,
        service && at(service, 'spec.sessionAffinity'),
      ),
    ],
    refutedBy:
      'a QUIC client that changes its source port in the middle of a download, fifty times, without losing a connection',
    affects: { services: [id], flows: from },
    advice: [
      'Under Local with one pod on the announcing node connections survive a change of address; with more pods set sessionAffinity: ClientIP against port changes.',
    ],
  });
}
