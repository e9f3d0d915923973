/**
 * Finds a Debian program (nft, named, postgres …) on the machine, or brings it into the project's cache:
 * fetched with apt, unpacked, not installed, so no service starts and no system file changes.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename, delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type ProgramName, type Recipe, recipeOf } from './programs/catalogue.ts';
import { fetchRecipe, readStamp } from './programs/fetch.ts';

export { type ProgramName, programNames } from './programs/catalogue.ts';

/** A program that can be run, with all that it needs around it. */
export interface Program {
  readonly kind: 'program';
  readonly name: ProgramName;
  /** Absolute path of the file to run. */
  readonly path: string;
  /** The whole environment to run it with (this process's own, with PATH and library paths in front). */
  readonly env: NodeJS.ProcessEnv;
  /** Folder under which the packages' other files lie: `/` for the machine's own. Ends in `/`. */
  readonly root: string;
  readonly from: 'machine' | 'cache';
}

/** A program that is not to be had here, and the command that a person can run to get it. */
export interface MissingProgram {
  readonly kind: 'missing';
  readonly name: ProgramName;
  readonly message: string;
  readonly command: string;
}

/** How to look for programs; the defaults are right outside tests. */
export interface Search {
  /** Folder of unpacked packages. */
  readonly cache?: string;
  /** False: never use the machine's own program. SIGHTLINE_PROGRAMS=cache sets this for a whole run. */
  readonly useMachine?: boolean;
  /** False: say `missing` instead of fetching. */
  readonly canFetch?: boolean;
  /** dpkg's status file. */
  readonly statusFile?: string;
}

const found = new Map<string, Promise<Program | MissingProgram>>();

/** Gives one program, fetching it if need be (seconds the first time, milliseconds after). Never throws. */
export function program(name: ProgramName, search: Search = {}): Promise<Program | MissingProgram> {
  const key = JSON.stringify([name, search]);
  const known = found.get(key);
  if (known) return known;
  const looking = look(name, search);
  found.set(key, looking);
  return looking;
}

/** Gives several programs at once; packages download side by side. */
export function programs(
  names: readonly ProgramName[],
  search: Search = {},
): Promise<readonly (Program | MissingProgram)[]> {
  return Promise.all(names.map((name) => program(name, search)));
}

/** How to start a program that refuses root (initdb, postgres): as it is, or inside a user namespace as uid 1000. */
export function withoutRoot(command: readonly string[], uid = process.geteuid?.()): readonly string[] {
  return uid === 0 ? ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--', ...command] : command;
}

async function look(name: ProgramName, search: Search): Promise<Program | MissingProgram> {
  const recipe = recipeOf(name);
  const isOwnAllowed = search.useMachine ?? process.env.SIGHTLINE_PROGRAMS !== 'cache';
  const own = isOwnAllowed ? await findOnMachine(name, recipe) : undefined;
  if (own) return own;
  const cache = resolve(search.cache ?? join(import.meta.dirname, '../.cache/debs'));
  try {
    if (!(await readStamp(cache, recipe))) {
      if (search.canFetch === false)
        return missing(name, recipe, 'it is not here, and fetching was not asked for');
      await fetchRecipe(cache, recipe, search.statusFile ?? '/var/lib/dpkg/status');
    }
    return await findInCache(name, recipe, cache);
  } catch (cause) {
    return missing(name, recipe, reason(cause));
  }
}

async function findOnMachine(name: ProgramName, recipe: Recipe): Promise<Program | undefined> {
  for (const path of recipe.alsoNeeds ?? []) if (!(await canRead(join('/', path)))) return undefined;
  const own = { kind: 'program', name, env: machineEnv(), root: '/', from: 'machine' } as const;
  for (const path of recipe.files.map((file) => join('/', file)))
    if (await canRun(path)) return { ...own, path };
  const path = recipe.version ? await findOnPath(recipe) : undefined;
  return path === undefined ? undefined : { ...own, path };
}

/** A program in another place than Debian's, if it says that its version is high enough. */
async function findOnPath({ files, version }: Recipe): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, basename(files[0] ?? ''));
    if (folder.startsWith('/') && (await canRun(path)) && version)
      return isAtLeast(await askVersion(path, version.args), version.atLeast) ? path : undefined;
  }
  return undefined;
}

async function askVersion(path: string, args: readonly string[]): Promise<string> {
  const output = await promisify(execFile)(path, [...args], { timeout: 30_000 }).catch(() => undefined);
  return output ? output.stdout + output.stderr : '';
}

/** Whether the first version number in a text (`nftables v1.0.6`) reaches a major and minor number. */
export function isAtLeast(text: string, [major, minor]: readonly [number, number]): boolean {
  const [, foundMajor, foundMinor] = text.match(/(\d+)\.(\d+)/) ?? [];
  if (foundMajor === undefined) return false;
  return Number(foundMajor) > major || (Number(foundMajor) === major && Number(foundMinor) >= minor);
}

async function findInCache(name: ProgramName, recipe: Recipe, cache: string): Promise<Program> {
  const root = join(cache, recipe.folder, 'root/');
  for (const path of recipe.files.map((file) => join(root, file)))
    if (await canRun(path))
      return { kind: 'program', name, path, env: cacheEnv(root, recipe), root, from: 'cache' };
  throw new Error(`the packages ${recipe.packages.join(', ')} hold none of ${recipe.files.join(', ')}`);
}

function machineEnv(): NodeJS.ProcessEnv {
  // Debian gives sbin to root only, but `ip` and `nft` are useful to anyone in a namespace of their own.
  return {
    ...process.env,
    PATH: [process.env.PATH ?? '/usr/bin:/bin', '/usr/sbin', '/sbin'].join(delimiter),
  };
}

function cacheEnv(root: string, recipe: Recipe): NodeJS.ProcessEnv {
  const base = machineEnv();
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const below = (paths: readonly string[]) => paths.map((path) => `${root}${path}`);
  const own = (recipe.libraries ?? []).map((path) => path.replace('%', triplet));
  const libraries = below([`usr/lib/${triplet}`, `lib/${triplet}`, 'usr/lib', ...own]);
  if (base.LD_LIBRARY_PATH) libraries.push(base.LD_LIBRARY_PATH);
  const path = [...below(['usr/sbin', 'usr/bin', 'sbin', 'bin']), base.PATH ?? ''];
  const settings = Object.entries(recipe.env ?? {}).map(([key, value]) => [
    key,
    value.replace('@', root).replace('%', triplet),
  ]);
  return {
    ...base,
    PATH: path.join(delimiter),
    LD_LIBRARY_PATH: libraries.join(delimiter),
    ...Object.fromEntries(settings),
  };
}

function missing(name: ProgramName, recipe: Recipe, why: string): MissingProgram {
  const command = `apt-get install ${recipe.packages.join(' ')}`;
  return { kind: 'missing', name, message: `${name} is left out: ${why}`, command };
}

function reason(cause: unknown): string {
  const error = cause as NodeJS.ErrnoException & { stderr?: string; path?: string };
  if (error.code === 'ENOENT' && error.path?.startsWith('apt'))
    return 'this machine has no apt (Debian 12 has)';
  const line = error.stderr?.split('\n').find((one) => one.startsWith('E: '));
  return line?.slice(3) ?? error.message.split('\n')[0] ?? 'no reason given';
}

function canRun(path: string): Promise<boolean> {
  return canAccess(path, constants.X_OK);
}

function canRead(path: string): Promise<boolean> {
  return canAccess(path, constants.R_OK);
}

async function canAccess(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
