/* Runs the rules over one state. */
import type { Flow } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import type { Finding } from './finding.ts';
import { rules } from './registry.ts';
import type { Rule, RuleContext } from './rule.ts';

/** How flows are walked in a state, memoised, and which flows are worth looking at. */
export interface Walking {
  readonly walkerOf: (reader: Reader) => (flow: Flow) => Walk;
  readonly flowsOf: (reader: Reader) => readonly Flow[];
}

export function contextOf(reader: Reader, walking: Walking): RuleContext {
  const walk = walking.walkerOf(reader);
  let flows: readonly Flow[] | undefined;
  return {
    reader,
    walk,
    get flows() {
      flows ??= walking.flowsOf(reader);
      return flows;
    },
    asIf: (changed) => contextOf(changed, walking),
  };
}

/** Findings of the rules, in the order of the rules. */
export function runRules(context: RuleContext, chosen: readonly Rule[] = rules): readonly Finding[] {
  return chosen.flatMap((rule) => rule.check(context));
}
