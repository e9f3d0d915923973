/*
 * What happens to a new packet at a frontend (kube-proxy: syncProxyRules of pkg/proxy/iptables and pkg/proxy/nftables,
 * the chains KUBE-SVC, KUBE-SVL, KUBE-EXT and the rejects): endpoints, masquerade mark, or drop and reject.
 */
import type { Ip } from '#net/ip.ts';
import type { Categories, PolicyUse } from './categorise.ts';
import type { ProxyConfig } from './config.ts';
import type { ServiceEndpoint } from './endpoints.ts';

/** Where a packet comes from, as the node's rules see it. */
export interface Origin {
  readonly ip: Ip;
  /** The local detector takes it for a pod of this node's cluster network. */
  readonly isLocalPod: boolean;
  /** The source is an address of the node itself. */
  readonly isNode: boolean;
}

export type Verdict =
  | {
      readonly kind: 'dnat';
      /** All endpoints that it may go to, each as likely. */
      readonly endpoints: readonly ServiceEndpoint[];
      /** Marked for masquerade whichever endpoint is chosen. */
      readonly isMasqueraded: boolean;
      readonly says: string;
    }
  | { readonly kind: 'drop' | 'reject'; readonly cause: Cause; readonly says: string };

/** Why a packet is not let through: no endpoint anywhere, none on this node, or a source that is not allowed. */
export type Cause = 'no-endpoint' | 'no-local-endpoint' | 'source-ranges' | 'not-served';

export const noEndpoint: Verdict = {
  kind: 'reject',
  cause: 'no-endpoint',
  says: 'the Service has no usable endpoint',
};

export const noLocalEndpoint: Verdict = {
  kind: 'drop',
  cause: 'no-local-endpoint',
  says: 'externalTrafficPolicy is Local and this node has no endpoint',
};

/** Traffic to the ClusterIP: internal policy, masqueraded only if it comes from outside the pod network. */
export function internalVerdict(
  categories: Categories,
  use: PolicyUse,
  origin: Origin,
  config: ProxyConfig,
): Verdict {
  if (!categories.hasAny) return noEndpoint;
  const endpoints = (use.isInternalLocal ? categories.local : categories.cluster) ?? [];
  if (endpoints.length === 0) {
    return { ...noLocalEndpoint, says: 'internalTrafficPolicy is Local and this node has no endpoint' };
  }
  const isMasqueraded = config.masqueradeAll || (config.hasLocalDetector && !origin.isLocalPod);
  return { kind: 'dnat', endpoints, isMasqueraded, says: masqueradeText(isMasqueraded) };
}

/** Traffic to a NodePort, external IP or VIP: external policy, with the short cut for pods and the node itself. */
export function externalVerdict(categories: Categories, use: PolicyUse, origin: Origin): Verdict {
  if (!categories.hasAny) return noEndpoint;
  const cluster = categories.cluster ?? [];
  if (!use.isExternalLocal) {
    return { kind: 'dnat', endpoints: cluster, isMasqueraded: true, says: 'policy Cluster masquerades' };
  }
  if (origin.isLocalPod) {
    return {
      kind: 'dnat',
      endpoints: cluster,
      isMasqueraded: false,
      says: 'pods take the short cut past Local',
    };
  }
  if (origin.isNode) {
    return {
      kind: 'dnat',
      endpoints: cluster,
      isMasqueraded: true,
      says: 'the node takes the short cut past Local',
    };
  }
  const local = categories.local ?? [];
  if (local.length === 0) return noLocalEndpoint;
  return { kind: 'dnat', endpoints: local, isMasqueraded: false, says: 'policy Local keeps the source' };
}

function masqueradeText(isMasqueraded: boolean): string {
  return isMasqueraded ? 'traffic to a ClusterIP from outside the pods is masqueraded' : 'the source is kept';
}
