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
  const hosts = ofKind(rules, 'host');
  const exact = hosts.filter((h) => h.rule.name === name);
  const [first, ...more] =
    exact.length > 0 ? exact : hosts.filter((h) => isWildcardFor(h.rule, name)).slice(0, 1);
  if (first) return hostAnswer(first, more, family);
  for (const rule of rules) {
    const applied = applyOne(rule, name);
    if (applied) return applied;
  }
  return gap ? { kind: 'gap', gap } : { kind: 'none' };
}

/** Resolver id that is asked for a name that this one does not hold. */
export function forwardTarget(reader: Reader, resolver: Resolver, name: DnsName): string | Gap {
  const [zone] = ofKind(rulesOf(reader, resolver), 'forward')
    .map((r) => r.rule)
    .filter((r) => isUnder(name, r.zone))
    .sort((a, b) => b.zone.length - a.zone.length);
  for (const text of zone?.to ?? []) {
    const id = resolverAt(reader, resolver, text);
    if (id) return id;
  }
  const to = zone?.to.join(', ');
  if (to)
    return missing(`resolver/${to}`, 'resolver', `${resolver.id} asks ${to}, about which nothing is told`);
  return resolver.forwardsTo ?? 'public';
}

function rulesOf(reader: Reader, resolver: Resolver): readonly Fact<'nameRule'>[] {
  return [resolver.id, ...resolver.serves].flatMap((id) => reader.by('nameRule', 'resolver', id));
}

type Of<K extends NameRule['rule']['kind']> = {
  readonly fact: Fact<'nameRule'>;
  readonly rule: Extract<NameRule['rule'], { kind: K }>;
};

function ofKind<K extends NameRule['rule']['kind']>(
  rules: readonly Fact<'nameRule'>[],
  kind: K,
): readonly Of<K>[] {
  return rules
    .map((fact) => ({ fact, rule: fact.value.rule }))
    .filter((r): r is Of<K> => r.rule.kind === kind);
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
function isWildcardFor(rule: Of<'host'>['rule'], name: DnsName): boolean {
  return rule.name.startsWith('*.') && name.endsWith(rule.name.slice(1));
}

function hostAnswer(first: Of<'host'>, more: readonly Of<'host'>[], family: Family): Ruled {
  const { ttlSeconds } = first.rule;
  return {
    kind: 'addresses',
    addresses: [first, ...more].flatMap((h) => h.rule.addresses).filter((ip) => familyOf(ip) === family),
    rule: first.fact,
    ...(ttlSeconds !== undefined && { ttlSeconds }),
  };
}

function applyOne(fact: Fact<'nameRule'>, name: DnsName): Ruled | undefined {
  const { rule } = fact.value;
  switch (rule.kind) {
    case 'unknown': {
      const id = `resolver/${fact.value.resolver}/rule/${fact.value.position}`;
      const gap = missing(id, 'nameRule', `a rule of ${fact.value.resolver} is not understood: ${rule.text}`);
      return { kind: 'gap', gap: { ...gap, evidence: fact.evidence } };
    }
    case 'rewrite':
      return rewritten(fact, rule, name);
    case 'host':
    case 'forward':
      return undefined;
    default:
      return rule satisfies never;
  }
}

type Rewrite = Extract<NameRule['rule'], { kind: 'rewrite' }>;

function rewritten(fact: Fact<'nameRule'>, rule: Rewrite, name: DnsName): Ruled | undefined {
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
function rewrite(rule: Rewrite, name: DnsName): string | undefined {
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

/** CoreDNS matches the name with its trailing dot, and writes groups as {1}; one that the pattern has not stays as it is. */
function rewriteByPattern(from: string, to: string, name: DnsName): string | undefined {
  const pattern = patternOf(from);
  const match = pattern?.exec(`${name}.`) ?? pattern?.exec(name);
  if (!match) return undefined;
  const groupAt = (whole: string, n: number) => (n < match.length ? (match[n] ?? '') : whole);
  return to.replace(/\{(\d)\}/g, (whole, n: string) => groupAt(whole, Number(n)));
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
