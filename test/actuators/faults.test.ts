/*
 * Every interface failing in every way, over real actuators and stand-ins: whatever happens the run ends done, rolled back
 * or paused; resumed without the fault it ends as an undisturbed one, rolled back it ends as it began; no secret shows.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preflight } from '#apply/preflight.ts';
import type { Call, Fault, FaultChooser } from '#lab/stand-ins/faults.ts';
import { back, go, type Heard, MemoryJournal, runWorld } from './run.ts';
import { actuatorsFor, changes, planOf, startWorld, tokenNames, type World } from './world.ts';

const isRead = (call: Call) => call.method === 'GET' || /\/get$/.test(call.path);
const faults: readonly (readonly [string, Fault])[] = [
  ['reset before', { kind: 'reset', takesEffect: false }],
  ['reset after', { kind: 'reset', takesEffect: true }],
  ['time-out before', { kind: 'silent', takesEffect: false }],
  ['time-out after', { kind: 'silent', takesEffect: true }],
  ['401', { kind: 'status', status: 401 }],
  ['403', { kind: 'status', status: 403 }],
  ['409', { kind: 'status', status: 409 }],
  ['429', { kind: 'status', status: 429, retryAfterSeconds: 1 }],
  ['500', { kind: 'status', status: 500 }],
  ['half an answer, before', { kind: 'half', takesEffect: false }],
  ['half an answer, after', { kind: 'half', takesEffect: true }],
  ['garbage, before', { kind: 'garbage', takesEffect: false }],
  ['garbage, after', { kind: 'garbage', takesEffect: true }],
];
const single = changes.filter((c) => c.change.kind === 'set');
const rows = single.flatMap((change) =>
  (['read', 'write'] as const).flatMap((which) =>
    faults.map(([name, fault]) => ({ change, which, name, fault })),
  ),
);

/** The fault for every read or write, or for the first only. */
function chooser(which: 'read' | 'write', fault: Fault, times: number): FaultChooser {
  let left = times;
  return (call) => {
    if (isRead(call) !== (which === 'read') || left <= 0) return undefined;
    left -= 1;
    return fault;
  };
}

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

function noSecrets(heard: Heard, journal: MemoryJournal): void {
  const all = [...heard.lines, journal.text].join('\n');
  expect(all.length).toBeGreaterThan(100);
  for (const name of Object.values(tokenNames)) expect(all).not.toContain(process.env[name]);
  expect(all).not.toContain('FAKE-in-the-cluster');
}

describe('one change', () => {
  it.each(rows)('$change.id, $which: $name', async ({ change, which, fault }) => {
    const plan = planOf([change]);
    const start = world.state();
    const undisturbed = runWorld(actuatorsFor(world.places, 80), new MemoryJournal());
    expect((await go(plan, undisturbed)).kind).toBe('done');
    const end = world.state();
    expect(end).not.toBe(start);
    expect((await back(plan, undisturbed)).kind).toBe('rolled-back');
    expect(world.state()).toBe(start);
    for (const times of [1, 1000]) {
      const journal = new MemoryJournal();
      const heard: Heard = { lines: [] };
      const run = runWorld(actuatorsFor(world.places, 80), journal, 'pause', heard);
      world.setFault(chooser(which, fault, times));
      const first = await go(plan, run);
      world.setFault(undefined);
      expect(['done', 'paused']).toContain(first.kind);
      if (first.kind === 'paused') expect(first.next.length).toBeGreaterThan(10);
      if (first.kind === 'done') expect(world.state()).toBe(end);
      expect((await go(plan, run)).kind).toBe('done');
      expect(world.state()).toBe(end);
      world.setFault(chooser(which, fault, 1));
      await back(plan, run);
      world.setFault(undefined);
      expect((await back(plan, run)).kind).toBe('rolled-back');
      expect(world.state()).toBe(start);
      noSecrets(heard, journal);
    }
  });
});

