/* Address blocks with a meaning of their own (IANA's special-purpose registries, RFC 6890 and its updates). */
import type { Ip } from './ip.ts';
import { contains, prefix } from './prefix.ts';

const privateBlocks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'].map(prefix);
const sharedBlock = prefix('100.64.0.0/10');
const notPublic = [
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::1/128', 'fe80::/10', 'ff00::/8'],
].map(prefix);

/** RFC 1918 and RFC 4193. */
export function isPrivate(address: Ip): boolean {
  return privateBlocks.some((p) => contains(p, address));
}

/** RFC 6598: carrier NAT, and what Tailscale numbers its clients from. */
export function isSharedSpace(address: Ip): boolean {
  return contains(sharedBlock, address);
}

/** Can belong to a host on the internet. Documentation addresses count, since examples play the internet with them. */
export function isPublic(address: Ip): boolean {
  return !isPrivate(address) && !isSharedSpace(address) && !notPublic.some((p) => contains(p, address));
}
