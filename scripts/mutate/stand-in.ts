/*
 * Stands in for Vitest in a mutation child: the test files register their tests here, and the child runs them again and
 * again in one process. `expect` is Vitest's own; a golden text is held to what the unchanged code gave.
 */
import { expect as vitest } from 'vitest';

export interface Test {
  readonly name: string;
  readonly run: () => unknown;
}

export const tests: Test[] = [];
const around: string[] = [];
const golden = new Map<string, unknown>();
const running = { test: '', snapshots: 0 };

/** Runs one test; throws as the test does. */
export async function runTest(test: Test): Promise<void> {
  running.test = test.name;
  running.snapshots = 0;
  await test.run();
}

/** Tests registered from here on carry the file's name. */
export function inFile(file: string): void {
  around.splice(0, around.length, file);
}

function add(name: string, run: () => unknown): void {
  const base = [...around, name].join(' > ');
  const same = tests.filter((t) => t.name === base || t.name.startsWith(`${base} #`)).length;
  tests.push({ name: same === 0 ? base : `${base} #${same + 1}`, run });
}

function each(rows: readonly unknown[]) {
  return (name: string, run: (...row: unknown[]) => unknown) => {
    for (const row of rows) add(name, () => (Array.isArray(row) ? run(...row) : run(row)));
  };
}

export const test = Object.assign(add, { each });
export const it = test;

function group(name: string, body: () => void): void {
  around.push(name);
  body();
  around.pop();
}

function groups(rows: readonly (readonly unknown[])[]) {
  return (name: string, body: (...row: readonly unknown[]) => void) => {
    for (const row of rows) group(`${name} ${String(row[0])}`, () => body(...row));
  };
}

export const describe = Object.assign(group, { each: groups });

/** Vitest keeps golden texts with its worker, which is not here. */
function held(received: unknown, message?: string) {
  const toMatchSnapshot = () => {
    const key = `${running.test} ${running.snapshots++}`;
    if (!golden.has(key)) golden.set(key, received);
    if (golden.get(key) !== received) throw new Error(`${key} is another text`);
  };
  return Object.defineProperty(vitest(received, message), 'toMatchSnapshot', { value: toMatchSnapshot });
}

export const expect = Object.assign(held, { stringMatching: vitest.stringMatching });
