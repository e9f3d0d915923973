/*
 * Middlewares that look at the client's address (Traefik v3.7 ip.Strategy; the CrowdSec bouncer plugin): which address
 * each takes, and what it decides.
 */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { contains, type Prefix, parseRange, rangeHas } from '#net/prefix.ts';
import { type Headers, lastEntry } from './headers.ts';
import type { Identity } from './trace.ts';
import { missing } from './way.ts';

/** Verdict of a middleware that looks at the client's address; others have none. */
export function keyedIdentities(
  reader: Reader,
  m: Fact<'middleware'>,
  headers: Headers,
): readonly Identity[] {
  const { rule } = m.value;
  const who = `${m.value.namespace}/${m.value.name}`;
  switch (rule.kind) {
    case 'ip-allow-list':
      return [allowList(m, who, rule.ranges, rule.depth, headers)];
    case 'rate-limit':
    case 'in-flight':
      return [bucket(m, who, rule.depth, headers)];
    case 'ban-list':
      return [banPlugin(reader, m, who, rule, headers)];
    case 'chain':
    case 'other':
      return [];
    default:
      return rule satisfies never;
  }
}

interface Key {
  readonly client?: Ip;
  readonly is: Identity['is'];
  readonly says: string;
  readonly gap?: Gap;
}

/** Traefik ip.Strategy: depth 0 is the peer, n the n-th entry of the list from the right. */
function keyOf(depth: number, headers: Headers): Key {
  if (headers.remote === undefined) {
    const gap = missing('identity/peer', 'podNetwork', 'the address that the ingress sees is not known');
    return { is: 'unknown', says: 'the peer is not known', gap };
  }
  if (depth === 0)
    return { client: headers.remote, is: headers.remoteIs, says: `the peer ${headers.remote}` };
  const list = headers.forwardedFor.split(',').map((p) => p.trim());
  const client = parseIp(list[list.length - depth] ?? '');
  if (!client)
    return { is: 'none', says: `entry ${depth} from the right of an X-Forwarded-For that has none` };
  return {
    client,
    is: headers.isOf(client),
    says: `entry ${depth} from the right of X-Forwarded-For, ${client}`,
  };
}

function allowList(
  m: Fact<'middleware'>,
  who: string,
  ranges: readonly Prefix[],
  depth: number,
  headers: Headers,
): Identity {
  const key = keyOf(depth, headers);
  const base = {
    consumer: 'allowlist' as const,
    who,
    ...(key.client && { client: key.client }),
    is: key.is,
    because: [m.evidence],
  };
  if (key.gap)
    return {
      ...base,
      verdict: 'unknown',
      says: `Not known whether ${who} passes it: ${key.says}.`,
      gap: key.gap,
    };
  const { client } = key;
  const passes = client !== undefined && ranges.some((r) => contains(r, client));
  const says = passes
    ? `${who} looks at ${key.says}, and its list holds it.`
    : `${who} looks at ${key.says}, and its list does not hold it.`;
  return { ...base, verdict: passes ? 'pass' : 'refuse', says };
}

function bucket(m: Fact<'middleware'>, who: string, depth: number, headers: Headers): Identity {
  const key = keyOf(depth, headers);
  const base = {
    consumer: 'rate-limit' as const,
    who,
    ...(key.client && { client: key.client }),
    is: key.is,
    because: [m.evidence],
  };
  if (key.gap)
    return { ...base, verdict: 'unknown', says: `Not known how ${who} counts: ${key.says}.`, gap: key.gap };
  const isOwn = key.is === 'client' || key.is === 'forged';
  const says = isOwn
    ? `${who} counts ${key.says}.`
    : `${who} counts ${key.says}: everybody who comes this way shares one bucket.`;
  return { ...base, verdict: isOwn ? 'per-client' : 'one-bucket', says };
}

type BanRule = Extract<Fact<'middleware'>['value']['rule'], { kind: 'ban-list' }>;

function banPlugin(
  reader: Reader,
  m: Fact<'middleware'>,
  who: string,
  rule: BanRule,
  headers: Headers,
): Identity {
  const base = { consumer: 'ban-list' as const, who, because: [m.evidence] };
  if (headers.remote === undefined) {
    const gap = missing('identity/peer', 'podNetwork', 'the address that the ingress sees is not known');
    return { ...base, is: 'unknown', verdict: 'unknown', says: 'The peer is not known.', gap };
  }
  const { remote } = headers;
  const isTrusted = rule.trustedPeers.some((p) => contains(p, remote));
  const told = isTrusted ? toldClient(rule.header, headers) : undefined;
  const client = told ?? remote;
  const how = told
    ? `believes ${rule.header ?? 'X-Forwarded-For'} of the trusted peer ${remote}`
    : `looks at the peer, since ${remote} is ${isTrusted ? 'sending no such header' : 'no trusted peer'}`;
  if (rule.exemptClients?.some((p) => contains(p, client))) {
    const says = `${who} ${how}; clients of that range are never looked up, so nobody behind ${client} is refused.`;
    return { ...base, client, is: headers.isOf(client), verdict: 'pass', says };
  }
  const banned = bannedBy(reader, client);
  if (!banned.decision && banned.gap)
    return {
      ...base,
      client,
      is: headers.isOf(client),
      verdict: 'unknown',
      says: `${who} ${how}; ${banned.gap.what}`,
      gap: banned.gap,
    };
  const verdict = banned.decision ? 'refuse' : 'pass';
  const because = banned.decision ? [m.evidence, banned.decision.evidence] : [m.evidence];
  return {
    ...base,
    client,
    is: headers.isOf(client),
    verdict,
    because,
    says: `${who} ${how}: ${client} is ${banned.decision ? '' : 'not '}banned.`,
  };
}

/** The plugin takes the last entry of a list that is no trusted peer; for one entry that is the entry. */
function toldClient(header: string | undefined, headers: Headers): Ip | undefined {
  const name = (header ?? 'x-forwarded-for').toLowerCase();
  if (name === 'cf-connecting-ip') return parseIp(headers.cfConnectingIp.trim());
  if (name === 'x-real-ip') return parseIp(headers.realIp.trim());
  return parseIp(lastEntry(headers.forwardedFor));
}

/** Decisions by value; the index is kept for as long as the list of decisions is the same object. */
const decisionIndexes = new WeakMap<
  readonly Fact<'banDecision'>[],
  { exact: Map<string, Fact<'banDecision'>>; ranges: readonly Fact<'banDecision'>[] }
>();

function bannedBy(
  reader: Reader,
  client: Ip,
): { readonly decision?: Fact<'banDecision'>; readonly gap?: Gap } {
  const all = reader.all('banDecision');
  const gap = reader.gap('banDecision');
  const index = decisionIndexes.get(all) ?? indexDecisions(all);
  const decision = index.exact.get(client) ?? index.ranges.find((d) => covers(d, client));
  return { ...(decision && { decision }), ...(gap && { gap }) };
}

function indexDecisions(all: readonly Fact<'banDecision'>[]) {
  const exact = new Map(
    all.filter((d) => d.value.scope.toLowerCase() === 'ip').map((d) => [d.value.value, d] as const),
  );
  const index = { exact, ranges: all.filter((d) => d.value.scope.toLowerCase() === 'range') };
  decisionIndexes.set(all, index);
  return index;
}

function covers(decision: Fact<'banDecision'>, client: Ip): boolean {
  const range = parseRange(decision.value.value);
  return range !== undefined && rangeHas(range, client);
}
