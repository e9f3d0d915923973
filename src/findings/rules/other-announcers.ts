/* What other programs than MetalLB, and other proxies than iptables, make of policy Local: known limits by program and mode. */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { at, claim, count, finding, idOf, list, serviceText } from '../compose.ts';
import { endpointsOf, frontendsOf, nodesWith } from '../frontends.ts';
import type { Rule } from '../rule.ts';

function localServices(reader: Reader, cluster: string): readonly Fact<'service'>[] {
  return reader
    .by('service', 'cluster', cluster)
    .filter((s) => s.value.type === 'LoadBalancer' && s.value.externalPolicy === 'local');
}

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

export const l2Status: Rule = {
  code: 'announcer-disagrees',
  looksFor: 'statuses that name other announcers than the election',
  cases: ['S10', 'S27'],
  needs: ['l2Status', 'service', 'announcing', 'node', 'endpointSlice', 'pool', 'l2Advertisement'],
  check: ({ reader }) => disagreements(reader),
};

function disagreements(reader: Reader) {
  const byService = new Map<string, Fact<'l2Status'>[]>();
  for (const s of reader.all('l2Status'))
    byService.set(`${s.value.cluster}/${s.value.service}`, [
      ...(byService.get(`${s.value.cluster}/${s.value.service}`) ?? []),
      s,
    ]);
  return [...byService].flatMap(([id, statuses]) => {
    const nodes = [...new Set(statuses.map((s) => s.value.node))];
    const service = reader.get('service', id);
    if (service === undefined || nodes.length < 2) return [];
    return [
      finding({
        code: 'announcer-disagrees',
        severity: 'warning',
        certainty: 'unknown',
        subject: serviceText(service.value),
        title: `${list(nodes)} all say that they announce ${serviceText(service.value)}`,
        cause:
          'Two statuses for one Service are either a stale object that the speaker may not change (status.node is immutable in some releases), with an announcer that flaps and connections that are reset, or only churn of the objects. The files do not tell which.',
        claims: statuses.map((s) => claim(`status: ${s.value.node}`, s)),
        refutedBy: `arping -c 20 ${service.value.vips[0]?.ip ?? 'ADDRESS'}: one MAC address all the time means churn only; two mean that the address flaps`,
        affects: { services: [id] },
        advice: [
          'Look for "status.node: Value is immutable" in the speakers’ logs; delete the stale ServiceL2Status, and upgrade MetalLB.',
        ],
      }),
    ];
  });
}
