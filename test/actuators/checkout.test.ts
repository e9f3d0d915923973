/*
 * Files and the owner's own command failing in every way they can, over the real actuator: whatever happens the run ends
 * done or paused; resumed without the fault it ends as an undisturbed one, rolled back as it began; no secret shows.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RepositoryWorld } from '#adapters/repository/actuate.ts';
import { replaceFile } from '#adapters/repository/atomic-file.ts';
import { runCommand } from '#adapters/repository/run-command.ts';
import { preflight } from '#apply/preflight.ts';
import type { PlannedChange } from '#plan/change.ts';
import {
  type Checkout,
  checkoutActuator,
  documentsChange,
  secretInFiles,
  startCheckout,
  valuesChange,
} from './checkout.ts';
import { back, go, type Heard, MemoryJournal, runWorld } from './run.ts';
import { planOf } from './world.ts';

let checkout: Checkout;
beforeEach(() => {
  checkout = startCheckout();
});
afterEach(() => checkout.stop());

type Fault = (times: number) => Partial<RepositoryWorld>;
/** The nth call, from 0, and those after it, `times` of them. */
function failing<Args extends readonly unknown[], Result>(
  real: (...args: Args) => Promise<Result>,
  fault: (...args: Args) => Promise<Result>,
  first = 0,
) {
  return (times: number) => {
    let n = 0;
    return (...args: Args) => {
      const at = n++;
      return at >= first && at < first + times ? fault(...args) : real(...args);
    };
  };
}

const ended = (code: number | undefined, tail: string, isTimeout = false) => ({ code, tail, isTimeout });
const commandFault =
  (fault: typeof runCommand): Fault =>
  (times) => ({
    // the owner's plan is asked as well; only its apply fails
    run: (command) =>
      command.argv[0] === 'sh' ? failing(runCommand, fault)(times)(command) : runCommand(command),
  });
/** The owner's own plan, asked after an edit that was applied. */
function planFault(fault: typeof runCommand): Fault {
  return (times) => {
    const plan = failing(runCommand, fault)(times);
    return { run: (command) => (command.argv[0] === 'sh' ? runCommand(command) : plan(command)) };
  };
}
const fileFault =
  (fault: typeof replaceFile, first = 0): Fault =>
  (times) => ({ replace: failing(replaceFile, fault, first)(times) });
const refuse = (code: string) => async () => {
  throw Object.assign(new Error(`${code}: the disk says no`), { code });
};

const faults: readonly (readonly [string, Fault])[] = [
  ['the first file cannot be written', fileFault(refuse('EACCES'))],
  ['the second file cannot be written: a full disk', fileFault(refuse('ENOSPC'), 1)],
  [
    'a file is written, and then something fails',
    fileFault(async (...args) => {
      await replaceFile(...args);
      throw new Error('EIO after the rename');
    }),
  ],
  ['the command fails before it did anything', commandFault(async () => ended(1, 'Error: no state lock'))],
  [
    'the command does all and fails at its end',
    commandFault(async (command) => ({ ...(await runCommand(command)), code: 1, tail: 'Error: half' })),
  ],
  ['the command cannot be started', commandFault(async () => ended(undefined, ''))],
  ['the command takes too long, and did nothing', commandFault(async () => ended(undefined, '', true))],
  [
    'the command takes too long, and did it',
    commandFault(async (command) => ({ ...(await runCommand(command)), code: undefined, isTimeout: true })),
  ],
  ['the command says that all is well, and did nothing', commandFault(async () => ended(0, 'ok'))],
  ['the command prints garbage', commandFault(async () => ended(2, '\u0000\u0001<html>'))],
  ["the owner's plan: the command is not empty", planFault(async () => ended(2, '1 to change'))],
  ["the owner's plan: the command fails", planFault(async () => ended(1, 'Error: no state'))],
  ["the owner's plan: the command takes too long", planFault(async () => ended(undefined, '', true))],
];
const rows = faults.flatMap(([name, fault]) =>
  [valuesChange, documentsChange]
    // documents are applied by nobody
    .filter((c) => c.id === 'values' || !name.includes('command'))
    .map((change) => ({ id: change.id, change, name, fault })),
);

describe('one change', () => {
  it.each(rows)('$id: $name', async ({ change, fault }) => {
    for (const times of [1, 1000]) await thereAndBack(change, fault(times));
  });

  // a command that lies is caught by the owner's plan alone: below
  const honest = rows.filter((r) => !r.name.includes('all is well'));
  it.each(honest)('$id, where nothing but the files can be seen: $name', async ({ change, fault }) => {
    await thereAndBack(change, { ...fault(1000), ...blind }, blind);
  });
});

/** No API shows what the owner's apply wrote. */
const blind: Partial<RepositoryWorld> = { live: async () => undefined };

