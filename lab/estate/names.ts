/*
 * What the lab calls its hosts and interfaces. Host names hold the fact's own name, cut where the kernel's tools need it.
 */
import { sha256 } from '#net/sha256.ts';

/** The Internet's one router. */
export const core = 'core';
const longest = 40;

/** `node.k8s-node1`; a name that is too long or holds other characters ends in a short hash instead. */
export function hostName(
  kind: 'fw' | 'hop' | 'node' | 'pods' | 'pod' | 'vp' | 'sw',
  ...parts: string[]
): string {
  const plain = [kind, ...parts].join('.').toLowerCase();
  const clean = plain.replaceAll(/[^a-z0-9._-]/g, '-');
  if (clean === plain && clean.length <= longest) return clean;
  return `${clean.slice(0, longest - 9)}.${sha256(plain).slice(0, 8)}`;
}

/** Interface name of a firewall's interface: its own, as pfSense names it inside (`wan`, `opt1`). */
export function firewallDev(name: string): string {
  const clean = name.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '-');
  return clean === name && clean.length <= 15 ? clean : `i${sha256(name).slice(0, 8)}`;
}

/** The switch's end of a cable to a host. */
export function portDev(host: string): string {
  return `p${sha256(host).slice(0, 10)}`;
}
