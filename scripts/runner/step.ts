/**
 * One step of a test run: a command with its time, its output, and what it says it left out.
 * A command says so with a line `left out: WHAT`; Vitest says so by counting skipped tests.
 */
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { stripVTControlCharacters } from 'node:util';

/** What to run, and under which name to report it. */
export interface Step {
  readonly name: string;
  /** Program and arguments; the program is started as it stands, without a shell. */
  readonly command: readonly [string, ...string[]];
  /** True if the step ends after this many milliseconds at the latest, or counts as failed. */
  readonly timeoutMs?: number;
}

/** How a step went. */
export interface Outcome {
  readonly step: Step;
  readonly isPassed: boolean;
  readonly ms: number;
  /** Tests counted in the step's output, if it printed such a count. */
  readonly tests: Counts | undefined;
  /** What the step left out, in its own words. */
  readonly leftOut: readonly string[];
  readonly output: string;
}

/** Numbers of a closing line of Vitest, or of a line `N passed, N failed`. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const defaultTimeoutMs = 20 * 60_000;

/** Runs a step; its output goes to `write` as it comes. */
export function runStep(step: Step, cwd: string, write: (text: string) => void): Promise<Outcome> {
  const started = performance.now();
  const [file, ...args] = step.command;
  return new Promise((resolve) => {
    let output = '';
    const take = (data: unknown) => {
      output += data;
      write(`${data}`);
    };
    const finish = (isPassed: boolean) => resolve(judge(step, isPassed, performance.now() - started, output));
    const options = { cwd, env: environment(), timeout: step.timeoutMs ?? defaultTimeoutMs };
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => {
      take(`${error.message}\n`);
      finish(false);
    });
    child.once('close', (code) => finish(code === 0));
  });
}

/** Reads what a step's output says about tests and about what was left out. */
export function judge(step: Step, isPassed: boolean, ms: number, output: string): Outcome {
  const text = stripVTControlCharacters(output);
  const tests = countTests(text);
  const said = [...text.matchAll(/^left out: (.+)$/gm)].map((match) => match[1] ?? '');
  const skipped = tests && tests.skipped > 0 ? [`${tests.skipped} skipped tests`] : [];
  return { step, isPassed, ms, tests, leftOut: [...said, ...skipped], output };
}

/** The last count of tests in a text; undefined if it has none. */
export function countTests(text: string): Counts | undefined {
  const vitest = [...text.matchAll(/^ *Tests {2,}(.+)$/gm)].at(-1)?.[1];
  const plain = [...text.matchAll(/^(?:\w+: )?(\d+ passed, \d+ failed.*)$/gm)].at(-1)?.[1];
  const line = vitest ?? plain;
  if (line === undefined) return undefined;
  const count = (word: string) => Number(line.match(new RegExp(`(\\d+) ${word}`))?.[1] ?? 0);
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') + count('todo') };
}

function environment(): NodeJS.ProcessEnv {
  const isColour = process.stdout.isTTY && !process.env.NO_COLOR;
  const { FORCE_COLOR: _, ...env } = process.env;
  return isColour ? { ...env, FORCE_COLOR: '1' } : { ...env, NO_COLOR: '1' };
}
