/**
 * `npm test`: all that a contributor needs before a commit. Types and lint run beside the unit tests; then, with the
 * machine to itself, what is registered as a smoke test of the lab.
 */
import { join } from 'node:path';
import { smokeChecks } from './runner/checks.ts';
import { findLacks } from './runner/needs.ts';
import { type Outcome, runStep, type Step } from './runner/step.ts';
import { hasPassed, type LeftOut, leftOutBy, renderOutcome, renderSummary } from './runner/summary.ts';

const root = join(import.meta.dirname, '..');
const node = process.execPath;
const modules = join(root, 'node_modules');
const print = (text: string) => process.stdout.write(text);

const types: Step = {
  name: 'types',
  command: [node, join(modules, 'typescript/bin/tsc'), '--noEmit', '-p', '.'],
};
const lint: Step = { name: 'lint', command: [node, join(modules, '@biomejs/biome/bin/biome'), 'check', '.'] };
const unit: Step = { name: 'unit tests', command: [node, join(modules, 'vitest/vitest.mjs'), 'run'] };

const outcomes: Outcome[] = [];
const leftOut: LeftOut[] = [];

print('types, lint and unit tests …\n');
outcomes.push(...(await Promise.all([quiet(types), quiet(lint), runStep(unit, root, print)])));
for (const check of smokeChecks) {
  const lacks = await findLacks(check.needs);
  if (lacks.length > 0) leftOut.push(leftOutBy(check.name, lacks));
  else {
    print(`${check.name} …\n`);
    outcomes.push(await runStep({ name: check.name, command: [node, ...check.script] }, root, print));
  }
}

print(`${renderSummary(outcomes, leftOut)}\n`);
process.exitCode = hasPassed(outcomes, leftOut) ? 0 : 1;

/** Runs a step whose output matters only if it fails. */
async function quiet(step: Step): Promise<Outcome> {
  const outcome = await runStep(step, root, () => undefined);
  print(`${renderOutcome(outcome)}\n${outcome.isPassed ? '' : outcome.output}`);
  return outcome;
}
