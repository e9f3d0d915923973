/*
 * A firewall's configuration as one nft file, as pfSense 2.7 and 2.8 turn it into pf rules (etc/inc/filter.inc, docs
 * "Rule processing order", "NAT reflection"): rdr first and first match wins; then the filter with the translated
 * destination, floating rules before the interface's own; then outbound NAT. Compiled from the configuration alone.
 */
import type { Reader } from '#estate/estate.ts';
import type { FilterRule, Firewall, FirewallInterface } from '#estate/firewall.ts';
import type { Family } from '#net/ip.ts';
import { firewallDev } from './names.ts';
import { forwardRules } from './pf-forwards.ts';
import { conditionsOf, passMark, proxyMark } from './pf-match.ts';
import { outboundRules } from './pf-outbound.ts';

const families: readonly Family[] = [4, 6];
/** pfSense's "block private networks": RFC 1918, loopback, unique local. */
const privateNets = [
  'ip saddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 127.0.0.0/8 }',
  'ip6 saddr fc00::/7',
];

/** The whole nft file of a firewall. */
export function firewallRuleset(reader: Reader, name: string): string {
  const firewall = reader.get('firewall', name)?.value;
  const interfaces = enabledInterfaces(reader, name);
  const { forwards, reflected } = forwardRules(reader, name, interfaces);
  return [
    'table inet pf',
    'delete table inet pf',
    'table inet pf {',
    ...chain('rdr', 'type nat hook prerouting priority dstnat', forwards),
    ...chain('nat', 'type nat hook postrouting priority srcnat', [
      ...reflected,
      ...outboundRules(reader, name, firewall, interfaces),
    ]),
    ...interfaces.flatMap((i) => chain(inChain(i), undefined, inRules(reader, i))),
    ...interfaces.flatMap((i) => chain(outChain(i), undefined, outRules(reader, i))),
    ...chain('transit', 'type filter hook forward priority filter; policy drop', [
      ...common(firewall),
      ...interfaces.map((i) => `oifname "${firewallDev(i.name)}" jump ${outChain(i)}`),
      ...interfaces.map((i) => `iifname "${firewallDev(i.name)}" goto ${inChain(i)}`),
    ]),
    ...chain('self', 'type filter hook input priority filter; policy drop', [
      'iifname "lo" accept',
      ...common(firewall),
      ...interfaces.map((i) => `iifname "${firewallDev(i.name)}" goto ${inChain(i)}`),
    ]),
    '}',
    '',
  ].join('\n');
}

export function enabledInterfaces(reader: Reader, firewall: string): readonly FirewallInterface[] {
  return reader
    .by('firewallInterface', 'firewall', firewall)
    .map((i) => i.value)
    .filter((i) => i.isEnabled);
}

/** A state lets everything of its connection pass; without one, TCP may only begin with a SYN (pf's flags S/SA). */
function common(firewall: Firewall | undefined): readonly string[] {
  return [
    'ct state established,related accept',
    ...(firewall && !firewall.isIpv6Allowed ? ['meta nfproto ipv6 drop'] : ['meta l4proto icmpv6 accept']),
    'ct state invalid drop',
    'meta l4proto tcp tcp flags & (fin | syn | rst | ack) != syn drop',
    `ct mark { ${passMark}, ${proxyMark} } accept`,
  ];
}

/** Last match wins unless a rule is quick: what a rule that is not quick says waits in the packet's mark. */
function inRules(reader: Reader, i: FirewallInterface): readonly string[] {
  const blocked = i.blocksPrivate ? privateNets.map((net) => `${net} drop`) : [];
  const rules = filterRules(reader, i, 'in');
  const waiting = ['meta mark 0x1 accept', 'meta mark 0x3 reject', 'drop'];
  return [...blocked, ...rules.flatMap((rule) => ruleLines(reader, i.firewall, rule)), ...waiting];
}

/** The firewall lets everything out that it let in, but for floating rules on the way out. */
function outRules(reader: Reader, i: FirewallInterface): readonly string[] {
  const rules = filterRules(reader, i, 'out');
  const lines = rules.flatMap((rule) => ruleLines(reader, i.firewall, rule, 'return'));
  return [...lines, 'meta mark 0x2 drop', 'meta mark 0x3 reject', 'meta mark set 0x0'];
}

function filterRules(reader: Reader, i: FirewallInterface, direction: 'in' | 'out'): readonly FilterRule[] {
  const rules = reader.by('filterRule', 'firewall', i.firewall).map((r) => r.value);
  const here = rules.filter(
    (r) =>
      r.isEnabled &&
      (r.interfaces.length === 0 || r.interfaces.includes(i.name)) &&
      (r.isFloating ? r.direction !== (direction === 'in' ? 'out' : 'in') : direction === 'in'),
  );
  return [...here.filter((r) => r.isFloating), ...here.filter((r) => !r.isFloating)];
}

const waitingMarks = { pass: '0x1', block: '0x2', reject: '0x3' } as const;
const verdicts = { pass: 'accept', block: 'drop', reject: 'reject' } as const;

function ruleLines(reader: Reader, firewall: string, rule: FilterRule, pass = 'accept'): readonly string[] {
  const verdict = rule.action === 'pass' ? pass : verdicts[rule.action];
  const ending = rule.isQuick ? verdict : `meta mark set ${waitingMarks[rule.action]}`;
  return families.flatMap((family) => {
    const conditions = conditionsOf(reader, firewall, rule.match, family);
    if (!conditions) return [];
    return [[`meta nfproto ipv${family}`, ...conditions, ending].join(' ')];
  });
}

function inChain(i: FirewallInterface): string {
  return `in-${firewallDev(i.name)}`;
}

function outChain(i: FirewallInterface): string {
  return `out-${firewallDev(i.name)}`;
}

function chain(name: string, hook: string | undefined, rules: readonly string[]): readonly string[] {
  return [`chain ${name} {`, ...(hook === undefined ? [] : [`${hook};`]), ...rules, '}'];
}
