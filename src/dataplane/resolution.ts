/* An answer to a name with the records that it came from, and how one is put together while resolvers are asked. */
import type { Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import type { Family, Ip } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';
import type { Step } from './trace.ts';

/** One fact that an answer came from, so that a cache may hold it. */
export interface Link {
  /** Resolver that was asked when it was used. */
  readonly resolver: string;
  readonly key: FactKey;
  readonly name: DnsName;
  readonly type: string;
  /** undefined: not kept by caches, or not told. */
  readonly ttlSeconds?: number;
}

/** One answer: an address, a proxy in front of it, or why there is none. */
export interface Resolution {
  readonly name: DnsName;
  readonly family: Family;
  readonly disposition: 'found' | 'no-name' | 'unknown';
  readonly ip?: Ip;
  /** Answered by an edge that proxies the name: the record's value is what stands behind. */
  readonly edge?: { readonly value: string; readonly evidence: Evidence };
  readonly chain: readonly Link[];
  readonly steps: readonly Step[];
  readonly gaps: readonly Gap[];
}

export interface Ask {
  readonly reader: Reader;
  readonly family: Family;
  readonly first: DnsName;
  readonly resolver: string;
  readonly client?: Ip | undefined;
  readonly chain: readonly Link[];
  readonly steps: readonly Step[];
  readonly depth: number;
  /** The resolver itself follows a CNAME: its client asked for another name. */
  readonly isChased?: boolean;
}

export function linked(a: Ask, from: Fact, name: DnsName, type: string, ttlSeconds: number | undefined): Ask {
  const link: Link = {
    resolver: a.resolver,
    key: from.key,
    name,
    type,
    ...(ttlSeconds !== undefined && { ttlSeconds }),
  };
  return { ...a, chain: [...a.chain, link] };
}

export function stepped(a: Ask, says: string, because: readonly Evidence[]): Ask {
  return { ...a, steps: [...a.steps, { stage: 'resolve', says, because }] };
}

export function found(a: Ask, ip: Ip, step: Step): Resolution {
  return {
    name: a.first,
    family: a.family,
    disposition: 'found',
    ip,
    chain: a.chain,
    steps: [...a.steps, step],
    gaps: [],
  };
}

export function none(a: Ask, says: string, because: readonly Evidence[]): Resolution {
  return {
    name: a.first,
    family: a.family,
    disposition: 'no-name',
    chain: a.chain,
    steps: [...a.steps, { stage: 'resolve', says, because }],
    gaps: [],
  };
}

export function unknown(a: Ask, gap: Gap): Resolution {
  const step: Step = {
    stage: 'resolve',
    says: `Not known: ${gap.what}`,
    because: gap.evidence ? [gap.evidence] : [],
  };
  return {
    name: a.first,
    family: a.family,
    disposition: 'unknown',
    chain: a.chain,
    steps: [...a.steps, step],
    gaps: [gap],
  };
}