describe('the whole plan', () => {
  it('goes there and back', async () => {
    const start = world.state();
    expect(await preflight(planOf(), actuatorsFor(world.places))).toEqual([]);
    const run = runWorld(actuatorsFor(world.places), new MemoryJournal());
    expect(await go(planOf(), run)).toEqual({ kind: 'done' });
    expect(world.state()).not.toContain('10.0.20.200');
    expect((await back(planOf(), run)).kind).toBe('rolled-back');
    expect(world.state()).toBe(start);
  });

  it.each(['kubernetes', 'technitium', 'cloudflare'] as const)(
    'pauses while %s is down, then goes on',
    async (system) => {
      const start = world.state();
      const run = runWorld(actuatorsFor(world.places), new MemoryJournal());
      await world[system].down();
      expect(await preflight(planOf(), actuatorsFor(world.places))).toContainEqual(
        expect.objectContaining({ says: expect.stringMatching(/refused/) }),
      );
      expect(await go(planOf(), run)).toMatchObject({
        kind: 'paused',
        because: expect.stringMatching(/the connection is refused/),
      });
      await world[system].up();
      expect((await go(planOf(), run)).kind).toBe('done');
      expect((await back(planOf(), run)).kind).toBe('rolled-back');
      expect(world.state()).toBe(start);
    },
  );

  it('rolls back when the operator says so at a refusal', async () => {
    const start = world.state();
    const run = runWorld(actuatorsFor(world.places), new MemoryJournal(), 'roll-back');
    world.technitium.setFault(chooser('write', { kind: 'status', status: 403 }, 1));
    expect(await go(planOf(), run)).toMatchObject({ kind: 'rolled-back' });
    world.setFault(undefined);
    expect(world.state()).toBe(start);
  });
});

describe('somebody else between preflight and write', () => {
  it.each<[string, string, () => void, () => void]>([
    [
      'record',
      'dns',
      () =>
        world.technitium.edit((r) =>
          r.splice(0, 1, { ...(r[0] as never as (typeof r)[0]), rData: { ipAddress: '10.0.20.99' } }),
        ),
      () =>
        world.technitium.edit((r) =>
          r.splice(0, 1, { ...(r[0] as never as (typeof r)[0]), rData: { ipAddress: '10.0.20.200' } }),
        ),
    ],
    [
      'public-record',
      'public',
      () => world.cloudflare.editRecord('r1', { content: '192.0.2.9' }),
      () => world.cloudflare.editRecord('r1', { content: '203.0.113.10' }),
    ],
    [
      'translation',
      'app',
      () =>
        world.technitium.setApp(
          'Split Horizon',
          (world.technitium.app('Split Horizon') ?? '').replace('10.0.20.200', '10.0.20.99'),
        ),
      () =>
        world.technitium.setApp(
          'Split Horizon',
          (world.technitium.app('Split Horizon') ?? '').replace('10.0.20.99', '10.0.20.200'),
        ),
    ],
    [
      'tunnel',
      'another rule in front',
      () =>
        world.cloudflare.edit({
          ...world.cloudflare.config().config,
          ingress: [
            { hostname: 'new.example.org', service: 'https://10.0.20.200:443' },
            ...(world.cloudflare.config().config.ingress as unknown[]),
          ],
        }),
      () =>
        world.cloudflare.edit({
          ...world.cloudflare.config().config,
          ingress: (world.cloudflare.config().config.ingress as unknown[]).slice(1),
        }),
    ],
  ])('%s (%s): noticed, and nothing is overwritten', async (id, _, edit, mend) => {
    const start = world.state();
    const plan = planOf(changes.filter((c) => c.id === id));
    const actuators = actuatorsFor(world.places);
    expect(await preflight(plan, actuators)).toEqual([]);
    edit();
    const theirs = world.state();
    expect(theirs).not.toBe(start);
    expect(await go(plan, runWorld(actuators, new MemoryJournal()))).toMatchObject({ kind: 'paused' });
    expect(world.state()).toBe(theirs);
    mend();
    expect(world.state()).toBe(start);
  });

  it('two at the same record: the second is refused by the server', async () => {
    const plan = planOf(changes.filter((c) => c.id === 'record'));
    const start = world.state();
    let times = 0;
    world.technitium.setFault((call) => {
      if (call.path.endsWith('/update') && times++ === 0)
        world.technitium.edit((r) =>
          r.splice(0, 1, { ...(r[0] as never as (typeof r)[0]), rData: { ipAddress: '10.0.20.99' } }),
        );
      return undefined;
    });
    expect(await go(plan, runWorld(actuatorsFor(world.places), new MemoryJournal()))).toMatchObject({
      kind: 'paused',
      because: expect.stringMatching(/10\.0\.20\.99/),
    });
    world.setFault(undefined);
    expect(world.technitium.records()[0]?.rData).toEqual({ ipAddress: '10.0.20.99' });
    world.technitium.edit((r) =>
      r.splice(0, 1, { ...(r[0] as never as (typeof r)[0]), rData: { ipAddress: '10.0.20.200' } }),
    );
    expect(world.state()).toBe(start);
  });
});
