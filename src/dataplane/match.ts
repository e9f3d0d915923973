/* Whether a firewall rule's match holds for a packet: yes, no, or a gap where its text cannot be evaluated. */
import type { Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { AddressMatch, FirewallInterface, PortMatch, RuleMatch } from '#estate/firewall.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import { portInRange } from '#net/port.ts';
import { contains } from '#net/prefix.ts';
import { aliasHas, resolveAlias } from './alias.ts';
import type { Packet } from './trace.ts';
import { missing } from './way.ts';

/** `gap` present: it may match. */
export interface Match {
  readonly holds: boolean;
  readonly gap?: Gap;
  readonly because: readonly Evidence[];
}

const no: Match = { holds: false, because: [] };

/** Evaluates cheap parts first; a part that surely fails makes unknown parts irrelevant. */
export function matchPacket(reader: Reader, firewall: string, match: RuleMatch, packet: Packet): Match {
  if (match.family !== 'both' && match.family !== familyOf(packet.destination)) return no;
  if (!protocolHolds(match, packet)) return no;
  const parts = [
    () => matchPort(reader, firewall, match.destinationPort, packet.port),
    () => matchAddress(reader, firewall, match.destination, packet.destination),
    () => matchAddress(reader, firewall, match.source, packet.source),
    () => matchSourcePort(firewall, match.sourcePort),
  ];
  let gap: Gap | undefined;
  const because: Evidence[] = [];
  for (const part of parts) {
    const result = part();
    if (!result.holds && result.gap === undefined) return no;
    gap ??= result.gap;
    because.push(...result.because);
  }
  return gap ? { holds: false, gap, because } : { holds: true, because };
}

export function matchAddress(reader: Reader, firewall: string, match: AddressMatch, address: Ip): Match {
  switch (match.kind) {
    case 'any':
      return { holds: true, because: [] };
    case 'address':
      return { holds: contains(match.prefix, address) !== match.not, because: [] };
    case 'alias': {
      const content = resolveAlias(reader, firewall, match.name);
      const has = aliasHas(content, address);
      if (typeof has !== 'boolean') return { holds: false, gap: has, because: content.because };
      return { holds: has !== match.not, because: content.because };
    }
    case 'interface':
      return matchInterface(reader, firewall, match, address);
    case 'self': {
      const { holds, because } = isOwnAddress(reader, firewall, address);
      return { holds: holds !== match.not, because };
    }
    case 'unknown':
      return {
        holds: false,
        gap: missing(
          `firewall/${firewall}/match/${match.text}`,
          'filterRule',
          `the match ${match.text} on ${firewall} is not understood`,
        ),
        because: [],
      };
    default:
      return match satisfies never;
  }
}

/** Addresses of the interface itself: configured ones, or the public address said to arrive there when it is dynamic. */
export function interfaceAddresses(reader: Reader, i: FirewallInterface): readonly Ip[] {
  const own = [i.ipv4, i.ipv6].flatMap((a) => (a ? [a.ip] : []));
  if (!i.isDynamic) return own;
  const told = reader
    .all('publicAddress')
    .filter((p) => p.value.firewall === i.firewall && p.value.interface === i.name);
  return [...own, ...told.map((p) => p.value.ip)];
}

/** Whether the firewall itself holds the address: an interface's, or a virtual one. */
export function isOwnAddress(reader: Reader, firewall: string, address: Ip): Omit<Match, 'gap'> {
  const virtual = reader.get('virtualIp', `${firewall}/${address}`);
  if (virtual && virtual.value.mode !== 'proxyarp') return { holds: true, because: [virtual.evidence] };
  for (const i of reader.by('firewallInterface', 'firewall', firewall))
    if (interfaceAddresses(reader, i.value).includes(address)) return { holds: true, because: [i.evidence] };
  return no;
}

function matchInterface(
  reader: Reader,
  firewall: string,
  match: Extract<AddressMatch, { kind: 'interface' }>,
  address: Ip,
): Match {
  const found = reader.get('firewallInterface', `${firewall}/${match.name}`);
  if (found === undefined) {
    const gap = reader.gap('firewallInterface', `firewall/${firewall}`);
    const id = `firewall/${firewall}/interface/${match.name}`;
    return {
      holds: false,
      gap: gap ?? missing(id, 'firewallInterface', `${firewall} has no interface ${match.name}`),
      because: [],
    };
  }
  const i = found.value;
  if (match.part === 'address')
    return {
      holds: interfaceAddresses(reader, i).includes(address) !== match.not,
      because: [found.evidence],
    };
  const network = familyOf(address) === 4 ? i.ipv4?.network : i.ipv6?.network;
  return {
    holds: (network !== undefined && contains(network, address)) !== match.not,
    because: [found.evidence],
  };
}

function matchPort(reader: Reader, firewall: string, match: PortMatch, port: number): Match {
  if (match.kind === 'any') return { holds: true, because: [] };
  if (match.kind === 'range') return { holds: portInRange(match.range, port), because: [] };
  const { ports, gap, because } = resolveAlias(reader, firewall, match.name);
  if (ports.some((r) => portInRange(r, port))) return { holds: true, because };
  return { holds: false, because, ...(gap && { gap }) };
}

/** Clients choose any source port, so a rule limited to some is one that cannot be told. */
function matchSourcePort(firewall: string, match: PortMatch): Match {
  if (match.kind === 'any') return { holds: true, because: [] };
  if (match.kind === 'range' && match.range.first <= 1024 && match.range.last === 65_535)
    return { holds: true, because: [] };
  const what = `a rule of ${firewall} asks for a source port, which clients choose`;
  return { holds: false, gap: missing(`firewall/${firewall}/source-port`, 'filterRule', what), because: [] };
}

function protocolHolds(match: RuleMatch, packet: Packet): boolean {
  if (match.protocol === 'any') return true;
  if (match.protocol === 'tcp/udp') return packet.protocol !== 'sctp';
  return match.protocol === packet.protocol;
}
