/* Runs the rules over one state. */
import type { Flow } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import type { DnsName } from '#net/name.ts';
import type { Finding } from './finding.ts';
import { type NameClasses, nameClassesOf } from './name-classes.ts';
import { rules } from './registry.ts';
import type { Rule, RuleContext } from './rule.ts';

/** How flows are walked in a state, memoised, and which flows are worth looking at. */
export interface Walking {
  readonly walkerOf: (reader: Reader) => (flow: Flow) => Walk;
  readonly flowsOf: (reader: Reader, names?: readonly DnsName[]) => readonly Flow[];
}

export function contextOf(reader: Reader, walking: Walking): RuleContext {
  const walk = walking.walkerOf(reader);
  let classes: NameClasses | undefined;
  let flows: readonly Flow[] | undefined;
  const classesOnce = () => {
    classes ??= nameClassesOf(reader);
    return classes;
  };
  return {
    reader,
    walk,
    get flows() {
      flows ??= walking.flowsOf(reader, classesOnce().chosen);
      return flows;
    },
    namesLike: (name) => classesOnce().like(name),
    asIf: (changed) => contextOf(changed, walking),
  };
}

/** Findings of the rules, in the order of the rules. */
export function runRules(context: RuleContext, chosen: readonly Rule[] = rules): readonly Finding[] {
  return chosen.flatMap((rule) => rule.check(context));
}
