/*
 * Outbound NAT as pfSense does it: automatic rules translate the inner networks to the outer interface's address;
 * hybrid puts the user's rules before them, manual uses those alone.
 */
import type { Reader } from '#estate/estate.ts';
import type { Firewall, FirewallInterface, OutboundNatRule } from '#estate/firewall.ts';
import { familyOf, parseIp } from '#net/ip.ts';
import { prefixFamily, prefixToRange } from '#net/prefix.ts';
import { firewallDev } from './names.ts';
import { aliasPrefixes, conditionsOf, setOf } from './pf-match.ts';

export function outboundRules(
  reader: Reader,
  name: string,
  firewall: Firewall | undefined,
  interfaces: readonly FirewallInterface[],
): readonly string[] {
  const mode = firewall?.outboundNat ?? 'disabled';
  const own = mode === 'hybrid' || mode === 'manual' ? ownRules(reader, name) : [];
  const automatic = mode === 'hybrid' || mode === 'automatic' ? automaticRules(reader, name, interfaces) : [];
  return [...own, ...automatic];
}

/** IPv4 only: pfSense makes no automatic rules for IPv6. */
function automaticRules(
  reader: Reader,
  name: string,
  interfaces: readonly FirewallInterface[],
): readonly string[] {
  const inner = [
    ...interfaces.filter((i) => !i.isWan).flatMap((i) => (i.ipv4 ? [i.ipv4.network] : [])),
    ...reader
      .by('staticRoute', 'firewall', name)
      .map((r) => r.value.network)
      .filter((n) => prefixFamily(n) === 4),
  ];
  if (inner.length === 0) return [];
  const outer = interfaces.filter((i) => i.isWan && i.ipv4);
  return outer.map((i) => `oifname "${firewallDev(i.name)}" ip saddr ${setOf(inner)} masquerade`);
}

function ownRules(reader: Reader, name: string): readonly string[] {
  const rules = reader
    .by('outboundNatRule', 'firewall', name)
    .map((r) => r.value)
    .filter((r) => r.isEnabled);
  return rules.flatMap((rule) =>
    ([4, 6] as const).flatMap((family) => {
      const conditions = conditionsOf(reader, name, rule.match, family);
      if (!conditions) return [];
      const verdict = verdictOf(reader, rule, family);
      return verdict === undefined
        ? []
        : [[`oifname "${firewallDev(rule.interface)}"`, ...conditions, verdict].join(' ')];
    }),
  );
}

/** undefined: a rule whose address is of the other family. */
function verdictOf(reader: Reader, rule: OutboundNatRule, family: 4 | 6): string | undefined {
  if (rule.isException) return 'accept';
  if (rule.target === '') return `meta nfproto ipv${family} masquerade`;
  const literal = parseIp(rule.target);
  const all = literal
    ? [literal]
    : aliasPrefixes(reader, rule.firewall, rule.target).map((p) => prefixToRange(p).first);
  const to = all.find((ip) => familyOf(ip) === family);
  return to === undefined ? undefined : `snat ${family === 4 ? 'ip' : 'ip6'} to ${to}`;
}
