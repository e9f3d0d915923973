/*
 * What kube-proxy on one node does with a new packet (pkg/proxy/{iptables,nftables,ipvs}/proxier.go). Only the first
 * packet of a flow is decided here: later ones follow their conntrack entry.
 */
import type { EndpointSlice, Service } from '#estate/kubernetes.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import { contains } from '#net/prefix.ts';
import type { Packet } from '../trace.ts';
import { type Categories, categoriseEndpoints, type PolicyUse } from './categorise.ts';
import { isNodeAddress, type ProxyConfig } from './config.ts';
import { endpointsOfPort } from './endpoints.ts';
import { type Frontend, frontendsOf, isExternallyAccessible, nodePortsOf, vipsOf } from './frontend.ts';
import { ipvsExternalVerdict } from './ipvs.ts';
import { takesNodePorts } from './node-port.ts';
import type { ProxyRules } from './rules.ts';
import { isKeptOut } from './source-ranges.ts';
import type { Place } from './topology.ts';
import {
  type Cause,
  externalVerdict,
  internalVerdict,
  noEndpoint,
  noLocalEndpoint,
  type Origin,
  type Verdict,
} from './verdict.ts';

/** Everything the rules of one node are made of, as far as this packet can meet them. */
export interface ProxyState {
  /** Services that have the packet's address or port. */
  readonly services: readonly Service[];
  slicesOf(service: Service): readonly EndpointSlice[];
  readonly node: string;
  readonly zone?: string;
  readonly config: ProxyConfig;
  readonly rules: ProxyRules;
}

export type PacketDecision =
  | {
      readonly kind: 'verdict';
      readonly frontend: Frontend;
      readonly verdict: Verdict;
    }
  /** A ClusterIP that nothing serves on this port, or that no Service has. */
  | { readonly kind: 'drop' | 'reject'; readonly cause: Cause; readonly says: string }
  /** The port on which kube-proxy answers health checks of a Service. */
  | { readonly kind: 'health-check'; readonly service: Service; readonly isAccepted: boolean }
  | { readonly kind: 'conflict'; readonly frontends: readonly Frontend[] }
  | { readonly kind: 'none' };

/** The decision for one packet; `isLocalPod` is the local detector's answer for its source. */
export function decidePacket(state: ProxyState, packet: Packet, isLocalPod: boolean): PacketDecision {
  const origin = {
    ip: packet.source,
    isLocalPod,
    isNode: isNodeAddress(state.config, packet.source),
  };
  const addressed = frontendsOf(state.services, packet, state.rules);
  const frontends = addressed.length > 0 ? addressed : nodePortsAt(state, packet);
  const [first, second] = frontends;
  if (first === undefined) return withoutFrontend(state, packet);
  if (second !== undefined) return { kind: 'conflict', frontends };
  const verdict = verdictAt(state, first, packet, origin);
  if (verdict === undefined) return withoutFrontend(state, packet);
  return { kind: 'verdict', frontend: first, verdict };
}

function nodePortsAt(state: ProxyState, packet: Packet): readonly Frontend[] {
  return isNodeAddress(state.config, packet.destination) ? nodePortsOf(state.services, packet) : [];
}

/** undefined: the frontend has no rule on this node for this packet. */
function verdictAt(state: ProxyState, at: Frontend, packet: Packet, origin: Origin): Verdict | undefined {
  const use = policyUse(state, at, familyOf(packet.destination));
  const categories = categoriesOf(state, at, use, familyOf(packet.destination));
  if (at.kind === 'cluster-ip') return internalVerdict(categories, use, origin, state.config);
  if (at.kind === 'node-port' && !takesNodePorts(state.config, packet.destination)) {
    return untakenNodePort(state.config, categories, use);
  }
  if (at.kind === 'vip' && isFirewalled(state, at.service, categories, origin.ip)) {
    return { kind: 'drop', cause: 'source-ranges', says: 'the source is outside loadBalancerSourceRanges' };
  }
  return state.config.mode === 'ipvs'
    ? ipvsExternalVerdict(categories, use, origin.isNode || origin.isLocalPod)
    : externalVerdict(categories, use, origin);
}

