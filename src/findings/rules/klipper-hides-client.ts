/* k3s ServiceLB forwards by pods of its own, which stand in for the clients under Cluster. */
import { at, claim, finding, list, serviceText } from '../compose.ts';
import { frontendsOf, nodesWith } from '../frontends.ts';
import type { Rule } from '../rule.ts';

export const klipperHides: Rule = {
  code: 'klipper-hides-client',
  looksFor: 'ServiceLB pods that stand in for the clients of an ingress',
  cases: ['S26', 'S64'],
  needs: ['announcing', 'service', 'ingress', 'endpointSlice'],
  check: ({ reader }) =>
    reader.all('announcing').flatMap((a) => {
      if (a.value.program !== 'klipper') return [];
      return frontendsOf(reader).flatMap((f) => {
        if (f.service.value.cluster !== a.value.cluster) return [];
        const isLocal = f.service.value.externalPolicy === 'local';
        const on = nodesWith(reader, f.id);
        const entry = reader
          .by('node', 'cluster', a.value.cluster)
          .filter((n) => n.value.internalIps.some((ip) => f.vips.includes(ip)));
        const without = entry.filter((n) => !on.has(n.value.name)).map((n) => n.value.name);
        if (isLocal && without.length === 0) return [];
        return [
          finding({
            code: 'klipper-hides-client',
            severity: isLocal ? 'warning' : 'critical',
            subject: serviceText(f.service.value),
            title: isLocal
              ? `${list(without)} take connections for ${serviceText(f.service.value)} and have none of its pods`
              : `${serviceText(f.service.value)} sees the pods of ServiceLB instead of its clients`,
            cause: isLocal
              ? 'ServiceLB opens host ports on every node and hands connections to the Service; under Local a node without a pod has nobody to hand them to.'
              : 'ServiceLB (klipper-lb) forwards by rules in pods of its own and masquerades; under Cluster every client is one of these pods or a node.',
            claims: [
              claim('k3s ServiceLB gives the addresses', a),
              claim(`policy ${isLocal ? 'Local' : 'Cluster'}`, at(f.service, 'spec.externalTrafficPolicy')),
              claim(
                `its addresses are nodes' own: ${list(entry.map((n) => n.value.name))}; pods on ${list([...on.keys()])}`,
                ...entry,
                ...reader.by('endpointSlice', 'service', f.id),
              ),
            ],
            refutedBy: 'a line of the access log with a public ClientAddr of a direct client',
            affects: { services: [f.id] },
            advice: [
              'Set Local, and run the ingress on every node that clients come to (a DaemonSet, or a label for ServiceLB’s nodes).',
            ],
          }),
        ];
      });
    }),
};
