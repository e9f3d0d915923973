/*
 * No rule is better informed than its facts: where a gap hides facts that a rule needs, what it approves of and what it
 * does not see become unknown with the gap named, and what it did find says which gap may hide more.
 */

import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Kind } from '#estate/kinds.ts';
import type { Finding } from './finding.ts';
import type { Rule } from './rule.ts';

/** Subject of findings that say only that their rule could not look. */
export const unread = 'what was not read';

/** The rule with its silence and its approvals held to the gaps of the estate. */
export function guarded(rule: Rule): Rule {
  return {
    ...rule,
    check: (context) => {
      const found = rule.check(context);
      const gaps = openGaps(context.reader, rule.needs);
      if (gaps.length === 0) return found;
      const judged = found.map((f) => withGaps(f, gaps));
      return judged.some((f) => f.severity !== 'ok') ? judged : [...judged, notSeen(rule, gaps)];
    },
  };
}

/** The first gap of each kind, each once. A gap that the user accepted by name is an assumption, and stays one. */
function openGaps(reader: Reader, needs: readonly Kind[]): readonly Gap[] {
  const gaps = new Map<string, Gap>();
  for (const kind of needs) {
    const gap = reader.gap(kind);
    if (gap !== undefined && reader.get('acceptedGap', gap.id) === undefined) gaps.set(gap.id, gap);
  }
  return [...gaps.values()];
}

function withGaps(finding: Finding, gaps: readonly Gap[]): Finding {
  const known = new Set(finding.gaps.map((g) => g.id));
  const all = [...finding.gaps, ...gaps.filter((g) => !known.has(g.id))];
  return { ...finding, gaps: all, certainty: finding.severity === 'ok' ? 'unknown' : finding.certainty };
}

function notSeen(rule: Rule, gaps: readonly Gap[]): Finding {
  return {
    code: rule.code,
    severity: 'notice',
    certainty: 'unknown',
    subject: unread,
    title: `Not known for lack of facts: ${rule.looksFor}`,
    cause: `The snapshot lacks what the answer rests on: ${gaps.map((g) => g.what).join('; ')}.`,
    claims: [],
    refutedBy: 'the same check on a snapshot without these gaps',
    affects: { services: [], names: [], flows: [] },
    advice: gaps.map((g) => `Close the gap ${g.id}${g.expected === undefined ? '' : `: ${g.expected}`}.`),
    gaps,
  };
}
