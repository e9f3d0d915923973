/*
 * What the service proxy of a node does with a new packet, read from an estate. The rules are kube-proxy's
 * (kube-proxy/decide.ts); another program, or settings that leave two answers, give `unknown` with the gap named.
 */
import { keptPart, type Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { ServicePort } from '#estate/kubernetes.ts';
import { familyOf } from '#net/ip.ts';
import { clusterGap } from './cluster-gap.ts';
import { decidePacket, type PacketDecision } from './kube-proxy/decide.ts';
import type { ServiceEndpoint } from './kube-proxy/endpoints.ts';
import type { Frontend } from './kube-proxy/frontend.ts';
import { isLocalPod, type Variant, variantsOf } from './kube-proxy/variants.ts';
import type { Cause } from './kube-proxy/verdict.ts';
import type { Packet, Reached } from './trace.ts';

export { masqueradeAddress } from './masquerade.ts';

/** What a node's Service rules do with the first packet of a flow. */
export interface ServiceDecision {
  /** `none`: no Service rule touches it. */
  readonly verdict: 'dnat' | 'drop' | 'reject' | 'none' | 'unknown';
  /** `cluster/ns/name`. */
  readonly service?: string;
  readonly port?: ServicePort;
  /** All that it may go to. */
  readonly endpoints: readonly Reached[];
  /** Marked for masquerade, whichever endpoint is chosen. */
  readonly masquerades: boolean;
  /** Endpoints for which it is masqueraded because the client is that endpoint itself. */
  readonly hairpins?: readonly Reached[];
  /** The port is where kube-proxy answers health checks of this Service; `isAccepted`: a rule lets it in. */
  readonly healthCheck?: { readonly service: string; readonly isAccepted: boolean };
  /** Why it is dropped or rejected. */
  readonly cause?: Cause;
  readonly says: string;
  readonly rule?: string;
  readonly because: readonly Evidence[];
  readonly gap?: Gap;
}

export interface PacketOrigin {
  readonly isPod: boolean;
  readonly isLocalProcess: boolean;
}

type ServiceFacts = readonly Fact<'service'>[];

/** The decision of the service proxy of a node; the estate's gaps and unknown versions make it `unknown`. */
export function decideService(
  reader: Reader,
  at: { readonly cluster: string; readonly node: string },
  packet: Packet,
  origin: PacketOrigin,
): ServiceDecision {
  const { source, destination, port, protocol } = packet;
  const who = `${source}${origin.isPod ? ' pod' : ''}${origin.isLocalProcess ? ' process' : ''}`;
  const key = `service rules ${at.cluster}/${at.node} ${who} ${destination} ${port}/${protocol}`;
  return keptPart(reader, key, (r) => decideIn(r, at, packet, origin));
}

function decideIn(
  reader: Reader,
  at: { readonly cluster: string; readonly node: string },
  packet: Packet,
  origin: PacketOrigin,
): ServiceDecision {
  const system = `cluster/${at.cluster}`;
  const services = servicesFor(reader, at.cluster, packet);
  const proxy = reader.get('serviceProxy', at.cluster);
  const serviceGap = reader.gap('service', system);
  if (services.length === 0 && serviceGap !== undefined) return unknown(serviceGap, []);
  if (proxy === undefined || proxy.value.program !== 'kube-proxy') {
    return services.length === 0 ? untouched : unknown(foreignProxy(reader, at.cluster, proxy), services);
  }
  const node = reader.get('node', `${at.cluster}/${at.node}`);
  const nodeGap = node === undefined ? reader.gap('node', system) : undefined;
  if (nodeGap !== undefined) return unknown(nodeGap, services);
  return fromVariants(reader, { at, packet, origin, services, proxy, node });
}

interface Question {
  readonly at: { readonly cluster: string; readonly node: string };
  readonly packet: Packet;
  readonly origin: PacketOrigin;
  readonly services: ServiceFacts;
  readonly proxy: Fact<'serviceProxy'>;
  readonly node: Fact<'node'> | undefined;
}

const untouched: ServiceDecision = {
  verdict: 'none',
  endpoints: [],
  masquerades: false,
  says: 'no Service has this address and port',
  because: [],
};

/** Services with the packet's address, or with its port as NodePort or health check port. */
function servicesFor(reader: Reader, cluster: string, packet: Packet): ServiceFacts {
  const found = new Map<string, Fact<'service'>>();
  const ip = packet.destination;
  for (const f of [
    ...reader.by('service', 'clusterIp', ip),
    ...reader.by('service', 'externalIp', ip),
    ...reader.by('service', 'vip', ip),
    ...reader.by('service', 'nodePort', `${packet.protocol}/${packet.port}`),
    ...reader.by('service', 'healthCheckNodePort', String(packet.port)),
  ]) {
    if (f.value.cluster === cluster) found.set(f.key, f);
  }
  return [...found.values()];
}

function fromVariants(reader: Reader, q: Question): ServiceDecision {
  const { at, packet, services, proxy, node } = q;
  const system = `cluster/${at.cluster}`;
  const source = q.origin.isLocalProcess ? withNodeSource(q) : packet;
  const isPod = isLocalPod(reader, proxy.value, node, source.source, q.origin.isPod);
  const proxyGap = reader.gap('serviceProxy', system);
  const variants = variantsOf(proxy.value, node?.value, proxyGap, familyOf(packet.destination));
  const zone = node?.value.labels['topology.kubernetes.io/zone'];
  const decide = (v: Variant) =>
    decidePacket(
      {
        services: services.map((s) => s.value),
        slicesOf: (s) =>
          reader.by('endpointSlice', 'service', `${s.cluster}/${s.namespace}/${s.name}`).map((f) => f.value),
        node: at.node,
        ...(zone !== undefined && { zone }),
        ...v,
      },
      source,
      isPod,
    );
  const answers = variants.map((v) => ({ variant: v, decision: decide(v) }));
  const [first, ...others] = answers;
  if (first === undefined) return untouched;
  const text = decisionText(first.decision);
  const other = others.find((o) => decisionText(o.decision) !== text);
  if (other !== undefined)
    return unknown(proxyGap ?? versionGap(at.cluster, proxy, [first, other]), services);
  return explain(reader, q, first.variant, first.decision);
}

/** A process of the node sends from a node address; where the packet names none, the rules see the node's own. */
function withNodeSource(q: Question): Packet {
  const own = q.node?.value.internalIps ?? [];
  if (own.includes(q.packet.source)) return q.packet;
  const source = own.find((ip) => familyOf(ip) === familyOf(q.packet.destination));
  return source === undefined ? q.packet : { ...q.packet, source };
}

function explain(reader: Reader, q: Question, variant: Variant, decision: PacketDecision): ServiceDecision {
  const hidden = reader.gap('service', `cluster/${q.at.cluster}`);
  if (hidden !== undefined && decision.kind !== 'verdict') return unknown(hidden, q.services);
  switch (decision.kind) {
    case 'verdict':
      return explainVerdict(reader, q, variant, decision);
    case 'drop':
    case 'reject':
      return {
        verdict: decision.kind,
        endpoints: [],
        masquerades: false,
        cause: decision.cause,
        says: decision.says,
        rule: ruleText(q.proxy, variant, 'cluster-ips-check'),
        because: [q.proxy.evidence, ...q.services.map((s) => s.evidence)],
      };
    case 'health-check':
      return {
        ...untouched,
        healthCheck: { service: idOf(decision.service), isAccepted: decision.isAccepted },
        says: `kube-proxy answers health checks of ${idOf(decision.service)} here`,
        because: q.services.map((s) => s.evidence),
      };
    case 'conflict':
      return unknown(conflictGap(q, decision.frontends), q.services);
    case 'none':
      return untouched;
    default:
      return decision satisfies never;
  }
}

function explainVerdict(
  reader: Reader,
  q: Question,
  variant: Variant,
  decision: Extract<PacketDecision, { kind: 'verdict' }>,
): ServiceDecision {
  const { frontend, verdict } = decision;
  const service = idOf(frontend.service);
  const slices = reader.by('endpointSlice', 'service', service);
  const fact = q.services.find((s) => s.value === frontend.service);
  const because = [...(fact ? [fact.evidence] : []), ...slices.map((s) => s.evidence), q.proxy.evidence];
  const gap = reader.gap('endpointSlice', `cluster/${q.at.cluster}`);
  if (gap !== undefined) return { ...unknown(gap, q.services), service, port: frontend.port };
  const endpoints =
    verdict.kind === 'dnat' ? verdict.endpoints.map((e) => reached(q.at.cluster, service, e)) : [];
  const hairpins = endpoints.filter((e) => e.ip === q.packet.source);
  return {
    verdict: verdict.kind,
    service,
    port: frontend.port,
    endpoints,
    masquerades: verdict.kind === 'dnat' && verdict.isMasqueraded,
    ...(hairpins.length > 0 && { hairpins }),
    ...(verdict.kind !== 'dnat' && { cause: verdict.cause }),
    says: `${service}: ${verdict.says}`,
    rule: ruleText(q.proxy, variant, frontend.kind),
    because,
  };
}

function reached(cluster: string, service: string, e: ServiceEndpoint): Reached {
  return {
    cluster,
    service,
    ip: e.ip,
    port: e.port,
    ...(e.node !== undefined && { node: e.node }),
    ...(e.pod !== undefined && { pod: `${cluster}/${e.pod}` }),
  };
}

function idOf(s: { cluster: string; namespace: string; name: string }): string {
  return `${s.cluster}/${s.namespace}/${s.name}`;
}

function ruleText(proxy: Fact<'serviceProxy'>, variant: Variant, frontend: string): string {
  const version = proxy.value.version ?? 'any version';
  const note = variant.config.mode === 'ipvs' ? ', not checked against a kernel' : '';
  return `kube-proxy ${version} (${variant.config.mode}${note}): ${frontend}`;
}

/** What two variants must agree on: everything that a walk goes on with. */
function decisionText(decision: PacketDecision): string {
  if (decision.kind !== 'verdict') return JSON.stringify({ ...decision, frontends: [], service: '' });
  const { frontend, verdict } = decision;
  const to = verdict.kind === 'dnat' ? [verdict.isMasqueraded, verdict.endpoints] : [];
  return JSON.stringify([frontend.kind, idOf(frontend.service), verdict.kind, to]);
}

function unknown(gap: Gap, services: ServiceFacts): ServiceDecision {
  return {
    verdict: 'unknown',
    endpoints: [],
    masquerades: false,
    says: gap.what,
    because: [...(gap.evidence ? [gap.evidence] : []), ...services.map((s) => s.evidence)],
    gap,
  };
}

function foreignProxy(reader: Reader, cluster: string, proxy: Fact<'serviceProxy'> | undefined): Gap {
  const known = reader.gap('serviceProxy', `cluster/${cluster}`);
  if (proxy === undefined && known !== undefined) return known;
  const program = proxy?.value.program ?? 'unknown';
  return clusterGap(
    program === 'cilium' ? 'service-proxy-cilium' : 'service-proxy-unknown',
    cluster,
    ['serviceProxy'],
    program === 'cilium'
      ? `Cilium replaces kube-proxy in ${cluster}; its Service rules are not modelled`
      : `it is not known which program makes the Service rules in ${cluster}`,
    'kube-proxy in mode iptables, nftables or ipvs',
    proxy?.evidence,
  );
}

function versionGap(
  cluster: string,
  proxy: Fact<'serviceProxy'>,
  [a, b]: readonly { readonly variant: Variant; readonly decision: PacketDecision }[],
): Gap {
  const isMode = a?.variant.config.mode !== b?.variant.config.mode;
  return clusterGap(
    isMode ? 'kube-proxy-mode' : 'kube-proxy-version',
    cluster,
    ['serviceProxy'],
    `the ${isMode ? 'mode' : 'version'} of kube-proxy in ${cluster} is not known, and it decides this packet`,
    isMode ? 'mode of kube-proxy' : 'version of kube-proxy',
    proxy.evidence,
  );
}

function conflictGap(q: Question, frontends: readonly Frontend[]): Gap {
  const names = frontends.map((f) => idOf(f.service)).join(' and ');
  return clusterGap(
    `service-conflict/${q.packet.destination}:${q.packet.port}`,
    q.at.cluster,
    ['service'],
    `${names} claim the same address, port and protocol; which one wins is not defined`,
  );
}
