/**
 * The end of a test run as text: one line per step, what was left out and why, and one closing count.
 */
import { styleText } from 'node:util';
import type { Lack } from './needs.ts';
import type { Counts, Outcome } from './step.ts';

/** A part that did not run, and what would let it run. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
  readonly command: string;
  /** True if the machine could have run it. */
  readonly isPossible: boolean;
}

/** Turns what a part lacks into the lines that the summary prints. */
export function leftOutBy(name: string, lacks: readonly Lack[]): LeftOut {
  return {
    name,
    why: lacks.map((lack) => lack.message).join('; '),
    command: [...new Set(lacks.map((lack) => lack.command))].join(' && '),
    isPossible: lacks.every((lack) => lack.isPossible),
  };
}

/**
 * Whether a run counts as passed: every step passed and ran whole, and, where SIGHTLINE_ALL=1 asks for it
 * (`.ci/run`), nothing was left out that the machine could have run. A run of no step at all has not passed.
 */
export function hasPassed(
  outcomes: readonly Outcome[],
  leftOut: readonly LeftOut[],
  env = process.env,
): boolean {
  const isWhole = outcomes.every((one) => one.isPassed && one.leftOut.length === 0);
  const isAll = env.SIGHTLINE_ALL !== '1' || !leftOut.some((one) => one.isPossible);
  return isWhole && isAll && outcomes.length + leftOut.length > 0;
}

/** Renders the whole summary. */
export function renderSummary(outcomes: readonly Outcome[], leftOut: readonly LeftOut[]): string {
  const steps = outcomes.map(renderOutcome);
  const missing = leftOut.flatMap((one) => [
    `${paint('yellow', 'left out')}  ${one.name}: ${one.why}`,
    `          to run it: ${one.command}`,
  ]);
  const counts = outcomes.reduce(addCounts, { passed: 0, failed: 0, skipped: 0 });
  const skipped = counts.skipped + leftOut.length;
  const closing = `${counts.passed} passed, ${counts.failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
  return ['', ...steps, ...missing, '', closing].join('\n');
}

/** One step as a line: passed or FAILED, its name, its time, its tests. */
export function renderOutcome(outcome: Outcome): string {
  const isFine = outcome.isPassed && outcome.leftOut.length === 0;
  const verdict = isFine ? paint('green', 'passed') : paint('red', 'FAILED');
  const tests = outcome.tests ? `  ${outcome.tests.passed} tests` : '';
  const leftOut = outcome.leftOut.length > 0 ? `  (left out: ${outcome.leftOut.join('; ')})` : '';
  return `${verdict}  ${outcome.step.name.padEnd(24)} ${(outcome.ms / 1000).toFixed(1).padStart(6)} s${tests}${leftOut}`;
}

// A step without a count of its own (types, lint) is one check.
function addCounts(sum: Counts, { tests, isPassed }: Outcome): Counts {
  const own = tests ?? { passed: isPassed ? 1 : 0, failed: isPassed ? 0 : 1, skipped: 0 };
  const silent = tests !== undefined && !isPassed && tests.failed === 0 ? 1 : 0;
  return {
    passed: sum.passed + own.passed,
    failed: sum.failed + own.failed + silent,
    skipped: sum.skipped + own.skipped,
  };
}

function paint(colour: 'green' | 'red' | 'yellow', text: string): string {
  return styleText(colour, text, { stream: process.stdout, validateStream: true });
}
