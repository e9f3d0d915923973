/* What a failed call of an HTTP interface means for a write and for a read, the same for every system. */
import type { Observed, WriteOutcome } from '#apply/actuator.ts';
import { SightlineError } from '#estate/error.ts';

export interface ApiFailure {
  readonly kind: 'failed';
  /** undefined: no answer, or one that is none. */
  readonly status?: number;
  /** The system may have acted on it. */
  readonly mayHaveActed: boolean;
  readonly says: string;
  readonly retryAfterMs?: number;
}

const hints: Readonly<Record<number, string>> = {
  401: 'the credential is not accepted: renew it, then resume',
  403: 'the credential lacks the right: see the rights in the README of the adapter, then resume',
  404: 'check the address and the names in sightline.yaml',
};

/** Refused where the system said so for good; everything that may have acted, or may pass, is to be looked at again. */
export function writeOutcomeOf(failure: ApiFailure): WriteOutcome {
  const { status, says, retryAfterMs } = failure;
  const isFinal = status !== undefined && status >= 400 && status < 500 && ![408, 425, 429].includes(status);
  if (isFinal && !failure.mayHaveActed)
    return { kind: 'refused', says, hint: hints[status] ?? 'look at what it says, then resume or roll back' };
  return { kind: 'unknown', says, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** The end of a write of several parts: once one is written, "nothing was written" would not be true. */
export function afterParts(outcome: WriteOutcome, written: number): WriteOutcome {
  if (written === 0 || outcome.kind === 'written') return outcome;
  const retry = outcome.kind === 'unknown' ? outcome.retryAfterMs : undefined;
  const says = `a part of it is written; then: ${outcome.says}`;
  return { kind: 'unknown', says, ...(retry !== undefined && { retryAfterMs: retry }) };
}

export function observedOf({ says, retryAfterMs }: ApiFailure): Observed {
  return { kind: 'unreachable', says, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** What was fetched for a call, or that it is not to be had: then nothing was sent, and the run can wait for it. */
export async function fetched<T>(get: () => Promise<T>): Promise<{ readonly value: T } | ApiFailure> {
  try {
    return { value: await get() };
  } catch (error) {
    if (!(error instanceof SightlineError)) throw error;
    return { kind: 'failed', mayHaveActed: false, says: error.message };
  }
}
