/** Holds every source of the project to the rules of the architecture. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layers, longFiles, maxLines } from './layers.ts';
import { readProject, readSources, root } from './project.ts';
import { checkAll, rules } from './rules.ts';

const sources = readSources();

test('every source keeps every rule', () => {
  const offences = checkAll(sources, readProject()).map(({ code, path, what }) => {
    const why = rules.find((rule) => rule.code === code)?.why;
    return `${path} ${what} [${code}: ${why}]`;
  });
  expect(offences).toEqual([]);
});

test('the file list is the project (it has the heart of it, and this test)', () => {
  const paths = sources.map((source) => source.path);
  expect(paths).toEqual(
    expect.arrayContaining(['src/net/ip.ts', 'src/dataplane/flow.ts', 'lab/programs.ts']),
  );
  expect(paths).toContain('test/architecture/architecture.test.ts');
});

test('no source at all is an error, not a pass', () => {
  expect(() => checkAll([], readProject())).toThrow('no source to check');
});

test('the list of long files names only files that are long', () => {
  const isLong = (path: string) => (sources.find((source) => source.path === path)?.lines ?? 0) > maxLines;
  expect(Object.keys(longFiles).filter((path) => !isLong(path))).toEqual([]);
});

test('docs/architecture.md shows the table as the test has it', () => {
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const short = (paths: readonly string[]) =>
    paths.map((path) => path.replace(/^src\//, '')).join(', ') || 'nothing';
  const rows = layers.map((layer) => {
    const types = layer.types ? `; types of ${short(layer.types)}` : '';
    return `| \`${short([layer.folder])}\` | ${layer.kind} | ${short(layer.imports)}${types} | ${layer.why} |`;
  });
  expect(rows.filter((row) => !text.includes(row))).toEqual([]);
});
