/*
 * A node's rules as kube-proxy's iptables mode writes them (pkg/proxy/iptables/proxier.go of Kubernetes 1.28 and later):
 * KUBE-SERVICES finds the Service's address, KUBE-EXT and KUBE-FW look at who comes from outside, KUBE-SVC (all
 * endpoints) and KUBE-SVL (this node's) draw one, KUBE-SEP translates. One text for iptables-restore and each family.
 */
import { familyOf, type Ip } from '#net/ip.ts';
import { contains, type Prefix, prefixFamily } from '#net/prefix.ts';
import { sha256 } from '#net/sha256.ts';
import type { Backend, Frontend } from './frontends.ts';
import type { ProxyFacts } from './proxy-facts.ts';

interface Rules {
  readonly nat: string[];
  readonly filter: string[];
}

/** Both tables of one family; loading them replaces the ones before and leaves connections as they are. */
export function iptablesRules(frontends: readonly Frontend[], facts: ProxyFacts): string {
  const own = frontends.filter((f) => f.family === facts.family);
  const rules: Rules = { nat: [...natBase], filter: [...filterBase] };
  for (const f of own) capture(rules, f);
  for (const group of Map.groupBy(own, (f) => f.portId).values()) {
    policyRules(rules, group, facts);
    firewallRules(rules, group, facts);
    endpointRules(rules, group);
  }
  rules.nat.push(...nodePortJump(facts));
  return `${table('nat', ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'], rules.nat)}${table('filter', ['INPUT', 'FORWARD', 'OUTPUT'], rules.filter)}`;
}

const natBase = [
  '-A PREROUTING -j KUBE-SERVICES',
  '-A OUTPUT -j KUBE-SERVICES',
  '-A POSTROUTING -j KUBE-POSTROUTING',
  '-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000',
  '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
  '-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000',
  '-A KUBE-POSTROUTING -j MASQUERADE --random-fully',
];

/** A packet that INPUT sees has no cluster address left to be refused for, so KUBE-SERVICES is not asked there. */
const filterBase = [
  ...['INPUT', 'FORWARD', 'OUTPUT'].map((c) => `-A ${c} ${fresh('KUBE-PROXY-FIREWALL')}`),
  '-A FORWARD -j KUBE-FORWARD',
  ...['FORWARD', 'OUTPUT'].map((c) => `-A ${c} ${fresh('KUBE-SERVICES')}`),
  ...['INPUT', 'FORWARD'].map((c) => `-A ${c} ${fresh('KUBE-EXTERNAL-SERVICES')}`),
  '-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
  '-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT',
  '-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
];

function fresh(chain: string): string {
  return `-m conntrack --ctstate NEW -j ${chain}`;
}

/** Who may choose what behind one frontend. */
function choiceOf(f: Frontend): readonly Backend[] {
  return f.policy === 'cluster' ? f.anywhere : f.here;
}

function isServed(f: Frontend): boolean {
  return f.anywhere.length > 0 || f.here.length > 0;
}

/** The jump by address and port; and where nothing can be chosen, the refusal. */
function capture(rules: Rules, f: Frontend): void {
  const hasChoice = choiceOf(f).length > 0;
  // From outside the chain is entered even without an endpoint here: pods may still use those elsewhere.
  if (f.isExternal ? isServed(f) : hasChoice) {
    const chain = f.ip === undefined ? 'KUBE-NODEPORTS' : 'KUBE-SERVICES';
    rules.nat.push(`-A ${chain} ${matchOf(f)} -j ${entryOf(f)}`);
  }
  if (f.sourceRanges !== undefined && isServed(f))
    rules.filter.push(`-A KUBE-PROXY-FIREWALL ${matchOf(f)} -j DROP`);
  if (hasChoice) return;
  const chain = f.isExternal ? 'KUBE-EXTERNAL-SERVICES' : 'KUBE-SERVICES';
  const local = f.ip === undefined ? '-m addrtype --dst-type LOCAL ' : '';
  rules.filter.push(`-A ${chain} ${local}${matchOf(f)} -j ${isServed(f) ? 'DROP' : 'REJECT'}`);
}

