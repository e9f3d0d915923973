/*
 * A process that holds the mutated copy and all of its tests. It runs every test once on the unchanged code, notes which
 * mutants each test comes by, and then, for each mutant asked for, runs those tests, quick ones first, until one fails.
 */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { mayNotice, type Part } from './parts.ts';
import type { Test } from './stand-in.ts';

interface Timed {
  readonly test: Test;
  readonly ms: number;
  readonly passes: ReadonlySet<number>;
}

/** One line for a child: a mutant, and the test that noticed it the last time. */
export interface Question {
  readonly number: number;
  readonly part: Part;
  readonly hint?: string;
}

/** One line from a child. `noticedBy` undefined: no test. Unreached: no test comes by it. */
export type Answer =
  | { readonly kind: 'alive' }
  | { readonly kind: 'ready'; readonly tests: number; readonly seconds: number }
  | {
      readonly kind: 'done';
      readonly number: number;
      readonly noticedBy?: string | undefined;
      readonly isReached: boolean;
      /** It is passed while the files load, so a child that has loaded cannot tell. */
      readonly isWhileLoading: boolean;
    };

const [copy = '', startWith = '-1', ...files] = process.argv.slice(2);
const state = { mutant: Number(startWith), passed: new Set<number>(), runs: 0 };

/** A cache at module level must not carry answers from one test or mutant to the next: it is empty in each. */
function freshly<M extends WeakMap<WeakKey, unknown> | Map<unknown, unknown>>(make: () => M) {
  return function cache() {
    const of = { run: state.runs, map: make() };
    const now = () => {
      if (of.run !== state.runs) Object.assign(of, { run: state.runs, map: make() });
      return of.map;
    };
    return new Proxy({} as M, {
      get: (_, name) => {
        const value: unknown = Reflect.get(now(), name, now());
        return typeof value === 'function' ? value.bind(now()) : value;
      },
    });
  };
}

Object.assign(globalThis, {
  mutantIs: (n: number) => {
    if (state.mutant === -1) state.passed.add(n);
    return n === state.mutant;
  },
  mutantWeakMap: freshly(() => new WeakMap<WeakKey, unknown>()),
  mutantMap: freshly(() => new Map<unknown, unknown>()),
});

const standIn = pathToFileURL(join(import.meta.dirname, 'stand-in.ts')).href;
registerHooks({
  resolve: (specifier, context, next) => {
    const isTests = specifier === 'vitest' && context.parentURL !== standIn;
    return isTests ? { url: standIn, shortCircuit: true } : next(specifier, context);
  },
});
fc.configureGlobal({ seed: 1, endOnFailure: true });

const { inFile, runTest, tests } = await import('./stand-in.ts');
for (const file of files) {
  inFile(file);
  await import(pathToFileURL(join(copy, file)).href);
}
/** Mutants in code that runs while the files load: they need a process of their own. */
const whileLoading = new Set(state.passed);

if (startWith === '-1') await serve();
else await judge(Number(startWith));

async function serve(): Promise<void> {
  const started = performance.now();
  const timed = await baseline();
  say({ kind: 'ready', tests: timed.length, seconds: Math.round((performance.now() - started) / 1000) });
  for await (const line of createInterface({ input: process.stdin })) {
    const { number, part, hint } = JSON.parse(line) as Question;
    state.mutant = number;
    const reaching = timed.filter((t) => t.passes.has(number) && mayNotice(part, t.test.name));
    const order = reaching.sort((a, b) => rank(a, hint) - rank(b, hint));
    const noticedBy = await firstFailing(order.map((t) => t.test));
    const isWhileLoading = whileLoading.has(number);
    say({
      kind: 'done',
      number,
      noticedBy,
      isReached: reaching.length > 0 || isWhileLoading,
      isWhileLoading,
    });
  }
}

/** The mutant was in force while the files loaded. */
async function judge(number: number): Promise<void> {
  const noticedBy = await firstFailing(tests);
  say({ kind: 'done', number, noticedBy, isReached: true, isWhileLoading: false });
}

function rank(t: Timed, hint: string | undefined): number {
  return t.test.name === hint ? -1 : t.ms;
}

async function baseline(): Promise<readonly Timed[]> {
  const timed: Timed[] = [];
  for (const test of tests) {
    state.passed = new Set();
    const started = performance.now();
    state.runs++;
    await runTest(test).catch((error: unknown) => {
      throw new Error(`the unchanged code fails ${test.name}: ${String(error)}`);
    });
    timed.push({ test, ms: performance.now() - started, passes: state.passed });
    if (process.env.SIGHTLINE_MUTATE_TIMES) console.error(Math.round(performance.now() - started), test.name);
    say({ kind: 'alive' });
  }
  return timed;
}

async function firstFailing(order: readonly Test[]): Promise<string | undefined> {
  for (const test of order) {
    say({ kind: 'alive' });
    state.runs++;
    try {
      await runTest(test);
    } catch {
      return test.name;
    }
  }
  return undefined;
}

function say(answer: Answer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
