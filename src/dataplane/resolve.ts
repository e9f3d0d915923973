/*
 * The resolve stage: what a name means at a vantage point. A resolver's own rules come first, then zones that it
 * holds, then forwarding, down to the public DNS; A and AAAA are two questions. The prover memoises it by resolver.
 */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { type Family, type Ip, parseIp } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import { clusterName } from './cluster-dns.ts';
import { hostAlias } from './host-alias.ts';
import { applyNameRules, forwardTarget } from './name-rules.ts';
import { type Ask, found, type Link, linked, none, type Resolution, stepped, unknown } from './resolution.ts';
import type { Step } from './trace.ts';

import { translate } from './translate.ts';
import { sourceAt, type Vantage, vantageOf } from './vantage.ts';
import { missing } from './way.ts';
import { askZones, type Question } from './zone-lookup.ts';

export type { Link, Resolution } from './resolution.ts';

const maxLinks = 16;
const maxResolvers = 8;

/** Every address that the name has at the vantage point, or the reason why none. Never empty. */
export function resolveName(
  reader: Reader,
  vantageId: string,
  name: DnsName,
  family: Family,
): readonly Resolution[] {
  const vantage = vantageOf(reader, vantageId);
  const start: Ask = { reader, family, first: name, resolver: '', chain: [], steps: [], depth: 0 };
  if (!vantage)
    return [
      unknown(
        start,
        reader.gap('vantagePoint') ??
          missing(`vantage/${vantageId}`, 'vantagePoint', `there is no vantage point ${vantageId}`),
      ),
    ];
  const aliased = hostAlias(reader, vantage, name, family);
  if (aliased) return aliased.map((a) => found(start, a.ip, a.step));
  const resolver = resolverOf(reader, vantage);
  if (typeof resolver !== 'string') return [unknown(start, resolver)];
  return ask(
    { ...start, resolver, client: sourceAt(reader, vantage, 4) ?? sourceAt(reader, vantage, 6) },
    name,
  );
}

/** Resolver id of a vantage point; pods of a cluster without one told use that of a told pod there. */
export function resolverOf(reader: Reader, vantage: Vantage): string | Gap {
  const { point } = vantage;
  if (point.resolver) return point.resolver;
  if (point.kind === 'internet' || point.kind === 'tunnel-edge') return 'public';
  if (point.kind === 'pod') {
    const told = reader
      .all('vantagePoint')
      .find((v) => v.value.kind === 'pod' && v.value.cluster === point.cluster && v.value.resolver);
    const coredns = reader
      .all('resolver')
      .find((r) => r.value.program === 'coredns' && r.value.serves.includes(`cluster/${point.cluster}`));
    const id = told?.value.resolver ?? coredns?.value.id;
    if (id) return id;
  }
  const what = `which resolver answers ${point.id} is not told`;
  return reader.gap('resolver') ?? missing(`vantage/${point.id}/resolver`, 'resolver', what);
}

function ask(a: Ask, name: DnsName): readonly Resolution[] {
  if (a.chain.length > maxLinks)
    return [none(a, `${a.first} leads through more than ${maxLinks} records: they go round in a loop.`, [])];
  if (a.depth > maxResolvers) return [none(a, `Resolvers ask each other in a circle for ${name}.`, [])];
  if (name === 'localhost') return [none(a, 'localhost never leaves the client.', [])];
  const resolver = a.reader.get('resolver', a.resolver);
  if (!resolver && a.resolver !== 'public')
    return [
      unknown(
        a,
        a.reader.gap('resolver') ??
          missing(`resolver/${a.resolver}`, 'resolver', `nothing is told about resolver ${a.resolver}`),
      ),
    ];
  return resolver && resolver.value.program !== 'public'
    ? askResolver(a, resolver, name)
    : askPublic(a, resolver, name);
}

function askResolver(a: Ask, resolver: Fact<'resolver'>, name: DnsName): readonly Resolution[] {
  const ruled = applyNameRules(a.reader, resolver.value, name, a.family);
  switch (ruled.kind) {
    case 'gap':
      return [unknown(a, ruled.gap)];
    case 'addresses':
      if (ruled.addresses.length === 0)
        return [
          none(a, `${resolver.value.id} holds ${name} without an IPv${a.family} address.`, [
            ruled.rule.evidence,
          ]),
        ];
      return ruled.addresses.map((ip) =>
        found(
          linked(a, ruled.rule, name, 'host', ruled.ttlSeconds),
          ip,
          hostStep(resolver, name, ip, ruled.rule),
        ),
      );
    case 'rewritten': {
      const says = `${resolver.value.id} rewrites ${name} to ${ruled.name}.`;
      return zonesOf(
        stepped(linked(a, ruled.rule, name, 'rewrite', undefined), says, [ruled.rule.evidence]),
        resolver,
        ruled.name,
      );
    }
    case 'none':
      return zonesOf(a, resolver, name);
    default:
      return ruled satisfies never;
  }
}

function zonesOf(a: Ask, resolver: Fact<'resolver'>, name: DnsName): readonly Resolution[] {
  const inCluster = clusterName(a, resolver, name);
  if (inCluster) return inCluster;
  const { serves } = resolver.value;
  const question: Question = { name, type: a.family === 4 ? 'A' : 'AAAA', client: a.client };
  const answer = askZones(a.reader, serves, question);
  switch (answer.kind) {
    case 'gap':
      return [unknown(a, answer.gap)];
    case 'not-here':
      return translated(a, resolver, name, forward(a, resolver, name));
    case 'records':
      return translated(a, resolver, name, follow(a, answer.records));
    case 'delegated':
      return [
        unknown(
          a,
          missing(
            `${answer.records.value.server}/delegation/${answer.records.value.name}`,
            'zone',
            `${answer.records.value.name} is delegated to servers that are not in the snapshot`,
          ),
        ),
      ];
    default:
      return [none(a, noneSays(answer.kind, name, answer.zone, a.family), [answer.zone.evidence])];
  }
}

