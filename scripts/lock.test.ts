/** The lock file has what `npm ci` asks for on any platform, and names no registry. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type LockPackages, missingEntries } from './lock.ts';

const text = readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8');
const { packages } = JSON.parse(text) as { packages: LockPackages };

test('no optional package is missing (if one is: scripts/node scripts/lock.ts)', () => {
  expect(Object.keys(packages).length).toBeGreaterThan(20);
  expect(Object.keys(missingEntries(packages))).toEqual([]);
});

test('it is the lock file of package.json', () => {
  const own = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'])
    expect((packages[''] as Record<string, unknown>)[kind]).toEqual(own[kind]);
});

test('it names no registry', () => expect(text).not.toMatch(/"resolved": "http/));

test('an optional package that is missing gets its platform from its name', () => {
  const parent = {
    dev: true,
    optionalDependencies: { '@x/cli-linux-arm64-musl': '1.2.3', '@x/there': '1.0.0' },
  };
  expect(missingEntries({ '': parent, 'node_modules/@x/there': {} })).toEqual({
    'node_modules/@x/cli-linux-arm64-musl': {
      version: '1.2.3',
      cpu: ['arm64'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    },
  });
});
