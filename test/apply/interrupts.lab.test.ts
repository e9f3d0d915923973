/*
 * A real process in a pseudo terminal (script of util-linux): Ctrl-C is a question, a second one stops at once with the
 * journal intact. Without a terminal SIGINT, SIGTERM and SIGHUP pause the run.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseJournal, type Record } from '#apply/journal.ts';
import { type JobWorld, madeServices, type Pod, removeImage, startJobWorld } from './job.ts';

const ctrlC = '\u0003';
const minute = 60_000;
let world: JobWorld;
afterEach(() => world.stop());
afterAll(removeImage);

const apply = ['apply', 'plan.json', '--runs', 'runs'];
const runIn = ({ folder }: Pod): string => readdirSync(join(folder, 'runs')).find((n) => n !== 'lock') ?? '';
/** Every record, or a failure where a line is no record. */
function recordsOf(pod: Pod): readonly Record[] {
  const { records, cut } = parseJournal(
    readFileSync(join(pod.folder, 'runs', runIn(pod), 'journal.jsonl'), 'utf8'),
  );
  expect(cut).toBeUndefined();
  return records;
}
const lastOf = (pod: Pod) => recordsOf(pod).at(-1)?.entry;
async function resumed(pod: Pod, command = 'resume'): Promise<Pod> {
  const next = world.pod({ args: [command, runIn(pod), '--yes', '--runs', 'runs'], inFolderOf: 0 });
  expect([await next.ended, next.output()]).toEqual([0, expect.anything()]);
  return next;
}
const isLocked = (pod: Pod) => existsSync(join(pod.folder, 'runs', 'lock'));

describe('in a wait, at a terminal', { timeout: minute }, () => {
  let pod: Pod;
  const begin = async (seconds: number) => {
    world = await startJobWorld(seconds);
    pod = world.pod({ args: [...apply, '--yes'], hasTerminal: true });
    await pod.says('◷ Wait');
    pod.type(ctrlC);
    await pod.says('roll back');
  };

  it('p pauses, keeps what was done and gives the lock back', async () => {
    await begin(3);
    pod.type('p\n');
    expect([await pod.ended, pod.output()]).toEqual([4, expect.stringContaining('changed in part')]);
    expect(lastOf(pod)).toMatchObject({ kind: 'paused', because: 'the operator interrupted the run' });
    expect([world.made(), isLocked(pod)]).toEqual([['extra-1'], false]);
    await resumed(pod);
    expect(world.made()).toEqual(madeServices);
  });

  it('g goes on with the wait and to the end', async () => {
    await begin(5);
    pod.type('g\n');
    expect([await pod.ended, pod.output()]).toEqual([0, expect.stringContaining('■ done')]);
    expect(world.made()).toEqual(madeServices);
  });

  it('r rolls back to the start', async () => {
    await begin(3);
    pod.type('r\n');
    expect([await pod.ended, pod.output()]).toEqual([3, expect.stringContaining('rolled back')]);
    expect(world.made()).toEqual([]);
    expect(recordsOf(pod).filter(({ entry }) => entry.kind === 'turned')).toHaveLength(1);
  });

  it('nonsense is asked about again', async () => {
    await begin(600);
    pod.type('what?\n');
    pod.type('p\n');
    expect(await pod.ended).toBe(4);
  });

  it('a second Ctrl-C stops at once; the journal is whole, and a run of it goes on', async () => {
    await begin(3);
    pod.type(ctrlC);
    expect([await pod.ended, pod.output()]).toEqual([4, expect.stringContaining('stopped at once')]);
    expect(lastOf(pod)).toMatchObject({ kind: 'waiting' });
    expect(isLocked(pod)).toBe(true);
    const next = await resumed(pod);
    expect(next.output()).toContain('taking over the lock of run');
    expect(world.made()).toEqual(madeServices);
  });

  it('when the terminal goes away the run pauses', async () => {
    await begin(600);
    pod.type('g\n');
    pod.child.kill('SIGKILL'); // with script goes the terminal
    await pod.ended;
    await expect.poll(() => lastOf(pod), { timeout: 20_000 }).toMatchObject({ kind: 'paused' });
    await expect.poll(() => isLocked(pod), { timeout: 20_000 }).toBe(false);
    expect(world.made()).toEqual(['extra-1']);
  });
});