function entryOf(f: Frontend): string {
  if (!f.isExternal) return choiceChain(f);
  return f.sourceRanges === undefined ? chainName('EXT', f.portId) : chainName('FW', f.portId);
}

function choiceChain(f: Frontend): string {
  return chainName(f.policy === 'cluster' ? 'SVC' : 'SVL', f.portId);
}

function matchOf({ ip, protocol, port }: Frontend): string {
  return `${ip === undefined ? '' : `-d ${ip} `}-m ${protocol} -p ${protocol} --dport ${port}`;
}

/** What all frontends of one Service port share: masquerades inside, the policy outside. */
function policyRules(rules: Rules, group: readonly Frontend[], facts: ProxyFacts): void {
  for (const f of group.filter((one) => !one.isExternal && choiceOf(one).length > 0)) {
    const who = notFromPod(facts);
    if (who !== undefined) rules.nat.push(`-A ${choiceChain(f)} ${matchOf(f)} ${who}-j KUBE-MARK-MASQ`);
  }
  const outside = group.find((f) => f.isExternal && isServed(f));
  if (outside === undefined) return;
  const chain = chainName('EXT', outside.portId);
  rules.nat.push(`:${chain}`);
  if (outside.policy === 'cluster') rules.nat.push(`-A ${chain} -j KUBE-MARK-MASQ`);
  else rules.nat.push(...localRules(outside, chain, facts));
  if (choiceOf(outside).length > 0) rules.nat.push(`-A ${chain} -j ${choiceChain(outside)}`);
}

