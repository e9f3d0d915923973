/* The search finds what is planted, wherever it is, and says so when it looked at nothing. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { complaints, SecretSearch } from './secrets.ts';

const secret = 'PLANTED-for-the-search-5b1c';
const folder = mkdtempSync(join(tmpdir(), 'sightline-search-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('finds a secret on the screen', () => {
  const search = new SecretSearch({ token: secret });
  search.screen(`writing with ${secret}`);
  expect(search.end().found).toEqual(['token in the screen']);
});

it('finds a secret in a file, but not in what is left out', () => {
  mkdirSync(join(folder, 'kept'), { recursive: true });
  writeFileSync(join(folder, 'journal.jsonl'), `{"says":"${secret}"}`);
  writeFileSync(join(folder, 'kept', 'main.tf'), secret);
  const search = new SecretSearch({ token: secret });
  search.folder(folder, /\/kept\//);
  expect(search.end()).toMatchObject({ found: [`token in ${join(folder, 'journal.jsonl')}`], files: 1 });
});

it('finds a secret in the arguments of a process', async () => {
  const child = spawn('sleep', ['5', secret].slice(0, 1), { argv0: `sleep-${secret}` });
  await new Promise((done) => child.once('spawn', done));
  const search = new SecretSearch({ token: secret });
  search.watchProcesses(10);
  await new Promise((done) => setTimeout(done, 200));
  const { found, processes } = search.end();
  child.kill();
  expect(found.length).toBeGreaterThan(0);
  expect(processes).toBeGreaterThan(1);
});

it('complains about a search that looked at nothing', () => {
  expect(complaints(new SecretSearch({ token: secret }).end())).toEqual([
    'only 0 files were searched',
    'only 0 bytes of the screen were searched',
    'only 0 processes were looked at',
  ]);
});
