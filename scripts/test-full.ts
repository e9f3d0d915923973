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
const places = new Map(
  chosen.map((check, index) => [check, `[${index + 1}/${chosen.length}] ${check.name}`]),
);
const print = (text: string) => process.stdout.write(text);

for (const check of chosen.filter((c) => c.mostly === undefined)) await takePart(check, print);
const computing = chosen.filter((c) => c.mostly === 'computes');
const waiting = chosen.filter((c) => c.mostly === 'waits');
await Promise.all([inTurn(computing), inTurn(computing), inTurn(waiting)]);
print(`${renderSummary(outcomes, leftOut)}\n`);
process.exitCode = hasPassed(outcomes, leftOut) ? 0 : 1;

/** Takes check after check from the list until it is empty; what one prints is shown whole when it ends. */
async function inTurn(list: Check[]): Promise<void> {
  for (let check = list.shift(); check !== undefined; check = list.shift()) {
    let text = '';
    await takePart(check, (more) => {
      text += more;
    });
    print(text);
  }
}

async function takePart(check: Check, write: (text: string) => void): Promise<void> {
  const lacks = await findLacks(check.needs);
  if (lacks.length > 0) {
    leftOut.push(leftOutBy(check.name, lacks));
    return;
  }
  print(`${places.get(check)} …\n`);
  const step = { name: check.name, command: [process.execPath, ...check.script] } as const;
  outcomes.push(await runStep(step, root, write));
}
