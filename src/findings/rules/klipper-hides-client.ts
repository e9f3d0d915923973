/*
 * k3s ServiceLB gives nodes' own addresses. Under Cluster the service proxy masquerades; at addresses that the status does
 * not list, pods of ServiceLB forward and masquerade, under Local too.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { at, claim, finding, idOf, list, serviceText } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { type Frontend, frontendsOf, nodesWith } from '../frontends.ts';
import { localServices } from '../local-services.ts';
import type { Rule } from '../rule.ts';

export const klipperHides: Rule = {
  code: 'klipper-hides-client',
  looksFor: 'ServiceLB in place of the clients of an ingress or a Local Service',
  cases: ['S26', 'S64'],
  needs: ['announcing', 'service', 'ingress', 'endpointSlice', 'node'],
  check: ({ reader }) =>
    reader.all('announcing').flatMap((a) => {
      if (a.value.program !== 'klipper') return [];
      const { cluster } = a.value;
      const ingresses = frontendsOf(reader).filter((f) => f.service.value.cluster === cluster);
      const ids = new Set(ingresses.map((f) => f.id));
      const others = localServices(reader, cluster)
        .map(balanced)
        .filter((b) => !ids.has(b.id));
      return [...ingresses, ...others].flatMap((b) => judge(reader, a, b) ?? []);
    }),
};

/** What the rule asks of a Service; others than an ingress are looked at under Local, which was meant to show clients. */
type Balanced = Pick<Frontend, 'id' | 'service' | 'vips'>;

function balanced(service: Fact<'service'>): Balanced {
  return { id: idOf(service.value), service, vips: service.value.vips.map((v) => v.ip) };
}

interface Judged {
  readonly reader: Reader;
  readonly announcing: Fact<'announcing'>;
  readonly frontend: Balanced;
  /** Nodes whose addresses the status lists. */
  readonly entry: readonly Fact<'node'>[];
  /** Nodes with an endpoint. */
  readonly on: ReadonlySet<string>;
}

function judge(reader: Reader, announcing: Fact<'announcing'>, frontend: Balanced): Finding | undefined {
  const on = new Set(nodesWith(reader, frontend.id).keys());
  const entry = reader
    .by('node', 'cluster', announcing.value.cluster)
    .filter((n) => n.value.internalIps.some((ip) => frontend.vips.includes(ip)));
  const j = { reader, announcing, frontend, entry, on };
  return frontend.service.value.externalPolicy === 'local' ? underLocal(j) : underCluster(j);
}

function underCluster(j: Judged): Finding {
  const service = serviceText(j.frontend.service.value);
  return finding({
    ...base(j),
    severity: 'critical',
    title: `${service} sees nodes or the pods of ServiceLB instead of its clients`,
    cause:
      'Under Cluster the service proxy masquerades what comes for an address of the Service. What comes for another address of a node goes through a pod of ServiceLB (klipper-lb), which masquerades too.',
  });
}

/** Nodes of the status without an endpoint refuse; nodes outside of it forward and stand in for the client. */
function underLocal(j: Judged): Finding | undefined {
  const service = serviceText(j.frontend.service.value);
  const listed = j.entry.map((n) => n.value.name);
  const refusing = listed.filter((n) => !j.on.has(n));
  const passing = (j.announcing.value.speakerNodes ?? []).filter((n) => !j.on.has(n) && !listed.includes(n));
  if (refusing.length > 0)
    return finding({
      ...base(j),
      severity: 'warning',
      title: `${list(refusing)} take connections for ${service} and have none of its pods`,
      cause: 'Under Local a node whose address the status lists hands connections to its own pods only.',
    });
  if (passing.length === 0) return undefined;
  return finding({
    ...base(j),
    severity: 'warning',
    title: `At ${list(passing)} pods of ServiceLB stand in for the clients of ${service}`,
    cause:
      'ServiceLB takes the host port on every node. Under Local the status lists nodes with a pod of the Service only; at the others a pod of ServiceLB forwards to the node port and masquerades (klipper-lb before 0.4.4 drops it there).',
  });
}

function base({ reader, announcing, frontend, entry, on }: Judged) {
  const { service, id } = frontend;
  return {
    code: 'klipper-hides-client',
    subject: serviceText(service.value),
    claims: [
      claim('k3s ServiceLB gives the addresses', announcing),
      claim(
        `policy ${service.value.externalPolicy === 'local' ? 'Local' : 'Cluster'}`,
        at(service, 'spec.externalTrafficPolicy'),
      ),
      claim(
        `its addresses are nodes’ own: ${list(entry.map((n) => n.value.name)) || 'of no node in the snapshot'}; pods on ${list([...on])}`,
        ...entry,
        ...reader.by('endpointSlice', 'service', id),
      ),
    ],
    refutedBy:
      'a line of the access log with a public ClientAddr of a direct client that came to such a node',
    affects: { services: [id] },
    advice: [
      `${service.value.externalPolicy === 'local' ? 'Run' : 'Set Local, and run'} ${service.value.name} on every node that clients come to (a DaemonSet, or a label for ServiceLB’s nodes).`,
    ],
  };
}
