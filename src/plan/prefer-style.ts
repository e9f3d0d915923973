/*
 * Which of the two styles a plan has: no window before few moving parts. Where only one of them can be planned, the plan
 * says why it is that one; where it is not the one that was asked for, it is offered.
 */
import { styleDecision } from './decisions.ts';
import type { Plan, Style } from './plan.ts';
import type { PlannerInput, PlanOutcome, Stuck } from './planner.ts';

/** One attempt; whatever else it leaves behind goes with it. */
export interface Attempt {
  readonly outcome: PlanOutcome;
}

/** Additive where nothing else is asked for; in place where only that can be planned. */
export function inStyle<T extends Attempt>(input: PlannerInput, attempt: (input: PlannerInput) => T): T {
  const first = attempt(input);
  const { outcome } = first;
  if (outcome.kind !== 'stuck') return first;
  const isOpen = input.style === 'auto' && input.owner === undefined;
  const { owner: _, ...rest } = input;
  const style = other(input.style);
  const decision = styleDecision(style, 'forced', `${other(style)} cannot be planned: ${outcome.says}`);
  const decisions = [...(input.decisions ?? []), decision];
  const second = attempt({ ...rest, style, decisions });
  if (second.outcome.kind !== 'planned') return first;
  return isOpen ? second : { ...first, outcome: offering(outcome, second.outcome.plan) };
}

function other(style: Style | 'auto'): Style {
  return style === 'in-place' ? 'additive' : 'in-place';
}

/** The same answer, and the plan that can be had in the other style. */
function offering(outcome: Stuck, { style, stages }: Plan): Stuck {
  const seconds = stages.reduce((sum, s) => sum + (s.window?.seconds ?? 0), 0);
  const window =
    seconds === 0 ? 'without a window' : `with a window of at most ${Math.ceil(seconds / 60)} min`;
  return { ...outcome, nearest: `--style ${style}: that is proved, ${window}` };
}
