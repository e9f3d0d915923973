/*
 * Whether people who must never be banned are covered by the list that the deciding layer reads. A LAPI allowlist refuses
 * decisions (CrowdSec 1.6.6 and later); a parser whitelist only drops log lines, so manual decisions and blocklists pass it.
 */
import { isAtLeast } from '#dataplane/version.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { IpRange, Prefix } from '#net/prefix.ts';
import { claim, count, finding, list } from '../compose.ts';
import { isCovered, rangeText } from '../coverage.ts';
import type { Claim, Finding } from '../finding.ts';
import type { Rule } from '../rule.ts';

type Range = Prefix | IpRange;

export const allowlistCoverage: Rule = {
  code: 'allowlist-coverage',
  looksFor: 'ranges of protected people that the deciding layer may ban',
  cases: ['S17'],
  needs: ['protectedPeople', 'banAllowlist', 'banEngine'],
  check: ({ reader }) => systemsOf(reader).flatMap((system) => ofSystem(reader, system)),
};

function systemsOf(reader: Reader): readonly string[] {
  const all = [...reader.all('banEngine'), ...reader.all('banAllowlist'), ...reader.all('bouncer')];
  return [...new Set(all.map((f) => f.value.system))];
}

interface Lists {
  readonly system: string;
  readonly engine: Fact<'banEngine'> | undefined;
  readonly lapi: readonly Fact<'banAllowlist'>[];
  readonly parser: readonly Fact<'banAllowlist'>[];
}

function ofSystem(reader: Reader, system: string): readonly Finding[] {
  const all = reader.all('banAllowlist').filter((l) => l.value.system === system);
  const lists: Lists = {
    system,
    engine: reader.get('banEngine', system),
    lapi: all.filter((l) => l.value.layer === 'lapi'),
    parser: all.filter((l) => l.value.layer !== 'lapi'),
  };
  const ranges = new Map<string, { range: Range; people: Fact<'protectedPeople'>[] }>();
  for (const people of reader.all('protectedPeople')) {
    for (const range of people.value.ranges) {
      const known = ranges.get(rangeText(range));
      if (known === undefined) ranges.set(rangeText(range), { range, people: [people] });
      else known.people.push(people);
    }
  }
  return [...ranges.values()].map((r) => ofRange(lists, r.range, r.people));
}

function ofRange(lists: Lists, range: Range, people: readonly Fact<'protectedPeople'>[]): Finding {
  const refuses = readsAllowlists(lists);
  const isDecided = refuses !== false && isCovered(range, rangesOf(lists.lapi));
  const isParsed = isCovered(range, rangesOf(lists.parser));
  const text = rangeText(range);
  const who = list(people.map((p) => p.value.name));
  return finding({
    code: 'allowlist-coverage',
    severity: isDecided ? 'ok' : 'warning',
    subject: `${text} in ${lists.system}`,
    title: isDecided
      ? `${text} (${who}) is on a list that the deciding layer reads`
      : `${text} (${who}) can be banned: no list of the deciding layer holds it`,
    cause: isDecided
      ? 'The local API refuses decisions about addresses on its allowlists, wherever they come from.'
      : isParsed
        ? 'Only a parser whitelist holds it. That drops log lines before a scenario sees them; a manual decision, a blocklist or a scenario on another log still bans it.'
        : 'No list holds it at all: once clients are seen as themselves, a scenario can ban it.',
    claims: [
      ...people.map((p) => claim(`${p.value.name} must never be banned from ${text}`, p)),
      ...layerClaims(lists, range, refuses),
    ],
    refutedBy: `cscli decisions add --ip ${firstOf(range)} -d 1m: refused by an allowlist where it is covered, taken where it is not (cscli decisions delete afterwards)`,
    affects: { flows: people.map((p) => p.value.name) },
    advice: isDecided
      ? []
      : [`cscli allowlists add ${lists.lapi[0]?.value.name ?? 'NAME'} ${text} (CrowdSec 1.6.6 or later).`],
  });
}

/** undefined: the release is not known. */
function readsAllowlists(lists: Lists): boolean | undefined {
  return isAtLeast(lists.engine?.value.version, '1.6.6');
}

function layerClaims(lists: Lists, range: Range, refuses: boolean | undefined): readonly Claim[] {
  const version = lists.engine?.value.version;
  const release = refuses === false ? `; CrowdSec ${version} does not read them, 1.6.6 does` : '';
  return [layerClaim('local API', lists.lapi, range, release), layerClaim('parser', lists.parser, range, '')];
}

function layerClaim(
  layer: string,
  lists: readonly Fact<'banAllowlist'>[],
  range: Range,
  more: string,
): Claim {
  if (lists.length === 0) return claim(`${layer}: no list${more}`);
  const holding = lists.filter((l) => isCovered(range, l.value.ranges));
  if (holding.length > 0)
    return claim(`${layer}: ${list(holding.map((l) => l.value.name))} holds it${more}`, ...holding);
  const ranges = rangesOf(lists).map(rangeText);
  return claim(
    `${layer}: ${count(lists.length, 'list')} (${list(ranges, 8)}), and it is in none${more}`,
    ...lists,
  );
}

function rangesOf(lists: readonly Fact<'banAllowlist'>[]): readonly Range[] {
  return lists.flatMap((l) => l.value.ranges);
}

function firstOf(range: Range): string {
  return rangeText(range).split(/[-/]/)[0] ?? '';
}
