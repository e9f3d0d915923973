/*
 * pfSense outbound NAT (src/etc/inc/filter.inc: filter_nat_rules_outbound_automatic, filter_nat_rules_generate):
 * manual rules first where there are any, automatic ones for IPv4 from inner networks out of a WAN interface, and the
 * extra rule that reflection needs for clients on the target's own network.
 */
import type { Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Firewall, FirewallInterface } from '#estate/firewall.ts';
import { familyOf, type Ip, parseIp } from '#net/ip.ts';
import { contains } from '#net/prefix.ts';
import { resolveAlias } from './alias.ts';
import { matchPacket } from './match.ts';
import type { Packet } from './trace.ts';
import { missing } from './way.ts';

export type Translation =
  | { readonly kind: 'none' }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | {
      readonly kind: 'source';
      readonly ip: Ip;
      readonly says: string;
      readonly because: readonly Evidence[];
    };

/** Source translation of a packet that leaves by the interface. */
export function chooseSource(
  reader: Reader,
  firewall: Firewall,
  out: FirewallInterface,
  packet: Packet,
): Translation {
  const gap = reader.gap('outboundNatRule', `firewall/${firewall.name}`);
  if (gap) return { kind: 'gap', gap };
  if (firewall.outboundNat === 'disabled') return { kind: 'none' };
  if (firewall.outboundNat !== 'automatic') {
    const manual = manualSource(reader, firewall, out, packet);
    if (manual) return manual;
  }
  return firewall.outboundNat === 'manual'
    ? { kind: 'none' }
    : automaticSource(reader, firewall, out, packet);
}

/** The address that a firewall shows on the interface for the family. */
export function addressOn(i: FirewallInterface, family: 4 | 6): Ip | undefined {
  return family === 4 ? i.ipv4?.ip : i.ipv6?.ip;
}

/** The SNAT that comes with reflection, for clients on the network of the target only. */
export function reflectionSource(firewall: Firewall, out: FirewallInterface, packet: Packet): Ip | undefined {
  const on = familyOf(packet.source) === 4 ? out.ipv4 : out.ipv6;
  return firewall.reflectionSnat && on && contains(on.network, packet.source) ? on.ip : undefined;
}

function manualSource(
  reader: Reader,
  firewall: Firewall,
  out: FirewallInterface,
  packet: Packet,
): Translation | undefined {
  for (const rule of reader.by('outboundNatRule', 'firewall', firewall.name)) {
    if (!rule.value.isEnabled || rule.value.interface !== out.name) continue;
    const match = matchPacket(reader, firewall.name, rule.value.match, packet);
    if (match.gap) return { kind: 'gap', gap: match.gap };
    if (!match.holds) continue;
    if (rule.value.isException) return { kind: 'none' };
    const target = targetOf(reader, firewall, out, rule.value.target, familyOf(packet.source));
    if (typeof target !== 'string') return { kind: 'gap', gap: target };
    const says = `Outbound NAT rule ${rule.value.position} shows ${target}.`;
    return { kind: 'source', ip: target, says, because: [rule.evidence, ...match.because] };
  }
  return undefined;
}

function automaticSource(
  reader: Reader,
  firewall: Firewall,
  out: FirewallInterface,
  packet: Packet,
): Translation {
  if (!out.isWan || familyOf(packet.source) === 6) return { kind: 'none' };
  const inner = reader
    .by('firewallInterface', 'firewall', firewall.name)
    .find((i) => !i.value.isWan && i.value.ipv4 && contains(i.value.ipv4.network, packet.source));
  const routed =
    inner ??
    reader.by('staticRoute', 'firewall', firewall.name).find((r) => contains(r.value.network, packet.source));
  if (routed === undefined) return { kind: 'none' };
  const shown = addressOn(out, 4) ?? toldAddress(reader, out, 4);
  if (shown === undefined) {
    const id = `firewall/${firewall.name}/${out.name}/address`;
    return {
      kind: 'gap',
      gap: missing(
        id,
        'firewallInterface',
        `the address of ${firewall.name}'s ${out.name} is dynamic and not told`,
      ),
    };
  }
  return {
    kind: 'source',
    ip: shown,
    says: `Automatic outbound NAT shows ${shown}.`,
    because: [routed.evidence],
  };
}

/** The one address of the family that is told for a dynamic interface; among several nobody knows. */
function toldAddress(reader: Reader, out: FirewallInterface, family: 4 | 6): Ip | undefined {
  const [told, ...others] = reader
    .all('publicAddress')
    .filter((p) => p.value.firewall === out.firewall && p.value.interface === out.name)
    .filter((p) => familyOf(p.value.ip) === family);
  return others.length === 0 ? told?.value.ip : undefined;
}

function targetOf(
  reader: Reader,
  firewall: Firewall,
  out: FirewallInterface,
  text: string,
  family: 4 | 6,
): Ip | Gap {
  const literal = text === '' ? (addressOn(out, family) ?? toldAddress(reader, out, family)) : parseIp(text);
  if (literal) return literal;
  const content = text === '' ? undefined : resolveAlias(reader, firewall.name, text);
  const first = content?.ranges.find((r) => familyOf(r.first) === family);
  if (first && !content?.gap) return first.first;
  return (
    content?.gap ??
    missing(
      `firewall/${firewall.name}/outbound/${text || out.name}`,
      'outboundNatRule',
      `what address ${text || out.name} stands for is not known`,
    )
  );
}
