/**
 * Brings the Debian programs of the lab and the longer tests into the cache and says where each one is.
 * Usage: debs.ts [--cached] [NAME…]   (without names: all but those fetched only on demand)
 */
import { performance } from 'node:perf_hooks';
import { recipeOf } from '#lab/programs/catalogue.ts';
import {
  type MissingProgram,
  type Program,
  type ProgramName,
  programNames,
  programs,
} from '#lab/programs.ts';

const words = process.argv.slice(2);
const names = words.filter((word): word is ProgramName => programNames.some((name) => name === word));
const unknown = words.filter((word) => word !== '--cached' && !names.some((name) => name === word));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; known: ${programNames.join(', ')}`);
  process.exit(2);
}

const wanted = names.length > 0 ? names : programNames.filter((name) => !recipeOf(name).onDemand);
const started = performance.now();
const results = await programs(wanted, words.includes('--cached') ? { useMachine: false } : {});
for (const one of results) console.log(describe(one));
console.log(`${Math.round(performance.now() - started)} ms`);
process.exitCode = results.some((one) => one.kind === 'missing') ? 1 : 0;

function describe(one: Program | MissingProgram): string {
  if (one.kind === 'program') return `${one.name.padEnd(16)} ${one.from.padEnd(7)} ${one.path}`;
  return `${one.name.padEnd(16)} missing ${one.message}\n${''.padEnd(25)}as root: ${one.command}`;
}
