/*
 * A variation of the home estate with questions to it. What is answered is kept as a golden text beside the test that
 * asks; each name says what the variation is for, so that a changed text can be judged.
 */

import type { Flow } from '#dataplane/flow.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { type DnsName, dnsName } from '#net/name.ts';
import { stated } from '#test/estates.ts';

export interface Variation {
  readonly name: string;
  readonly add?: readonly Fact[];
  readonly without?: readonly FactKey[];
  readonly gaps?: readonly Gap[];
  readonly flows: readonly Flow[];
}

/** HTTPS to the name from the Internet over IPv4, but for what is said. */
export function web(more: Partial<Flow> = {}): Flow {
  const to = { name: dnsName('immich.example.org') };
  return { from: 'internet', family: 4, to, port: 443, protocol: 'tcp', ...more };
}

/** To an address instead of a name. */
export function at(address: string, more: Partial<Flow> = {}): Flow {
  const family = address.includes(':') ? 6 : 4;
  return web({ to: { ip: ip(address) }, family, host: dnsName('immich.example.org'), ...more });
}

export function named(name: string, more: Partial<Flow> = {}): Flow {
  return web({ to: { name: dnsName(name) as DnsName }, ...more });
}

export function lost(kind: Kind, system?: string): Gap {
  const what = `${kind} of ${system ?? 'everything'} was not read`;
  return { id: `lost/${kind}`, kinds: [kind], what, ...(system && { system }) };
}

/** The same fact with parts of it changed. */
export function changed<K extends Kind>(fact: Fact<K>, more: Partial<Kinds[K]>): Fact<K> {
  return stated(fact.kind, { ...fact.value, ...more });
}
