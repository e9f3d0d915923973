/*
 * Hands mutants to children, one after the other to each, and takes their answers. A child that says nothing for too
 * long hangs in its mutant: it is stopped, the mutant counts as noticed, and another child goes on.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Answer, Question } from './child.ts';

/** What became of one mutant. `noticedBy` undefined: it survived. */
export interface Outcome {
  readonly number: number;
  readonly noticedBy?: string | undefined;
  readonly isReached: boolean;
}

export interface Rounds {
  readonly copy: string;
  readonly files: readonly string[];
  readonly children: number;
  readonly onOutcome: (outcome: Outcome) => void;
}

const hangMs = 60_000;
const childScript = join(import.meta.dirname, 'child.ts');

/** Runs until every question is answered. Throws if the unchanged code fails a test. */
export async function runRounds(rounds: Rounds, questions: readonly Question[]): Promise<void> {
  const queue = [...questions];
  const workers = Array.from({ length: Math.min(rounds.children, queue.length) }, async () => {
    while (queue.length > 0) await childRound(rounds, queue);
  });
  await Promise.all(workers);
}

/** One child, until the queue is empty or a mutant hangs it. */
async function childRound(rounds: Rounds, queue: Question[]): Promise<void> {
  const child = start(rounds, -1);
  let isReady = false;
  let asked: Question | undefined;
  const ask = () => {
    asked = queue.shift();
    if (asked) child.stdin?.write(`${JSON.stringify(asked)}\n`);
    else child.stdin?.end();
  };
  for await (const answer of answersOf(child)) {
    if (answer.kind === 'ready') {
      isReady = true;
      console.log(`  ${answer.tests} tests, once in ${answer.seconds} s`);
      ask();
    }
    if (answer.kind !== 'done') continue;
    const isDecided = answer.noticedBy !== undefined || !answer.isWhileLoading;
    rounds.onOutcome(isDecided ? answer : await fromTheStart(rounds, answer.number));
    ask();
  }
  if (!isReady) throw new Error('the tests do not run, or the unchanged code fails one');
  if (asked) rounds.onOutcome({ number: asked.number, noticedBy: 'it hangs', isReached: true });
}

/** A mutant in code that runs while the files load. */
async function fromTheStart(rounds: Rounds, number: number): Promise<Outcome> {
  for await (const answer of answersOf(start(rounds, number))) if (answer.kind === 'done') return answer;
  return { number, noticedBy: 'it does not load', isReached: true };
}

function start({ copy, files }: Rounds, mutant: number): ChildProcess {
  const args = [childScript, copy, String(mutant), ...files];
  return spawn(process.execPath, args, { stdio: ['pipe', 'pipe', mutant === -1 ? 'inherit' : 'ignore'] });
}

async function* answersOf(child: ChildProcess): AsyncGenerator<Answer> {
  if (child.stdout === null) return;
  const stop = () => child.kill('SIGKILL');
  let timer = setTimeout(stop, hangMs);
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = setTimeout(stop, hangMs);
    yield JSON.parse(line) as Answer;
  }
  clearTimeout(timer);
}
