/**
 * Brings the packages of one recipe into the cache: resolve, download, unpack beside, rename into place.
 * A folder in the cache is therefore complete or not there.
 */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AptState, download, type Package, resolve, unpack, update } from './apt.ts';
import { neverUnpacked, type Recipe } from './catalogue.ts';
import { withLock } from './lock.ts';

/** What lies in an unpacked folder: written last, so it marks the folder as complete. */
export interface Stamp {
  readonly key: string;
  readonly packages: readonly Package[];
}

/** The marker's content if the recipe is unpacked in `cache` as it stands now, else undefined. */
export async function readStamp(cache: string, recipe: Recipe): Promise<Stamp | undefined> {
  const text = await readFile(join(cache, recipe.folder, 'stamp.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const stamp = JSON.parse(text) as Stamp;
  return stamp.key === keyOf(recipe) ? stamp : undefined;
}

/** Fetches and unpacks a recipe, once, whoever else asks for it at the same time. */
export async function fetchRecipe(cache: string, recipe: Recipe, statusFile: string): Promise<Stamp> {
  return withLock(join(cache, `${recipe.folder}.lock`), async () => {
    const there = await readStamp(cache, recipe);
    if (there) return there;
    const apt: AptState = { folder: join(cache, '.apt'), statusFile };
    await update(apt);
    try {
      return await bring(cache, recipe, apt);
    } catch {
      await update(apt, true); // the lists may name versions that the mirror no longer has
      return await bring(cache, recipe, apt);
    }
  });
}

async function bring(cache: string, recipe: Recipe, apt: AptState): Promise<Stamp> {
  const wanted = (await resolve(apt, recipe.packages)).filter((one) => isNeeded(one, recipe));
  const missing = recipe.packages.filter((name) => !wanted.some((one) => one.name === name));
  if (missing.length > 0) throw new Error(`Debian's lists have no ${missing.join(', ')}`);
  const work = await mkdtemp(join(cache, `.${recipe.folder}-`));
  try {
    const stamp = { key: keyOf(recipe), packages: wanted };
    await unpackAll(await download(apt, wanted, join(work, 'debs')), recipe, join(work, 'new'), stamp);
    await rm(join(cache, recipe.folder), { recursive: true, force: true });
    await rename(join(work, 'new'), join(cache, recipe.folder));
    return stamp;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function unpackAll(
  files: readonly string[],
  recipe: Recipe,
  folder: string,
  stamp: Stamp,
): Promise<void> {
  const root = join(folder, 'root');
  await mkdir(root, { recursive: true });
  for (const file of files) await unpack(file, root);
  for (const path of recipe.remove ?? []) await rm(join(root, path), { force: true });
  await writeFile(join(folder, 'stamp.json'), `${JSON.stringify(stamp, null, 2)}\n`);
}

function isNeeded(one: Package, recipe: Recipe): boolean {
  if (recipe.packages.includes(one.name)) return true;
  return !neverUnpacked.test(one.name) && !recipe.leaveOut?.test(one.name);
}

function keyOf(recipe: Recipe): string {
  return JSON.stringify([
    process.arch,
    recipe.packages,
    `${neverUnpacked}${recipe.leaveOut ?? ''}`,
    recipe.remove ?? [],
  ]);
}
