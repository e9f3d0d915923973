/* What a person did on a firewall, seen in the export that was saved afterwards. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readerOf } from '#estate/estate.ts';
import type { PlannedChange } from '#plan/change.ts';
import { officeFolder } from '#test/apply/office.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { exportFolder, ReadBack } from './read-back.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'read-back-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const after = {
  firewall: 'edge',
  name: 'ingress_lb',
  type: 'host',
  entries: ['172.20.4.90'],
  descr: 'as planned',
} as const;
const change: PlannedChange = {
  id: 'alias',
  title: 'Create alias ingress_lb',
  change: { kind: 'set', settings: [{ of: 'alias', id: 'edge/ingress_lb', before: null, after }] },
  through: { by: 'operator', system: 'firewall/edge' },
  because: { says: '', serves: '', evidence: [] },
} as unknown as PlannedChange;

const config = readFileSync(join(officeFolder, 'firewall/edge/config.xml'), 'utf8');
const alias = (address: string) =>
  `<alias><name>ingress_lb</name><type>host</type><address>${address}</address><descr>written otherwise</descr><detail></detail></alias>`;
const exportWith = (text: string) => {
  mkdirSync(exportFolder(folder, 'firewall/edge'), { recursive: true });
  writeFileSync(join(exportFolder(folder, 'firewall/edge'), 'config.xml'), text);
};
const withAlias = (address: string) =>
  config.includes('<aliases>')
    ? config.replace('<aliases>', `<aliases>${alias(address)}`)
    : config.replace('</pfsense>', `<aliases>${alias(address)}</aliases></pfsense>`);

async function seen() {
  const { estate } = await loadSnapshot(officeFolder);
  return new ReadBack(folder, readerOf(estate)).observe(change);
}

describe('ReadBack', () => {
  it('goes by the snapshot until an export is saved', async () => {
    expect(await seen()).toEqual({ kind: 'before' });
  });
  it('sees that nothing was done yet', async () => {
    exportWith(config);
    expect(await seen()).toEqual({ kind: 'before' });
  });
  it('sees the change, whatever its description', async () => {
    exportWith(withAlias('172.20.4.90'));
    expect(await seen()).toEqual({ kind: 'after' });
  });
  it('names what was done otherwise', async () => {
    exportWith(withAlias('172.20.4.91'));
    expect(await seen()).toEqual({ kind: 'other', says: 'alias edge/ingress_lb has another value' });
  });
  it('takes an export that cannot be read for no answer', async () => {
    exportWith('not xml');
    expect(await seen()).toMatchObject({ kind: 'unreachable' });
  });
});
