/* What one action of a run came to: go on, turn round, or stop here with the next step. */
import type { Observed } from './actuator.ts';
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

export const goOn: Turn = { kind: 'go-on' };

export function pause(because: string, next: string): Turn {
  return { kind: 'pause', because, next };
}

export function turnOf(order: Order, because: string, next = 'resume, or roll back'): Turn {
  if (order === 'go-on') return goOn;
  return order === 'roll-back' ? { kind: 'turn', because } : pause(because, next);
}
