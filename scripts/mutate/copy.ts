/*
 * A copy of what the tests of the data plane need, with all mutants in it. It is gone when the work is done.
 */
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mutant, mutate } from './mutants.ts';

export const root = join(import.meta.dirname, '../..');

export interface Copy {
  readonly copy: string;
  readonly mutants: readonly Mutant[];
  /** Test files that may notice a mutant. */
  readonly files: readonly string[];
}

const parts = ['src', 'test', 'package.json', 'tsconfig.json', 'lab', 'examples'];
/** Patterns of the tests that may notice a mutant. */
export const testFiles = ['src/dataplane/**/*.test.ts', 'test/conformance/*.test.ts'];

export async function withCopy(work: (copy: Copy) => Promise<number>): Promise<number> {
  const copy = mkdtempSync(join(tmpdir(), 'sightline-mutants-'));
  try {
    for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const mutants = mutateAll(copy);
    return await work({ copy, mutants, files: globSync(testFiles, { cwd: copy }).sort() });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function mutateAll(copy: string): readonly Mutant[] {
  const mutants: Mutant[] = [];
  for (const file of globSync('src/dataplane/**/*.ts', { cwd: copy }).sort()) {
    if (file.endsWith('.test.ts')) continue;
    const made = mutate(file, readFileSync(join(copy, file), 'utf8'), mutants.length);
    writeFileSync(join(copy, file), made.text);
    mutants.push(...made.mutants);
  }
  return mutants;
}
