/*
 * pf redirection as pfSense writes it (src/etc/inc/filter.inc, config 24.x: filter_nat_rules_generate,
 * filter_generate_reflection_nat, filter_generate_reflection_proxy): first match in order, exceptions end the search,
 * reflection puts the same rule on the inner interfaces.
 */
import { keptPart, type Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Firewall, FirewallInterface, PortForward } from '#estate/firewall.ts';
import { familyOf, type Ip, parseIp } from '#net/ip.ts';
import { resolveAlias } from './alias.ts';
import { matchPacket } from './match.ts';
import type { Packet } from './trace.ts';
import { missing } from './way.ts';

export type Forwarding =
  | { readonly kind: 'none' }
  | { readonly kind: 'exception'; readonly rule: Fact<'portForward'> }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | {
      readonly kind: 'forward';
      readonly rule: Fact<'portForward'>;
      readonly to: { readonly ip: Ip; readonly port: number };
      /** How it came to apply: on its own interface, or reflected to an inner one. */
      readonly mode: 'own' | 'pure-nat' | 'nat-proxy';
      readonly because: readonly Evidence[];
    };

/** The redirection that applies to a packet coming in by the interface. */
export function chooseForward(
  reader: Reader,
  firewall: Firewall,
  arrival: FirewallInterface,
  packet: Packet,
): Forwarding {
  const at = `${firewall.name} ${firewall.reflection} ${arrival.name}${arrival.isWan ? ' wan' : ''}`;
  const { source, destination, port, protocol } = packet;
  const key = `redirection ${at} ${source} ${destination} ${port}/${protocol}`;
  return keptPart(reader, key, (r) => forwardIn(r, firewall, arrival, packet));
}

/** Of the firewall and the interface it looks at no more than what the key of the part tells. */
function forwardIn(
  reader: Reader,
  firewall: Pick<Firewall, 'name' | 'reflection'>,
  arrival: Pick<FirewallInterface, 'name' | 'isWan'>,
  packet: Packet,
): Forwarding {
  const system = `firewall/${firewall.name}`;
  const gap = reader.gap('portForward', system);
  if (gap) return { kind: 'gap', gap };
  for (const rule of reader.by('portForward', 'firewall', firewall.name)) {
    const mode = modeFor(firewall, arrival, rule.value);
    if (mode === undefined) continue;
    const match = matchPacket(reader, firewall.name, rule.value.match, packet);
    if (match.gap) return { kind: 'gap', gap: match.gap };
    if (!match.holds) continue;
    if (rule.value.isException) return { kind: 'exception', rule };
    const to = targetOf(reader, rule.value, packet);
    if (to === undefined) continue;
    if ('gap' in to) return { kind: 'gap', gap: to.gap };
    return { kind: 'forward', rule, to, mode, because: [rule.evidence, ...match.because, ...to.because] };
  }
  return { kind: 'none' };
}

/** The reflection that a rule asks for, its own setting before the firewall's. */
export function reflectionOf(
  firewall: Pick<Firewall, 'reflection'>,
  rule: PortForward,
): 'disable' | 'nat-proxy' | 'pure-nat' {
  return rule.reflection === 'default' ? firewall.reflection : rule.reflection;
}

function modeFor(
  firewall: Pick<Firewall, 'reflection'>,
  arrival: Pick<FirewallInterface, 'name' | 'isWan'>,
  rule: PortForward,
) {
  if (!rule.isEnabled) return undefined;
  if (rule.interface === arrival.name) return 'own' as const;
  if (arrival.isWan || rule.isException || rule.match.destination.kind === 'any') return undefined;
  const mode = reflectionOf(firewall, rule);
  return mode === 'disable' ? undefined : mode;
}

type Target =
  | { readonly ip: Ip; readonly port: number; readonly because: readonly Evidence[] }
  | { readonly gap: Gap };

/** undefined: the rule has no address of the packet's family, so pf has no such rule. */
function targetOf(reader: Reader, rule: PortForward, packet: Packet): Target | undefined {
  const port = portOf(reader, rule, packet.port);
  if (typeof port !== 'number') return port;
  const literal = parseIp(rule.target);
  const family = familyOf(packet.destination);
  if (literal) return familyOf(literal) === family ? { ip: literal, port, because: [] } : undefined;
  const content = resolveAlias(reader, rule.firewall, rule.target);
  if (content.gap) return { gap: content.gap };
  const ofFamily = content.ranges.filter((r) => familyOf(r.first) === family);
  const first = ofFamily[0];
  if (first === undefined) return undefined;
  if (ofFamily.length === 1 && first.first === first.last)
    return { ip: first.first, port, because: content.because };
  const id = `firewall/${rule.firewall}/alias/${rule.target}`;
  return {
    gap: missing(id, 'alias', `alias ${rule.target} holds several addresses, and pf picks among them`),
  };
}

function portOf(reader: Reader, rule: PortForward, port: number): number | { readonly gap: Gap } {
  const range = rule.match.destinationPort;
  const offset = range.kind === 'range' ? port - range.range.first : 0;
  if (rule.localPort === undefined) return port;
  if (typeof rule.localPort === 'number') return rule.localPort + offset;
  const content = resolveAlias(reader, rule.firewall, rule.localPort);
  const first = content.ports[0]?.first;
  if (first !== undefined && !content.gap) return first + offset;
  const id = `firewall/${rule.firewall}/alias/${rule.localPort}`;
  return { gap: content.gap ?? missing(id, 'alias', `port alias ${rule.localPort} is empty`) };
}
