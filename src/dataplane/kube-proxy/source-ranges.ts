/*
 * loadBalancerSourceRanges (kube-proxy: the firewall chain of a Service). Ranges of the other family do not count; a
 * node inside a range may also come from the VIP itself, because a packet it sends to the VIP carries that address.
 */
import type { Service } from '#estate/kubernetes.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import { contains, prefixFamily } from '#net/prefix.ts';
import type { ProxyConfig } from './config.ts';

/** true: the ranges keep this source from the Service's VIPs. */
export function isKeptOut(service: Service, vips: readonly Ip[], source: Ip, config: ProxyConfig): boolean {
  const family = familyOf(source);
  const ranges = service.sourceRanges.filter((r) => prefixFamily(r) === family);
  if (ranges.length === 0 || ranges.some((r) => contains(r, source))) return false;
  const nodeIp = config.nodeIps.find((n) => familyOf(n) === family);
  const isNodeAllowed = nodeIp !== undefined && ranges.some((r) => contains(r, nodeIp));
  return !(isNodeAllowed && vips.includes(source));
}
