/* kube-proxy in ipvs mode without strictARP: every node answers ARP for announced addresses (metallb#153). */
import { at, claim, count, finding } from '../compose.ts';
import type { Rule } from '../rule.ts';

export const strictArp: Rule = {
  code: 'strict-arp',
  looksFor: 'nodes that all answer ARP for an announced address',
  cases: ['S39'],
  needs: ['serviceProxy', 'announcing', 'service'],
  check: ({ reader }) =>
    reader.all('serviceProxy').flatMap((proxy) => {
      const announcing = reader.get('announcing', proxy.value.cluster);
      if (proxy.value.mode !== 'ipvs' || proxy.value.strictArp || announcing === undefined) return [];
      if (announcing.value.program !== 'metallb' && announcing.value.program !== 'kube-vip') return [];
      const vips = new Set(
        reader.by('service', 'cluster', proxy.value.cluster).flatMap((s) => s.value.vips.map((v) => v.ip)),
      );
      if (vips.size === 0) return [];
      return [
        finding({
          code: 'strict-arp',
          severity: 'critical',
          subject: `cluster ${proxy.value.cluster}`,
          title: `Every node of ${proxy.value.cluster} answers ARP for its ${count(vips.size, 'announced address', 'announced addresses')}`,
          cause:
            'kube-proxy in ipvs mode puts the addresses on an interface of every node, and without strictARP the kernel answers for them on all others. Clients reach whichever node answered last; the election has no part in it.',
          claims: [
            claim('ipvs.strictARP is false', at(proxy, 'ipvs.strictARP')),
            claim(`${announcing.value.program} announces in layer 2 beside it`, announcing),
          ],
          refutedBy: `arping -c 5 ADDRESS answered by one MAC address only`,
          affects: { services: [] },
          advice: ['Set ipvs.strictARP: true in the configuration of kube-proxy and restart it.'],
        }),
      ];
    }),
};
