/*
 * The two passes over mutants: the vectors, then the unit tests for what is left. Each pass is a child process that goes
 * through many mutants; one that hangs is stopped there and counts as noticed.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const hangMs = 30_000;

/** Numbers of the mutants that the vectors do not notice. Throws if the unchanged code fails them. */
export function survivingVectors(copy: string, numbers: readonly number[]): Promise<readonly number[]> {
  return survivorsOf('vectors-child.ts', [copy], numbers);
}

/** Numbers of the mutants that the unit tests in files with one of these name parts do not notice. */
export function survivingUnits(
  copy: string,
  tests: readonly string[],
  numbers: readonly number[],
): Promise<readonly number[]> {
  return survivorsOf('units-child.ts', [copy, tests.join(',')], numbers);
}

async function survivorsOf(
  script: string,
  words: readonly string[],
  numbers: readonly number[],
): Promise<readonly number[]> {
  const survivors: number[] = [];
  let left = [-1, ...numbers];
  while (left.length > 0) {
    const done = await round([join(import.meta.dirname, script), ...words], left, survivors);
    if (left[0] === -1 && survivors[0] !== -1) throw new Error(`${script}: the unchanged code fails`);
    left = left.slice(done);
    if (left.length > 0) console.log(`a mutant hung; ${left.length} to go`);
  }
  return survivors.filter((n) => n !== -1);
}

/** Runs one child until it ends or hangs; the answer is how many mutants are dealt with. */
async function round(
  command: readonly string[],
  numbers: readonly number[],
  survivors: number[],
): Promise<number> {
  const child = spawn(process.execPath, [...command, ...numbers.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = () => child.kill('SIGKILL');
  let started = 0;
  let timer = setTimeout(stop, hangMs);
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = setTimeout(stop, hangMs);
    if (line.endsWith(' started')) started++;
    if (line.endsWith(' survived')) survivors.push(Number(line.split(' ')[0]));
    if (line.endsWith(' started') && started % 100 === 0) console.log(`  ${started} of ${numbers.length}`);
  }
  clearTimeout(timer);
  if (started === 0) throw new Error(`${command[0]} did not start in the mutated copy`);
  return started;
}
