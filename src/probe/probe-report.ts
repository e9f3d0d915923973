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

/** Whether the ingress logged the clients that the model says, of all requests that reached one. */
export interface ClientChecks {
  readonly asPredicted: number;
  readonly otherwise: number;
  readonly notChecked: number;
  /** Why some were not checked, each reason once. */
  readonly why: readonly string[];
}

export interface ProbeReport {
  readonly judged: readonly Judged[];
  readonly elsewhere: readonly Elsewhere[];
  /** What a bound or the nature of a protocol left out, in words. */
  readonly leftOut: readonly string[];
  readonly clients: ClientChecks;
  readonly isGood: boolean;
  /** One line: how many, and the first that is wrong. */
  readonly says: string;
}
