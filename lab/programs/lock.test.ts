/** The lock lets one in at a time, outlives nobody, and is given back after a failure. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from './lock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('one at a time', async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await sleep(5);
    inside -= 1;
  };
  const path = join(folder, 'lock');
  await Promise.all([1, 2, 3].map(() => withLock(path, work)));
  expect([most, existsSync(path)]).toEqual([1, false]);
});

test('the lock of a process that is gone is taken over', async () => {
  const path = join(folder, 'lock');
  writeFileSync(path, `${spawnSync('true').pid}`);
  expect(await withLock(path, async () => 'in')).toBe('in');
});

test('so is one whose owner died before it wrote its name', async () => {
  const path = join(folder, 'lock');
  writeFileSync(path, '');
  utimesSync(path, 0, 0);
  expect(await withLock(path, async () => 'in')).toBe('in');
});

test('work that throws gives the lock back', async () => {
  const path = join(folder, 'lock');
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(path)).toBe(false);
});
