/*
 * Second pass, in a process of its own: one Vitest that runs the unit tests again for each mutant that the vectors did
 * not notice, and prints as the first pass does. Workers read the mutant's number from the environment.
 */
import { createVitest } from 'vitest/node';

const [copy = '', filterText = '', ...numbers] = process.argv.slice(2);
const vitest = await createVitest({
  root: copy,
  watch: false,
  reporters: [{}],
  silent: true,
  maxWorkers: 1,
  bail: 1,
});
const specifications = await vitest.globTestSpecifications(filterText.split(','));
if (specifications.length === 0) throw new Error(`no tests for ${filterText}`);

for (const number of numbers.map(Number)) {
  process.env.SIGHTLINE_MUTANT = String(number);
  process.stdout.write(`${number} started\n`);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  const isKilled = unhandledErrors.length > 0 || testModules.some((m) => !m.ok());
  process.stdout.write(`${number} ${isKilled ? 'killed' : 'survived'}\n`);
}
await vitest.close();