function noneSays(
  kind: 'refused' | 'no-name' | 'no-data',
  name: DnsName,
  zone: Fact<'zone'>,
  family: Family,
): string {
  const where = `${zone.value.server}${zone.value.view ? ` view ${zone.value.view}` : ''}`;
  if (kind === 'refused') return `${where} has no view with ${zone.value.name || '.'} for this client.`;
  if (kind === 'no-name') return `Zone ${zone.value.name || '.'} on ${where} has no ${name}.`;
  return `${name} on ${where} has no ${family === 4 ? 'A' : 'AAAA'} record.`;
}

function follow(a: Ask, records: Fact<'recordSet'>): readonly Resolution[] {
  const { type, values, name, ttlSeconds, isProxied } = records.value;
  const next = linked(a, records, name, type, ttlSeconds);
  if (isProxied) return [proxied(next, records)];
  const says = `${records.value.server}: ${name} ${ttlSeconds} ${type} ${values.join(', ')}.`;
  if (type === 'CNAME') {
    const target = parseName(values[0] ?? '');
    if (!target) return [none(a, `${name} is a CNAME without a name.`, [records.evidence])];
    return ask({ ...stepped(next, says, [records.evidence]), depth: 0, isChased: true }, target);
  }
  const ips = values.map((v) => parseIp(v)).filter((v) => v !== undefined);
  if (ips.length === 0) return [none(a, `${name} has no address.`, [records.evidence])];
  return ips.map((ip) => found(next, ip, { stage: 'resolve', says, because: [records.evidence] }));
}

function proxied(a: Ask, records: Fact<'recordSet'>): Resolution {
  const value = records.value.values[0] ?? '';
  const says = `${records.value.name} is proxied: the edge answers in place of ${value}.`;
  const step: Step = {
    stage: 'resolve',
    says,
    because: [records.evidence],
    rule: 'Cloudflare: proxied record',
  };
  return {
    name: a.first,
    family: a.family,
    disposition: 'found',
    edge: { value, evidence: records.evidence },
    chain: a.chain,
    steps: [...a.steps, step],
    gaps: [],
  };
}

/** Forward rules by zone, then the resolver's own forwarder, then the public DNS; the next one sees this resolver's address. */
function forward(a: Ask, resolver: Fact<'resolver'>, name: DnsName): readonly Resolution[] {
  const target = forwardTarget(a.reader, resolver.value, name);
  if (typeof target !== 'string') return [unknown(a, target)];
  const says = `${resolver.value.id} asks ${target} for ${name}.`;
  const next = stepped(a, says, [resolver.evidence]);
  return ask(
    { ...next, resolver: target, client: resolver.value.address, depth: a.depth + 1, isChased: false },
    name,
  );
}

function askPublic(a: Ask, resolver: Fact<'resolver'> | undefined, name: DnsName): readonly Resolution[] {
  const servers =
    resolver && resolver.value.serves.length > 0 ? resolver.value.serves : publicServers(a.reader);
  const isPublic = (z: Fact<'zone'>) =>
    z.value.isPublic || resolver?.value.serves.includes(z.value.server) === true;
  const answer = askZones(
    a.reader,
    servers,
    { name, type: a.family === 4 ? 'A' : 'AAAA', client: a.client },
    isPublic,
  );
  switch (answer.kind) {
    case 'gap':
      return [unknown(a, answer.gap)];
    case 'not-here':
      return [
        unknown(
          a,
          a.reader.gap('zone') ??
            missing(`public-dns/${name}`, 'zone', `no public zone in the snapshot holds ${name}`),
        ),
      ];
    case 'records':
      return follow(a, answer.records);
    case 'delegated':
      return [
        unknown(
          a,
          missing(
            `public-dns/${answer.records.value.name}`,
            'zone',
            `${answer.records.value.name} is delegated to servers that are not in the snapshot`,
          ),
        ),
      ];
    default:
      return [none(a, noneSays(answer.kind, name, answer.zone, a.family), [answer.zone.evidence])];
  }
}

function publicServers(reader: Reader): readonly string[] {
  return [
    ...new Set(
      reader
        .all('zone')
        .filter((z) => z.value.isPublic)
        .map((z) => z.value.server),
    ),
  ];
}

/** The split-horizon app works on the whole answer to the name that was asked, wherever the server got it. */
function translated(
  a: Ask,
  resolver: Fact<'resolver'>,
  name: DnsName,
  answers: readonly Resolution[],
): readonly Resolution[] {
  return answers.map((r) => {
    if (!r.ip || a.isChased) return r;
    const t = translate(a.reader, resolver.value.serves, { name, client: a.client }, r.ip);
    if (t.gap) return unknown({ ...a, chain: r.chain, steps: r.steps }, t.gap);
    if (!t.by) return r;
    const says = `${t.by.value.server} translates ${r.ip} to ${t.ip} for these clients (group ${t.by.value.group}).`;
    const step: Step = {
      stage: 'resolve',
      says,
      because: [t.by.evidence],
      rule: 'Technitium Split Horizon: address translation',
    };
    const link: Link = { resolver: resolver.value.id, key: t.by.key, name, type: 'translation' };
    return { ...r, ip: t.ip, steps: [...r.steps, step], chain: [...r.chain, link] };
  });
}

function hostStep(resolver: Fact<'resolver'>, name: DnsName, ip: Ip, rule: Fact<'nameRule'>): Step {
  return {
    stage: 'resolve',
    says: `${resolver.value.id} overrides ${name} with ${ip}.`,
    because: [rule.evidence],
  };
}
