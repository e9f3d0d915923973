/* Repairs for who is let in and who may be banned, once clients are seen as themselves. */

import type { BanAllowlist } from '#estate/ban-list.ts';
import type { Fact } from '#estate/fact.ts';
import type { ProtectedPeople } from '#estate/settings.ts';
import { type IpRange, type Prefix, prefixToRange, rangeHas } from '#net/prefix.ts';
import { because, type DraftChange, makeChange, type Wanted } from './draft.ts';
import { type Changes, inserted, keysWritten, type RepairContext } from './repair.ts';
import { slug } from './repoint.ts';
import type { Refutation } from './verdict.ts';

/** The people that would become bannable go onto the list that the deciding layer reads. */
export function repairAllowlist(
  context: RepairContext,
  changes: Changes,
  refuted: Refutation,
): Changes | undefined {
  const person = context.start.all('protectedPeople').find((f) => refuted.says.startsWith(f.value.name));
  const list = decidingList(context);
  const at = changes.findIndex((c) => c.id === refuted.at.after);
  if (person === undefined || list === undefined || at < 0) return undefined;
  if (changes.some((c) => keysWritten(c).includes(list.key))) return undefined;
  const ranges = [...list.value.ranges, ...missing(context, list.value)];
  const change: DraftChange = makeChange(context.start, [{ fact: list, fields: { ranges } } as Wanted], {
    id: `allow-${slug(list.value.name)}`,
    title: `Put the protected people's networks on allowlist ${list.value.name} (${list.value.layer})`,
    phase: 'prepare',
    because: because(refuted.says, refuted.invariant, [list.evidence, person.evidence]),
  });
  return inserted(changes, 0, [change]);
}

/** Decisions are refused by the LAPI's list; without one, log lines are dropped by a parser's. */
function decidingList(context: RepairContext): Fact<'banAllowlist'> | undefined {
  const lists = context.start.all('banAllowlist');
  return lists.find((f) => f.value.layer === 'lapi') ?? lists.find((f) => f.value.layer === 'parser');
}

function missing(context: RepairContext, list: BanAllowlist): readonly (Prefix | IpRange)[] {
  const wanted = context.start
    .all('protectedPeople')
    .flatMap((f: Fact<'protectedPeople'>): ProtectedPeople['ranges'] => f.value.ranges);
  const unknown = wanted.filter((r) => !list.ranges.some((have) => covers(have, r)));
  return unknown.filter((r, i) => unknown.findIndex((o) => text(o) === text(r)) === i);
}

function covers(have: Prefix | IpRange, want: Prefix | IpRange): boolean {
  const { first, last } = rangeOf(want);
  const all = rangeOf(have);
  return rangeHas(all, first) && rangeHas(all, last);
}

function rangeOf(range: Prefix | IpRange): IpRange {
  return typeof range === 'string' ? prefixToRange(range) : range;
}

function text(range: Prefix | IpRange): string {
  return typeof range === 'string' ? range : `${range.first}-${range.last}`;
}

/** A middleware that refuses people of the house once it sees them lets their network in. The internet is not asked in. */
export function repairMiddleware(
  context: RepairContext,
  changes: Changes,
  refuted: Refutation,
): Changes | undefined {
  const from = refuted.flow && context.start.get('vantagePoint', refuted.flow.from)?.value;
  if (from === undefined || from.kind === 'internet' || from.kind === 'tunnel-edge') return undefined;
  const refuser = refuted.after?.traces.flatMap((t) => t.identities).find((i) => i.verdict === 'refuse')?.who;
  const middleware = context.start
    .all('middleware')
    .find((f) => refuser?.endsWith(`${f.value.namespace}/${f.value.name}`));
  const rule = middleware?.value.rule;
  if (middleware === undefined || rule?.kind !== 'ip-allow-list') return undefined;
  if (changes.some((c) => keysWritten(c).includes(middleware.key))) return undefined;
  const fields = { rule: { ...rule, ranges: [...rule.ranges, ...from.networks] } };
  const change = makeChange(context.start, [{ fact: middleware, fields } as Wanted], {
    id: `admit-${slug(middleware.value.name)}`,
    title: `Let ${from.networks.join(', ')} through ${middleware.value.namespace}/${middleware.value.name}`,
    phase: 'prepare',
    because: because(refuted.says, refuted.invariant, [middleware.evidence]),
  });
  return inserted(changes, 0, [change]);
}
