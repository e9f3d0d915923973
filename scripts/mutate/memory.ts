/*
 * What earlier runs found out, one line for each mutant in .cache/mutants.jsonl. It is an answer only while the tests
 * that may notice it and all that they import are what they were; after a change it only says which test to try first.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './copy.ts';
import { fingerprints } from './inputs.ts';
import type { Mutant } from './mutants.ts';
import { partOf } from './parts.ts';
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
export function openMemory(): Memory {
  const inputs = fingerprints();
  mkdirSync(dirname(file), { recursive: true });
  const lines = new Map(readLines().map((line) => [line.id, line]));
  writeFileSync(file, [...lines.values()].map((line) => `${JSON.stringify(line)}\n`).join(''));
  return {
    known: JSON.parse(readFileSync(join(root, 'test/mutants-known.json'), 'utf8')),
    fresh: (mutants) =>
      mutants.flatMap(({ id, file: of, number }) => {
        const line = lines.get(id);
        return line?.inputs === inputs[partOf(of)] ? [[id, { ...line, number }] as const] : [];
      }),
    hint: (id) => lines.get(id)?.noticedBy,
    keep: ({ id, file: of }, { noticedBy, isReached }) => {
      const line: Line = { id, inputs: inputs[partOf(of)], noticedBy, isReached };
      appendFileSync(file, `${JSON.stringify(line)}\n`);
    },
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
