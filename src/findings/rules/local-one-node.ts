/* Local Services with pods on one node alone: their address goes with that node. */
import { at, claim, count, finding, idOf, serviceText } from '../compose.ts';
import { endpointsOf, nodesWith } from '../frontends.ts';
import type { Rule } from '../rule.ts';

export const localOneNode: Rule = {
  code: 'local-one-node',
  looksFor: 'Local Services whose address hangs on one node',
  cases: ['S64'],
  needs: ['service', 'endpointSlice'],
  check: ({ reader }) =>
    reader.all('service').flatMap((s) => {
      if (s.value.type !== 'LoadBalancer' || s.value.externalPolicy !== 'local' || s.value.vips.length === 0)
        return [];
      const on = [...nodesWith(reader, idOf(s.value)).keys()];
      if (on.length !== 1) return [];
      return [
        finding({
          code: 'local-one-node',
          severity: 'notice',
          subject: serviceText(s.value),
          title: `${serviceText(s.value)} is Local with pods on ${on[0]} alone: its address goes with that node`,
          cause:
            'Under Local only a node with a pod may announce or take traffic. With one such node there is nobody to take over.',
          claims: [
            claim(
              `${count(endpointsOf(reader, idOf(s.value)).length, 'endpoint')} on ${on[0]}`,
              ...reader.by('endpointSlice', 'service', idOf(s.value)),
            ),
            claim('policy Local', at(s, 'spec.externalTrafficPolicy')),
          ],
          refutedBy: `kubectl get endpointslices of ${serviceText(s.value)} with another node`,
          affects: { services: [idOf(s.value)] },
          advice: ['Run a second replica on another node.'],
        }),
      ];
    }),
};
