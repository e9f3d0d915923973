/* LoadBalancer Services with TCP and UDP are refused before Kubernetes 1.24. */
import { isAtLeast } from '#dataplane/version.ts';
import { at, claim, finding, idOf, list, serviceText } from '../compose.ts';
import type { Rule } from '../rule.ts';

export const mixedProtocol: Rule = {
  code: 'mixed-protocol',
  looksFor: 'LoadBalancer Services with TCP and UDP on a cluster that refuses them',
  cases: ['S60'],
  needs: ['service', 'node'],
  check: ({ reader }) => {
    const old = reader.all('node').filter((n) => isAtLeast(n.value.kubeletVersion, '1.24') === false);
    if (old.length === 0) return [];
    const clusters = new Set(old.map((n) => n.value.cluster));
    return reader.all('service').flatMap((s) => {
      if (s.value.type !== 'LoadBalancer' || !clusters.has(s.value.cluster)) return [];
      const protocols = new Set(s.value.ports.map((p) => p.protocol));
      if (protocols.size < 2) return [];
      return [
        finding({
          code: 'mixed-protocol',
          severity: 'warning',
          subject: serviceText(s.value),
          title: `${serviceText(s.value)} has ${list([...protocols])} on a Kubernetes older than 1.24`,
          cause:
            'LoadBalancer Services with more than one protocol are refused there unless the feature gate MixedProtocolLBService is on.',
          claims: [
            claim(`ports: ${list(s.value.ports.map((p) => `${p.port}/${p.protocol}`))}`, at(s, 'spec.ports')),
            claim(`kubelet ${list(old.map((n) => n.value.kubeletVersion ?? ''))}`, ...old.slice(0, 2)),
          ],
          refutedBy: 'kubectl apply --dry-run=server of the Service that is accepted',
          affects: { services: [idOf(s.value)] },
          advice: ['Upgrade the cluster, or split the Service by protocol on one shared address.'],
        }),
      ];
    });
  },
};
