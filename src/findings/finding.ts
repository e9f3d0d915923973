/* A finding: something in the estate that a reader should know, with what it rests on and what would refute it. */
import type { Evidence, Gap } from '#estate/evidence.ts';

/** critical: clients are lost or locked out now. warning: something is wrong or will be by the change. notice: know it. ok: claimed, looked at, and right. */
export type Severity = 'critical' | 'warning' | 'notice' | 'ok';

/** One independent piece of evidence: a sentence and the places it was read at. */
export interface Claim {
  readonly says: string;
  readonly evidence: readonly Evidence[];
}

export interface Finding {
  /** Permanent name; its page is docs/findings/<code>.md. */
  readonly code: string;
  readonly severity: Severity;
  /** `unknown`: a gap or a thing that no snapshot can show keeps it open; `gaps` and `refutedBy` say which. */
  readonly certainty: 'established' | 'unknown';
  /** What it is about, for people and for comparing two checks: `Service traefik/traefik`, a name, a file. */
  readonly subject: string;
  /** One sentence. */
  readonly title: string;
  readonly cause: string;
  readonly claims: readonly Claim[];
  /** What would show that it is wrong: a command, a probe, a fact. */
  readonly refutedBy: string;
  readonly affects: {
    readonly services: readonly string[];
    readonly names: readonly string[];
    readonly flows: readonly string[];
  };
  /** What to do, in order. */
  readonly advice: readonly string[];
  readonly gaps: readonly Gap[];
  /** Code of the finding that causes this one: shown under it, not beside it. */
  readonly effectOf?: string;
}
