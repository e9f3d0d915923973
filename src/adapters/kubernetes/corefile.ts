/*
 * CoreDNS's Corefile (1.11 to 1.12; plugins rewrite, hosts, forward, template, file, cache) as rules about names and a
 * resolver. A plugin that answers in a way not read here becomes a rule of kind `unknown` with its text.
 */
import type { NameRule, Resolver } from '#estate/dns.ts';
import { type Fact, fact } from '#estate/fact.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { dnsName, parseName } from '#net/name.ts';
import { type Cluster, configMapNamed } from './cluster.ts';

type Rule = NameRule['rule'];

/** One directive: its words, the lines in its braces, and where it stands. */
interface Directive {
  readonly words: readonly string[];
  readonly block: readonly (readonly string[])[];
  readonly line: number;
}

export interface CorefileBlock {
  readonly zones: readonly string[];
  readonly directives: readonly Directive[];
}

/** Adds the cluster's resolver and its rules, if its Corefile is there. */
export function coreDns(cluster: Cluster): void {
  const map = cluster.configMaps.find((m) => m.value.data.Corefile !== undefined);
  const text = map?.value.data.Corefile;
  if (map === undefined || text === undefined) return;
  const id = `coredns/${cluster.name}`;
  const blocks = parseCorefile(text);
  const custom = customBlocks(cluster);
  const main = blocks.find((b) => b.zones.includes('.')) ?? blocks[0];
  const rules = [...blocks, ...custom].flatMap((b) =>
    b.directives.flatMap((d) => rulesOf(d, b, map.value.data)),
  );
  rules.forEach((rule, position) => {
    const evidence = { ...map.evidence, field: 'data.Corefile' };
    cluster.facts.push(fact('nameRule', { resolver: id, position, rule }, evidence));
  });
  cluster.facts.push(resolver(cluster, id, map, main));
}

/** k3s reads `coredns-custom`: *.server as blocks of their own, *.override into the main one. */
function customBlocks(cluster: Cluster): readonly CorefileBlock[] {
  const data = configMapNamed(cluster, 'coredns-custom')?.value.data ?? {};
  return Object.entries(data).flatMap(([name, text]) => {
    if (name.endsWith('.server')) return parseCorefile(text);
    return name.endsWith('.override') ? parseCorefile(`. {\n${text}\n}`) : [];
  });
}

function resolver(cluster: Cluster, id: string, map: Fact<'configMap'>, main: CorefileBlock | undefined) {
  const dns = cluster.services.find(
    (s) => s.value.namespace === 'kube-system' && s.value.labels['k8s-app'] === 'kube-dns',
  );
  const address = dns?.value.clusterIps[0];
  const value: Resolver = {
    id,
    program: 'coredns',
    ...(address !== undefined && { address }),
    serves: [`cluster/${cluster.name}`],
    cache: cacheOf(main),
  };
  return fact('resolver', value, { ...map.evidence, field: 'data.Corefile' });
}

/** plugin/cache: without it nothing is kept; its default ceiling is 3600 s; serve_stale keeps an hour more. */
function cacheOf(block: CorefileBlock | undefined): NonNullable<Resolver['cache']> {
  const cache = block?.directives.find((d) => d.words[0] === 'cache');
  if (cache === undefined) return { maxTtlSeconds: 0, serveStaleSeconds: 0 };
  const stale = cache.block.find((l) => l[0] === 'serve_stale');
  const hours = /^(\d+)h$/.exec(stale?.[1] ?? '1h')?.[1];
  return {
    maxTtlSeconds: Number(cache.words[1]) || 3_600,
    serveStaleSeconds: stale === undefined ? 0 : Number(hours ?? 1) * 3_600,
  };
}

function rulesOf(
  d: Directive,
  block: CorefileBlock,
  files: Readonly<Record<string, string>>,
): readonly Rule[] {
  switch (d.words[0]) {
    case 'rewrite':
      return rewrite(d);
    case 'hosts':
      return hosts(d, files);
    case 'forward':
      return forward(d, block);
    case 'template':
    case 'file':
    case 'auto':
    case 'etcd':
    case 'k8s_external':
      return [{ kind: 'unknown', text: d.words.join(' ') }];
    default:
      return [];
  }
}

