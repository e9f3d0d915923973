/*
 * A node's rules as kube-proxy's nftables mode lays them out (pkg/proxy/nftables of Kubernetes 1.31 and later): a map
 * of Service addresses, a chain for what comes from outside, a chain for each choice of endpoints. Beside it, in a table
 * of its own, the pod network's masquerade for pods that leave the cluster.
 */
import { prefixFamily } from '#net/prefix.ts';
import type { Backend, Frontend } from './frontends.ts';
import { setOf } from './pf-match.ts';
import type { ProxyFacts } from './proxy-facts.ts';

const mark = 'meta mark set meta mark or 0x4000';

/** The table of one family; loading it replaces the one before and leaves connections as they are. */
export function nftablesRules(frontends: readonly Frontend[], facts: ProxyFacts): string {
  const own = frontends.filter((f) => f.family === facts.family);
  const table = facts.family === 4 ? 'ip kube-proxy' : 'ip6 kube-proxy';
  const byPort = Map.groupBy(own, (f) => f.portId);
  return [
    `table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    ...affinitySets(own, facts),
    ...own.flatMap((f, at) => externalChains(f, at, facts)),
    ...[...byPort.values()].flatMap((fs) => choiceChains(fs, facts)),
    ...chain('refuse', undefined, ['reject']),
    ...chain('services', undefined, [
      verdictMap(facts, own, (f, at) => (isServed(f) ? `goto ${entryChain(f, at)}` : undefined)),
      nodePortMap(facts, own),
    ]),
    ...chain('unserved', undefined, [
      verdictMap(facts, own, unserved),
      nodePortMap(facts, own, unserved),
      unusedPorts(facts, own),
    ]),
    ...chain('nat-in', 'type nat hook prerouting priority dstnat', ['jump services']),
    ...chain('nat-self', 'type nat hook output priority -100', ['jump services']),
    ...['input', 'forward', 'output'].flatMap((hook) =>
      chain(`filter-${hook}`, `type filter hook ${hook} priority filter`, ['ct state new jump unserved']),
    ),
    ...chain('nat-out', 'type nat hook postrouting priority srcnat', [
      'meta mark and 0x4000 == 0x4000 meta mark set meta mark xor 0x4000 masquerade fully-random',
    ]),
    '}',
    '',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** What comes from outside: source ranges, then the policy. */
function externalChains(f: Frontend, at: number, facts: ProxyFacts): readonly string[] {
  if (!isServed(f)) return [];
  if (!f.isExternal)
    return chain(entryChain(f, at), undefined, [...internalMark(f, facts), choice(f, f.policy)]);
  const limits = f.sourceRanges === undefined ? [] : rangeLines(f, facts);
  const goOn = f.policy === 'cluster' ? [mark, choice(f, 'cluster')] : localLines(f, facts);
  return chain(entryChain(f, at), undefined, [...limits, ...goOn]);
}

/** Pods and the node itself are let through to all endpoints even under Local. */
function localLines(f: Frontend, facts: ProxyFacts): readonly string[] {
  const fromPods = fromPod(facts);
  return [
    ...(fromPods === undefined ? [] : [`${fromPods} ${choice(f, 'cluster')}`]),
    `fib saddr type local ${mark}`,
    `fib saddr type local ${choice(f, 'cluster')}`,
    f.here.length > 0 ? choice(f, 'local') : 'drop',
  ];
}

/** Off-cluster clients of a cluster IP are masqueraded, where kube-proxy can tell them. */
function internalMark(f: Frontend, facts: ProxyFacts): readonly string[] {
  const daddr = `${ip(facts)} daddr ${f.ip}`;
  if (facts.masqueradeAll) return [`${daddr} ${mark}`];
  const { isLocal } = facts;
  if (isLocal.kind === 'none') return [];
  if (isLocal.kind === 'interface') return [`iifname != "${isLocal.dev}" ${daddr} ${mark}`];
  return [`${ip(facts)} saddr != ${setOf(isLocal.prefixes)} ${daddr} ${mark}`];
}

/** A node may reach the VIP through itself with the VIP as source, which kube-proxy lets pass too. */
function rangeLines(f: Frontend, facts: ProxyFacts): readonly string[] {
  const ranges = (f.sourceRanges ?? []).filter((p) => prefixFamily(p) === facts.family);
  return [ranges.length === 0 ? 'drop' : `${ip(facts)} saddr != ${setOf(ranges)} drop`];
}

function choiceChains(frontends: readonly Frontend[], facts: ProxyFacts): readonly string[] {
  const [f] = frontends;
  if (!f) return [];
  const all = new Map([...f.anywhere, ...f.here].map((b) => [backendChain(f, b), b]));
  return [
    ...[...all].flatMap(([name, b]) => backendLines(name, f, b, facts)),
    ...chain(`any-${f.portId}`, undefined, choose(f, f.anywhere, facts)),
    ...chain(`here-${f.portId}`, undefined, choose(f, f.here, facts)),
  ];
}

function choose(f: Frontend, backends: readonly Backend[], facts: ProxyFacts): readonly string[] {
  if (backends.length === 0) return [];
  const sticky = f.affinitySeconds === undefined ? [] : backends;
  const entries = backends.map((b, at) => `${at} : goto ${backendChain(f, b)}`);
  return [
    ...sticky.map((b) => `${ip(facts)} saddr @seen-${backendChain(f, b)} goto ${backendChain(f, b)}`),
    `numgen random mod ${backends.length} vmap { ${entries.join(', ')} }`,
  ];
}

function backendLines(name: string, f: Frontend, b: Backend, facts: ProxyFacts): readonly string[] {
  const to = facts.family === 4 ? `${b.ip}:${b.port}` : `[${b.ip}]:${b.port}`;
  return chain(name, undefined, [
    `${ip(facts)} saddr ${b.ip} ${mark}`,
    ...(f.affinitySeconds === undefined ? [] : [`update @seen-${name} { ${ip(facts)} saddr }`]),
    `meta l4proto ${f.protocol} dnat to ${to}`,
  ]);
}

function affinitySets(own: readonly Frontend[], facts: ProxyFacts): readonly string[] {
  const type = facts.family === 4 ? 'ipv4_addr' : 'ipv6_addr';
  const names = new Map<string, number>();
  for (const f of own) {
    const { affinitySeconds } = f;
    if (affinitySeconds !== undefined)
      for (const b of [...f.anywhere, ...f.here]) names.set(`seen-${backendChain(f, b)}`, affinitySeconds);
  }
  return [...names].flatMap(([name, s]) => [
    `set ${name} {`,
    `type ${type}; flags dynamic,timeout; timeout ${s}s;`,
    '}',
  ]);
}

/** No endpoint at all: rejected. Under Local none here: dropped, which tells nobody that the node is the wrong one. */
function unserved(f: Frontend): string | undefined {
  if (f.anywhere.length === 0 && f.here.length === 0) return 'goto refuse';
  return f.policy === 'local' && f.here.length === 0 ? 'drop' : undefined;
}

function isServed(f: Frontend): boolean {
  return f.anywhere.length > 0 || f.here.length > 0;
}

function verdictMap(
  facts: ProxyFacts,
  own: readonly Frontend[],
  verdict: (f: Frontend, at: number) => string | undefined,
): string {
  const entries = own.flatMap((f, at) => {
    const to = f.ip === undefined ? undefined : verdict(f, at);
    return to === undefined ? [] : [`${f.ip} . ${f.protocol} . ${f.port} : ${to}`];
  });
  return entries.length === 0
    ? ''
    : `${ip(facts)} daddr . meta l4proto . th dport vmap { ${unique(entries).join(', ')} }`;
}

function nodePortMap(
  facts: ProxyFacts,
  own: readonly Frontend[],
  verdict: (f: Frontend) => string | undefined = (f) =>
    isServed(f) ? `goto ${entryChain(f, own.indexOf(f))}` : undefined,
): string {
  const entries = own.flatMap((f) => {
    const to = f.ip === undefined ? verdict(f) : undefined;
    return to ? [`${f.protocol} . ${f.port} : ${to}`] : [];
  });
  if (entries.length === 0) return '';
  const on = facts.nodePortOn === undefined ? '' : `${ip(facts)} daddr { ${facts.nodePortOn.join(', ')} } `;
  return `fib daddr type local ${ip(facts)} daddr != ${facts.family === 4 ? '127.0.0.0/8' : '::1'} ${on}meta l4proto . th dport vmap { ${unique(entries).join(', ')} }`;
}

/** Ports of cluster IPs that no Service has are refused. */
function unusedPorts(facts: ProxyFacts, own: readonly Frontend[]): string {
  const ips = [...new Set(own.flatMap((f) => (f.ip !== undefined && !f.isExternal ? [f.ip] : [])))];
  return ips.length === 0 ? '' : `${ip(facts)} daddr { ${ips.join(', ')} } goto refuse`;
}

/** Pods that leave the cluster take their node's address, as with Calico's natOutgoing and flannel's ip-masq. */
export function podMasqueradeRules(facts: ProxyFacts): string {
  const table = facts.family === 4 ? 'ip pod-network' : 'ip6 pod-network';
  const pods = setOf(facts.podPrefixes);
  const rule = `${ip(facts)} saddr ${pods} ${ip(facts)} daddr != ${pods} masquerade`;
  return [
    `table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    ...chain(
      'nat-out',
      'type nat hook postrouting priority srcnat + 1',
      facts.podPrefixes.length === 0 ? [] : [rule],
    ),
    '}',
    '',
  ].join('\n');
}

function fromPod(facts: ProxyFacts): string | undefined {
  const { isLocal } = facts;
  if (isLocal.kind === 'none') return undefined;
  return isLocal.kind === 'source'
    ? `${ip(facts)} saddr ${setOf(isLocal.prefixes)}`
    : `iifname "${isLocal.dev}"`;
}

function choice(f: Frontend, policy: Frontend['policy']): string {
  return policy === 'cluster' ? `goto any-${f.portId}` : `goto here-${f.portId}`;
}

function entryChain(f: Frontend, at: number): string {
  return `ext-${f.portId}-${at}`;
}

function backendChain(f: Frontend, b: Backend): string {
  return `ep-${f.portId}-${b.ip.replaceAll(/[.:]/g, '_')}-${b.port}`;
}

function ip(facts: ProxyFacts): string {
  return facts.family === 4 ? 'ip' : 'ip6';
}

/** Two Services that claim the same frontend: the first is taken, as in kube-proxy's own maps. */
function unique(entries: readonly string[]): readonly string[] {
  const seen = new Map<string, string>();
  for (const entry of entries) {
    const key = entry.slice(0, entry.indexOf(' : '));
    if (!seen.has(key)) seen.set(key, entry);
  }
  return [...seen.values()];
}

function chain(name: string, hook: string | undefined, rules: readonly string[]): readonly string[] {
  return [`chain ${name} {`, ...(hook === undefined ? [] : [`${hook};`]), ...rules, '}'];
}
