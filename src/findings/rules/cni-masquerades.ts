/* A pod network that masquerades by itself: the policy is right and changes nothing (metallb#287). */
import { at, claim, finding, serviceText } from '../compose.ts';
import { frontendsOf } from '../frontends.ts';
import type { Rule } from '../rule.ts';

export const cniMasquerades: Rule = {
  code: 'cni-masquerades',
  looksFor: 'a pod network that masquerades although the policy is Local',
  cases: ['S23', 'S25'],
  needs: ['podNetwork', 'service', 'ingress', 'workload'],
  check: ({ reader }) =>
    reader.all('podNetwork').flatMap((network) => {
      if (network.value.program !== 'weave') return [];
      const daemon = reader
        .by('workload', 'cluster', network.value.cluster)
        .find((w) => w.value.containers.some((c) => /weave-kube/.test(c.image)));
      const setting = daemon?.value.containers.map((c) => c.env.NO_MASQ_LOCAL).find((v) => v !== undefined);
      if (setting === '1') return [];
      return frontendsOf(reader).flatMap((f) => {
        if (f.service.value.cluster !== network.value.cluster || f.service.value.externalPolicy !== 'local')
          return [];
        return [
          finding({
            code: 'cni-masquerades',
            severity: 'critical',
            certainty: daemon === undefined ? 'unknown' : 'established',
            subject: serviceText(f.service.value),
            title: `${serviceText(f.service.value)} is Local and still sees the node: Weave masquerades local traffic`,
            cause:
              'Weave Net masquerades traffic from outside to pods on the same node unless NO_MASQ_LOCAL=1 is set. The policy is right and changes nothing here.',
            claims: [
              claim(`the pod network is Weave ${network.value.version ?? ''}`, network),
              claim(`NO_MASQ_LOCAL is ${setting ?? 'not set'}`, daemon),
              claim('policy Local', at(f.service, 'spec.externalTrafficPolicy')),
            ],
            refutedBy: 'a line of the access log with a public ClientAddr',
            affects: { services: [f.id] },
            advice: ['Set NO_MASQ_LOCAL=1 on the weave container of its DaemonSet.'],
          }),
        ];
      });
    }),
};
