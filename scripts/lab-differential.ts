/**
 * Model against kernel: the examples, their variants and estates made from seeds, each in a lab of its own.
 * Usage: lab-differential.ts [--estates N] [--from SEED] [--parallel N] [--least-flows N] [--no-examples] [--json FILE]
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { resultText } from '#app/differential.ts';
import { compareMade, compareSnapshot, type EstateResult } from '#app/differential-run.ts';
import { judge, readDisagreements } from '#app/disagreements.ts';
import { checkLab } from '#lab/kernel/availability.ts';

const { values } = parseArgs({
  options: {
    estates: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    parallel: { type: 'string', default: `${2 * availableParallelism() + 1}` },
    'least-flows': { type: 'string', default: '0' },
    'no-examples': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

const modes = ['iptables', 'nftables'] as const;
const root = join(import.meta.dirname, '..');
const began = performance.now();
const known = await readDisagreements(join(root, 'lab/disagreements.json'));
const available = await checkLab();
if (available.kind === 'unavailable') {
  console.error(`no lab here: ${available.reason}\n${available.hint}`);
  process.exit(1);
}
const first = Number(values.from);
const jobs = [
  ...(values['no-examples'] ? [] : exampleFolders().map((dir) => () => compareSnapshot(dir))),
  ...Array.from({ length: Number(values.estates) }, (_, at) => () => compareMade(first + at)),
];
const results = await runAll();
report();

/** Snapshots that the lab can build: kube-proxy without IPVS, which this kernel may lack. */
function exampleFolders(): readonly string[] {
  const examples = join(root, 'examples');
  const variants = join(examples, 'home-lab-variants');
  const folders = [join(examples, 'home-lab'), ...readdirSync(variants).map((name) => join(variants, name))];
  return folders.filter(
    (dir) => existsSync(join(dir, 'snapshot.json')) || existsSync(join(dir, 'variant.json')),
  );
}

async function runAll(): Promise<readonly EstateResult[]> {
  const done: EstateResult[] = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < jobs.length; at = next++) {
      const result = await jobs[at]?.();
      if (!result) continue;
      if ('reason' in result) throw new Error(result.reason);
      done.push(result);
      if (done.length % 20 === 0) progress(done);
    }
  };
  await Promise.all(Array.from({ length: Number(values.parallel) }, worker));
  return done;
}

function progress(done: readonly EstateResult[]): void {
  const flows = done.reduce((sum, e) => sum + e.results.length, 0);
  const wrong = done.flatMap((e) => e.results).filter((r) => r.result === 'disagrees').length;
  console.log(`${seconds()}  ${done.length} of ${jobs.length} estates, ${flows} flows, ${wrong} disagree`);
}

function report(): void {
  const judged = judge(results, known);
  const flows = results.flatMap((e) => e.results);
  const count = (kind: string) => flows.filter((r) => r.result === kind).length;
  const made = results.filter((e) => e.name.startsWith('seed'));
  for (const { estate, result } of judged.unexplained.slice(0, 100))
    console.log(`${basename(estate)}: ${resultText(result)}`);
  for (const one of judged.stale) console.log(`no longer met: ${one.id} (${one.reason})`);
  console.log(
    `${results.length} estates (${made.length} made), ${flows.length} flows: ${count('agrees')} agree, ${judged.explained} disagree as explained, ` +
      `${judged.unexplained.length} disagree, ${count('unknown')} unknown to the model, ${count('not-built')} not built; ${seconds()}`,
  );
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results));
  const compared = count('agrees') + count('disagrees');
  const isEnough = compared > 0 && flows.length >= Number(values['least-flows']);
  const counts = modes.map((mode) => results.filter((e) => e.modes.includes(mode)).length);
  console.log(modes.map((mode, at) => `${counts[at]} estates with kube-proxy in ${mode} mode`).join(', '));
  const areBoth = made.length < 20 || counts.every((n) => n > 0);
  if (!areBoth) console.log('one of kube-proxy’s modes was not met at all');
  if (!isEnough) console.log(`too few flows: at least ${values['least-flows']} were asked for`);
  process.exitCode =
    judged.unexplained.length === 0 && judged.stale.length === 0 && isEnough && areBoth ? 0 : 1;
}

function seconds(): string {
  return `${((performance.now() - began) / 1000).toFixed(0)} s`;
}
