/**
 * Reads Debian's package lists and fetches packages with apt, in a state folder of our own:
 * nothing is installed, no system folder is written, no right of root is needed.
 * Follows apt 2.6 (Debian 12): `--print-uris`, `apt-get download`, `dpkg-deb --extract`.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './lock.ts';

const run = promisify(execFile);
const listsAreFreshMs = 24 * 3600 * 1000;
const limits = { maxBuffer: 32 << 20, timeout: 300_000 };

/** One package as apt would fetch it. */
export interface Package {
  readonly name: string;
  readonly version: string;
}

/** Where apt keeps its state for us, and which installed packages it counts on. */
export interface AptState {
  readonly folder: string;
  /** dpkg's status file; another one than the machine's makes apt think that less is installed. */
  readonly statusFile: string;
}

/** Why the lists of a folder could not be read; asked once per process, since waiting for a dead network is slow. */
const failures = new Map<string, unknown>();

/** Brings the package lists up to date, at most once a day unless `force`. */
export async function update(apt: AptState, force = false): Promise<void> {
  await withLock(join(apt.folder, 'update.lock'), async () => {
    if (failures.has(apt.folder)) throw failures.get(apt.folder);
    if (!force && (await hasFreshLists(apt))) return;
    await readLists(apt).catch((cause) => {
      failures.set(apt.folder, cause);
      throw cause;
    });
  });
}

async function readLists(apt: AptState): Promise<void> {
  await mkdir(join(apt.folder, 'state/lists/partial'), { recursive: true });
  await mkdir(join(apt.folder, 'cache/archives/partial'), { recursive: true });
  await run('apt-get', [...options(apt), '-qq', '-o', 'APT::Update::Error-Mode=any', 'update'], limits);
  await run('apt-cache', [...options(apt), 'gencaches'], limits);
}

/** The packages that `names` need and the machine has not, and `names` themselves even if it has. */
export async function resolve(apt: AptState, names: readonly string[]): Promise<readonly Package[]> {
  const flags = ['-qq', '-y', '--no-install-recommends', '--reinstall', '--print-uris', 'install'];
  const { stdout } = await run('apt-get', [...options(apt), ...flags, ...names], limits);
  return parseUris(stdout);
}

/** Fetches packages into `folder` (apt checks their hashes) and gives the files. */
export async function download(
  apt: AptState,
  packages: readonly Package[],
  folder: string,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const wanted = packages.map((one) => `${one.name}=${one.version}`);
  await run('apt-get', [...options(apt), '-qq', 'download', ...wanted], { ...limits, cwd: folder });
  const files = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
  if (files.length < packages.length)
    throw new Error(`apt fetched ${files.length} of ${packages.length} packages`);
  return files.map((file) => join(folder, file));
}

/** Unpacks the files of one package below `root`; its scripts do not run. */
export async function unpack(file: string, root: string): Promise<void> {
  await run('dpkg-deb', ['--extract', file, root], limits);
}

/** Reads the lines of `--print-uris`: 'URI' NAME_VERSION_ARCH.deb SIZE HASH. */
export function parseUris(text: string): readonly Package[] {
  return [...text.matchAll(/^'[^']*' ([^_\s]+)_([^_\s]+)_[^_\s]+\.deb /gm)].map(([, name, version]) => ({
    name: decodeURIComponent(name ?? ''),
    version: decodeURIComponent(version ?? ''),
  }));
}

function options(apt: AptState): readonly string[] {
  const settings = [
    `Dir::State=${apt.folder}/state`,
    `Dir::State::status=${apt.statusFile}`,
    `Dir::Cache=${apt.folder}/cache`,
    'Dir::Cache::pkgcache=pkgcache.bin',
    'Dir::Cache::srcpkgcache=srcpkgcache.bin',
    'APT::Sandbox::User=',
    'Debug::NoLocking=1',
    'Acquire::Retries=2',
    'Acquire::http::Timeout=20',
  ];
  return settings.flatMap((setting) => ['-o', setting]);
}

async function hasFreshLists(apt: AptState): Promise<boolean> {
  const cache = await stat(join(apt.folder, 'cache/pkgcache.bin')).catch(() => undefined);
  return cache !== undefined && Date.now() - cache.mtimeMs < listsAreFreshMs;
}