describe("an owner's plan that is not empty after its apply", () => {
  it('is told as written, resumed when it is, and taken back', async () => {
    const plan = planOf([valuesChange]);
    const start = checkout.state();
    const journal = new MemoryJournal();
    const faulty = planFault(async () => ended(2, '1 to change'))(1000);
    const run = (more: Partial<RepositoryWorld>) =>
      runWorld([checkoutActuator(checkout.folder, more)], journal);
    expect(await go(plan, run(faulty))).toMatchObject({
      kind: 'paused',
      because: expect.stringMatching(/is written, and not settled: .*ended with 2: 1 to change/s),
    });
    expect(journal.text).toContain('"outcome":"written"');
    expect(journal.text).not.toContain('refused');
    const written = checkout.state();
    expect(written).not.toEqual(start);
    expect((await go(plan, run({}))).kind).toBe('done');
    expect(checkout.state()).toEqual(written);
    expect(await back(plan, run(faulty))).toMatchObject({ kind: 'paused' });
    expect((await back(plan, run({}))).kind).toBe('rolled-back');
    expect(checkout.state()).toEqual(start);
  });
});

async function thereAndBack(
  change: PlannedChange,
  more: Partial<RepositoryWorld>,
  always: Partial<RepositoryWorld> = {},
): Promise<void> {
  const plan = planOf([change]);
  const start = checkout.state();
  const journal = new MemoryJournal();
  const heard: Heard = { lines: [] };
  const actuator = (faulty: Partial<RepositoryWorld>) => [
    checkoutActuator(checkout.folder, faulty, (text) => heard.lines.push(text)),
  ];
  const calm = runWorld(actuator(always), journal, 'pause', heard);
  const first = await go(plan, runWorld(actuator(more), journal, 'pause', heard));
  expect(['done', 'paused']).toContain(first.kind);
  if (first.kind === 'paused') expect(first.next.length).toBeGreaterThan(10);
  expect((await go(plan, calm)).kind).toBe('done');
  const end = checkout.state();
  expect(end).not.toEqual(start);
  expect(JSON.stringify(end)).toContain('10.0.20.203');
  await back(plan, runWorld(actuator(more), journal, 'pause', heard));
  expect((await back(plan, calm)).kind).toBe('rolled-back');
  expect(checkout.state()).toEqual(start);
  const all = [...heard.lines, journal.text].join('\n');
  expect(all).toContain('10.0.20.203');
  expect(all).not.toContain(secretInFiles);
}

it('an apply that does nothing and says that all is well: told, and taken back', async () => {
  const plan = planOf([valuesChange]);
  const start = checkout.state();
  const journal = new MemoryJournal();
  const lying = commandFault(async () => ended(0, 'ok'))(1000);
  const run = (more: Partial<RepositoryWorld>) =>
    runWorld([checkoutActuator(checkout.folder, { ...blind, ...more })], journal);
  expect(await go(plan, run(lying))).toMatchObject({
    kind: 'paused',
    because: expect.stringMatching(/not settled/),
  });
  expect((await back(plan, run({}))).kind).toBe('rolled-back');
  expect(checkout.state()).toEqual(start);
});

describe('a file that is something else', () => {
  it.each([
    ['is gone', (path: string) => rmSync(path)],
    [
      'is a folder',
      (path: string) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
    ['was changed by somebody else', (path: string) => writeFileSync(path, 'theirs: true\n')],
  ])('%s between preflight and write: noticed, and nothing is overwritten', async (_, edit) => {
    const plan = planOf([valuesChange]);
    const actuators = [checkoutActuator(checkout.folder)];
    expect(await preflight(plan, actuators)).toEqual([]);
    edit(join(checkout.folder, 'files/stacks/values.yaml'));
    const theirs = checkout.state();
    const result = await go(plan, runWorld(actuators, new MemoryJournal()));
    expect(result).toMatchObject({ kind: 'paused', next: expect.stringMatching(/\w{4}/) });
    expect(checkout.state()).toEqual(theirs);
  });

  it('the second one, changed between our look and our write: the first is told to be written', async () => {
    const plan = planOf([valuesChange]);
    const journal = new MemoryJournal();
    const second = join(checkout.folder, 'files/stacks/main.tf');
    const start = checkout.state();
    let n = 0;
    const replace: typeof replaceFile = (...args) => {
      if (n++ === 1) writeFileSync(second, 'theirs = true\n');
      return replaceFile(...args);
    };
    const result = await go(plan, runWorld([checkoutActuator(checkout.folder, { replace })], journal));
    expect(result).toMatchObject({ kind: 'paused', because: expect.stringMatching(/main\.tf/) });
    expect(journal.text).toContain('a part of it is written');
    expect(checkout.state()['files/stacks/main.tf']).toBe('theirs = true\n');
    writeFileSync(second, start['files/stacks/main.tf'] ?? '');
    expect((await back(plan, runWorld([checkoutActuator(checkout.folder)], journal))).kind).toBe(
      'rolled-back',
    );
    expect(checkout.state()).toEqual(start);
  });
});
