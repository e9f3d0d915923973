/* kube-proxy in ipvs mode: nodes without a pod cannot reach Local addresses of their own cluster (kubernetes#75262). */
import { at, claim, finding, idOf, list, serviceText } from '../compose.ts';
import { nodesWith } from '../frontends.ts';
import { localServices } from '../local-services.ts';
import type { Rule } from '../rule.ts';

export const ipvsLocal: Rule = {
  code: 'ipvs-local',
  looksFor: 'nodes that cannot reach Local addresses of their own cluster',
  cases: ['S34', 'S35'],
  needs: ['serviceProxy', 'service', 'endpointSlice', 'node'],
  check: ({ reader }) =>
    reader.all('serviceProxy').flatMap((proxy) => {
      if (proxy.value.mode !== 'ipvs') return [];
      const nodes = reader.by('node', 'cluster', proxy.value.cluster);
      return localServices(reader, proxy.value.cluster).flatMap((s) => {
        const on = nodesWith(reader, idOf(s.value));
        const without = nodes.filter((n) => !on.has(n.value.name)).map((n) => n.value.name);
        if (without.length === 0 || s.value.vips.length === 0) return [];
        return [
          finding({
            code: 'ipvs-local',
            severity: 'warning',
            subject: serviceText(s.value),
            title: `Nodes without a pod of ${serviceText(s.value)} (${list(without)}) cannot reach ${list(s.value.vips.map((v) => v.ip))}`,
            cause:
              'In ipvs mode every node holds the address on its own dummy interface, so packets of the node and its pods never leave it; under Local it has no endpoint to give them. From outside all is well. In iptables and nftables mode such packets go to any pod.',
            claims: [
              claim('kube-proxy runs in ipvs mode', proxy),
              claim('policy Local', at(s, 'spec.externalTrafficPolicy')),
              claim(
                `its pods are on ${list([...on.keys()])}`,
                ...reader.by('endpointSlice', 'service', idOf(s.value)),
              ),
            ],
            refutedBy: `curl to ${s.value.vips[0]?.ip ?? ''} from ${without[0] ?? 'such a node'} with an answer`,
            affects: { services: [idOf(s.value)] },
            advice: [
              'Let clients inside dial the Service’s name, run a pod on every node, or use iptables or nftables mode. Self-checks of cert-manager from such a node fail.',
            ],
          }),
        ];
      });
    }),
};
