/*
 * Every way in which the kube-proxy of a cluster may be set up, given what the estate says: one where it says all,
 * several where the mode, the version or the settings are not known.
 */

import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Node, ServiceProxy } from '#estate/kubernetes.ts';
import type { Ip } from '#net/ip.ts';
import { contains, parsePrefix, prefixFamily } from '#net/prefix.ts';
import type { ProxyConfig, ProxyMode } from './config.ts';
import { everyProxyRules, type ProxyRules, proxyRulesOf } from './rules.ts';

export interface Variant {
  readonly config: ProxyConfig;
  readonly rules: ProxyRules;
}

export function variantsOf(proxy: ServiceProxy, node: Node | undefined, gap: Gap | undefined, family: 4 | 6) {
  const modes: readonly ProxyMode[] =
    proxy.mode === 'unknown' || gap !== undefined ? ['iptables', 'nftables', 'ipvs'] : [proxy.mode];
  const masquerades = gap === undefined ? [proxy.masqueradeAll] : [false, true];
  const rules = gap === undefined ? proxyRulesOf(proxy) : everyProxyRules;
  return modes.flatMap((mode) =>
    masquerades.flatMap((masqueradeAll) => {
      const config = configOf(proxy, node, family, mode, masqueradeAll);
      return rules.map((r): Variant => ({ config, rules: r }));
    }),
  );
}

/**
 * Whether kube-proxy's local detector takes the source for a pod (pkg/proxy/util/localdetector.go): by the cluster's or
 * the node's pod network, or, where it looks at interfaces, because a pod of this node sent it.
 */
export function isLocalPod(
  reader: Reader,
  proxy: ServiceProxy,
  node: Fact<'node'> | undefined,
  source: Ip,
  isPod: boolean,
): boolean {
  switch (proxy.detectLocalMode) {
    case 'NodeCIDR':
      return node?.value.podCidrs.some((p) => contains(p, source)) ?? false;
    case 'BridgeInterface':
    case 'InterfaceNamePrefix':
      return isPod && reader.by('pod', 'ip', source).some((p) => isOnNode(p, node));
    default:
      return proxy.clusterCidrs.some((p) => contains(p, source));
  }
}

function isOnNode(pod: Fact<'pod'>, node: Fact<'node'> | undefined): boolean {
  return pod.value.cluster === node?.value.cluster && pod.value.node === node.value.name;
}

function configOf(
  proxy: ServiceProxy,
  node: Node | undefined,
  family: 4 | 6,
  mode: ProxyMode,
  masqueradeAll: boolean,
): ProxyConfig {
  const addresses = nodePortAddressesOf(proxy);
  return {
    mode,
    nodeIps: node?.internalIps ?? [],
    masqueradeAll,
    hasLocalDetector: hasLocalDetector(proxy, node, family),
    localhostNodePorts: proxy.localhostNodePorts ?? true,
    ...(addresses !== undefined && { nodePortAddresses: addresses }),
    serviceCidrs: proxy.serviceCidrs,
  };
}

function hasLocalDetector(proxy: ServiceProxy, node: Node | undefined, family: 4 | 6): boolean {
  switch (proxy.detectLocalMode) {
    case 'NodeCIDR':
      return node?.podCidrs.some((p) => prefixFamily(p) === family) ?? false;
    case 'BridgeInterface':
    case 'InterfaceNamePrefix':
      return true;
    default:
      return proxy.clusterCidrs.some((p) => prefixFamily(p) === family);
  }
}

function nodePortAddressesOf(proxy: ServiceProxy): ProxyConfig['nodePortAddresses'] {
  const written = proxy.nodePortAddresses;
  if (written === undefined) return undefined;
  if (written.includes('primary')) return 'primary';
  return written.flatMap((text) => parsePrefix(text) ?? []);
}
