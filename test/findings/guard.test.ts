/** The guard: gaps make silence and approval unknown, and are named by what was found. */

import { expect, it } from 'vitest';
import type { Gap } from '#estate/evidence.ts';
import { rules } from '#findings/registry.ts';
import { contextOf } from '#findings/run-rules.ts';
import { homeReader, localTraefik, stated } from '../estates.ts';
import { findingsOf, nothing, walking } from './cases.ts';

const gap: Gap = {
  id: 'missing:tunnel/home.json',
  system: 'tunnel/home',
  kinds: ['tunnelRule'],
  what: 'tunnel/home.json is missing',
};
const accepted = stated('acceptedGap', { gap: gap.id, reason: 'looked at by eye' });

it('approves without a gap', () => {
  expect(findingsOf('tunnel-origin', {}).map((f) => [f.severity, f.certainty])).toEqual([
    ['ok', 'established'],
  ]);
});

it('approves of nothing that a gap may hide, and says what was not seen', () => {
  const found = findingsOf('tunnel-origin', { gaps: [gap] });
  expect(found.map((f) => [f.severity, f.certainty])).toEqual([
    ['ok', 'unknown'],
    ['notice', 'unknown'],
  ]);
  for (const f of found) expect(f.gaps).toEqual([gap]);
});

it('takes a gap that was accepted by name for an assumption', () => {
  expect(findingsOf('tunnel-origin', { gaps: [gap], add: [accepted] }).map((f) => f.certainty)).toEqual([
    'established',
  ]);
});

it('keeps what was found, with the gap that may hide more', () => {
  const hidden: Gap = { id: 'g', kinds: ['node'], what: 'nodes.yaml is missing' };
  const [found] = findingsOf('flip-in-place', { gaps: [{ ...hidden, kinds: ['pool'] }] });
  expect(found?.gaps.map((g) => g.id)).toEqual(['g']);
});

it('leaves a rule alone that does not rest on the kind', () => {
  expect(
    findingsOf('tunnel-origin', { gaps: [{ ...gap, kinds: ['logCount'] }] }).map((f) => f.certainty),
  ).toEqual(['established']);
});

it.each(rules)('$code is silent on an estate without facts', (rule) => {
  expect(rule.check(contextOf(nothing, walking))).toEqual([]);
});

it.each(rules)('$code writes findings that say everything', (rule) => {
  for (const reader of [homeReader(), homeReader({ add: localTraefik() })])
    for (const f of rule.check(contextOf(reader, walking))) {
      expect(f.code).toBe(rule.code);
      for (const text of [f.subject, f.title, f.cause, f.refutedBy])
        expect(text.trim().length).toBeGreaterThan(5);
      expect(f.title).not.toMatch(/undefined|\[object/);
      expect(f.cause).not.toMatch(/undefined|\[object/);
      if (f.certainty === 'established') expect(f.claims.flatMap((c) => c.evidence)).not.toEqual([]);
      for (const c of f.claims) expect(c.says).not.toMatch(/undefined|\[object/);
    }
});
