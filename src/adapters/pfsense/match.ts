/*
 * What a rule matches (pfSense filter.inc, filter_generate_address). `address` holds an address, a network or an alias;
 * `network` an interface (`lan`), an interface's address (`wanip`), `(self)`, or in outbound NAT a network too.
 */
import type { AddressMatch, PortMatch, RuleMatch } from '#estate/firewall.ts';
import { parsePortRange } from '#net/port.ts';
import { parsePrefix } from '#net/prefix.ts';
import { child, has, text } from './decode.ts';
import type { XmlElement } from './xml.ts';

/** What the names in a rule may mean on this box. */
export interface Names {
  readonly interfaces: ReadonlySet<string>;
  readonly aliases: ReadonlySet<string>;
}

/** `absent` is what it means there that neither any nor an address is stated. */
export function addressMatch(side: XmlElement | undefined, names: Names, absent: AddressMatch): AddressMatch {
  const not = has(side, 'not');
  const written = text(side, 'address') ?? text(side, 'network');
  if (has(side, 'any') || written === 'any') return { kind: 'any' }; // pfSense drops `not` before any
  return written === undefined ? absent : matchOf(written, not, names);
}

function matchOf(written: string, not: boolean, names: Names): AddressMatch {
  if (written === '(self)') return { kind: 'self', not };
  if (names.interfaces.has(written)) return { kind: 'interface', name: written, part: 'network', not };
  const owner = written.replace(/ip$/, '');
  if (owner !== written && names.interfaces.has(owner)) {
    return { kind: 'interface', name: owner, part: 'address', not };
  }
  if (names.aliases.has(written)) return { kind: 'alias', name: written, not };
  const prefix = parsePrefix(written);
  return prefix ? { kind: 'address', prefix, not } : { kind: 'unknown', text: written };
}

export function portMatch(written: string | undefined): PortMatch {
  if (written === undefined || written === 'any') return { kind: 'any' };
  const range = parsePortRange(written);
  return range ? { kind: 'range', range } : { kind: 'alias', name: written };
}

const protocols: ReadonlyMap<string, RuleMatch['protocol']> = new Map(
  Object.entries({
    tcp: 'tcp',
    udp: 'udp',
    'tcp/udp': 'tcp/udp',
    icmp: 'icmp',
    'ipv6-icmp': 'icmp',
    any: 'any',
  }),
);

/** pfSense writes no rule where an address is missing; what it had in mind cannot be told from here. */
const notStated: AddressMatch = { kind: 'unknown', text: 'not stated' };

/** Match of a port forward or filter rule; without `ipprotocol` pfSense takes IPv4. */
export function ruleMatch(rule: XmlElement, names: Names, noDestination = notStated): RuleMatch {
  const source = child(rule, 'source');
  const destination = child(rule, 'destination');
  return {
    family: familyOfRule(text(rule, 'ipprotocol') ?? 'inet'),
    protocol: protocolOf(rule),
    source: addressMatch(source, names, notStated),
    sourcePort: portMatch(text(source, 'port')),
    destination: addressMatch(destination, names, noDestination),
    destinationPort: portMatch(text(destination, 'port')),
  };
}

export function familyOfRule(written: string): RuleMatch['family'] {
  return written === 'inet' ? 4 : written === 'inet6' ? 6 : 'both';
}

export function protocolOf(rule: XmlElement): RuleMatch['protocol'] {
  const written = text(rule, 'protocol')?.toLowerCase();
  return written === undefined ? 'any' : (protocols.get(written) ?? 'other');
}
