/**
 * Completes package-lock.json with the optional packages of other platforms. npm leaves out those that its
 * registry does not serve, and `npm ci` then refuses the lock file; an entry that names version and platform
 * is enough for npm to pass over it on every machine that it is not for.
 * Usage: lock.ts          (after `npm install`; `npm run unit -- lock` checks)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One package of the lock file; further fields are kept as they are. */
export interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The packages of a lock file by their path (`node_modules/NAME`). */
export type LockPackages = Readonly<Record<string, LockEntry>>;

const systems = ['linux', 'darwin', 'win32', 'android', 'freebsd', 'openbsd', 'netbsd', 'sunos', 'aix'];
const processors = ['x64', 'arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el'];

/** Entries for the optional packages that others name with an exact version and the lock file lacks. */
export function missingEntries(packages: LockPackages): LockPackages {
  const wanted = Object.values(packages).flatMap((parent) =>
    Object.entries(parent.optionalDependencies ?? {})
      .filter(([name]) => packages[`node_modules/${name}`] === undefined)
      .map(([name, version]) => [`node_modules/${name}`, entryOf(name, version, parent)] as const),
  );
  return Object.fromEntries(wanted);
}

function entryOf(name: string, version: string, parent: LockEntry): LockEntry {
  const words = name.split(/[-/.]/);
  const os = systems.filter((one) => words.includes(one));
  const cpu = processors.filter((one) => words.includes(one));
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : [];
  return {
    version,
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(parent.dev ? { dev: true } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    optional: true,
    ...(os.length > 0 ? { os } : {}),
  };
}

if (import.meta.main) {
  const path = join(import.meta.dirname, '../package-lock.json');
  const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: LockPackages };
  const added = missingEntries(lock.packages);
  const sorted = Object.entries({ ...lock.packages, ...added }).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
  console.log(`${Object.keys(added).length} packages of other platforms added`);
}
