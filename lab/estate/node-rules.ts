/*
 * All rules of a node: kube-proxy's for both families, as its mode writes them, and the pod network's own masquerade.
 */
import type { Reader } from '#estate/estate.ts';
import type { Node } from '#estate/kubernetes.ts';
import type { Iptables } from '../kernel/topology.ts';
import { frontendsOn } from './frontends.ts';
import { iptablesRules } from './node-iptables.ts';
import { nftablesRules, podMasqueradeRules } from './node-nftables.ts';
import { proxyFacts } from './proxy-facts.ts';

export interface NodeRules {
  /** An nft file. */
  readonly nft: string;
  /** In iptables mode. */
  readonly iptables?: Iptables;
}

export function nodeRules(reader: Reader, node: Node): NodeRules {
  const frontends = frontendsOn(reader, node);
  const [facts4, facts6] = [proxyFacts(reader, node, 4), proxyFacts(reader, node, 6)];
  const both = [facts4, facts6];
  const pods = both.map(podMasqueradeRules);
  if (reader.get('serviceProxy', node.cluster)?.value.mode !== 'iptables')
    return { nft: [...both.map((facts) => nftablesRules(frontends, facts)), ...pods].join('\n') };
  return {
    nft: pods.join('\n'),
    iptables: { v4: iptablesRules(frontends, facts4), v6: iptablesRules(frontends, facts6) },
  };
}
