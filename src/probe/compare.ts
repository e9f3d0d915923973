/*
 * Observation against prediction and baseline. A probe that failed before and was said to work then was already in
 * disagreement with the model; only what is new counts against a change.
 */
import type { Prediction } from './predict.ts';
import type { Observation, Probe } from './prober.ts';

export interface Comparison {
  /** What the model says of the state at hand. */
  readonly predicted: Prediction;
  /** What the model said of the state in which the baseline was taken. */
  readonly predictedBefore?: Prediction;
  /** Undefined: there is none. */
  readonly baseline?: Observation;
  readonly observed?: Observation;
}

export type Verdict =
  | 'as-predicted'
  /** It failed before and works now, as predicted. */
  | 'better'
  /** It worked before, was to work now, and does not. */
  | 'broken'
  /** Otherwise than predicted, and not so before. */
  | 'disagreement'
  /** Otherwise than predicted, just as before the first write. */
  | 'known-disagreement'
  /** The model does not know; it is as it was, or there is nothing to compare with. */
  | 'observed'
  | 'not-tried';

/** Whom the ingress logged, beside whom the model says that it logs. Only for what reached an ingress. */
export type ClientCheck =
  | { readonly kind: 'as-predicted' | 'otherwise'; readonly says: string }
  /** Not made, which is not passed; `says` is why, and what would make it possible. */
  | { readonly kind: 'not-checked'; readonly says: string };

export interface Judged {
  readonly probe: Probe;
  readonly verdict: Verdict;
  readonly says: string;
  readonly predicted: Prediction;
  readonly baseline?: Observation;
  readonly observed?: Observation;
  /** Undefined: no request reached an ingress. */
  readonly client?: ClientCheck;
}

/** Verdicts that stop a run at a gate, and make `verify` fail. */
export function isBad(verdict: Verdict): boolean {
  return verdict === 'broken' || verdict === 'disagreement';
}

export function compare(probe: Probe, comparison: Comparison): Judged {
  const { predicted, baseline, observed } = comparison;
  const kept = { probe, predicted, ...(baseline && { baseline }), ...(observed && { observed }) };
  if (observed === undefined || observed.notTried !== undefined)
    return { ...kept, verdict: 'not-tried', says: observed?.notTried ?? 'not tried from here' };
  const verdict = verdictOf(comparison, observed);
  const client = clientOf(probe, predicted, observed);
  return { ...kept, verdict, says: saysOf(verdict, comparison, observed), ...(client && { client }) };
}

function clientOf({ attempt }: Probe, predicted: Prediction, observed: Observation): ClientCheck | undefined {
  if (attempt.kind !== 'http' || observed.status === undefined) return undefined;
  const { seenAs, notSeen = 'no log of the ingress was read' } = observed;
  if (seenAs === undefined) return { kind: 'not-checked', says: notSeen };
  if (predicted.seenAs === undefined) return { kind: 'not-checked', says: whyNotKnown(predicted, seenAs) };
  const isSaid = predicted.seenAs.some((ip) => ip === seenAs);
  const says = isSaid ? `logged as ${seenAs}` : `logged as ${seenAs}, not ${predicted.seenAs.join(' or ')}`;
  return { kind: isSaid ? 'as-predicted' : 'otherwise', says };
}

/** One gap hides many clients, and is told once. */
function whyNotKnown({ outcome, seenAsGap }: Prediction, seenAs: string): string {
  if (seenAsGap !== undefined) return `whom the ingress logs is not known: ${seenAsGap}`;
  const why = outcome === 'fails' ? 'nothing was to reach it' : 'the model does not say whom it logs';
  return `it logged ${seenAs}; ${why}`;
}

function verdictOf(
  { predicted, predictedBefore, baseline, observed: _ }: Comparison,
  observed: Observation,
): Verdict {
  const worked = baseline?.notTried === undefined ? baseline?.outcome : undefined;
  if (predicted.outcome === 'unknown')
    return worked === 'works' && observed.outcome === 'fails' ? 'broken' : 'observed';
  if (isAsSaid(predicted, observed, baseline))
    return worked === 'fails' && observed.outcome === 'works' ? 'better' : 'as-predicted';
  const wasOff =
    predictedBefore !== undefined &&
    baseline !== undefined &&
    predictedBefore.outcome === predicted.outcome &&
    !isAsSaid(predictedBefore, baseline, undefined) &&
    isSameEnd(baseline, observed);
  if (wasOff) return 'known-disagreement';
  return predicted.outcome === 'works' && worked === 'works' ? 'broken' : 'disagreement';
}

/** Outcome, addresses, client and kind of status are what was said. */
function isAsSaid(predicted: Prediction, observed: Observation, baseline: Observation | undefined): boolean {
  if (predicted.outcome !== observed.outcome) return false;
  if (predicted.addresses && observed.addresses && !isWithin(observed.addresses, predicted.addresses))
    return false;
  if (
    predicted.seenAs &&
    observed.seenAs !== undefined &&
    !predicted.seenAs.some((ip) => ip === observed.seenAs)
  )
    return false;
  // turned away as was said: what it answered before says nothing about that
  if (predicted.outcome !== 'works' || baseline === undefined) return true;
  return isSameStatus(baseline.status, observed.status);
}

/** Answers like an application that works: below 400 stays below 400, another status stays itself. */
function isSameStatus(before: number | undefined, now: number | undefined): boolean {
  if (before === undefined || now === undefined || now < 400) return true;
  return before === now;
}

function isSameEnd(a: Observation, b: Observation): boolean {
  return (
    a.outcome === b.outcome &&
    a.status === b.status &&
    a.seenAs === b.seenAs &&
    `${a.addresses}` === `${b.addresses}`
  );
}

function isWithin(some: readonly string[], all: readonly string[]): boolean {
  return some.every((s) => all.includes(s));
}

function saysOf(verdict: Verdict, { predicted, baseline }: Comparison, observed: Observation): string {
  const seen = observed.seenAs === undefined ? '' : `, seen as ${observed.seenAs}`;
  const now = `${observed.says}${seen}`;
  switch (verdict) {
    case 'broken':
      return `worked before (${baseline?.says}); now ${now}`;
    case 'disagreement':
    case 'known-disagreement': {
      const as = predicted.seenAs === undefined ? '' : `, seen as ${predicted.seenAs.join(' or ')}`;
      return `predicted ${predicted.outcome} (${predicted.says}${as}); observed ${observed.outcome} (${now})`;
    }
    default:
      return now;
  }
}
