/* `npm run conformance -- DIR`: every vector file of a folder against the model; any failure makes the exit code 1. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Failure, runFile, total } from './run.ts';

const dir = process.argv[2];
if (dir === undefined) {
  console.error('usage: npm run conformance -- DIR');
  process.exit(2);
}

const result = total(filesIn(dir).map((f) => runFile(f, readFileSync(join(dir, f), 'utf8'))));
for (const failure of result.failures) console.log(describe(failure));
console.log(`${result.passed} passed, ${result.failures.length} failed`);
process.exitCode = result.failures.length === 0 ? 0 : 1;

function filesIn(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names.filter((f) => f.endsWith('.json')).sort();
  } catch (error) {
    console.error(`${folder} cannot be read as a folder of vectors: ${String(error)}`);
    process.exit(2);
  }
}

function describe(failure: Failure): string {
  const line = (label: string, value: unknown) => `  ${label}: ${JSON.stringify(value)}`;
  return [
    `FAILED ${failure.where}`,
    line('given', failure.given),
    line('expected', failure.expected),
    line('got', failure.got),
  ].join('\n');
}
