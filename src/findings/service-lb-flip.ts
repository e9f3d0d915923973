/* What Local would do to a Service of k3s ServiceLB: its status lists nodes with a ready pod only (k3s pkg/cloudprovider/servicelb.go). */
import type { Reader } from '#estate/estate.ts';
import { at, claim, finding, list, serviceText } from './compose.ts';
import type { Finding } from './finding.ts';
import { type Frontend, nodesWith } from './frontends.ts';
import { nodeOfAddress } from './node-addresses.ts';

/** The finding about Local on an address that is a node's own. */
export function flipUnderServiceLb(reader: Reader, frontend: Frontend): Finding {
  const { value } = frontend.service;
  const service = serviceText(value);
  const entry = frontend.vips.flatMap((vip) => nodeOfAddress(reader, value.cluster, vip) ?? []);
  const on = nodesWith(reader, frontend.id);
  const kept = entry.filter((n) => on.has(n.value.name)).map((n) => n.value.name);
  const lost = entry.filter((n) => !on.has(n.value.name)).map((n) => n.value.name);
  return finding({
    code: 'flip-in-place',
    severity: lost.length > 0 ? 'warning' : 'ok',
    subject: `${service} on its nodes' addresses`,
    title:
      lost.length > 0
        ? `Set to Local, ${service} keeps the address of ${list(kept) || 'no node'}; ${list(lost)} would pass connections on by ServiceLB's pods`
        : `${service} could be set to Local in place: every node of its status has a pod`,
    cause:
      'Under Local k3s lists only nodes with a ready pod of the Service. At the others a pod of ServiceLB keeps the port, forwards to the node port and stands in for the client (klipper-lb before 0.4.4 drops it).',
    claims: [
      claim(`its addresses are those of ${list(entry.map((n) => n.value.name))}`, frontend.service, ...entry),
      claim(
        `pods on ${list([...on.keys()]) || 'no node'}`,
        ...reader.by('endpointSlice', 'service', frontend.id),
      ),
      claim('its policy today', at(frontend.service, 'spec.externalTrafficPolicy')),
    ],
    refutedBy: `kubectl get service -n ${value.namespace} ${value.name} -o jsonpath='{.status}' after the same edit, naming other nodes`,
    affects: { services: [frontend.id] },
    advice:
      lost.length > 0 ? [`Run its pods on ${list(lost)} first, or lead clients to nodes that have one.`] : [],
  });
}
