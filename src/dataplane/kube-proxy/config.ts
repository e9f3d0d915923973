/* What one kube-proxy runs with on one node: the settings and the node's own addresses. */
import type { Ip } from '#net/ip.ts';
import { contains, type Prefix, prefix } from '#net/prefix.ts';

export type ProxyMode = 'iptables' | 'nftables' | 'ipvs';

export interface ProxyConfig {
  readonly mode: ProxyMode;
  /** Every address of the node, loopback left out; the first of a family is the primary one. */
  readonly nodeIps: readonly Ip[];
  readonly masqueradeAll: boolean;
  /** kube-proxy knows how to tell pods of its node from others. */
  readonly hasLocalDetector: boolean;
  /** --iptables-localhost-nodeports. */
  readonly localhostNodePorts: boolean;
  /** undefined: the mode's default (iptables and ipvs every local address, nftables the primary one). */
  readonly nodePortAddresses?: readonly Prefix[] | 'primary';
  readonly serviceCidrs: readonly Prefix[];
}

const loopbackPrefixes = [prefix('127.0.0.0/8'), prefix('::1/128')];

export function isLoopback(ip: Ip): boolean {
  return loopbackPrefixes.some((p) => contains(p, ip));
}

/** The kernel calls the address local on this node (addrtype LOCAL, fib type local). */
export function isNodeAddress(config: ProxyConfig, ip: Ip): boolean {
  return isLoopback(ip) || config.nodeIps.includes(ip);
}
