/* Anchors: records that hold the address of an ingress themselves, and the names that hang on them. */
import { namesOf } from '#dataplane/flows.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import { type DnsName, parentOf } from '#net/name.ts';

/** Routed names by the anchor that answers them, over all servers. */
export interface Anchored {
  readonly anchor: Fact<'recordSet'>;
  readonly names: readonly DnsName[];
}

/** The anchor of the address with the most routed names; undefined: no record holds the address. */
export function anchorOf(reader: Reader, vip: Ip): Fact<'recordSet'> | undefined {
  const [most] = [...anchoredTo(reader, vip)].sort((a, b) => b.names.length - a.names.length);
  return most?.anchor ?? reader.by('recordSet', 'value', vip)[0];
}

const kept = new WeakMap<Reader, Map<Ip, readonly Anchored[]>>();

/** Every anchor of the address that a routed name leads to, in the order of the records; found once. */
export function anchoredTo(reader: Reader, vip: Ip): readonly Anchored[] {
  const ofReader = kept.get(reader) ?? new Map<Ip, readonly Anchored[]>();
  kept.set(reader, ofReader);
  const known = ofReader.get(vip) ?? findAnchored(reader, vip);
  ofReader.set(vip, known);
  return known;
}

function findAnchored(reader: Reader, vip: Ip): readonly Anchored[] {
  const anchors = reader
    .by('recordSet', 'value', vip)
    .filter((r) => r.value.type === 'A' || r.value.type === 'AAAA');
  const names = new Map<string, DnsName[]>(anchors.map((a) => [a.key, []]));
  const servers = new Set(anchors.map((a) => a.value.server));
  for (const name of namesOf(reader)) {
    for (const server of servers) {
      const end = chase(reader, server, name);
      if (end !== undefined) names.get(end.key)?.push(name);
    }
  }
  return anchors
    .map((anchor) => ({ anchor, names: names.get(anchor.key) ?? [] }))
    .filter((a) => a.names.length > 0);
}

/** The address record that a name ends at on a server: its own, or by aliases and wildcards; at most eight links. */
function chase(reader: Reader, server: string, start: DnsName): Fact<'recordSet'> | undefined {
  let name: string = start;
  for (let link = 0; link < 8; link++) {
    const sets = recordsAt(reader, server, name as DnsName);
    const address = sets.find((r) => r.value.type === 'A' || r.value.type === 'AAAA');
    if (address !== undefined) return address;
    const next: string | undefined = sets.find((r) => r.value.type === 'CNAME')?.value.values[0];
    if (next === undefined) return undefined;
    name = next;
  }
  return undefined;
}

/** Own records; else those of the nearest wildcard above. */
function recordsAt(reader: Reader, server: string, name: DnsName): readonly Fact<'recordSet'>[] {
  const own = reader.by('recordSet', 'name', `${server}|${name}`);
  if (own.length > 0) return own;
  for (let parent = parentOf(name); parent !== undefined && parent !== ''; parent = parentOf(parent)) {
    const wild = reader.by('recordSet', 'name', `${server}|*.${parent}`);
    if (wild.length > 0) return wild;
    if (reader.by('recordSet', 'name', `${server}|${parent}`).length > 0) return [];
  }
  return [];
}