/** iptables rejects and drops a NodePort without endpoints on every local address, also where it has no NAT rule. */
function untakenNodePort(config: ProxyConfig, categories: Categories, use: PolicyUse): Verdict | undefined {
  if (config.mode !== 'iptables') return undefined;
  if (!categories.hasAny) return noEndpoint;
  if (!use.isExternalLocal || (categories.local ?? []).length > 0) return undefined;
  return noLocalEndpoint;
}

/** iptables makes its firewall chain only for a Service with endpoints; nftables checks sources first. */
function isFirewalled(state: ProxyState, service: Service, categories: Categories, source: Ip): boolean {
  if (state.config.mode === 'iptables' && !categories.hasAny) return false;
  return isKeptOut(service, vipsOf(service, familyOf(source), state.rules), source, state.config);
}

function policyUse(state: ProxyState, at: Frontend, family: 4 | 6): PolicyUse {
  return {
    isInternalLocal: state.rules.internalPolicy && at.service.internalPolicy === 'local',
    isExternalLocal: isExternalLocal(at.service),
    isExternallyAccessible: isExternallyAccessible(at.service, at.port, family, state.rules),
  };
}

/** kube-proxy: ExternalPolicyLocal, which looks at the policy only where the API server keeps one. */
function isExternalLocal(service: Service): boolean {
  const isExternal =
    service.type === 'LoadBalancer' || service.type === 'NodePort' || service.externalIps.length > 0;
  return isExternal && service.externalPolicy === 'local';
}

function categoriesOf(state: ProxyState, at: Frontend, use: PolicyUse, family: 4 | 6): Categories {
  const endpoints = endpointsOfPort(state.slicesOf(at.service), at.port, family, state.node);
  return categoriseEndpoints(endpoints, use, placeOf(state, at.service), state.rules);
}

function placeOf(state: ProxyState, service: Service): Place {
  return {
    node: state.node,
    ...(state.zone !== undefined && { zone: state.zone }),
    hasHintsAnnotation: hasHintsAnnotation(service),
  };
}

/** Any value but none and "disabled" counts (kube-proxy: canUseTopology of 1.27 to 1.30). */
function hasHintsAnnotation(service: Service): boolean {
  const value =
    service.annotations['service.kubernetes.io/topology-aware-hints'] ??
    service.annotations['service.kubernetes.io/topology-mode'] ??
    '';
  return value !== '' && value !== 'disabled' && value !== 'Disabled';
}

function withoutFrontend(state: ProxyState, packet: Packet): PacketDecision {
  const checked = state.services.find(
    (s) => s.healthCheckNodePort === packet.port && packet.protocol === 'tcp' && needsHealthCheck(s),
  );
  if (checked !== undefined) {
    return { kind: 'health-check', service: checked, isAccepted: state.config.mode === 'iptables' };
  }
  return clusterIpCheck(state, packet) ?? { kind: 'none' };
}

function needsHealthCheck(service: Service): boolean {
  return service.type === 'LoadBalancer' && service.externalPolicy === 'local';
}

/** nftables' chain cluster-ips-check; IPVS rejects what reaches an address of kube-ipvs0 on another port. */
function clusterIpCheck(state: ProxyState, packet: Packet): PacketDecision | undefined {
  const { mode, serviceCidrs } = state.config;
  if (mode === 'iptables') return undefined;
  if (mode === 'nftables' && !state.rules.clusterIpCheck) return undefined;
  if (state.services.some((s) => s.clusterIps.includes(packet.destination))) {
    return { kind: 'reject', cause: 'not-served', says: 'the ClusterIP does not serve this port' };
  }
  if (mode === 'ipvs' || !serviceCidrs.some((c) => contains(c, packet.destination))) return undefined;
  return { kind: 'drop', cause: 'not-served', says: 'no Service has this address of the Service network' };
}
