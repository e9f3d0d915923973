/* Replaces a file as a whole: beside it, flushed, with its mode, then renamed. Never through a link that leaves the folder. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

/** Text of the file; undefined: not there. */
export async function textOf(root: string, file: string): Promise<string | undefined> {
  try {
    return await readFile(await inside(root, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export type Replaced = { readonly kind: 'written' } | { readonly kind: 'changed'; readonly says: string };

/** Writes `after` where `before` stands (undefined: no file); anything else there is left alone. */
export async function replaceFile(
  root: string,
  file: string,
  before: string | undefined,
  after: string | undefined,
): Promise<Replaced> {
  const path = await inside(root, file);
  if ((await textOf(root, file)) !== before)
    return { kind: 'changed', says: `${file} was changed since it was read` };
  if (after === undefined) await rm(path);
  else await replace(root, file, path, before, after);
  return { kind: 'written' };
}

async function replace(root: string, file: string, path: string, before: string | undefined, after: string) {
  const mode = before === undefined ? 0o644 : (await stat(path)).mode & 0o7777;
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${randomBytes(6).toString('hex')}.sightline`;
  try {
    await writeDurably(beside, after, mode);
    if ((await textOf(root, file)) !== before) throw new Error(`${file} was changed while it was written`);
    await rename(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
}

async function writeDurably(path: string, text: string, mode: number) {
  const handle = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, mode);
  try {
    await handle.chmod(mode);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The real path of the file; refused when it lies outside the root. */
async function inside(root: string, file: string): Promise<string> {
  const base = await realpath(root);
  const path = join(base, file);
  const link = await lstat(path).catch(() => undefined);
  const real = link?.isSymbolicLink() ? await realpath(path) : path;
  const parent = await realpath(dirname(real)).catch(() => dirname(real));
  const away = relative(base, parent);
  if (away === '..' || away.startsWith(`..${sep}`)) throw new Error(`${file} leads out of ${root}`);
  return real;
}
