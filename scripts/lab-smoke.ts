/**
 * The lab's smoke test: the founding design's change in the example estate, model beside kernel, and two made estates.
 * Fails where they differ, and where the observation that the design begins with does not come out.
 */
import { join } from 'node:path';
import { beforeAfter } from '#app/before-after.ts';
import { resultText } from '#app/differential.ts';
import { compareMade } from '#app/differential-run.ts';
import { loadSnapshot } from '#app/load-snapshot.ts';
import { readPlan } from '#app/plan-file.ts';
import { beforeAfterToText, disagreeing } from '#report/before-after.ts';
import { paletteFor } from '#report/style.ts';

const root = join(import.meta.dirname, '..');
const example = join(root, 'examples/home-lab');
const began = performance.now();
const problems: string[] = [];

const snapshot = await loadSnapshot(example);
const table = await beforeAfter(snapshot, await readPlan(join(example, 'change/additive/plan.json')), {
  attempts: 4,
});
if (table.kind === 'unavailable') problems.push(`no lab: ${table.reason}`);
else {
  console.log(beforeAfterToText(table, paletteFor(false)));
  problems.push(...disagreeing(table).map((row) => `${row.vantage} ${row.what}: model and kernel differ`));
  const seen = table.rows.find((row) => row.vantage === 'internet' && row.what === 'https');
  if (seen?.before.kernel.clients.join() !== '10.0.20.103')
    problems.push('under Cluster the ingress does not see 10.0.20.103');
  if (seen?.after.kernel.clients.join() !== '198.51.100.20')
    problems.push('under Local the ingress does not see the client');
}

for (const seed of [1, 8]) {
  const made = await compareMade(seed);
  if ('reason' in made) problems.push(`no lab: ${made.reason}`);
  else {
    const wrong = made.results.filter((r) => r.result === 'disagrees');
    const agreed = made.results.filter((r) => r.result === 'agrees').length;
    console.log(`${made.name}: ${agreed} flows agree, ${wrong.length} do not`);
    if (agreed === 0) problems.push(`${made.name}: nothing was compared`);
    problems.push(...wrong.map((r) => `${made.name}: ${resultText(r)}`));
  }
}

for (const problem of problems) console.error(problem);
console.log(`${((performance.now() - began) / 1000).toFixed(1)} s`);
process.exitCode = problems.length === 0 ? 0 : 1;