/** Pods and the node itself are let through to all endpoints even under Local. */
function localRules(f: Frontend, chain: string, facts: ProxyFacts): readonly string[] {
  const all = chainName('SVC', f.portId);
  const isThere = f.anywhere.length > 0;
  return [
    ...(isThere ? fromPod(facts).map((who) => `-A ${chain} ${who} -j ${all}`) : []),
    `-A ${chain} -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
    ...(isThere ? [`-A ${chain} -m addrtype --src-type LOCAL -j ${all}`] : []),
  ];
}

/** Sources that are allowed go on; the others fall through untranslated, and KUBE-PROXY-FIREWALL drops them. */
function firewallRules(rules: Rules, group: readonly Frontend[], facts: ProxyFacts): void {
  const limited = group.filter((f) => f.sourceRanges !== undefined && isServed(f));
  const [first] = limited;
  if (first === undefined) return;
  const [chain, goOn] = [chainName('FW', first.portId), chainName('EXT', first.portId)];
  const ranges = (first.sourceRanges ?? []).filter((p) => prefixFamily(p) === facts.family);
  rules.nat.push(`:${chain}`, ...ranges.map((range) => `-A ${chain} -s ${range} -j ${goOn}`));
  // A node within the ranges may reach the address through itself, with the address as its source.
  if (!isNodeAllowed(ranges, facts)) return;
  for (const { ip } of limited) if (ip !== undefined) rules.nat.push(`-A ${chain} -s ${ip} -j ${goOn}`);
}

function isNodeAllowed(ranges: readonly Prefix[], { nodeIps }: ProxyFacts): boolean {
  return nodeIps.some((ip) => ranges.some((range) => contains(range, ip)));
}

function endpointRules(rules: Rules, group: readonly Frontend[]): void {
  const [f] = group;
  if (f === undefined) return;
  rules.nat.push(...chooseRules(chainName('SVC', f.portId), f, f.anywhere));
  rules.nat.push(...chooseRules(chainName('SVL', f.portId), f, f.here));
  const all = new Map([...f.anywhere, ...f.here].map((b) => [endpointChain(f, b), b]));
  for (const [chain, b] of all) {
    const seen = f.affinitySeconds === undefined ? '' : `-m recent --name ${chain} --set `;
    const to = familyOf(b.ip) === 4 ? `${b.ip}:${b.port}` : `[${b.ip}]:${b.port}`;
    rules.nat.push(
      `-A ${chain} -s ${b.ip} -j KUBE-MARK-MASQ`,
      `-A ${chain} ${seen}-m ${f.protocol} -p ${f.protocol} -j DNAT --to-destination ${to}`,
    );
  }
}

/** The i-th of n left is taken with probability 1/n, so all are alike. */
function chooseRules(chain: string, f: Frontend, backends: readonly Backend[]): readonly string[] {
  const seconds = f.affinitySeconds;
  const sticky = seconds === undefined ? [] : backends.map((b) => endpointChain(f, b));
  return [
    ...sticky.map((to) => `-A ${chain} -m recent --name ${to} --rcheck --seconds ${seconds} --reap -j ${to}`),
    ...backends.map((b, at) => {
      const left = backends.length - at;
      const draw = `-m statistic --mode random --probability ${(1 / left).toFixed(10)} `;
      return `-A ${chain} ${left > 1 ? draw : ''}-j ${endpointChain(f, b)}`;
    }),
  ];
}

/** Last in KUBE-SERVICES, or a Service's own address on the node would be taken for a node port. */
function nodePortJump({ nodePortOn }: ProxyFacts): readonly string[] {
  if (nodePortOn === undefined) return ['-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS'];
  return nodePortOn.map((on) => `-A KUBE-SERVICES -m addrtype --dst-type LOCAL -d ${on} -j KUBE-NODEPORTS`);
}

/** What to masquerade on the way to a cluster address: '' for everything, undefined for nothing. */
function notFromPod({ masqueradeAll, isLocal }: ProxyFacts): string | undefined {
  if (masqueradeAll) return '';
  if (isLocal.kind === 'none') return undefined;
  if (isLocal.kind === 'interface') return `! -i ${isLocal.dev} `;
  // kube-proxy takes one cluster prefix for each family.
  return `! -s ${isLocal.prefixes[0]} `;
}

function fromPod({ isLocal }: ProxyFacts): readonly string[] {
  if (isLocal.kind === 'none') return [];
  return isLocal.kind === 'source' ? isLocal.prefixes.map((p) => `-s ${p}`) : [`-i ${isLocal.dev}`];
}

function endpointChain(f: Frontend, b: Backend): string {
  return chainName('SEP', `${f.portId} ${b.ip} ${b.port}`);
}

/** kube-proxy's names end in 16 characters of a hash too. */
function chainName(kind: 'SVC' | 'SVL' | 'EXT' | 'FW' | 'SEP', of: string | Ip): string {
  return `KUBE-${kind}-${sha256(of).slice(0, 16).toUpperCase()}`;
}

const always: Readonly<Record<'nat' | 'filter', readonly string[]>> = {
  nat: ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ'],
  filter: ['KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES', 'KUBE-PROXY-FIREWALL', 'KUBE-FORWARD'],
};

/** Chains are declared first: every one that has rules, and those that `:NAME` asks for. */
function table(name: 'nat' | 'filter', builtIn: readonly string[], lines: readonly string[]): string {
  const rules = lines.filter((line) => !line.startsWith(':'));
  const filled = rules.map((line) => line.split(' ')[1] ?? '');
  const asked = lines.flatMap((line) => (line.startsWith(':') ? [line.slice(1)] : []));
  const own = new Set([...always[name], ...asked, ...filled].filter((chain) => !builtIn.includes(chain)));
  return [
    `*${name}`,
    ...builtIn.map((chain) => `:${chain} ACCEPT [0:0]`),
    ...[...own].map((chain) => `:${chain} - [0:0]`),
    ...rules,
    'COMMIT',
    '',
  ].join('\n');
}
