/*
 * What earlier runs found out, one line for each mutant in .cache/mutants.jsonl. It is an answer only while every source
 * and test is what it was; after a change it only says which test to try first.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './copy.ts';
import type { Mutant } from './mutants.ts';
import type { Outcome } from './rounds.ts';

interface Line {
  readonly id: string;
  readonly inputs: string;
  readonly noticedBy?: string | undefined;
  readonly isReached: boolean;
}

export interface Memory {
  /** Survivors that are known, with the reason why they do no harm. */
  readonly known: Readonly<Record<string, string>>;
  readonly fresh: (mutants: readonly Mutant[]) => readonly (readonly [string, Outcome])[];
  readonly hint: (id: string) => string | undefined;
  readonly keep: (mutant: Mutant, outcome: Outcome) => void;
}

const file = join(root, '.cache/mutants.jsonl');
const inputFiles = [
  'src/{net,estate,dataplane}/**/*.ts',
  'test/**/*.{ts,json}',
  'scripts/mutate/*.ts',
  'package-lock.json',
];

export function openMemory(): Memory {
  const inputs = hashOfInputs();
  mkdirSync(dirname(file), { recursive: true });
  const lines = new Map(readLines().map((line) => [line.id, line]));
  writeFileSync(file, [...lines.values()].map((line) => `${JSON.stringify(line)}\n`).join(''));
  return {
    known: JSON.parse(readFileSync(join(root, 'test/mutants-known.json'), 'utf8')),
    fresh: (mutants) =>
      mutants.flatMap(({ id, number }) => {
        const line = lines.get(id);
        return line?.inputs === inputs ? [[id, { ...line, number }] as const] : [];
      }),
    hint: (id) => lines.get(id)?.noticedBy,
    keep: ({ id }, { noticedBy, isReached }) =>
      appendFileSync(file, `${JSON.stringify({ id, inputs, noticedBy, isReached } satisfies Line)}\n`),
  };
}

function readLines(): readonly Line[] {
  if (!existsSync(file)) return [];
  const texts = readFileSync(file, 'utf8').split('\n');
  return texts.flatMap((text) => {
    try {
      return text === '' ? [] : [JSON.parse(text) as Line];
    } catch {
      return [];
    }
  });
}

function hashOfInputs(): string {
  const hash = createHash('sha256').update(process.version);
  for (const name of globSync(inputFiles, { cwd: root }).sort())
    if (name !== 'test/mutants-known.json') hash.update(name).update(readFileSync(join(root, name)));
  return hash.digest('hex').slice(0, 16);
}
