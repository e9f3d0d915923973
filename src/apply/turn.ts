/* What one action of a run came to: go on, turn round, or stop here with the next step. */
import type { Observed, WriteOutcome } from './actuator.ts';
import type { Direction } from './journal.ts';
import type { Order } from './run-world.ts';

export type Turn =
  | { readonly kind: 'go-on' }
  | { readonly kind: 'turn'; readonly because: string }
  | PausedTurn;

export interface PausedTurn {
  readonly kind: 'pause';
  readonly because: string;
  readonly next: string;
}

/** A system that shows the change. */
export type Seen = Extract<Observed, { kind: 'after' }>;

/** A write that was made, or may have been. */
export type Made = Extract<WriteOutcome, { kind: 'written' | 'unknown' }>;

export const goOn: Turn = { kind: 'go-on' };

export function pause(because: string, next: string): Turn {
  return { kind: 'pause', because, next };
}

export function turnOf(order: Order, because: string, next = 'resume, or roll back'): Turn {
  if (order === 'go-on') return goOn;
  return order === 'roll-back' ? { kind: 'turn', because } : pause(because, next);
}

/** Why a change cannot be seen after all that patience. */
export function notShown(outcome: Made): string {
  return outcome.kind === 'unknown' ? outcome.says : 'the system took the write and does not show it';
}

const settleIt = 'look at what is left: let its owner do it, or mend the cause. Then resume';

/** Why the run stops at a change that reads back and would be changed again, and what to do. */
export function unsettledTexts(title: string, direction: Direction, says: string): [string, string] {
  return direction === 'back'
    ? [`${title} is undone, and not settled: ${says}`, `${settleIt}: the run goes on walking back`]
    : [`${title} is written, and not settled: ${says}`, `${settleIt}: it is not written again. Or roll back`];
}
