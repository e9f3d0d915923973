/*
 * Whether an address is among trusted prefixes.
 */
import { BlockList, isIPv6 } from 'node:net';
import type { Trust } from './ingress-types.ts';

/** A check of one address against prefixes (a bare address is its own /32 or /128); none given: nobody. */
export function trustOf(trust: Trust | undefined): (address: string) => boolean {
  if (trust?.insecure) return () => true;
  const list = listOf(trust?.trustedIps ?? []);
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** The prefixes as one list. Throws where a prefix is none. */
export function listOf(prefixes: readonly string[]): BlockList {
  const list = new BlockList();
  for (const prefix of prefixes) {
    const [address = '', length] = prefix.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    list.addSubnet(address, length === undefined ? (family === 'ipv6' ? 128 : 32) : Number(length), family);
  }
  return list;
}
