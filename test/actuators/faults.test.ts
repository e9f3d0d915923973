/*
 * Runs over real actuators and stand-ins that go wrong: failing writes, systems that are down, somebody else who writes at
 * the same time. The table of every call of every change is in faults.lab.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preflight } from '#apply/preflight.ts';
import { chooser, faults, noSecrets } from './faults.ts';
import { back, go, type Heard, MemoryJournal, runWorld } from './run.ts';
import { actuatorsFor, changes, planOf, startWorld, tokenNames, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

describe('a write of the whole plan', () => {
  // time-outs take their time: the longer table in faults.lab.test.ts has them, and every change by itself
  const quick = faults.filter(([, fault]) => fault.kind !== 'silent');
  it.each(quick)('%s', async (_, fault) => {
    const start = world.state();
    const journal = new MemoryJournal();
    const heard: Heard = { lines: [] };
    const run = runWorld(actuatorsFor(world.places), journal, 'pause', heard);
    world.setFault(chooser('write', fault, 3));
    expect(['done', 'paused']).toContain((await go(planOf(), run)).kind);
    world.setFault(undefined);
    expect((await go(planOf(), run)).kind).toBe('done');
    expect((await back(planOf(), run)).kind).toBe('rolled-back');
    expect(world.state()).toBe(start);
    noSecrets(heard, journal);
  });
});

describe('a credential that is gone', () => {
  it.each(Object.values(tokenNames))('%s: the run pauses, and goes on once it is back', async (name) => {
    const start = world.state();
    const token = process.env[name];
    delete process.env[name];
    const journal = new MemoryJournal();
    const first = await go(planOf(), runWorld(actuatorsFor(world.places), journal));
    process.env[name] = token;
    expect(first).toMatchObject({ kind: 'paused', because: expect.stringMatching(/is not to be had/) });
    const run = runWorld(actuatorsFor(world.places), journal);
    expect((await go(planOf(), run)).kind).toBe('done');
    expect((await back(planOf(), run)).kind).toBe('rolled-back');
    expect(world.state()).toBe(start);
  });
});

describe('429 with Retry-After', () => {
  it('is waited for before the system is asked again', async () => {
    const plan = planOf(changes.filter((c) => c.id === 'tunnel'));
    const run = runWorld(actuatorsFor(world.places), new MemoryJournal());
    const before = Date.parse(run.clock.now());
    world.setFault(chooser('write', { kind: 'status', status: 429, retryAfterSeconds: 7 }, 1));
    expect(await go(plan, run)).toEqual({ kind: 'done' });
    expect(Date.parse(run.clock.now()) - before).toBeGreaterThanOrEqual(7_000);
    expect((await back(plan, run)).kind).toBe('rolled-back');
  });
});

describe('the whole plan', () => {
  it('goes there and back', async () => {
    const start = world.state();
    expect(await preflight(planOf(), actuatorsFor(world.places))).toEqual([]);
    const run = runWorld(actuatorsFor(world.places), new MemoryJournal());
    expect(await go(planOf(), run)).toEqual({ kind: 'done' });
    expect(world.state().match(/10\.0\.20\.200/g)).toHaveLength(1); // the VPN's record, which the plan does not touch
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

/** Somebody else with kubectl, who owns these fields at the start as well. */
const byHand = { manager: 'kubectl-edit' } as const;

function annotate(name: string, value: string): void {
  world.kubernetes.write(
    { kind: 'Service', namespace: 'traefik', name: 'traefik' },
    (o) => {
      const metadata = o?.metadata as { annotations: Record<string, string> };
      return { ...o, metadata: { ...metadata, annotations: { ...metadata.annotations, [name]: value } } };
    },
    byHand,
  );
}

function alias(ip: string): void {
  const named = { kind: 'Deployment', namespace: 'traefik', name: 'app' };
  const edit = (o: unknown) => JSON.parse(JSON.stringify(o).replace(/"ip":"[^"]+"/, `"ip":"${ip}"`)) as never;
  world.kubernetes.write(named, edit, byHand);
}

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
    [
      'retire-first',
      'the same Service',
      () => annotate('metallb.io/loadBalancerIPs', '10.0.20.99'),
      () => annotate('metallb.io/loadBalancerIPs', '10.0.20.200'),
    ],
    ['aliases', 'the same workload', () => alias('10.0.20.99'), () => alias('10.0.20.200')],
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

  it('two at the same tunnel: ours is written, theirs is told to be lost, and the run goes on once it was seen to', async () => {
    const plan = planOf(changes.filter((c) => c.id === 'tunnel'));
    const start = world.cloudflare.config().config;
    const journal = new MemoryJournal();
    world.cloudflare.setFault((call) => {
      if (call.method === 'PUT') world.cloudflare.edit({ ...start, 'warp-routing': { enabled: true } });
      return undefined;
    });
    expect(await go(plan, runWorld(actuatorsFor(world.places), journal))).toMatchObject({
      kind: 'paused',
      because: expect.stringMatching(
        /is written, and not settled: .*from version \d+ to \d+: somebody else wrote.*lost/,
      ),
    });
    world.setFault(undefined);
    expect((await go(plan, runWorld(actuatorsFor(world.places), journal))).kind).toBe('done');
    expect((await back(plan, runWorld(actuatorsFor(world.places), journal))).kind).toBe('rolled-back');
    expect(world.cloudflare.config().config).toEqual(start);
  });
});
