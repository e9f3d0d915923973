/*
 * First pass, in a process of its own: runs the project's vectors against the mutated copy, one mutant after the
 * other, and prints the number of each mutant with `killed` or `survived`. Mutant -1 is the unchanged code.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

type Runner = { runFile(name: string, content: string): { passed: number; failures: readonly unknown[] } };

const [copy = '', ...numbers] = process.argv.slice(2);
const { runFile } = (await import(pathToFileURL(join(copy, 'test/conformance/run.ts')).href)) as Runner;
const folder = join(copy, 'test/vectors');
const files = readdirSync(folder)
  .filter((f) => f.endsWith('.json'))
  .map((name) => ({ name, content: readFileSync(join(folder, name), 'utf8') }));

for (const number of numbers.map(Number)) {
  (globalThis as { mutant?: number }).mutant = number;
  process.stdout.write(`${number} started\n`);
  process.stdout.write(`${number} ${isKilled() ? 'killed' : 'survived'}\n`);
}

function isKilled(): boolean {
  return files.some((f) => {
    const result = runFile(f.name, f.content);
    return result.failures.length > 0 || result.passed === 0;
  });
}
