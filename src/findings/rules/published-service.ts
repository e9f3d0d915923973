/* Followers of the published Service copy whatever address it has, also while it has none. */
import { at, claim, finding, serviceText } from '../compose.ts';
import { frontendsOf } from '../frontends.ts';
import type { Rule } from '../rule.ts';

export const publishedService: Rule = {
  code: 'published-service',
  looksFor: 'followers that copy the address of the ingress Service',
  cases: [],
  needs: ['ingress', 'service', 'workload', 'route'],
  check: ({ reader }) =>
    frontendsOf(reader).flatMap((frontend) => {
      const { namespace, name, cluster } = frontend.service.value;
      if (frontend.ingress.value.publishedService !== `${namespace}/${name}`) return [];
      const ingresses = reader.by('route', 'cluster', cluster).filter((r) => r.value.from === 'Ingress');
      const followers = reader
        .all('workload')
        .filter((w) => w.value.containers.some((c) => /external-dns(:|@|$)/.test(c.image)));
      return [
        finding({
          code: 'published-service',
          severity: followers.length > 0 ? 'warning' : 'notice',
          subject: serviceText(frontend.service.value),
          title: `The status of every Ingress follows ${serviceText(frontend.service.value)}${followers.length > 0 ? `, and ${followers.map((w) => w.value.name).join(', ')} writes DNS from it` : ''}`,
          cause:
            'The ingress program copies the address of its published Service into the status of Ingress objects. Whatever reads that status (external-dns, dashboards, certificate solvers) changes its mind at the moment of the move, and again while the address is pending.',
          claims: [
            claim(`publishedService is ${namespace}/${name}`, at(frontend.ingress, 'publishedService')),
            ...(ingresses.length > 0
              ? [claim(`${ingresses.length} Ingress objects get it`, ...ingresses.slice(0, 2))]
              : []),
            ...followers.map((w) => claim(`${w.value.name} reads such status`, w)),
          ],
          refutedBy: 'kubectl get ingress -A showing addresses of another Service',
          affects: { services: [frontend.id] },
          advice: [
            followers.length > 0
              ? 'Hold external-dns (scale it to zero, or fence deletes) until the new address stands.'
              : 'Check afterwards that the status shows the new address.',
          ],
        }),
      ];
    }),
};
