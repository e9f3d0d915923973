/** Every package that package.json asks for has its reason in ADR 0005, and no reason outlives its package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../architecture/project.ts';

const text = readFileSync(join(root, 'docs/adr/0005-dependencies.md'), 'utf8');
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
  string,
  object | undefined
>;
const packages = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
  Object.keys(own[kind] ?? {}),
);
const rows = [...text.matchAll(/^\| (`[^|]+) \|/gm)].map((match) => match[1] ?? '');
const named = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''));

test('every package has a row', () => {
  expect(packages.length).toBeGreaterThan(5);
  expect(packages.filter((name) => !named.includes(name))).toEqual([]);
});

test('every row has a package', () => {
  expect(named.filter((name) => !packages.includes(name))).toEqual([]);
});
