/**
 * Reads the project's own sources for the architecture test: every TypeScript file in the checkout.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSource, type Source } from './parse.ts';
import type { Project } from './rules.ts';

/** The project's root folder. */
export const root = join(import.meta.dirname, '../..');

const notOurs = new Set(['node_modules', '.git', '.cache', '.sightline', 'coverage', 'dist', 'fixtures']);

/** Paths from the root of all files of the project whose names end in one of `endings`, sorted. */
export function listFiles(...endings: readonly string[]): readonly string[] {
  return walkFolder('').filter((path) => endings.some((ending) => path.endsWith(ending)));
}

function walkFolder(folder: string): readonly string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).filter(
    (one) => !notOurs.has(one.name),
  );
  return entries
    .flatMap((one) => {
      const path = posix.join(folder, one.name);
      return one.isDirectory() ? walkFolder(path) : one.isFile() ? [path] : [];
    })
    .sort();
}

/** All TypeScript sources of the project, parsed. */
export function readSources(): readonly Source[] {
  const paths = listFiles('.ts', '.tsx');
  return paths.map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

/** What the rules need to know of package.json. */
export function readProject(): Project {
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as { readonly [kind: string]: Readonly<Record<string, string>> };
  return { packages: new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies)]) };
}
