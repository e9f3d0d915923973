/*
 * Runs every bench/*.ts: each exports `name` and `run(): Promise<Row[]>`. Arguments choose files by name, without `.ts`.
 */
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

/** One measured number. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What was aimed at, in words. */
  readonly aim?: string;
}

interface Bench {
  readonly name: string;
  readonly run: () => Promise<readonly Row[]>;
}

const chosen = process.argv.slice(2);
const files = (await readdir(import.meta.dirname)).filter((f) => f.endsWith('.ts') && f !== 'main.ts');
console.log(`Node ${process.version}, ${availableParallelism()} cores`);
for (const file of files.sort()) {
  if (chosen.length > 0 && !chosen.includes(file.replace(/\.ts$/, ''))) continue;
  const bench = (await import(`./${file}`)) as Partial<Bench>;
  if (bench.name === undefined || bench.run === undefined) continue;
  console.log(`\n${bench.name}`);
  for (const row of await bench.run()) {
    const value = row.value.toLocaleString('en', { maximumFractionDigits: 1 });
    console.log(
      `  ${row.what.padEnd(52)} ${value.padStart(14)} ${row.unit}${row.aim ? `  (aim: ${row.aim})` : ''}`,
    );
  }
}
