/*
 * How kube-proxy on one node tells pods from others, and which addresses answer node ports: from its configuration.
 */
import type { Reader } from '#estate/estate.ts';
import type { Node } from '#estate/kubernetes.ts';
import { type Family, familyOf, type Ip } from '#net/ip.ts';
import { type Prefix, parsePrefix, prefixFamily } from '#net/prefix.ts';

/** Who counts as a pod of this cluster: by source prefix, or by the interface that it comes in by. */
export type LocalDetector =
  | { readonly kind: 'source'; readonly prefixes: readonly Prefix[] }
  | { readonly kind: 'interface'; readonly dev: string }
  /** Nobody does. */
  | { readonly kind: 'none' };

export interface ProxyFacts {
  readonly family: Family;
  readonly isLocal: LocalDetector;
  readonly masqueradeAll: boolean;
  /** undefined: every local address (iptables' default); else only these prefixes or addresses. */
  readonly nodePortOn?: readonly (Prefix | Ip)[];
  /** The cluster's pods, for the pod network's own masquerade. */
  readonly podPrefixes: readonly Prefix[];
  /** The node's own addresses of the family. */
  readonly nodeIps: readonly Ip[];
}

/** The pods' side of a node: every node's cable to its pods has this name. */
export const podsDev = 'pods';

export function proxyFacts(reader: Reader, node: Node, family: Family): ProxyFacts {
  const proxy = reader.get('serviceProxy', node.cluster)?.value;
  const nodePortOn = nodePortAddresses(proxy?.mode, proxy?.nodePortAddresses, node, family);
  const told = proxy?.clusterCidrs ?? [];
  const pods =
    told.length > 0 ? told : reader.by('node', 'cluster', node.cluster).flatMap((n) => n.value.podCidrs);
  return {
    family,
    isLocal: detector(proxy?.detectLocalMode, told, node, family),
    masqueradeAll: proxy?.masqueradeAll ?? false,
    ...(nodePortOn && { nodePortOn }),
    podPrefixes: ofFamily(pods, family),
    nodeIps: node.internalIps.filter((ip) => familyOf(ip) === family),
  };
}

function detector(
  mode: string | undefined,
  clusterCidrs: readonly Prefix[],
  node: Node,
  family: Family,
): LocalDetector {
  if (mode === 'BridgeInterface' || mode === 'InterfaceNamePrefix')
    return { kind: 'interface', dev: podsDev };
  const prefixes = ofFamily(mode === 'NodeCIDR' ? node.podCidrs : clusterCidrs, family);
  return prefixes.length === 0 ? { kind: 'none' } : { kind: 'source', prefixes };
}

/** nftables mode answers on the node's own address unless told otherwise; iptables mode on all of them. */
function nodePortAddresses(
  mode: string | undefined,
  told: readonly string[] | undefined,
  node: Node,
  family: Family,
): readonly (Prefix | Ip)[] | undefined {
  const primary = node.internalIps.filter((ip) => familyOf(ip) === family);
  if (told === undefined || told.length === 0) return mode === 'nftables' ? primary : undefined;
  if (told.includes('primary')) return primary;
  return ofFamily(
    told.flatMap((text) => parsePrefix(text) ?? []),
    family,
  );
}

function ofFamily(prefixes: readonly Prefix[], family: Family): readonly Prefix[] {
  return prefixes.filter((p) => prefixFamily(p) === family);
}
