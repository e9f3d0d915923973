/* What a proof comes to: proved with its numbers, refuted with the shortest history, or undecided with the gap. */
import type { Flow } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import type { Gap } from '#estate/evidence.ts';
import type { FactKey } from '#estate/fact.ts';

/** A position between two writes. `position` counts finished writes; 0 is the start. */
export interface StatePoint {
  readonly position: number;
  readonly direction: 'forward' | 'back';
  /** Id of the planned change whose write was the last one; undefined at the start. */
  readonly after?: string;
  /** Within a change of several visible moves: what the system just did by itself. */
  readonly says?: string;
}

export interface Counts {
  /** Positions in both directions. */
  readonly states: number;
  readonly faults: number;
  readonly flows: number;
  readonly classes: number;
  /** States × faults × held answers × flows, multiplied out. */
  readonly covered: number;
  readonly walks: number;
  readonly walksSaved: number;
  readonly elapsedMs?: number;
}

/** What the proof takes as given: an accepted gap, a bound on an unknown cache. */
export interface Assumption {
  readonly says: string;
  readonly from: string;
}

/** A time in which named flows fail, computed. */
export interface Window {
  readonly stage: string;
  readonly names: readonly string[];
  readonly vantagePoints: readonly string[];
  readonly first: StatePoint;
  readonly last: StatePoint;
  readonly seconds: number;
  /** The bound is the sum of these. */
  readonly parts: readonly { readonly says: string; readonly seconds: number }[];
  readonly because: string;
}

/** One broken invariant, in the shortest history that shows it. */
export interface Counterexample {
  readonly invariant: string;
  readonly says: string;
  readonly at: StatePoint;
  readonly fault?: string;
  /** Answers that a cache still holds: `technitium: viktorbarzin.me A 10.0.20.200`. */
  readonly held: readonly string[];
  /** What happened, oldest first. */
  readonly timeline: readonly string[];
  readonly before?: Walk;
  readonly after?: Walk;
  /** The same as data, for who repairs the plan. */
  readonly flow?: Flow;
  readonly faultId?: string;
  readonly heldAnswers?: readonly { readonly record: FactKey; readonly seconds: number }[];
}

export interface Proved {
  readonly kind: 'proved';
  readonly counts: Counts;
  readonly assumptions: readonly Assumption[];
  readonly windows: readonly Window[];
  /** Flows from before a change that end by it (not broken invariants). */
  readonly endings: readonly { readonly says: string; readonly at: StatePoint }[];
  readonly invariants: readonly { readonly code: string; readonly checked: number }[];
}

export interface Refuted {
  readonly kind: 'refuted';
  /** The shortest. */
  readonly counterexample: Counterexample;
  /** Others of another kind, where they were asked for. */
  readonly others?: readonly Counterexample[];
  readonly counts: Counts;
}

export interface Undecided {
  readonly kind: 'undecided';
  readonly says: string;
  readonly gap?: Gap;
  /** What would settle it. */
  readonly settledBy: string;
  readonly counts: Counts;
}

export type ProofResult = Proved | Refuted | Undecided;
