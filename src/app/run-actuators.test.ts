/* Checkouts that are named by mistake are told as that, before any system is asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readerOf } from '#estate/estate.ts';
import type { Proved } from '#proof/result.ts';
import { officeFolder, officePlan } from '#test/apply/office.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { actuatorsFor } from './run-actuators.ts';

const folder = mkdtempSync(join(tmpdir(), 'checkouts-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function withCheckouts(checkouts: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { estate } = await loadSnapshot(officeFolder);
  const actuators = await actuatorsFor(await officePlan(), { kind: 'proved' } as unknown as Proved, {
    snapshot: officeFolder,
    reader: readerOf(estate),
    checkouts,
    runsCommands: false,
    kept: folder,
    exports: folder,
    agree: async () => false,
    byHand: async () => 'stop',
  });
  return actuators.map((a) => a.name);
}

it.each([
  ['a repository that there is not', { fluxx: folder }, /--checkout fluxx=.*: there is no repository fluxx/],
  ['a folder that there is not', { flux: join(folder, 'gone') }, /gone: that is no folder/],
  ['a file', { flux: join(officeFolder, 'sightline.yaml') }, /sightline\.yaml: that is no folder/],
])('%s', async (_, checkouts, says) => {
  await expect(withCheckouts(checkouts)).rejects.toMatchObject({
    code: 'wrong-use',
    message: expect.stringMatching(says),
  });
});

it('one that is right is written', async () => {
  expect(await withCheckouts({ flux: folder })).toContain('repository');
});
