/*
 * One estate from what several sources read. The same fact read twice is fine; two that differ are a contradiction,
 * which is shown with both places. Between sources of different rank the better one wins and keeps what it knows; the
 * other may only fill in what that left open. Between equals nobody knows which is right, so the kind has a gap.
 */
import type { Evidence, Gap } from './evidence.ts';
import type { Fact, FactKey } from './fact.ts';
import { canonical } from './fingerprint.ts';
import { kindTable } from './kind-table.ts';
import type { Kind } from './kinds.ts';

/** 0: live systems; 1: repositories; 2: files of a node or script; 3: what a person wrote down. */
export type Rank = 0 | 1 | 2 | 3;

export interface Merged {
  readonly facts: readonly Fact[];
  readonly gaps: readonly Gap[];
}

/** Live, then repository, then file on a machine, then document or statement. */
export function rankOf(evidence: Evidence): Rank {
  const folder = evidence.file.split('/', 1)[0];
  if (folder === 'source') return 1;
  if (folder === 'node') return 2;
  return evidence.file.includes('/') ? 0 : 3;
}

/** Facts with one value a key, in order of first appearance, and a gap for each contradiction. */
export function mergeFacts(facts: Iterable<Fact>): Merged {
  const byKey = new Map<FactKey, Fact>();
  const gaps: Gap[] = [];
  for (const f of facts) {
    const known = byKey.get(f.key);
    if (known === undefined) byKey.set(f.key, f);
    else byKey.set(f.key, mergeTwo(known, f, gaps));
  }
  return { facts: [...byKey.values()], gaps };
}

function mergeTwo(first: Fact, second: Fact, gaps: Gap[]): Fact {
  const [better, worse] =
    rankOf(second.evidence) < rankOf(first.evidence) ? [second, first] : [first, second];
  const isSameRank = rankOf(better.evidence) === rankOf(worse.evidence);
  const differing = fieldsThatDiffer(better.value, worse.value, isSameRank);
  if (differing.length > 0) gaps.push(contradiction(better, worse, differing, isSameRank));
  return isSameRank ? better : filledIn(better, worse);
}

/** The better fact, with fields that it lacks taken from the worse. */
function filledIn(better: Fact, worse: Fact): Fact {
  const value = { ...better.value, ...worse.value, ...said(better.value) } as Fact['value'];
  const owner = better.owner ?? worse.owner;
  return owner === undefined ? { ...better, value } : { ...better, value, owner };
}

function said(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => !isUnsaid(v)));
}

function isUnsaid(value: unknown): boolean {
  return value === undefined || value === 'unknown';
}

/** An empty list of the worse source says nothing against the better one. */
function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function fieldsThatDiffer(better: object, worse: object, isSameRank: boolean): readonly string[] {
  const other = worse as Readonly<Record<string, unknown>>;
  return Object.entries(better)
    .filter(([k, v]) => canonical(v) !== canonical(other[k]))
    .filter(([k, v]) => isSameRank || !(isUnsaid(v) || isUnsaid(other[k]) || isEmptyList(other[k])))
    .map(([k]) => k)
    .sort();
}

function contradiction(better: Fact, worse: Fact, fields: readonly string[], isSameRank: boolean): Gap {
  const system = (kindTable[better.kind].system as (v: Fact['value']) => string | undefined)(better.value);
  return {
    id: `contradiction:${better.key}:${worse.evidence.file}`,
    ...(system !== undefined && { system }),
    kinds: isSameRank ? [better.kind satisfies Kind] : [],
    what: `${placeText(better.evidence)} and ${placeText(worse.evidence)} disagree on ${better.key}: ${fields.join(', ')}`,
    expected: isSameRank
      ? 'one of the two places, or two that agree'
      : `${placeText(better.evidence)} is taken, because it is nearer to what runs`,
    evidence: worse.evidence,
  };
}

function placeText(evidence: Evidence): string {
  return evidence.line === undefined ? evidence.file : `${evidence.file}:${evidence.line}`;
}
