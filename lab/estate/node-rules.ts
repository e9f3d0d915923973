/*
 * All rules of a node in one nft file: kube-proxy's for both families.
 */
import type { Reader } from '#estate/estate.ts';
import type { Node } from '#estate/kubernetes.ts';
import { frontendsOn } from './frontends.ts';
import { nftablesRules } from './node-nftables.ts';
import { proxyFacts } from './proxy-facts.ts';

export function nodeRuleset(reader: Reader, node: Node): string {
  const frontends = frontendsOn(reader, node);
  return ([4, 6] as const)
    .map((family) => nftablesRules(frontends, proxyFacts(reader, node, family)))
    .join('\n');
}
