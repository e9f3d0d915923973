/* pfSense keeps the filter rule that belongs to a port forward equal to it: saving the forward rewrites the rule's destination. */
import { type Reader, type Write, writeOf } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { AddressMatch } from '#estate/firewall.ts';
import { parsePrefix } from '#net/prefix.ts';
import type { Move } from './settle.ts';

/** Rules that follow forwards whose target changed. */
export function associatedRulesMove(before: Reader, after: Reader): Move | undefined {
  const writes = after.all('portForward').flatMap((f) => followers(before, after, f));
  return writes.length === 0 ? undefined : { writes, says: 'the firewall lets the associated rules follow' };
}

function followers(before: Reader, after: Reader, forward: Fact<'portForward'>): readonly Write[] {
  const { associatedRule, target, firewall } = forward.value;
  const was = before.get('portForward', forward.key.slice('portForward:'.length));
  if (associatedRule === '' || associatedRule === 'pass' || was === undefined || was.value.target === target)
    return [];
  const destination = matchOf(target);
  return after.by('filterRule', 'firewall', firewall).flatMap((rule) => {
    const { match } = rule.value;
    if (rule.value.associatedRule !== associatedRule) return [];
    if (canonical(match.destination) === canonical(destination)) return [];
    return [writeOf(after, 'filterRule', { ...rule.value, match: { ...match, destination } })];
  });
}

function matchOf(target: string): AddressMatch {
  const prefix = parsePrefix(target);
  return prefix === undefined
    ? { kind: 'alias', name: target, not: false }
    : { kind: 'address', prefix, not: false };
}
