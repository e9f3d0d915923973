/* What a file holds now: by path or by command, bounded in size and time, and no secret in what goes wrong. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { presentBytes } from './present.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'present-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const read = async (reference: string, limits = {}) => (await presentBytes(reference, limits)).toString();

it('reads a file, and only the end of one that is too long', async () => {
  writeFileSync(join(folder, 'a'), 'one\ntwo\n');
  expect(await read(`file:${join(folder, 'a')}`)).toBe('one\ntwo\n');
  expect(await read(`file:${join(folder, 'a')}`, { mostBytes: 4 })).toBe('two\n');
});

it('reads what a command prints, without a terminal and without its complaints', async () => {
  expect(await read('cmd:printf yes; echo no >&2; test -t 0 && echo terminal; true')).toBe('yes');
});

it.each<[string, string, object, RegExp]>([
  ['a file that is not there', 'file:/nowhere/at/all', {}, /ENOENT/],
  ['a folder', 'file:/', {}, /EISDIR/],
  ['a command that fails', 'cmd:echo FAKE-secret; echo FAKE-secret >&2; exit 7', {}, /ended with 7/],
  ['a command that is not there', 'cmd:no-such-program-here', {}, /ended with 127/],
  ['a command that takes too long', 'cmd:sleep 30', { timeoutMs: 100 }, /longer than 0.1 s/],
  ['a command that prints too much', 'cmd:yes', { mostBytes: 1000 }, /more than 1000 bytes/],
  ['another kind of reference', 'env:HOME', {}, /only file: and cmd:/],
])('%s is an error that says so', async (_, reference, limits, says) => {
  const error = await presentBytes(reference, limits).catch((e: Error) => e);
  expect(error).toMatchObject({ code: 'unreadable-now', message: expect.stringMatching(says) });
  expect(JSON.stringify(error) + String(error)).not.toMatch(/: FAKE-secret\n/);
});

it('a command that is stopped takes its children with it', async () => {
  const file = join(folder, 'late');
  await presentBytes(`cmd:(sleep 0.6; echo late > ${file}) & sleep 30`, { timeoutMs: 100 }).catch(
    () => undefined,
  );
  await sleep(900);
  expect(existsSync(file)).toBe(false);
});
