/*
 * Whether an address takes NodePort traffic (kube-proxy: NodePortAddresses, and the last rule of KUBE-SERVICES or the
 * set nodeport-ips). Loopback works with iptables over IPv4 only; nftables listens on the primary address by default.
 */
import { familyOf, type Ip } from '#net/ip.ts';
import { contains, type Prefix } from '#net/prefix.ts';
import { isLoopback, type ProxyConfig } from './config.ts';

/** `ip` is an address of the node. */
export function takesNodePorts(config: ProxyConfig, ip: Ip): boolean {
  if (isLoopback(ip) && !takesLoopback(config, ip)) return false;
  const wanted = config.nodePortAddresses ?? (config.mode === 'nftables' ? 'primary' : []);
  if (wanted === 'primary') return ip === config.nodeIps.find((n) => familyOf(n) === familyOf(ip));
  return matchesAll(wanted, ip) || wanted.some((p) => contains(p, ip));
}

function takesLoopback(config: ProxyConfig, ip: Ip): boolean {
  return config.mode !== 'nftables' && familyOf(ip) === 4 && config.localhostNodePorts;
}

/** No prefix of the address's family means every address. */
function matchesAll(prefixes: readonly Prefix[], ip: Ip): boolean {
  const sameFamily = prefixes.filter((p) => p.includes(':') === ip.includes(':'));
  return sameFamily.length === 0;
}
