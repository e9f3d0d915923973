/*
 * Seconds to bring labs up and down: the example estate, and one of 50 nodes with 500 Services; and a whole rehearsal of
 * the example's additive change. Needs namespaces; where there are none it says so and measures nothing.
 */
import { join } from 'node:path';
import { loadSnapshot } from '#app/load-snapshot.ts';
import { proveSnapshot } from '#app/plan.ts';
import { openPlan } from '#app/prove.ts';
import { rehearse } from '#app/rehearse.ts';
import type { Estate } from '#estate/estate.ts';
import { startEstateLab } from '#lab/estate/estate-lab.ts';
import { checkLab } from '#lab/kernel/availability.ts';
import { totals } from '#report/rehearsal.ts';
import { generatedEstate } from './generated-estate.ts';
import type { Row } from './main.ts';

export const name = 'lab';

const example = join(import.meta.dirname, '../examples/home-lab');

export async function run(): Promise<readonly Row[]> {
  const available = await checkLab();
  if (available.kind === 'unavailable') {
    console.log(`  no lab here: ${available.reason}`);
    return [];
  }
  const { estate } = await loadSnapshot(example);
  const large = generatedEstate({ services: 500, nodes: 50, names: 200 });
  return [
    ...(await upAndDown('the example', estate, 'under 5 s')),
    ...(await upAndDown('50 nodes, 500 Services', large, '10 to 20 s')),
    ...(await wholeRehearsal()),
  ];
}

async function upAndDown(what: string, estate: Estate, aim: string): Promise<readonly Row[]> {
  const began = performance.now();
  const lab = await startEstateLab(estate);
  if (lab.kind === 'unavailable') throw new Error(lab.reason);
  const up = performance.now();
  await lab.down();
  const hosts = lab.compiled.topology.hosts.length;
  return [
    { what: `${what}: up (${hosts} hosts)`, value: (up - began) / 1000, unit: 's', aim },
    { what: `${what}: down`, value: (performance.now() - up) / 1000, unit: 's' },
  ];
}

async function wholeRehearsal(): Promise<readonly Row[]> {
  const { plan, snapshot } = await openPlan(join(example, 'change/additive/plan.json'));
  const proof = proveSnapshot(snapshot, plan);
  if (proof.kind !== 'proved') throw new Error(`the plan is ${proof.kind}`);
  const run = await rehearse(snapshot, plan, proof);
  if (run.kind === 'unavailable') throw new Error(run.reason);
  const { requests, failures } = totals(run);
  if (failures > 0) throw new Error(`${failures} of ${requests} requests failed`);
  return [
    { what: 'rehearsal of the example, additive', value: run.totalMs / 1000, unit: 's', aim: 'under 60' },
    { what: '  requests', value: requests, unit: '' },
    { what: '  processors idle', value: run.idleShare * 100, unit: '%', aim: 'about half' },
  ];
}
