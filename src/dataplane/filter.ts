/*
 * The packet filter in pfSense's order (src/etc/inc/filter.inc): floating rules, of which a quick one decides at
 * once and another only if nothing after it matches; then the interface's rules, first match decides; then deny.
 */
import { keptPart, type Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { FilterRule, FirewallInterface } from '#estate/firewall.ts';
import { familyOf } from '#net/ip.ts';
import { contains, prefix } from '#net/prefix.ts';
import { matchPacket } from './match.ts';
import type { Packet } from './trace.ts';
import { missing } from './way.ts';

export interface Verdict {
  readonly action: 'pass' | 'block' | 'reject' | 'unknown';
  readonly says: string;
  readonly because: readonly Evidence[];
  readonly gap?: Gap;
}

const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8', 'fc00::/7'].map(
  prefix,
);

/** Verdict for a new flow that comes in by, or leaves by, the interface; `packet` is as redirection left it. */
export function filterPacket(
  reader: Reader,
  at: FirewallInterface,
  direction: 'in' | 'out',
  packet: Packet,
): Verdict {
  const gap = reader.gap('filterRule', `firewall/${at.firewall}`);
  if (gap) return { action: 'unknown', says: gap.what, because: [], gap };
  if (direction === 'in' && at.blocksPrivate && privateRanges.some((p) => contains(p, packet.source)))
    return { action: 'block', says: `${at.name} blocks private source addresses.`, because: [] };
  const { source, destination, port, protocol } = packet;
  const key = `filter ${at.firewall} ${at.name} ${direction} ${source} ${destination} ${port}/${protocol}`;
  return keptPart(reader, key, (r) => verdictIn(r, at, direction, packet));
}

/** Of the interface no more is looked at than what the key of the part tells. */
type At = Pick<FirewallInterface, 'firewall' | 'name'>;

function verdictIn(reader: Reader, at: At, direction: 'in' | 'out', packet: Packet): Verdict {
  const rules = reader
    .by('filterRule', 'firewall', at.firewall)
    .filter((r) => applies(r.value, at, direction));
  const floating = rules.filter((r) => r.value.isFloating);
  const own = rules.filter((r) => !r.value.isFloating);
  return decide(reader, at, packet, [...floating, ...own], defaultOf(at, direction));
}

/** Walks the rules; one that may match decides only if it agrees with what follows. */
function decide(
  reader: Reader,
  at: At,
  packet: Packet,
  rules: readonly Fact<'filterRule'>[],
  fallback: Verdict,
): Verdict {
  let last = fallback;
  const maybe: { readonly action: FilterRule['action']; readonly gap: Gap }[] = [];
  for (const rule of rules) {
    const match = matchPacket(reader, at.firewall, rule.value.match, packet);
    if (match.gap) maybe.push({ action: rule.value.action, gap: match.gap });
    if (!match.holds) continue;
    last = verdictOf(rule, match.because);
    if (rule.value.isQuick || !rule.value.isFloating) break;
  }
  const against = maybe.find((m) => m.action !== last.action);
  if (against === undefined) return last;
  return { action: 'unknown', says: against.gap.what, because: last.because, gap: against.gap };
}

function verdictOf(rule: Fact<'filterRule'>, because: readonly Evidence[]): Verdict {
  const name = ruleSays(rule.value);
  const says = `Filter ${name} says ${rule.value.action}.`;
  const evidence = [rule.evidence, ...because];
  if (rule.value.action !== 'pass' || !rule.value.gateway)
    return { action: rule.value.action, says, because: evidence };
  const id = `firewall/${rule.value.firewall}/policy-route/${rule.value.position}`;
  const what = `${name} of ${rule.value.firewall} sends the flow by gateway ${rule.value.gateway}; policy routing is not modelled`;
  return { action: 'unknown', says: what, because: evidence, gap: missing(id, 'filterRule', what) };
}

function ruleSays(rule: FilterRule): string {
  return rule.descr ? `rule "${rule.descr}"` : `rule ${rule.position}`;
}

function defaultOf(at: At, direction: 'in' | 'out'): Verdict {
  if (direction === 'out')
    return { action: 'pass', says: `Nothing blocks it on the way out of ${at.name}.`, because: [] };
  return { action: 'block', says: `No filter rule of ${at.name} passes it: denied by default.`, because: [] };
}

function applies(rule: FilterRule, at: At, direction: 'in' | 'out'): boolean {
  if (!rule.isEnabled) return false;
  if (rule.interfaces.length > 0 && !rule.interfaces.includes(at.name)) return false;
  return rule.direction === 'any' || rule.direction === direction;
}

/** pf drops IPv6 altogether where the firewall does not allow it. */
export function isFamilyAllowed(packet: Packet, isIpv6Allowed: boolean): boolean {
  return isIpv6Allowed || familyOf(packet.destination) === 4;
}
