/*
 * What the answer about a mutant hangs on: the tests that may notice it with everything that they import, the vectors,
 * and this programme. A fingerprint for each part, so that a change of the walk leaves the exact part's answers standing.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, testFiles } from './copy.ts';
import { mayNotice, type Part } from './parts.ts';

/** Read as files, or by the child itself. */
const others = [
  'test/vectors/*.json',
  'scripts/mutate/*.ts',
  'scripts/mutate.ts',
  'package.json',
  'package-lock.json',
];

export function fingerprints(): Readonly<Record<Part, string>> {
  return { exact: fingerprint('exact'), walk: fingerprint('walk') };
}

function fingerprint(part: Part): string {
  const tests = globSync(testFiles, { cwd: root }).filter((file) => mayNotice(part, file));
  const names = [...withImports(tests), ...globSync(others, { cwd: root })].sort();
  const hash = createHash('sha256').update(process.version);
  for (const name of names) hash.update(name).update(readFileSync(join(root, name)));
  return hash.digest('hex').slice(0, 16);
}

/** The files and, again and again, what they import from the project. */
function withImports(files: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (file: string) => {
    if (found.has(file)) return;
    found.add(file);
    for (const [, specifier = ''] of readFileSync(join(root, file), 'utf8').matchAll(/\bfrom '([^']+)'/g)) {
      const imported = resolved(file, specifier);
      if (imported !== undefined && existsSync(join(root, imported))) visit(imported);
    }
  };
  for (const file of files) visit(file);
  return found;
}

const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly imports: Readonly<Record<string, string>>;
};

/** undefined: a package, or a module of Node. */
function resolved(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  const [folder, ...rest] = specifier.split('/');
  return imports[`${folder}/*`]?.replace('*', rest.join('/')).replace(/^\.\//, '');
}
