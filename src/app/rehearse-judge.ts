/*
 * A rehearsal beside its proof: failures only inside computed windows and not longer than these, stills as the prover's
 * states say, connections that end only where an end was announced. Pure.
 */
import { delaysMs } from '#lab/estate/delays.ts';
import type { Plan } from '#plan/plan.ts';
import type { Window } from '#proof/result.ts';
import { count } from '#report/plan-text.ts';
import {
  askedText,
  type ProvedWindow,
  type Rehearsal,
  type StillCount,
  type TrafficLine,
  type Verdict,
} from '#report/rehearsal.ts';

/** What is not waiting in the plan and does not run on the rehearsal's time scale. */
const labsOwnMs = delaysMs.watch + delaysMs.proxySync + delaysMs.firewallReload + delaysMs.clearedToAllocated;
/** A request that was begun while the window was open ends at its own deadline. */
export const requestTimeoutMs = 2500;

const mostTold = 4;

export type Judged = Omit<Rehearsal, 'verdicts'>;

export function judgeRehearsal(r: Judged): readonly Verdict[] {
  return [
    ...failuresBeside(r),
    ...r.stills.map((still, at) => stillBeside(r, still.says, at)),
    endsBeside(r),
    ...predictionsBeside(r),
    ...banBeside(r),
    repeatsOf(r),
  ];
}

function banBeside({ ban, result, faults }: Judged): readonly Verdict[] {
  if (ban === undefined) return [];
  const isAsProved = ban.seenBefore === ban.before && ban.seenAfter === ban.after;
  const seen = `${ban.client} (${ban.vantage}), banned, is ${ban.seenBefore} by ${ban.name} before the plan and ${ban.seenAfter} after it`;
  if (isAsProved) return [{ says: `${seen}, as the model says`, isAsProved }];
  // of a state with a fault, or a plan that stopped, the model says nothing
  if (faults.length > 0 || result.kind === 'paused') return [{ says: seen, isAsProved: true }];
  return [{ says: `${seen}; the model says ${ban.before}, then ${ban.after}`, isAsProved }];
}

/** What the model says of the estate before and after; of a state with a fault, or a plan that stopped, it says nothing. */
function predictionsBeside(r: Judged): readonly Verdict[] {
  if (r.predictions.length === 0 || r.faults.length > 0 || r.result.kind === 'paused') return [];
  const wrong = r.predictions.filter((p) => !p.isAsPredicted);
  const told = wrong
    .slice(0, mostTold)
    .map(
      (p) =>
        `${p.vantage} ${askedText(p)}: ${p.seenBefore}, then ${p.seenAfter} (${p.before}, then ${p.after})`,
    );
  const untold = r.predictions.filter((p) => p.note !== undefined && p.isAsPredicted).length;
  const besides = untold === 0 ? '' : `; in ${untold} the lab cannot tell`;
  const says =
    wrong.length === 0
      ? `whom the application sees, and HTTP/3, are as the model says in ${count(r.predictions.length - untold, 'row')}${besides}`
      : `not as the model says: ${told.join('; ')}${wrong.length > mostTold ? `; and ${wrong.length - mostTold} more` : ''}`;
  return [{ says, isAsProved: wrong.length === 0 }];
}

/** Where nothing was done to the run: every failure lies in a window. Faults have stills instead. */
function failuresBeside(r: Judged): readonly Verdict[] {
  if (r.faults.length > 0 || r.rollbackAt !== undefined) return [];
  const failing = r.lines.filter((l) => l.failing !== undefined);
  if (failing.length === 0) {
    const says = r.windows.length === 0 ? 'no window, and no request failed' : 'no request failed';
    return [{ says, isAsProved: true }];
  }
  const judged = failing.map((line) => ({ line, verdict: windowBeside(r, line) }));
  const asProved = judged.filter((j) => j.verdict.isAsProved).map((j) => j.line);
  const worst = asProved.toSorted((a, b) => lengthOf(b) - lengthOf(a))[0];
  const told = worst === undefined ? [] : [worstOf(r, worst, asProved.length)];
  return [...told, ...judged.flatMap((j) => (j.verdict.isAsProved ? [] : [j.verdict]))];
}

function worstOf(r: Judged, worst: TrafficLine, count: number): Verdict {
  const { says } = windowBeside(r, worst);
  return {
    says: count === 1 ? says : `${count} kinds of traffic failed inside a window; ${says}`,
    isAsProved: true,
  };
}

function lengthOf({ failing }: TrafficLine): number {
  return failing === undefined ? 0 : failing.toMs - failing.fromMs;
}

