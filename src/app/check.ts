/* `check`: a snapshot read, walked and judged by every rule. */
import { flowsOf } from '#dataplane/flows.ts';
import type { Walk } from '#dataplane/trace.ts';
import { memoWalker } from '#dataplane/walk.ts';
import { messageOf } from '#estate/error.ts';
import { readerOf } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Finding } from '#findings/finding.ts';
import { rules } from '#findings/registry.ts';
import type { Rule, RuleContext } from '#findings/rule.ts';
import { contextOf, type Walking } from '#findings/run-rules.ts';
import type { CheckReport } from '#report/check-report.ts';
import { loadSnapshot, type Snapshot } from './load-snapshot.ts';

export type { Finding, Severity } from '#findings/finding.ts';

export const walking: Walking = { walkerOf: (reader) => memoWalker(reader).walk, flowsOf };

/** Reads the snapshot and checks it. */
export async function checkSnapshot(dir: string): Promise<CheckReport> {
  return checkEstate(await loadSnapshot(dir), dir);
}

/** Checks what was read; `path` is the snapshot as the user named it. A rule that fails costs its own findings and shows as a gap. */
export function checkEstate(snapshot: Snapshot, path: string): CheckReport {
  const context = contextOf(readerOf(snapshot.estate), walking);
  const findings: Finding[] = [];
  const gaps: Gap[] = [...snapshot.estate.gaps];
  for (const rule of rules) {
    try {
      findings.push(...rule.check(context));
    } catch (error) {
      gaps.push(failedRule(rule, error));
    }
  }
  return {
    format: 1,
    snapshot: {
      path,
      fingerprint: snapshot.fingerprint.snapshot,
      ...(snapshot.takenAt !== undefined && { takenAt: snapshot.takenAt }),
    },
    gaps,
    findings,
    shown: shownWalks(context, findings),
    counts: { facts: snapshot.estate.facts.size, flows: context.flows.length, rules: rules.length },
  };
}

function failedRule(rule: Rule, error: unknown): Gap {
  return {
    id: `rule/${rule.code}`,
    kinds: [],
    what: `the rule ${rule.code} failed and found nothing: ${messageOf(error)}`,
    expected: 'a rule that never fails: please report it',
  };
}

/** For the worst named findings: the same name from every vantage point, TCP and UDP. */
function shownWalks(context: RuleContext, findings: readonly Finding[]): readonly Walk[] {
  const name = findings.find((f) => f.severity === 'critical' && f.affects.names.length > 0)?.affects
    .names[0];
  if (name === undefined) return [];
  const flows = context.flows.filter((f) => 'name' in f.to && f.to.name === name && f.port === 443);
  return flows.map(context.walk).filter((w) => w.traces.some((t) => t.hops.length > 1));
}
