/*
 * Every interface failing in every way, over real actuators and stand-ins: whatever happens the run ends done, rolled back
 * or paused; resumed without the fault it ends as an undisturbed one, rolled back it ends as it began; no secret shows.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooser, faults, noSecrets } from './faults.ts';
import { back, go, type Heard, MemoryJournal, runWorld } from './run.ts';
import { actuatorsFor, changes, planOf, startWorld, type World } from './world.ts';

// files and owners' commands fail in other ways: checkout.test.ts has them
const single = changes.filter((c) => c.change.kind === 'set' && c.through.system !== 'source/infra');
const rows = single.flatMap((change) =>
  (['read', 'write'] as const).flatMap((which) =>
    faults.map(([name, fault]) => ({ change, which, name, fault })),
  ),
);

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

describe('one change', () => {
  it.each(rows)('$change.id, $which: $name', async ({ change, which, fault }) => {
    const plan = planOf([change]);
    const start = world.state();
    const undisturbed = runWorld(actuatorsFor(world.places), new MemoryJournal());
    expect((await go(plan, undisturbed)).kind).toBe('done');
    const end = world.state();
    expect(end).not.toBe(start);
    expect((await back(plan, undisturbed)).kind).toBe('rolled-back');
    expect(world.state()).toBe(start);
    for (const times of [1, 1000]) {
      const journal = new MemoryJournal();
      const heard: Heard = { lines: [] };
      const patience = fault.kind === 'silent' ? 150 : 10_000;
      const run = runWorld(actuatorsFor(world.places, patience), journal, 'pause', heard);
      const calm = runWorld(actuatorsFor(world.places), journal, 'pause', heard);
      world.setFault(chooser(which, fault, times));
      const first = await go(plan, run);
      world.setFault(undefined);
      expect(['done', 'paused']).toContain(first.kind);
      if (first.kind === 'paused') expect(first.next.length).toBeGreaterThan(10);
      if (first.kind === 'done') expect(world.state()).toBe(end);
      expect((await go(plan, calm)).kind).toBe('done');
      expect(world.state()).toBe(end);
      world.setFault(chooser(which, fault, 1));
      await back(plan, run);
      world.setFault(undefined);
      expect((await back(plan, calm)).kind).toBe('rolled-back');
      expect(world.state()).toBe(start);
      noSecrets(heard, journal);
    }
  });
});
