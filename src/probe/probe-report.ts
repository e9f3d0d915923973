/* What a round of probes came to, as data that reports show. */
import type { Judged } from './compare.ts';
import type { Prediction } from './predict.ts';

/** A probe that somebody at another vantage point can make by hand. */
export interface Elsewhere {
  readonly id: string;
  readonly from: string;
  readonly command: string;
  readonly predicted: Prediction;
}

export interface ProbeReport {
  readonly judged: readonly Judged[];
  readonly elsewhere: readonly Elsewhere[];
  /** What a bound or the nature of a protocol left out, in words. */
  readonly leftOut: readonly string[];
  readonly isGood: boolean;
  /** One line: how many, and the first that is wrong. */
  readonly says: string;
}
