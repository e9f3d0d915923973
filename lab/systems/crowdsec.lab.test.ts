/*
 * The founding design's ban chain on a real kernel with the real CrowdSec: under Cluster a ban of a client does nothing,
 * since the ingress sees a node that the bouncer exempts; after the plan the banned client is refused, and nobody else.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { carryOut } from '#app/before-after.ts';
import { observe } from '#app/lab-observe.ts';
import { openPlan } from '#app/prove.ts';
import { bouncedName } from '#app/rehearse-bans.ts';
import type { DnsName } from '#net/name.ts';
import type { Plan } from '#plan/plan.ts';
import { type EstateLab, startEstateLab } from '../estate/estate-lab.ts';

const banned = '198.51.100.20';
let lab: EstateLab;
let plan: Plan;
let name: DnsName;

beforeAll(async () => {
  const change = join(import.meta.dirname, '../../examples/home-lab/change/additive/plan.json');
  const opened = await openPlan(change);
  plan = opened.plan;
  const started = await startEstateLab(opened.snapshot.estate, {
    timeScale: 1 / 1000,
    isSmall: true,
    withBans: true,
  });
  if (started.kind === 'unavailable') throw new Error(started.reason);
  lab = started;
  const found = bouncedName(lab.store.reader);
  if (found === undefined) throw new Error('no application of the example is behind the bouncer');
  name = found;
});

afterAll(() => lab?.down());

async function ask(from: string) {
  const flow = { from, family: 4 as const, to: { name }, port: 443, protocol: 'tcp' as const };
  const { status, socket } = await observe(lab, flow, { protocol: 'http2', timeoutMs: 20_000 });
  return { status, socket };
}

/** Every pod has a copy of its own: so many answers in a row come from all of them. */
const inARow = 12;

/** Waits until every pod's copy holds what the list says. */
async function untilAre(from: string, expected: { status: number; socket: string }): Promise<void> {
  await vi.waitFor(async () => {
    for (let request = 0; request < inARow; request++) expect(await ask(from)).toEqual(expected);
  }, 60_000);
}

test('a ban does nothing under Cluster and refuses its client under Local', {
  timeout: 180_000,
}, async () => {
  expect(lab.bans).toBeDefined();
  expect(await ask('internet')).toEqual({ status: 200, socket: '10.0.20.103' });
  await lab.bans?.ban(banned);
  // Five times as long as a bouncer takes to hear of it.
  await sleep(1500);
  for (let request = 0; request < inARow; request++)
    expect(await ask('internet')).toEqual({ status: 200, socket: '10.0.20.103' });
  await carryOut(lab, plan);
  await untilAre('internet', { status: 403, socket: banned });
  expect(await ask('lan')).toEqual({ status: 200, socket: '192.168.1.20' });
  await lab.bans?.pardon(banned);
  await untilAre('internet', { status: 200, socket: banned });
});
