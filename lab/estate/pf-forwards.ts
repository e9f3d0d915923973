/*
 * Port forwards and their reflection, as pfSense writes rdr rules: first match wins; "pure NAT" repeats the rule on the
 * inner interfaces; "NAT + proxy" hands the connection to a proxy on the firewall, whose own address the target sees.
 */
import type { Reader } from '#estate/estate.ts';
import type { FirewallInterface, PortForward } from '#estate/firewall.ts';
import { type Family, familyOf, type Ip, parseIp } from '#net/ip.ts';
import { prefixToRange } from '#net/prefix.ts';
import { firewallDev } from './names.ts';
import {
  aliasPorts,
  aliasPrefixes,
  conditionsOf,
  interfaceAround,
  passMark,
  prefixesOf,
  proxyMark,
} from './pf-match.ts';

export interface ForwardRules {
  /** For the prerouting chain, in order. */
  readonly forwards: readonly string[];
  /** For the postrouting chain: source NAT that reflection needs. */
  readonly reflected: readonly string[];
}

export function forwardRules(
  reader: Reader,
  name: string,
  interfaces: readonly FirewallInterface[],
): ForwardRules {
  const firewall = reader.get('firewall', name)?.value;
  const all = reader
    .by('portForward', 'firewall', name)
    .map((f) => f.value)
    .filter((f) => f.isEnabled);
  const modes = all.map((f) =>
    f.reflection === 'default' ? (firewall?.reflection ?? 'disable') : f.reflection,
  );
  const parts = all.map((forward, at) => {
    const mode = modes[at] ?? 'disable';
    const inner = mode === 'disable' || forward.isException ? [] : innerInterfaces(forward, interfaces);
    return {
      own: lines(reader, forward, [forward.interface], ''),
      inner: lines(reader, forward, inner, mode === 'nat-proxy' ? `ct mark set ${proxyMark}` : ''),
      source:
        inner.length > 0
          ? sourceNat(reader, forward, mode === 'nat-proxy', firewall?.reflectionSnat ?? false)
          : [],
    };
  });
  return {
    forwards: parts.flatMap((p) => [...p.own, ...p.inner]),
    reflected: parts.flatMap((p) => p.source),
  };
}

/** Where a forward is reflected: everywhere but on interfaces towards the outside, and only for a certain destination. */
function innerInterfaces(forward: PortForward, interfaces: readonly FirewallInterface[]): readonly string[] {
  if (forward.match.destination.kind === 'any') return [];
  return interfaces.filter((i) => !i.isWan && i.name !== forward.interface).map((i) => i.name);
}

/** The target's address in a family: a literal, or the first host of an alias. */
export function targetOf(reader: Reader, forward: PortForward, family: Family): Ip | undefined {
  const literal = parseIp(forward.target);
  const all = literal
    ? [literal]
    : aliasPrefixes(reader, forward.firewall, forward.target).map((p) => prefixToRange(p).first);
  return all.find((ip) => familyOf(ip) === family);
}

function lines(
  reader: Reader,
  forward: PortForward,
  on: readonly string[],
  before: string,
): readonly string[] {
  if (on.length === 0) return [];
  const devs = `iifname { ${on.map((name) => `"${firewallDev(name)}"`).join(', ')} }`;
  return ([4, 6] as const).flatMap((family) => {
    const conditions = conditionsOf(reader, forward.firewall, forward.match, family);
    if (!conditions) return [];
    const head = [devs, `meta nfproto ipv${family}`, ...conditions];
    if (forward.isException) return [[...head, 'accept'].join(' ')];
    const target = targetOf(reader, forward, family);
    if (!target) return [];
    const mark = before === '' && forward.associatedRule === 'pass' ? `ct mark set ${passMark}` : before;
    const to = `dnat ${family === 4 ? 'ip' : 'ip6'} to ${withPort(target, localPort(reader, forward))}`;
    return [[...head, ...(mark === '' ? [] : [mark]), to].join(' ')];
  });
}

/** undefined: the port stays (also where a range keeps its numbers). */
function localPort(reader: Reader, forward: PortForward): number | undefined {
  const { localPort: told, match } = forward;
  const named = typeof told === 'string' ? Number(aliasPorts(reader, forward.firewall, told)[0]) : told;
  if (named === undefined || Number.isNaN(named)) return undefined;
  const range = match.destinationPort.kind === 'range' ? match.destinationPort.range : undefined;
  if (!range) return typeof told === 'string' ? undefined : named;
  return range.first === named ? undefined : named;
}

function withPort(target: Ip, port: number | undefined): string {
  const address = familyOf(target) === 6 && port !== undefined ? `[${target}]` : target;
  return port === undefined ? address : `${address}:${port}`;
}

/** Proxied: always the firewall's own address. Pure NAT: only with the extra rule, and only from the target's own network. */
function sourceNat(
  reader: Reader,
  forward: PortForward,
  isProxy: boolean,
  isAsked: boolean,
): readonly string[] {
  if (!isProxy && !isAsked) return [];
  return ([4, 6] as const).flatMap((family) => {
    const target = targetOf(reader, forward, family);
    const around = target && interfaceAround(reader, forward.firewall, target);
    const network = family === 4 ? around?.ipv4?.network : around?.ipv6?.network;
    if (!target || !around || !network) return [];
    const ip = family === 4 ? 'ip' : 'ip6';
    const outside = prefixesOf(reader, forward.firewall, forward.match.destination, family) ?? [];
    if (outside.length === 0) return [];
    const from = isProxy ? `ct mark ${proxyMark}` : `${ip} saddr ${network}`;
    return [`oifname "${firewallDev(around.name)}" ct status dnat ${from} ${ip} daddr ${target} masquerade`];
  });
}
