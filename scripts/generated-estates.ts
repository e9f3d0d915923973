/*
 * Hundreds of generated estates: the planner ends on each, its plans are proved from nothing, and a random simulator that
 * shares only the walk breaks none of them. `--houses N`, `--from SEED`, `--runs N`, `--seconds N` of processor time.
 */
import { parseArgs } from 'node:util';
import { parsePlan, planText } from '#app/plan-file.ts';
import { realWorld } from '#plan/real-world.ts';
import { prove } from '#proof/prove.ts';
import { makeSession } from '#proof/session.ts';
import { type Checked, checkHouse } from '#test/generated/check.ts';

const { values } = parseArgs({
  options: {
    houses: { type: 'string', default: '300' },
    from: { type: 'string', default: '1' },
    runs: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '120' },
    verbose: { type: 'boolean', default: false },
  },
});
const from = Number(values.from);
const tally = new Map<string, number>();
let checked = 0;
let wrong = 0;
for (let seed = from; seed < from + Number(values.houses); seed++) {
  if (process.cpuUsage().user / 1e6 > Number(values.seconds)) {
    console.log(`left out for time: houses from ${seed} on`);
    break;
  }
  const began = performance.now();
  const one = checkHouse(seed, Number(values.runs));
  checked++;
  note(one);
  const bad = wrongWith(one);
  if (bad !== undefined) {
    wrong++;
    console.log(`WRONG  house ${seed} (${one.says.join('; ')}) ${JSON.stringify(one.asked)}\n       ${bad}`);
  }
  if (values.verbose) console.log(`${seed} ${one.outcome.kind} ${(performance.now() - began).toFixed(0)} ms`);
}
for (const [what, count] of [...tally].sort((a, b) => b[1] - a[1])) console.log(`${count}  ${what}`);
const seconds = (process.cpuUsage().user / 1e6).toFixed(0);
console.log(`${checked} houses, ${wrong} wrong, ${seconds} s of processor time`);
if (wrong > 0 || checked === 0) process.exitCode = 1;

function note({ outcome, asked }: Checked): void {
  const what =
    outcome.kind === 'planned'
      ? `${asked.goal.kind} ${asked.style} ${asked.owner ?? ''}: planned`
      : `${asked.goal.kind} ${outcome.kind}: ${outcome.says.replaceAll(/[\d.]+|[a-z]+\/[a-z-]+/g, '…').slice(0, 110)}`;
  tally.set(what, (tally.get(what) ?? 0) + 1);
}

/** A found plan is proved by a session that knows nothing yet, and no run of the simulator breaks it. */
function wrongWith({ plan, found, session }: Checked): string | undefined {
  if (plan === undefined) return undefined;
  parsePlan(planText(plan), 'the plan that was found');
  const proof = prove(makeSession(realWorld, session.estate), plan);
  if (proof.kind !== 'proved') return `${proof.kind} when it is proved from nothing`;
  return found && `${found.says}\n       ${found.after.join(', ')}`;
}
