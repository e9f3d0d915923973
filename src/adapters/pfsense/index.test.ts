/* The source: which files are its own, and what it says where one cannot be read. */
import { expect, it } from 'vitest';
import { memoryContext, memoryFiles } from '../memory-files.ts';
import type { Source } from '../source.ts';
import { pfsense } from './index.ts';

const source: Source = pfsense;

it.each([
  ['firewall/gw/config.xml', true],
  ['firewall/gw/backup/config.xml', false],
  ['firewall/config.xml', false],
  ['cluster/gw/config.xml', false],
])('%s is its own: %s', (path, expected) => {
  expect(source.matches(path)).toBe(expected);
});

it.each<[string, Uint8Array]>([
  ['UTF-16', new Uint8Array(Buffer.from('\ufeff<pfsense></pfsense>', 'utf16le'))],
  [
    'latin-1',
    new Uint8Array(
      Buffer.from('<pfsense><interfaces><lan><descr>é</descr></lan></interfaces></pfsense>', 'latin1'),
    ),
  ],
])('%s costs its own firewall only', async (_, bytes) => {
  const good = '<pfsense><interfaces><lan><enable></enable><if>a</if></lan></interfaces></pfsense>';
  const files = memoryFiles({ 'firewall/a/config.xml': bytes, 'firewall/b/config.xml': good });
  const { facts, gaps } = await source.discover(files, memoryContext(files));
  expect(gaps).toMatchObject([{ system: 'firewall/a', evidence: { file: 'firewall/a/config.xml' } }]);
  expect(facts.map((f) => f.key)).toEqual(['firewall:b', 'firewallInterface:b/lan']);
});
