/* What `check` found, as one value: every rendering (text, JSON, Markdown, HTML) is made from it. */
import type { Walk } from '#dataplane/trace.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Finding } from '#findings/finding.ts';

export interface CheckReport {
  readonly format: 1;
  readonly snapshot: { readonly path: string; readonly takenAt?: string; readonly fingerprint: string };
  readonly gaps: readonly Gap[];
  readonly findings: readonly Finding[];
  /** A few walks that show the worst findings: what a person would rather look at than read. */
  readonly shown: readonly Walk[];
  readonly counts: { readonly facts: number; readonly flows: number; readonly rules: number };
}
