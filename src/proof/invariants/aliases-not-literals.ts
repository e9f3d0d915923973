/* Firewall rules name aliases: no write puts a literal address where a rule could name one. */
import type { Fact } from '#estate/fact.ts';
import type { AddressMatch } from '#estate/firewall.ts';
import { parseIp } from '#net/ip.ts';
import { broken, holds, type StateInvariant } from '../invariant.ts';

export const aliasesNotLiterals: StateInvariant = {
  code: 'aliases-not-literals',
  check: ({ point, start }) => {
    for (const fact of point.view.overlay.values()) {
      if (fact?.kind !== 'portForward' && fact?.kind !== 'filterRule') continue;
      const before = start.get(fact.kind, fact.key.slice(fact.kind.length + 1));
      const literal = literalsOf(fact).find((l) => before === undefined || !literalsOf(before).includes(l));
      if (literal !== undefined) return broken(`${fact.key} names ${literal} itself instead of an alias`);
    }
    return holds;
  },
};

function literalsOf(fact: Fact): readonly string[] {
  if (fact.kind === 'portForward') {
    const forward = (fact as Fact<'portForward'>).value;
    return parseIp(forward.target) === undefined ? [] : [forward.target];
  }
  const { match } = (fact as Fact<'filterRule'>).value;
  return [match.source, match.destination].flatMap(literalOf);
}

function literalOf(match: AddressMatch): readonly string[] {
  return match.kind === 'address' && /\/(32|128)$/.test(match.prefix) ? [match.prefix] : [];
}
