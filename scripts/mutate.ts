/**
 * `npm run mutate [-- --sample N] [--seed S] [--only REGEXP] [--known] [--again]`: flips conditions and drops branches in
 * src/dataplane one at a time, and lists the mutants that no test of the data plane notices. One that is not in
 * test/mutants-known.json with a reason fails the run, and so does an entry there that is noticed by now. Without
 * --sample every mutant is tried; --known tries the list. What was found out stays in .cache/mutants.jsonl: as long as no
 * source and no test changes it is not tried again, unless --again.
 */
import { parseArgs } from 'node:util';
import { withCopy } from './mutate/copy.ts';
import { type Memory, openMemory } from './mutate/memory.ts';
import type { Mutant } from './mutate/mutants.ts';
import { partOf } from './mutate/parts.ts';
import { report } from './mutate/report.ts';
import { type Outcome, runRounds } from './mutate/rounds.ts';

const { values: options } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    known: { type: 'boolean' },
    again: { type: 'boolean' },
  },
});
const memory = openMemory();

process.exitCode = await withCopy(async ({ copy, mutants: all, files }) => {
  const mutants = sampled(all.filter(isAsked));
  console.log(`${mutants.length} of ${all.length} mutants`);
  if (mutants.length === 0) return 1;
  const outcomes = await outcomesOf(copy, files, mutants);
  return report({ mutants, outcomes, known: memory.known, isWhole: mutants.length === all.length });
});

async function outcomesOf(
  copy: string,
  files: readonly string[],
  mutants: readonly Mutant[],
): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map(options.again ? [] : memory.fresh(mutants));
  const open = mutants.filter((m) => !outcomes.has(m.id));
  if (outcomes.size > 0) console.log(`${outcomes.size} are known from the last run of the same sources`);
  const byNumber = new Map(open.map((m) => [m.number, m]));
  const started = Date.now();
  const onOutcome = (outcome: Outcome) => {
    const mutant = byNumber.get(outcome.number);
    if (mutant === undefined || outcomes.has(mutant.id)) return;
    outcomes.set(mutant.id, outcome);
    memory.keep(mutant, outcome);
    const done = open.length - (mutants.length - outcomes.size);
    if (done % 100 === 0)
      console.log(`  ${done} of ${open.length}, ${Math.round((Date.now() - started) / 1000)} s`);
  };
  await runRounds(
    { copy, files, children: 2, onOutcome },
    open.map((m) => question(memory, m)),
  );
  return outcomes;
}

function question(from: Memory, { number, id, file }: Mutant) {
  const hint = from.hint(id);
  return { number, part: partOf(file), ...(hint !== undefined && { hint }) };
}

function isAsked(m: Mutant): boolean {
  if (options.known && memory.known[m.id] === undefined) return false;
  return new RegExp(options.only ?? '').test(m.id);
}

function sampled(mutants: readonly Mutant[]): readonly Mutant[] {
  const count = Number(options.sample ?? mutants.length);
  if (count >= mutants.length) return mutants;
  let state = Number(options.seed ?? 1);
  console.log(`a sample with seed ${state}`);
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return mutants
    .map((m) => ({ m, at: next() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, count)
    .map((x) => x.m)
    .sort((a, b) => a.number - b.number);
}
