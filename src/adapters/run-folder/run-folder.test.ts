/* Runs on disk: cut lines, dead holders of the lock, a full disk, names that are no run. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { journalLine, type Record, readJournal } from '#apply/journal.ts';
import { journalFile } from './journal-file.ts';
import { takeLock } from './lock-file.ts';
import { RunFolders } from './run-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const record = (n: number): Record => ({
  n,
  at: '2026-01-01T00:00:00Z',
  format: 1,
  entry: { kind: 'turned', because: 'ä' },
});

describe('journalFile', () => {
  it('keeps what was appended, and drops a line that a crash cut', async () => {
    const path = join(folder, 'j');
    const journal = journalFile(path);
    await journal.append(journalLine(record(1)));
    appendFileSync(path, '{"n":2,"at":"20ä');
    expect(await readJournal(journal)).toEqual([record(1)]);
    await journal.append(journalLine(record(2)));
    expect(await readJournal(journalFile(path))).toEqual([record(1), record(2)]);
  });

  it('says what to do when nothing can be written', async () => {
    await expect(journalFile('/dev/full').append('x')).rejects.toMatchObject({
      code: 'journal-unwritable',
    });
  });
});

describe('takeLock', () => {
  it('keeps a second run out until it is released', async () => {
    const lock = await takeLock(join(folder, 'lock'), 'r1');
    await expect(takeLock(join(folder, 'lock'), 'r2')).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringMatching(/r1/),
    });
    await lock.release();
    await (await takeLock(join(folder, 'lock'), 'r2')).release();
  });

  it('takes over from a dead process, and from a later one with its number', async () => {
    const path = join(folder, 'lock');
    const mine = await takeLock(path, 'old');
    const holder = JSON.parse(readFileSync(path, 'utf8'));
    for (const dead of [
      { ...holder, pid: 2 ** 22 + 1 },
      { ...holder, started: '1' },
    ]) {
      writeFileSync(path, JSON.stringify(dead));
      const lock = await takeLock(path, 'new');
      expect(lock.tookOverFrom).toBe('old');
      await lock.release();
    }
    await mine.release();
  });

  it('leaves a lock of another machine alone', async () => {
    writeFileSync(
      join(folder, 'lock'),
      JSON.stringify({ pid: 1, started: '1', host: 'elsewhere', run: 'far' }),
    );
    await expect(takeLock(join(folder, 'lock'), 'r')).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringMatching(/elsewhere/),
    });
  });
});

describe('RunFolders', () => {
  it('creates, lists and opens runs, and refuses names that leave the folder', async () => {
    const runs = new RunFolders(folder);
    const run = await runs.create('2026-01-01-a', { plan: '{}', proof: '{}', baseline: '' });
    await run.journal.append(journalLine(record(1)));
    expect(await runs.ids()).toEqual(['2026-01-01-a']);
    expect(await (await runs.open('2026-01-01-a')).plan()).toBe('{}');
    await expect(runs.open('nope')).rejects.toMatchObject({ code: 'no-run' });
    await expect(runs.create('../x', { plan: '', proof: '', baseline: '' })).rejects.toMatchObject({
      code: 'wrong-use',
    });
  });
});