function windowBeside(r: Judged, line: TrafficLine): Verdict {
  const what = `${line.vantage} ${line.what} to ${line.target}`;
  const { fromMs, toMs } = line.failing ?? { fromMs: 0, toMs: 0 };
  const fails = `${what} failed for ${seconds(toMs - fromMs)}`;
  const window = r.windows.find(
    (w) => w.vantagePoints.includes(line.vantage) && w.names.includes(line.target),
  );
  if (window === undefined)
    return { says: `${fails}, and the proof has no window for it`, isAsProved: false };
  const bound = boundOf(window, r);
  const limits = limitsOf(window, r);
  const isInside = limits !== undefined && fromMs >= limits.fromMs - requestTimeoutMs && toMs <= limits.toMs;
  const isShort = toMs - fromMs <= bound;
  const says = `${fails}; computed: at most ${seconds(bound)} here (${window.seconds} s in life)`;
  if (!isInside) return { says: `${says}; it failed outside the changes of the window`, isAsProved: false };
  return { says, isAsProved: isShort };
}

/** The computed bound on the rehearsal's time scale, with what does not run on it. */
export function boundOf(window: ProvedWindow, { timeScale }: Pick<Rehearsal, 'timeScale'>): number {
  return window.seconds * 1000 * timeScale + labsOwnMs + requestTimeoutMs;
}

/** A window by the changes between which it lies: it is over with the one after the last position that fails. */
export function windowOf(plan: Plan, window: Window): ProvedWindow {
  const ids = plan.stages.flatMap((s) => s.changes.map((c) => c.id));
  const opens = window.first.after ?? ids[0] ?? '';
  const last = window.last.after ?? opens;
  const closes = ids[ids.indexOf(last) + 1] ?? last;
  const { because: says, seconds, names, vantagePoints } = window;
  return { says, seconds, names, vantagePoints, opens, closes };
}

/** From the beginning of the change that opens it to the end of the one that closes it, as they were in this run. */
function limitsOf(
  window: ProvedWindow,
  { changes }: Pick<Rehearsal, 'changes'>,
): { fromMs: number; toMs: number } | undefined {
  const opens = changes.find((c) => c.change === window.opens && c.direction === 'forward');
  const closes = changes.find((c) => c.change === window.closes && c.direction === 'forward');
  if (opens === undefined || closes === undefined) return undefined;
  return { fromMs: opens.fromMs, toMs: closes.toMs + labsOwnMs + requestTimeoutMs };
}

function stillBeside(r: Judged, says: string, at: number): Verdict {
  const pairs = r.lines.flatMap((line) => {
    const still = line.stills[at];
    return still === undefined ? [] : [{ line, still }];
  });
  const wrong = pairs.filter(({ still }) => !isAsExpected(still));
  const told = pairs.filter(({ still }) => still.expected !== 'unknown' && still.expected !== 'nobody-asks');
  if (told.length === 0) return { says: `${says}: nothing was there to compare`, isAsProved: false };
  const bad = told.filter(({ still }) => still.expected === 'bad').length;
  if (wrong.length === 0)
    return {
      says: `${says}: ${told.length - bad} kinds of traffic arrive and ${bad} do not, as proved`,
      isAsProved: true,
    };
  const first = wrong.slice(0, mostTold).map(({ line, still }) => differs(line, still));
  const more = wrong.length > mostTold ? [`and ${wrong.length - mostTold} more`] : [];
  return { says: `${says}: ${[...first, ...more].join('; ')}`, isAsProved: false };
}

/** `partly` may go either way; silence about a line that should have asked is no agreement. */
function isAsExpected({ ok, failed, expected }: StillCount): boolean {
  if (expected === 'unknown' || expected === 'nobody-asks') return true;
  if (ok + failed === 0) return false;
  if (expected === 'good') return failed === 0;
  return expected === 'partly' || ok === 0;
}

function differs(line: TrafficLine, { ok, failed, expected }: StillCount): string {
  const words = { good: 'arrives', bad: 'does not arrive', partly: '', unknown: '', 'nobody-asks': '' };
  return `${line.vantage} ${line.what} to ${line.target} ${words[expected]} by the proof, and ${failed} of ${ok + failed} failed`;
}

/** A node that is lost takes its connections along; nobody announces that beforehand. */
function endsBeside(r: Judged): Verdict {
  const ended = r.flows.filter((f) => f.ended !== undefined && f.ended.cause !== 'finished');
  if (ended.length === 0) return { says: 'no connection from before the change ended', isAsProved: true };
  const why = r.faults.length > 0 ? 'with faults' : r.endings.length > 0 ? 'as announced' : 'not announced';
  const isAsProved = r.faults.length > 0 || r.endings.length > 0;
  return {
    says: `${ended.length} of ${r.flows.length} connections from before the change ended, ${why}`,
    isAsProved,
  };
}

function repeatsOf(r: Judged): Verdict {
  const repeats = r.lines.reduce((sum, l) => sum + l.repeats, 0);
  const says =
    repeats === 0 ? 'every request had a five-tuple of its own' : `${repeats} five-tuples came twice`;
  return { says, isAsProved: repeats === 0 };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
