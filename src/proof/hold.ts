/*
 * How long an answer may still be served after its record changed: by each resolver that asks for it, one asking the
 * other, and by client programs, which keep it for its TTL and the declared maxStale more.
 */

import type { Resolver } from '#estate/dns.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Kind } from '#estate/kinds.ts';

export interface Hold {
  readonly seconds: number;
  /** What the seconds are made of. */
  readonly parts: readonly { readonly says: string; readonly seconds: number }[];
}

const unstatedTtlSeconds = 3600;

/** Kinds whose answers somebody may keep. */
export function isCached(kind: Kind): kind is 'recordSet' | 'translation' | 'nameRule' {
  return kind === 'recordSet' || kind === 'translation' || kind === 'nameRule';
}

/** Declared bound for caches whose rules are not known, client programs included. */
export function maxStaleSeconds(reader: Reader): number {
  return reader.get('durations', 'durations')?.value.maxStaleSeconds ?? 3600;
}

/** How long the answer of the fact, as it stands (absent: its non-existence), may outlive it in the worst of its caches. */
export function holdOf(reader: Reader, fact: Fact | undefined, absent?: Fact): Hold {
  const subject = fact ?? absent;
  const ttl = fact === undefined ? negativeTtl(reader, absent) : ttlOf(reader, fact);
  const server = subject === undefined ? undefined : serverOf(subject);
  const worst = resolversAsking(reader, server)
    .map((chain) => chainHold(reader, chain, ttl, server))
    .sort((a, b) => b.seconds - a.seconds)[0];
  const first = worst ?? { seconds: ttl, parts: [{ says: 'TTL of the answer', seconds: ttl }] };
  const stale = maxStaleSeconds(reader);
  return {
    seconds: first.seconds + stale,
    parts: [
      ...first.parts,
      { says: 'client programs keep it longer than its TTL (maxStale)', seconds: stale },
    ],
  };
}

function ttlOf(reader: Reader, fact: Fact): number {
  const value = fact.value;
  if (fact.kind === 'recordSet') return (value as Fact<'recordSet'>['value']).ttlSeconds;
  if (fact.kind === 'nameRule') {
    const { rule } = value as Fact<'nameRule'>['value'];
    return rule.kind === 'host' ? (rule.ttlSeconds ?? unstatedTtlSeconds) : unstatedTtlSeconds;
  }
  if (fact.kind === 'translation') return translatedTtl(reader, value as Fact<'translation'>['value']);
  return unstatedTtlSeconds;
}

/** A translated answer keeps the TTL of the record that it was. */
function translatedTtl(reader: Reader, translation: Fact<'translation'>['value']): number {
  const records = reader.by('recordSet', 'value', translation.from);
  return records.length === 0 ? unstatedTtlSeconds : Math.max(...records.map((r) => r.value.ttlSeconds));
}

function negativeTtl(reader: Reader, created: Fact | undefined): number {
  if (created?.kind !== 'recordSet') return 0;
  const { server, zone } = (created as Fact<'recordSet'>).value;
  const zones = reader.by('zone', 'server', server).filter((z) => z.value.name === zone);
  const stated = zones.flatMap((z) => z.value.minimumTtlSeconds ?? []);
  return stated.length === 0 ? unstatedTtlSeconds : Math.max(...stated);
}

function serverOf(fact: Fact): string | undefined {
  const value = fact.value as { readonly server?: string; readonly resolver?: string };
  return value.server ?? value.resolver;
}

/** Chains of resolvers, asker first, of which the last one holds or fetches the server's zones. */
function resolversAsking(reader: Reader, server: string | undefined): readonly (readonly Resolver[])[] {
  return reader.all('resolver').flatMap((f) => {
    const chain = chainOf(reader, f.value);
    const at = chain.findIndex((r) => server !== undefined && (r.serves.includes(server) || r.id === server));
    return at < 0 ? (server === undefined ? [chain] : []) : [chain.slice(0, at + 1)];
  });
}

function chainOf(reader: Reader, first: Resolver): readonly Resolver[] {
  const chain: Resolver[] = [];
  for (let at: Resolver | undefined = first; at !== undefined && !chain.includes(at); ) {
    chain.push(at);
    at = at.forwardsTo === undefined ? undefined : reader.get('resolver', at.forwardsTo)?.value;
  }
  return chain;
}

/** The TTL once, as the asking ends cap or stretch it, and what each cache on the way may add by serving stale. */
function chainHold(
  reader: Reader,
  chain: readonly Resolver[],
  ttl: number,
  server: string | undefined,
): Hold {
  let kept = ttl;
  const parts: { says: string; seconds: number }[] = [];
  for (const resolver of [...chain].reverse()) {
    if (server !== undefined && resolver.serves.includes(server) && resolver.program !== 'public') continue;
    const rules = resolver.cache ?? { serveStaleSeconds: maxStaleSeconds(reader) };
    kept = Math.max(rules.minTtlSeconds ?? 0, Math.min(rules.maxTtlSeconds ?? kept, kept));
    const { serveStaleSeconds } = rules;
    if (serveStaleSeconds > 0)
      parts.push({ says: `${resolver.id} serves stale answers`, seconds: serveStaleSeconds });
  }
  parts.unshift({ says: 'TTL of the answer', seconds: kept });
  return { seconds: parts.reduce((sum, p) => sum + p.seconds, 0), parts };
}
