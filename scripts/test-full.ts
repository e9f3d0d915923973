/**
 * `npm run test:full [NAME…]`: the longer checks. A check whose needs are met must run whole: one that
 * leaves a part out fails the run, and one whose needs are not met is named with the command that brings them.
 */
import { join } from 'node:path';
import { type Check, longChecks } from './runner/checks.ts';
import { findLacks } from './runner/needs.ts';
import { type Outcome, runStep } from './runner/step.ts';
import { hasPassed, type LeftOut, leftOutBy, renderSummary } from './runner/summary.ts';

const root = join(import.meta.dirname, '..');
const words = process.argv.slice(2);
const chosen = longChecks.filter(
  (check) => words.length === 0 || words.some((word) => check.name.includes(word)),
);
if (chosen.length === 0) {
  console.error(`no such check; known: ${longChecks.map((check) => check.name).join(', ')}`);
  process.exit(2);
}

const outcomes: Outcome[] = [];
const leftOut: LeftOut[] = [];
for (const [index, check] of chosen.entries()) {
  const lacks = await findLacks(check.needs);
  if (lacks.length > 0) leftOut.push(leftOutBy(check.name, lacks));
  else outcomes.push(await runCheck(check, `${index + 1}/${chosen.length}`));
}
process.stdout.write(`${renderSummary(outcomes, leftOut)}\n`);
process.exitCode = hasPassed(outcomes, leftOut) ? 0 : 1;

async function runCheck(check: Check, place: string): Promise<Outcome> {
  process.stdout.write(`[${place}] ${check.name} …\n`);
  const step = { name: check.name, command: [process.execPath, ...check.script] } as const;
  return runStep(step, root, (text) => process.stdout.write(text));
}
