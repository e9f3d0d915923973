/**
 * The rules of the architecture, each with its name and its reason. A rule looks at one source and
 * answers with what is wrong, in words; no words, nothing wrong.
 */
import { closed, type Layer, layers, longFiles, maxLines, outside } from './layers.ts';
import type { Import, Source } from './parse.ts';

/** One rule. */
export interface Rule {
  readonly code: string;
  readonly why: string;
  readonly check: (source: Source, project: Project) => readonly string[];
}

/** What the rules know of the project besides the source itself. */
export interface Project {
  /** Packages that a user's installation has (not those for development). */
  readonly packages: ReadonlySet<string>;
}

/** A rule that was broken, and where. */
export interface Offence {
  readonly code: string;
  readonly path: string;
  readonly what: string;
}

const clocks = ['Date', 'Math.random', 'performance', 'crypto', 'setTimeout', 'setInterval', 'setImmediate'];
const worlds = ['console', 'process', 'fetch', 'globalThis', 'require', 'Buffer'];

/** All rules. */
export const rules: readonly Rule[] = [
  {
    code: 'layer',
    why: 'imports point downwards, as the table says',
    check: (source) => unlessTest(source, (layer) => source.imports.flatMap((one) => checkLayer(layer, one))),
  },
  {
    code: 'closed-file',
    why: 'some files stay closed to a folder that may import their neighbours',
    check: (source) =>
      unlessTest(source, (layer) =>
        closed
          .filter(({ from, to }) => from === layer.folder && source.imports.some((one) => one.target === to))
          .map(({ to, why }) => `imports ${to}: ${why}`),
      ),
  },
  {
    code: 'adapters-apart',
    why: 'an adapter can be read, tested and removed alone',
    check: (source) =>
      unlessTest(source, () => {
        const own = adapterOf(source.path);
        const others = source.imports.filter((one) => adapterOf(one.target) && adapterOf(one.target) !== own);
        return own ? others.map((one) => `imports the adapter ${one.target}`) : [];
      }),
  },
  {
    code: 'wire-names-adapters',
    why: 'one file says which adapters there are',
    check: (source) =>
      unlessTest(source, (layer) =>
        layer.folder === 'src/app' && source.path !== 'src/app/wire.ts'
          ? source.imports.filter((one) => adapterOf(one.target)).map((one) => `names ${one.target}`)
          : [],
      ),
  },
  {
    code: 'packages',
    why: 'pure and waiting code needs nothing but the language, and what users run needs no development package',
    check: (source, project) =>
      unlessTest(source, (layer) =>
        source.imports
          .flatMap((one) => (isOutside(one.target) ? [one.target] : []))
          .filter((name) => !mayUse(layer, source.path, name, project))
          .map((name) => `uses ${name}`),
      ),
  },
  {
    code: 'computed-import',
    why: 'what is imported can be read in the source',
    check: (source) =>
      unlessTest(source, (layer) =>
        layer.kind !== 'edge' && source.imports.some((one) => one.target === undefined)
          ? ['imports what is named only when it runs']
          : [],
      ),
  },
  {
    code: 'no-waiting',
    why: 'pure code answers at once',
    check: (source) =>
      unlessTest(source, (layer) =>
        layer.kind === 'pure' && (source.isAsync || source.globals.has('Promise')) ? ['waits'] : [],
      ),
  },
  {
    code: 'no-clock-no-world',
    why: 'time, randomness and the world come in as arguments, so that a run can be repeated',
    check: (source) =>
      unlessTest(source, (layer) =>
        layer.kind === 'edge'
          ? []
          : [...clocks, ...worlds].filter((name) => source.globals.has(name)).map((name) => `uses ${name}`),
      ),
  },
  {
    code: 'no-default-export',
    why: 'a thing has one name, wherever it is used',
    check: (source) => (source.hasDefaultExport && !isConfig(source.path) ? ['has a default export'] : []),
  },
  {
    code: 'no-index',
    why: 'a reader of an import sees which file it means; only an adapter has one way in',
    check: ({ path }) =>
      /(^|\/)index\.ts$/.test(path) && !/^src\/adapters\/[^/]+\/index\.ts$/.test(path)
        ? ['is an index.ts']
        : [],
  },
  {
    code: 'import-by-folder',
    why: 'an import that leaves its folder names the folder (#net/…)',
    check: (source) =>
      source.imports
        .filter(
          (one) => one.isRelative && isIn(one.target, 'src') && layerOf(source.path) !== layerOf(one.target),
        )
        .map((one) => `reaches ${one.target} by a relative path`),
  },
  {
    code: 'says-what-for',
    why: 'a file opens with a comment that says what it is for',
    check: (source) => (source.opensWithComment ? [] : ['does not open with a block comment']),
  },
  {
    code: 'short-enough',
    why: `a file is read in one go: ${maxLines} lines, or a reason`,
    check: ({ path, lines }) =>
      lines > maxLines && !isTest(path) && !longFiles[path] ? [`has ${lines} lines`] : [],
  },
  {
    code: 'has-a-place',
    why: 'every folder has its row in the table',
    check: ({ path }) =>
      layerOf(path) || outside.some((folder) => isIn(path, folder)) || isConfig(path)
        ? []
        : ['lies in a folder that the table does not name'],
  },
];

/** Holds all sources to all rules; no source at all is an error. */
export function checkAll(sources: readonly Source[], project: Project): readonly Offence[] {
  if (sources.length === 0) throw new Error('no source to check');
  return sources.flatMap((source) =>
    rules.flatMap(({ code, check }) =>
      check(source, project).map((what) => ({ code, path: source.path, what })),
    ),
  );
}

function unlessTest(source: Source, check: (layer: Layer) => readonly string[]): readonly string[] {
  const layer = layerOf(source.path);
  return layer && !source.path.includes('.test.') ? check(layer) : [];
}

function checkLayer(layer: Layer, { target, isTypeOnly }: Import): readonly string[] {
  if (target === undefined || isOutside(target) || layerOf(target) === layer) return [];
  const allowed = [...layer.imports, ...(isTypeOnly ? (layer.types ?? []) : [])];
  if (allowed.some((path) => isIn(target, path))) return [];
  return [`imports ${isTypeOnly ? 'types of ' : ''}${target}: ${layer.why}`];
}

function mayUse(layer: Layer, path: string, name: string, project: Project): boolean {
  const own = layer.packages ?? [];
  if (own.includes(name) || own.includes(`${path}=${name}`)) return true;
  if (layer.kind !== 'edge') return false;
  return name.startsWith('node:') || !layer.folder.startsWith('src/') || project.packages.has(name);
}

function layerOf(path: string | undefined): Layer | undefined {
  return layers.find((layer) => isIn(path, layer.folder));
}

function adapterOf(path: string | undefined): string | undefined {
  return path?.match(/^src\/adapters\/([^/]+)\//)?.[1];
}

function isIn(path: string | undefined, folder: string): boolean {
  return path === folder || (path?.startsWith(`${folder}/`) ?? false);
}

/** True for a package or a module of Node. */
function isOutside(target: string | undefined): target is string {
  return (
    target !== undefined && !target.endsWith('.ts') && !target.endsWith('.tsx') && !target.endsWith('.json')
  );
}

function isTest(path: string): boolean {
  return path.startsWith('test/') || path.endsWith('.test.ts');
}

function isConfig(path: string): boolean {
  return /(^|\/)(vitest|vite)(\.\w+)?\.config\.ts$/.test(path);
}
