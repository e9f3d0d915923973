/*
 * A firewall rule's conditions as nft expressions. An alias is spelt out in full (pf keeps it as a table); an alias with
 * nothing in it matches nothing, and its negation everything, as an empty pf table does.
 */
import type { Reader } from '#estate/estate.ts';
import type { AddressMatch, FirewallInterface, PortMatch, RuleMatch } from '#estate/firewall.ts';
import { type Family, familyOf, parseIp } from '#net/ip.ts';
import {
  contains,
  type Prefix,
  parsePrefix,
  parseRange,
  prefixBits,
  prefixFamily,
  prefixToRange,
  rangeToPrefixes,
} from '#net/prefix.ts';

/** Set on connections that a rule of its own lets pass (`rdr pass`), and on those of the reflection proxy. */
export const passMark = '0x10';
export const proxyMark = '0x20';

/** What one rule matches in one family: conditions side by side; undefined: it can match nothing. */
export type Conditions = readonly string[] | undefined;

/** Conditions of a rule for one family, without the interface. */
export function conditionsOf(reader: Reader, firewall: string, match: RuleMatch, family: Family): Conditions {
  if (match.family !== 'both' && match.family !== family) return undefined;
  const parts = [
    addressCondition(reader, firewall, match.source, family, 'saddr'),
    addressCondition(reader, firewall, match.destination, family, 'daddr'),
    protocolCondition(match.protocol),
    portCondition(reader, firewall, match.sourcePort, 'sport'),
    portCondition(reader, firewall, match.destinationPort, 'dport'),
  ];
  if (parts.includes(undefined)) return undefined;
  return parts.filter((p) => p !== undefined).filter((p) => p !== '');
}

/** The prefixes that an address match names in a family; undefined: any. */
export function prefixesOf(
  reader: Reader,
  firewall: string,
  match: AddressMatch,
  family: Family,
): readonly Prefix[] | undefined {
  const inFamily = (all: readonly Prefix[]) => all.filter((p) => prefixFamily(p) === family);
  switch (match.kind) {
    case 'any':
      return undefined;
    case 'address':
      return inFamily([match.prefix]);
    case 'alias':
      return inFamily(aliasPrefixes(reader, firewall, match.name));
    case 'interface':
      return inFamily(
        partPrefixes(reader.get('firewallInterface', `${firewall}/${match.name}`)?.value, match.part),
      );
    case 'self':
      return inFamily(
        reader.by('firewallInterface', 'firewall', firewall).flatMap((i) => partPrefixes(i.value, 'address')),
      );
    case 'unknown':
      return [];
    default:
      return match satisfies never;
  }
}

/** Addresses of an alias, nested ones among them; names that would need DNS are left out. */
export function aliasPrefixes(
  reader: Reader,
  firewall: string,
  name: string,
  seen: readonly string[] = [],
): readonly Prefix[] {
  const alias = reader.get('alias', `${firewall}/${name}`)?.value;
  if (!alias || seen.includes(name)) return [];
  return alias.entries.flatMap((entry) => {
    const one = parsePrefix(entry);
    if (one) return [one];
    const range = parseRange(entry);
    return range ? rangeToPrefixes(range) : aliasPrefixes(reader, firewall, entry, [...seen, name]);
  });
}

/** Ports of an alias as nft writes them: `443`, `5000-5010`. */
export function aliasPorts(reader: Reader, firewall: string, name: string): readonly string[] {
  const alias = reader.get('alias', `${firewall}/${name}`)?.value;
  return (alias?.entries ?? []).flatMap((entry) => {
    if (/^\d+([:-]\d+)?$/.test(entry)) return [entry.replace(':', '-')];
    return entry === name ? [] : aliasPorts(reader, firewall, entry);
  });
}

/** The interface of a firewall on whose network an address lies. */
export function interfaceAround(
  reader: Reader,
  firewall: string,
  address: string,
): FirewallInterface | undefined {
  const ip = parseIp(address);
  if (!ip) return undefined;
  const family = familyOf(ip);
  return reader
    .by('firewallInterface', 'firewall', firewall)
    .map((i) => i.value)
    .find((i) => {
      const network = family === 4 ? i.ipv4?.network : i.ipv6?.network;
      return network !== undefined && contains(network, ip);
    });
}

function partPrefixes(found: FirewallInterface | undefined, part: 'address' | 'network'): readonly Prefix[] {
  const both = [found?.ipv4, found?.ipv6].filter((x) => x !== undefined);
  return both.flatMap((x) => (part === 'network' ? [x.network] : (parsePrefix(x.ip) ?? [])));
}

function addressCondition(
  reader: Reader,
  firewall: string,
  match: AddressMatch,
  family: Family,
  field: 'saddr' | 'daddr',
): string | undefined {
  const prefixes = prefixesOf(reader, firewall, match, family);
  if (prefixes === undefined) return '';
  const not = 'not' in match && match.not;
  if (prefixes.length === 0) return not ? '' : undefined;
  return `${family === 4 ? 'ip' : 'ip6'} ${field} ${not ? '!= ' : ''}${setOf(prefixes)}`;
}

/** An nft set of prefixes; one inside another is left out, since nft refuses what overlaps. */
export function setOf(prefixes: readonly Prefix[]): string {
  const unique = [...new Set(prefixes)];
  const isInside = (p: Prefix) =>
    unique.some((q) => q !== p && prefixBits(q) < prefixBits(p) && contains(q, prefixToRange(p).first));
  return `{ ${unique.filter((p) => !isInside(p)).join(', ')} }`;
}

function protocolCondition(protocol: RuleMatch['protocol']): string | undefined {
  switch (protocol) {
    case 'any':
      return '';
    case 'tcp':
    case 'udp':
      return `meta l4proto ${protocol}`;
    case 'tcp/udp':
      return 'meta l4proto { tcp, udp }';
    case 'icmp':
      return 'meta l4proto { icmp, icmpv6 }';
    case 'other':
      return undefined;
    default:
      return protocol satisfies never;
  }
}

function portCondition(
  reader: Reader,
  firewall: string,
  match: PortMatch,
  field: 'sport' | 'dport',
): string | undefined {
  if (match.kind === 'any') return '';
  if (match.kind === 'range') {
    const { first, last } = match.range;
    return `th ${field} ${first === last ? first : `${first}-${last}`}`;
  }
  const ports = aliasPorts(reader, firewall, match.name);
  return ports.length === 0 ? undefined : `th ${field} { ${ports.join(', ')} }`;
}
