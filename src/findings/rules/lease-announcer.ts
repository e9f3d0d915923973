/* Cilium and kube-vip choose the announcing node by a lease, without or with too little regard to endpoints. */
import { at, claim, finding, idOf, list, serviceText } from '../compose.ts';
import { nodesWith } from '../frontends.ts';
import { localServices } from '../local-services.ts';
import type { Rule } from '../rule.ts';

export const leaseAnnouncer: Rule = {
  code: 'lease-announcer',
  looksFor: 'announcers that choose a node without looking where the pods are',
  cases: ['S36', 'S38'],
  needs: ['announcing', 'service', 'endpointSlice'],
  check: ({ reader }) =>
    reader.all('announcing').flatMap((a) => {
      const { program, version } = a.value;
      if (program !== 'cilium' && program !== 'kube-vip') return [];
      return localServices(reader, a.value.cluster).flatMap((s) => {
        const on = [...nodesWith(reader, idOf(s.value)).keys()];
        const isPending = s.value.vips.length === 0;
        return [
          finding({
            code: 'lease-announcer',
            severity: 'warning',
            certainty: isPending ? 'established' : 'unknown',
            subject: serviceText(s.value),
            title: isPending
              ? `${serviceText(s.value)} is Local and has no address from ${program}`
              : `${serviceText(s.value)} works only while ${program}’s lease is held by one of ${list(on) || 'no node'}`,
            cause:
              program === 'cilium'
                ? `Cilium ${version ?? ''} gives the lease of an address to any node that matches its policy, without a look at endpoints; under Local a holder without a pod drops everything.`
                : `kube-vip ${version ?? ''} may keep an address on a node whose pod has gone, or wait for one that never comes; under Local the traffic then ends there.`,
            claims: [
              claim(`${program} announces`, a),
              claim('policy Local', at(s, 'spec.externalTrafficPolicy')),
              claim(
                `endpoints on ${list(on) || 'no node'}`,
                ...reader.by('endpointSlice', 'service', idOf(s.value)),
              ),
            ],
            refutedBy:
              program === 'cilium'
                ? `kubectl -n kube-system get lease cilium-l2announce-${s.value.namespace}-${s.value.name} -o jsonpath='{.spec.holderIdentity}' naming one of ${list(on)}`
                : `kubectl -n kube-system get lease, and the annotation kube-vip.io/vipHost, naming one of ${list(on)}`,
            affects: { services: [idOf(s.value)] },
            advice: [
              'Run a pod on every node that may announce, or limit the announcing nodes to those with pods.',
            ],
          }),
        ];
      });
    }),
};
