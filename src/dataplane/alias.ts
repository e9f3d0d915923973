/*
 * pfSense aliases as pf tables (src/etc/inc/filter.inc: filter_generate_nested_alias): nested aliases are flattened,
 * a loop ends. What an alias holds beyond its text (host names, downloaded lists) is not known from configuration.
 */
import type { Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Alias } from '#estate/firewall.ts';
import type { Ip } from '#net/ip.ts';
import { type PortRange, parsePortRange } from '#net/port.ts';
import { type IpRange, parseRange, rangeHas } from '#net/prefix.ts';
import { missing } from './way.ts';

export interface AliasContent {
  readonly ranges: readonly IpRange[];
  readonly ports: readonly PortRange[];
  /** Present: the list is longer than what is known. */
  readonly gap?: Gap;
  readonly because: readonly Evidence[];
}

type Entry = { readonly range: IpRange } | { readonly ports: PortRange } | { readonly name: string };

const parsedEntries = new WeakMap<Alias, readonly Entry[]>();
const nameLike = /^[A-Za-z0-9_]+$/;

/** Addresses and ports of an alias, nested ones included. */
export function resolveAlias(reader: Reader, firewall: string, name: string): AliasContent {
  const ranges: IpRange[] = [];
  const ports: PortRange[] = [];
  const because: Evidence[] = [];
  const seen = new Set<string>();
  let gap: Gap | undefined;
  const visit = (aliasName: string, within: string) => {
    if (seen.has(aliasName)) return;
    seen.add(aliasName);
    const found = reader.get('alias', `${firewall}/${aliasName}`);
    if (found === undefined) {
      gap ??= gapOf(reader, firewall, aliasName, within);
      return;
    }
    because.push(found.evidence);
    if (found.value.type === 'url' || found.value.type === 'other')
      gap ??= unread(firewall, aliasName, 'its list is downloaded or built by the firewall');
    for (const entry of entriesOf(found.value)) {
      if ('range' in entry) ranges.push(entry.range);
      else if ('ports' in entry) ports.push(entry.ports);
      else if (nameLike.test(entry.name)) visit(entry.name, aliasName);
      else gap ??= unread(firewall, aliasName, `its entry ${entry.name} is a host name`);
    }
  };
  visit(name, name);
  return { ranges, ports, because, ...(gap && { gap }) };
}

/** true, false, or the gap that keeps it unknown. */
export function aliasHas(content: AliasContent, address: Ip): boolean | Gap {
  if (content.ranges.some((r) => rangeHas(r, address))) return true;
  return content.gap ?? false;
}

function entriesOf(alias: Alias): readonly Entry[] {
  const known = parsedEntries.get(alias);
  if (known) return known;
  const parsed = alias.entries.map((e) => parseEntry(alias, e.trim())).filter((e) => e !== undefined);
  parsedEntries.set(alias, parsed);
  return parsed;
}

function parseEntry(alias: Alias, text: string): Entry | undefined {
  if (text === '') return undefined;
  const ports = alias.type === 'port' ? parsePortRange(text) : undefined;
  if (ports) return { ports };
  const range = alias.type === 'port' ? undefined : parseRange(text);
  return range ? { range } : { name: text };
}

function gapOf(reader: Reader, firewall: string, name: string, within: string): Gap {
  const known = reader.gap('alias', `firewall/${firewall}`);
  const where = name === within ? '' : ` (named in ${within})`;
  return (
    known ??
    missing(
      `firewall/${firewall}/alias/${name}`,
      'alias',
      `firewall ${firewall} has no alias ${name}${where}`,
      `firewall/${firewall}`,
    )
  );
}

function unread(firewall: string, name: string, why: string): Gap {
  return missing(
    `firewall/${firewall}/alias/${name}`,
    'alias',
    `the content of alias ${name} on ${firewall} is not known: ${why}`,
    `firewall/${firewall}`,
  );
}