describe('in the middle of a write, at a terminal', { timeout: minute }, () => {
  let pod: Pod;
  let release: () => void;
  /** The first Service is being made, and its answer is held back until released. */
  beforeEach(async () => {
    world = await startJobWorld(0);
    let isHeld = false;
    const held = new Promise<void>((done) => {
      release = done;
    });
    world.kube.setFault(({ method, path, query }) => {
      if (isHeld || method !== 'POST' || query.has('dryRun') || !path.endsWith('/services')) return undefined;
      isHeld = true;
      return { kind: 'held', until: held };
    });
    pod = world.pod({ args: [...apply, '--yes'], hasTerminal: true });
    await expect.poll(() => isHeld, { timeout: 20_000 }).toBe(true);
    pod.type(ctrlC);
    await pod.says('roll back');
  });

  it.each([
    ['p', 4, ['extra-1'], 'paused'],
    ['r', 3, [], 'finished'],
    ['g', 0, madeServices, 'finished'],
  ] as const)('%s: the change at hand is finished and read back first', async (key, code, made, last) => {
    pod.type(`${key}\n`);
    await expect.poll(() => recordsOf(pod).length, { timeout: 20_000 }).toBeGreaterThan(1);
    expect(lastOf(pod)).toMatchObject({ kind: 'intent', change: 'extra-1' });
    release();
    expect([await pod.ended, pod.output()]).toEqual([code, expect.anything()]);
    expect(world.made()).toEqual(made);
    expect(lastOf(pod)).toMatchObject({ kind: last });
    const kinds = recordsOf(pod).flatMap(({ entry: e }) =>
      'change' in e && e.change === 'extra-1' && 'direction' in e && e.direction === 'forward'
        ? [e.kind]
        : [],
    );
    expect(kinds).toEqual(['intent', 'outcome', 'verified']);
  });

  it('a second Ctrl-C leaves an intent without outcome, which resume reads back', async () => {
    pod.type(ctrlC);
    expect(await pod.ended).toBe(4);
    expect(lastOf(pod)).toMatchObject({ kind: 'intent', change: 'extra-1' });
    release();
    await expect.poll(() => world.made(), { timeout: 20_000 }).toEqual(['extra-1']);
    await resumed(pod);
    expect(world.made()).toEqual(madeServices);
    expect(
      recordsOf(pod).filter(({ entry: e }) => e.kind === 'intent' && e.change === 'extra-1'),
    ).toHaveLength(1);
  });

  it('a second Ctrl-C can be rolled back from', async () => {
    pod.type(ctrlC);
    expect(await pod.ended).toBe(4);
    release();
    await resumed(pod, 'rollback');
    expect(world.made()).toEqual([]);
  });
});

describe('at a question', { timeout: minute }, () => {
  it.each([
    ['Ctrl-C', ctrlC],
    ['Ctrl-D', '\u0004'],
  ])('%s pauses', async (_, keys) => {
    world = await startJobWorld(0);
    const pod = world.pod({ args: apply, hasTerminal: true });
    await pod.says('? Good?');
    await pod.says('roll back');
    pod.type(keys);
    expect(await pod.ended).toBe(4);
    expect(lastOf(pod)).toMatchObject({ kind: 'paused' });
    expect([world.made(), isLocked(pod)]).toEqual([['extra-1', 'extra-2'], false]);
  });
});

describe('without a terminal', { timeout: minute }, () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s pauses; nobody is asked', async (signal) => {
    world = await startJobWorld(3);
    const pod = world.pod({ args: [...apply, '--yes'] });
    await pod.says('(until 20');
    pod.child.kill(signal);
    expect([await pod.ended, pod.output()]).toEqual([4, expect.stringContaining('sightline resume')]);
    expect(pod.output()).not.toContain('go on  ');
    expect(lastOf(pod)).toMatchObject({ kind: 'paused' });
    expect([world.made(), isLocked(pod)]).toEqual([['extra-1'], false]);
    await resumed(pod);
    expect(world.made()).toEqual(madeServices);
  });

  it('a second signal stops at once', async () => {
    world = await startJobWorld(0);
    world.kube.setFault(({ method, path, query }) =>
      method === 'POST' && !query.has('dryRun') && path.endsWith('/services')
        ? { kind: 'silent', takesEffect: true }
        : undefined,
    );
    const pod = world.pod({ args: [...apply, '--yes'] });
    await expect.poll(() => world.made(), { timeout: 20_000 }).toEqual(['extra-1']);
    pod.child.kill('SIGTERM');
    await pod.says('finished first');
    pod.child.kill('SIGTERM');
    expect([await pod.ended, pod.output()]).toEqual([4, expect.stringContaining('stopped at once')]);
    expect(lastOf(pod)).toMatchObject({ kind: 'intent' });
    world.kube.setFault(undefined);
    await resumed(pod);
    expect(world.made()).toEqual(madeServices);
  });

  it('a reader of its output that leaves early does not end it', async () => {
    world = await startJobWorld(2);
    const pod = world.pod({ args: [...apply, '--yes'] });
    await pod.says('(until 20');
    pod.child.stdout?.destroy();
    pod.child.stderr?.destroy();
    await expect.poll(() => world.made(), { timeout: 20_000 }).toEqual(madeServices);
    await expect
      .poll(() => lastOf(pod), { timeout: 20_000 })
      .toMatchObject({ kind: 'finished', result: 'done' });
  });
});