/** `rewrite [continue|stop] [name] [exact|prefix|suffix|substring|regex] FROM TO …`, or the same in braces. */
function rewrite(d: Directive): readonly Rule[] {
  const lines = d.block.length > 0 ? d.block.filter((l) => l[0] === 'name') : [d.words.slice(1)];
  return lines.flatMap((line): Rule[] => {
    const words = line.filter((w, i) => !(i === 0 && (w === 'continue' || w === 'stop')));
    const isName = words[0] === 'name';
    if (!isName && ['type', 'class', 'edns0', 'ttl', 'cname', 'rcode'].includes(words[0] ?? '')) return [];
    const rest = isName ? words.slice(1) : words;
    const [kind, from, to] = /^(exact|prefix|suffix|substring|regex)$/.test(rest[0] ?? '')
      ? rest
      : ['exact', ...rest];
    if (from === undefined || to === undefined) return [];
    if (kind !== 'exact' && kind !== 'suffix' && kind !== 'regex')
      return [{ kind: 'unknown', text: d.words.join(' ') }];
    return [{ kind: 'rewrite', match: kind, from: withoutDot(from), to: withoutDot(to) }];
  });
}

function withoutDot(name: string): string {
  return name.length > 1 && name.endsWith('.') ? name.slice(0, -1) : name;
}

/** Entries in the block, and of the file where it is another key of the ConfigMap (k3s: NodeHosts). */
function hosts(d: Directive, files: Readonly<Record<string, string>>): readonly Rule[] {
  const file = d.words[1]?.startsWith('/') ? d.words[1].slice(d.words[1].lastIndexOf('/') + 1) : undefined;
  const fromFile = file === undefined ? [] : (files[file] ?? '').split('\n').map((l) => wordsOf(l));
  const ttl = Number(d.block.find((l) => l[0] === 'ttl')?.[1] ?? 3_600);
  const byName = new Map<string, Ip[]>();
  for (const [address, ...names] of [...fromFile, ...d.block]) {
    const ip = parseIp(address ?? '');
    if (ip === undefined) continue;
    for (const n of names) byName.set(n.toLowerCase(), [...(byName.get(n.toLowerCase()) ?? []), ip]);
  }
  return [...byName].flatMap(([text, addresses]) => {
    const name = parseName(text);
    return name === undefined ? [] : [{ kind: 'host' as const, name, addresses, ttlSeconds: ttl }];
  });
}

/** A forward for `.` inside the block of a zone is only asked for names of that zone. */
function forward(d: Directive, block: CorefileBlock): readonly Rule[] {
  const [, from, ...to] = d.words;
  const zones = from === undefined || from === '.' ? block.zones : [from];
  return zones.flatMap((text) => {
    const zone = parseName(text.replace(/:\d+$/, ''));
    return zone === undefined
      ? []
      : [{ kind: 'forward' as const, zone: text === '.' ? dnsName('') : zone, to }];
  });
}

/** Server blocks with their zones (ports and schemes cut off) and directives. Never throws. */
export function parseCorefile(text: string): readonly CorefileBlock[] {
  const blocks: { zones: string[]; directives: Directive[] }[] = [];
  let block: { zones: string[]; directives: Directive[] } | undefined;
  let inner: { words: readonly string[]; block: (readonly string[])[]; line: number } | undefined;
  text.split('\n').forEach((raw, i) => {
    const words = wordsOf(raw);
    const opens = words.at(-1) === '{';
    const own = opens ? words.slice(0, -1) : words;
    if (words.length === 0) return;
    if (words[0] === '}') {
      if (inner !== undefined) {
        block?.directives.push(inner);
        inner = undefined;
      } else block = undefined;
    } else if (inner !== undefined) inner.block.push(own);
    else if (block === undefined && opens) {
      block = { zones: own.map(zoneOf), directives: [] };
      blocks.push(block);
    } else if (opens) inner = { words: own, block: [], line: i + 1 };
    else block?.directives.push({ words: own, block: [], line: i + 1 });
  });
  return blocks;
}

function zoneOf(text: string): string {
  return (
    text
      .replace(/,$/, '')
      .replace(/^\w+:\/\//, '')
      .replace(/:\d+$/, '') || '.'
  );
}

function wordsOf(line: string): string[] {
  const code = line.replace(/(^|\s)#.*$/, '');
  return [...code.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map((m) => m[1] ?? m[2] ?? '');
}
