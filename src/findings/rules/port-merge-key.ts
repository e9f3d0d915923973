/* One port number in TCP and UDP: client-side apply merges ports by number alone (kubernetes#105610). */
import type { Fact } from '#estate/fact.ts';
import type { Service, ServicePort } from '#estate/kubernetes.ts';
import { at, claim, finding, idOf, list, serviceText } from '../compose.ts';
import type { Rule } from '../rule.ts';

/** Ports that occur in both protocols. */
function twins(service: Service): readonly { readonly tcp: ServicePort; readonly udp: ServicePort }[] {
  return service.ports.flatMap((tcp) => {
    if (tcp.protocol !== 'tcp') return [];
    const udp = service.ports.find((p) => p.protocol === 'udp' && p.port === tcp.port);
    return udp === undefined ? [] : [{ tcp, udp }];
  });
}

export const portMergeKey: Rule = {
  code: 'port-merge-key',
  looksFor: 'Services with one port number in TCP and UDP, which client-side apply may mix up',
  cases: ['S11'],
  needs: ['service'],
  check: ({ reader }) =>
    reader.all('service').flatMap((service) => {
      if (service.value.ports.length < 2) return [];
      const lost = lostPort(service.value);
      if (lost !== undefined) return [swapped(service, lost)];
      const both = twins(service.value);
      return both.length === 0 || service.value.type !== 'LoadBalancer'
        ? []
        : [
            trap(
              service,
              both.map((t) => t.tcp.port),
            ),
          ];
    }),
};

/** TCP that goes to a target named for HTTP/3 or UDP: the merge kept one entry and gave it the other's target. */
function lostPort(service: Service): ServicePort | undefined {
  return service.ports.find((p) => p.protocol === 'tcp' && /http-?3|quic|udp/i.test(String(p.targetPort)));
}

function swapped(service: Fact<'service'>, port: ServicePort) {
  return finding({
    code: 'port-merge-key',
    severity: 'critical',
    subject: `${serviceText(service.value)} port ${port.port}/tcp`,
    title: `${serviceText(service.value)} sends ${port.port}/TCP to ${port.targetPort}, which is the target of HTTP/3`,
    cause:
      'Client-side apply merges the list of ports by port number alone, so the UDP entry’s target was written over the TCP one’s. All pods are ready and the apply was green, and every TCP connection is refused.',
    claims: [
      claim(
        `ports: ${list(service.value.ports.map((p) => `${p.port}/${p.protocol} → ${p.targetPort}`))}`,
        at(service, 'spec.ports'),
      ),
    ],
    refutedBy: `kubectl -n ${service.value.namespace} get svc ${service.value.name} -o jsonpath='{.spec.ports}' with another target for TCP`,
    affects: { services: [idOf(service.value)] },
    advice: [
      'Mend it with a JSON patch of that one entry.',
      'Then use server-side apply, or a Service of its own for UDP.',
    ],
  });
}

function trap(service: Fact<'service'>, ports: readonly number[]) {
  return finding({
    code: 'port-merge-key',
    severity: 'notice',
    subject: `${serviceText(service.value)} ports ${ports.join(', ')}`,
    title: `${serviceText(service.value)} has ${ports.join(', ')} in TCP and in UDP: do not edit it with client-side apply`,
    cause:
      'The merge key of a Service’s ports is the number alone; kubectl apply, older Helm and some providers may write one entry’s target over the other’s.',
    claims: [
      claim(
        `ports: ${list(service.value.ports.map((p) => `${p.port}/${p.protocol} → ${p.targetPort}`))}`,
        at(service, 'spec.ports'),
      ),
    ],
    refutedBy: 'kubectl diff --server-side of the change that leaves both entries as they are',
    affects: { services: [idOf(service.value)] },
    advice: ['Look at both entries after every apply; use server-side apply or a JSON patch.'],
  });
}
