/* How rules are tested: an estate on which the rule fires, one on which it is silent, and a near miss with the same symptom. */

import { describe, expect, it } from 'vitest';
import { flowsOf } from '#dataplane/flows.ts';
import { memoWalker } from '#dataplane/walk.ts';
import { makeEstate, type Reader, readerOf } from '#estate/estate.ts';
import type { Finding } from '#findings/finding.ts';
import { rules } from '#findings/registry.ts';
import { contextOf, type Walking } from '#findings/run-rules.ts';
import { type Changes, homeReader } from '../estates.ts';

export interface RuleCase {
  readonly code: string;
  readonly fires: Changes;
  /** What the cause (or, where it says more, the title) must name. */
  readonly cause: RegExp;
  /** Objects that the claims must rest on. */
  readonly evidence: readonly string[];
  readonly severity: Finding['severity'];
  /** Default: established. */
  readonly certainty?: Finding['certainty'];
  /** Which of several findings of the code is meant. */
  readonly about?: RegExp;
  readonly silent: Changes;
  readonly near: Changes;
}

export const walking: Walking = { walkerOf: (reader) => memoWalker(reader).walk, flowsOf };

/** Findings of one rule on a reader. */
export function findingsIn(reader: Reader, code: string): readonly Finding[] {
  const rule = rules.find((r) => r.code === code);
  if (rule === undefined) throw new RangeError(`no rule ${code}`);
  return rule.check(contextOf(reader, walking));
}

/** Findings of one rule on the home estate with changes. */
export function findingsOf(code: string, changes: Changes): readonly Finding[] {
  return findingsIn(homeReader(changes), code);
}

export const nothing: Reader = readerOf(makeEstate([]));

/** Runs each case as three tests. */
export function testRules(cases: readonly RuleCase[]): void {
  describe.each(cases)('$code', (c) => {
    const worse = (changes: Changes) =>
      findingsOf(c.code, changes).filter(
        (f) => f.severity !== 'ok' && (c.about?.test(`${f.subject} ${f.title}`) ?? true),
      );

    it('fires, with its cause and evidence', () => {
      const [found] = worse(c.fires);
      expect(found, 'a finding').toBeDefined();
      if (found === undefined) return;
      expect(`${found.title} ${found.cause}`).toMatch(c.cause);
      expect([found.severity, found.certainty]).toEqual([c.severity, c.certainty ?? 'established']);
      const objects = found.claims.flatMap((claim) => claim.evidence.map((e) => e.object ?? e.file));
      for (const wanted of c.evidence) expect(objects).toContain(wanted);
      expect(found.refutedBy.length).toBeGreaterThan(15);
      for (const e of found.claims.flatMap((x) => x.evidence)) expect(e.file).not.toBe('');
    });

    it('is silent', () => {
      expect(worse(c.silent).map((f) => f.title)).toEqual([]);
    });

    it('is not taken in by a near miss', () => {
      expect(worse(c.near).map((f) => f.title)).toEqual([]);
    });
  });
}
