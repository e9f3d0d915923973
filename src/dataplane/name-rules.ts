/*
 * A resolver's own rules about names: host overrides (Unbound local-data, dnsmasq, CoreDNS hosts), CoreDNS rewrite
 * (plugin/rewrite, 1.11: first match, then goes on with the new name) and forwarding by zone.
 */

import type { NameRule, Resolver } from '#estate/dns.ts';
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { type Family, familyOf, type Ip, parseIp } from '#net/ip.ts';
import { type DnsName, isUnder, parseName } from '#net/name.ts';
import { isPrivate } from './route.ts';
import { missing } from './way.ts';

export type Ruled =
  | { readonly kind: 'none' }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | {
      readonly kind: 'addresses';
      readonly addresses: readonly Ip[];
      readonly ttlSeconds?: number;
      readonly rule: Fact<'nameRule'>;
    }
  | { readonly kind: 'rewritten'; readonly name: DnsName; readonly rule: Fact<'nameRule'> };

/** The first rule of the resolver about the name. */
export function applyNameRules(reader: Reader, resolver: Resolver, name: DnsName, family: Family): Ruled {
  const gap = ruleGap(reader, resolver);
  const rules = rulesOf(reader, resolver);
  const exact = rules.filter((r) => r.value.rule.kind === 'host' && r.value.rule.name === name);
  const hosts = exact.length > 0 ? exact : rules.filter((r) => isWildcardFor(r.value, name)).slice(0, 1);
  if (hosts.length > 0) return hostAnswer(hosts, family);
  for (const rule of rules) {
    const applied = applyOne(rule, name);
    if (applied) return applied;
  }
  return gap ? { kind: 'gap', gap } : { kind: 'none' };
}

/** Resolver id that is asked for a name that this one does not hold. */
export function forwardTarget(reader: Reader, resolver: Resolver, name: DnsName): string | Gap {
  const zones = rulesOf(reader, resolver)
    .map((r) => r.value.rule)
    .filter(
      (r): r is Extract<NameRule['rule'], { kind: 'forward' }> =>
        r.kind === 'forward' && isUnder(name, r.zone),
    )
    .sort((a, b) => b.zone.length - a.zone.length);
  for (const text of zones[0]?.to ?? []) {
    const id = resolverAt(reader, resolver, text);
    if (id) return id;
  }
  const to = zones[0]?.to.join(', ');
  if (to && !to.startsWith('/'))
    return missing(`resolver/${to}`, 'resolver', `${resolver.id} asks ${to}, about which nothing is told`);
  return resolver.forwardsTo ?? 'public';
}

function rulesOf(reader: Reader, resolver: Resolver): readonly Fact<'nameRule'>[] {
  return [resolver.id, ...resolver.serves].flatMap((id) => reader.by('nameRule', 'resolver', id));
}

function ruleGap(reader: Reader, resolver: Resolver): Gap | undefined {
  let found: Gap | undefined;
  for (const system of [resolver.id, ...resolver.serves]) {
    const gap = reader.gap('nameRule', system);
    found ??= gap;
  }
  return found;
}

/** `*.example.org` stands for every name below it, as in dnsmasq's address=/example.org/. */
function isWildcardFor({ rule }: NameRule, name: DnsName): boolean {
  return rule.kind === 'host' && rule.name.startsWith('*.') && name.endsWith(rule.name.slice(1));
}

function hostAnswer(hosts: readonly Fact<'nameRule'>[], family: Family): Ruled {
  const first = hosts[0];
  const addresses = hosts.flatMap((h) => (h.value.rule.kind === 'host' ? h.value.rule.addresses : []));
  const ttl = first?.value.rule.kind === 'host' ? first.value.rule.ttlSeconds : undefined;
  if (!first) return { kind: 'none' };
  const ofFamily = addresses.filter((ip) => familyOf(ip) === family);
  return {
    kind: 'addresses',
    addresses: ofFamily,
    rule: first,
    ...(ttl !== undefined && { ttlSeconds: ttl }),
  };
}

function applyOne(fact: Fact<'nameRule'>, name: DnsName): Ruled | undefined {
  const { rule } = fact.value;
  if (rule.kind === 'unknown') {
    const id = `resolver/${fact.value.resolver}/rule/${fact.value.position}`;
    const gap = missing(id, 'nameRule', `a rule of ${fact.value.resolver} is not understood: ${rule.text}`);
    return { kind: 'gap', gap: { ...gap, evidence: fact.evidence } };
  }
  if (rule.kind !== 'rewrite') return undefined;
  const id = `resolver/${fact.value.resolver}/rewrite/${fact.value.position}`;
  if (rule.match === 'regex' && patternOf(rule.from) === undefined)
    return {
      kind: 'gap',
      gap: missing(id, 'nameRule', `the pattern ${rule.from} of a rewrite is not understood`),
    };
  const text = rewrite(rule, name);
  if (text === undefined || text === name) return undefined;
  const next = parseName(text);
  if (next !== undefined) return { kind: 'rewritten', name: next, rule: fact };
  return { kind: 'gap', gap: missing(id, 'nameRule', `rewrite of ${name} to ${text} gives no name`) };
}

/** undefined: the rule does not match. */
function rewrite(rule: Extract<NameRule['rule'], { kind: 'rewrite' }>, name: DnsName): string | undefined {
  const bare = (text: string) => text.toLowerCase().replace(/\.$/, '');
  switch (rule.match) {
    case 'exact':
      return name === bare(rule.from) ? rule.to : undefined;
    case 'suffix':
      return name.endsWith(bare(rule.from))
        ? name.slice(0, name.length - bare(rule.from).length) + bare(rule.to)
        : undefined;
    case 'regex':
      return rewriteByPattern(rule.from, rule.to, name);
    default:
      return rule.match satisfies never;
  }
}

/** CoreDNS matches the name with its trailing dot, and writes groups as {1}. */
function rewriteByPattern(from: string, to: string, name: DnsName): string | undefined {
  const pattern = patternOf(from);
  const match = pattern?.exec(`${name}.`) ?? pattern?.exec(name);
  return match ? to.replace(/\{(\d)\}/g, (_, n: string) => match[Number(n)] ?? '') : undefined;
}

/** A repeated group that repeats inside can take for ever here (CoreDNS's RE2 cannot): not evaluated. */
const repeatsTwice = /[+*}][^(]*\)[+*{?]/;

/** undefined: no pattern that can be evaluated here. */
function patternOf(from: string): RegExp | undefined {
  if (from.length > 500 || repeatsTwice.test(from)) return undefined;
  try {
    return new RegExp(from);
  } catch {
    return undefined;
  }
}

function resolverAt(reader: Reader, from: Resolver, text: string): string | undefined {
  if (text.startsWith('/')) return from.forwardsTo ?? 'public';
  if (reader.get('resolver', text)) return text;
  const address = parseIp(hostOf(text));
  if (address === undefined) return undefined;
  const told = reader.all('resolver').find((r) => r.value.address === address)?.value.id;
  return told ?? (isPrivate(address) ? undefined : 'public');
}

/** The host in `10.0.20.201`, `10.0.20.201:53`, `10.0.20.201@853`, `tls://[fd00::53]:853`. */
function hostOf(text: string): string {
  const bare = text.replace(/^[a-z]+:\/\//, '').replace(/[@#].*$/, '');
  if (bare.startsWith('[')) return bare.slice(1).replace(/\].*$/, '');
  return /^[^:]*:\d+$/.test(bare) ? bare.replace(/:\d+$/, '') : bare;
}
