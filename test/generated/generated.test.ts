/* A few of the generated estates that `npm run plan:generated` checks by the hundred, and that they are varied at all. */
import { describe, expect, test } from 'vitest';
import { realWorld } from '#plan/real-world.ts';
import { prove } from '#proof/prove.ts';
import { makeSession } from '#proof/session.ts';
import { checkHouse } from './check.ts';
import { generatedHouse } from './house.ts';

describe.each([4, 6, 9])('house %i', (seed) => {
  test('a plan is found, proved from nothing, and broken by no run of the simulator', () => {
    const { outcome, plan, found, session } = checkHouse(seed, 4);
    expect(outcome.kind).toBe('planned');
    if (plan === undefined) return;
    expect(prove(makeSession(realWorld, session.estate), plan).kind).toBe('proved');
    expect(found).toBeUndefined();
  }, 60_000);
});

test('houses of a hundred seeds hold every property, and hardly two are alike', () => {
  const all = Array.from({ length: 100 }, (_, i) => generatedHouse(i + 1).says);
  const words = new Set(all.flat());
  for (const word of [
    'tunnel by address',
    'tunnel by cluster address',
    'no tunnel',
    'second zone',
    'translation map',
    'CoreDNS hosts entry',
    'CoreDNS rewrite',
    'IPv6 by a bridge',
    'hostAliases',
    'a job re-writes the apex',
    'registry mirror on a node',
    'a monitor expects the address',
    'a page states the address',
    'a secret behind the ingress',
    'publishedService',
    'reflection for guests',
    'DHCP range in the pool',
    'alone on the address, local',
  ])
    expect(words, word).toContain(word);
  expect(new Set(all.map((s) => s.join())).size).toBeGreaterThan(95);
});

test('the same seed makes the same house', () => {
  expect(generatedHouse(7)).toEqual(generatedHouse(7));
});
