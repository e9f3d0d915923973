/*
 * Opens a snapshot folder: its manifest, its files, and, for a variant, the base that it is laid over. Only says what is
 * there and what is not; reading the files is the sources' work.
 */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SightlineError } from '#estate/error.ts';
import type { Gap } from '#estate/evidence.ts';
import { type FolderFile, type HashedFile, listFolder, openFile } from './folder.ts';
import { decodeManifest, decodeVariant, howToWrite, type ListedFile, type Manifest } from './manifest.ts';

export interface OpenSnapshot {
  readonly root: string;
  readonly takenAt?: string;
  readonly description?: string;
  readonly absent: readonly string[];
  /** Everything snapshot.json lists, by path. */
  readonly listed: ReadonlyMap<string, ListedFile>;
  /** What is there, ordered by path; snapshot.json and variant.json not among them. */
  readonly files: readonly HashedFile[];
  /** Files and links that were not opened. */
  readonly gaps: readonly Gap[];
}

interface Layer {
  readonly manifest: Omit<Manifest, 'format'>;
  readonly files: ReadonlyMap<string, FolderFile>;
  readonly refused: readonly { readonly path: string; readonly why: string }[];
}

const maxLayers = 8;

/** Throws SightlineError `no-snapshot` or `bad-snapshot` where the folder is none. */
export async function openSnapshot(dir: string, options: { maxBytes?: number } = {}): Promise<OpenSnapshot> {
  const root = resolve(dir);
  const layer = await openLayer(root, 0);
  const listed = new Map(layer.manifest.files.map((f) => [f.path, f]));
  const files = [...layer.files.values()]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((f) => openFile(f, completeHolds(listed.get(f.path)), options.maxBytes));
  const { takenAt, description, absent } = layer.manifest;
  return {
    root,
    ...(takenAt !== undefined && { takenAt }),
    ...(description !== undefined && { description }),
    absent,
    listed,
    files,
    gaps: layer.refused.map(({ path, why }) => refusedGap(path, why)),
  };
}

/** What the file may be taken to hold; a file listed as incomplete still says what kind of thing it is. */
function completeHolds(listed: ListedFile | undefined): readonly string[] {
  return listed?.holds ?? [];
}

function refusedGap(path: string, why: string): Gap {
  return {
    id: `refused:${path}`,
    kinds: [],
    what: `${path} ${why}; it was not read`,
    evidence: { file: path },
  };
}

async function openLayer(root: string, depth: number): Promise<Layer> {
  if (depth > maxLayers)
    throw new SightlineError('bad-snapshot', `${root}: variants of variants, ${maxLayers} deep, or a loop`, {
      hint: 'let variant.json name a base that is a snapshot',
    });
  if (!(await isFolder(root)))
    throw new SightlineError('no-snapshot', `${root} is no folder`, {
      hint: 'give the folder of a snapshot',
    });
  const variant = await textOf(join(root, 'variant.json'));
  const manifest = await textOf(join(root, 'snapshot.json'));
  if (variant !== undefined) return openVariant(root, variant, manifest, depth);
  if (manifest === undefined)
    throw new SightlineError('no-snapshot', `${root} has no snapshot.json`, { hint: howToWrite });
  const folder = await listFolder(root);
  return {
    manifest: decodeManifest(manifest, 'snapshot.json'),
    files: new Map(folder.files.filter((f) => !isManifest(f.path)).map((f) => [f.path, f])),
    refused: folder.refused,
  };
}

async function openVariant(
  root: string,
  text: string,
  own: string | undefined,
  depth: number,
): Promise<Layer> {
  const variant = decodeVariant(text, 'variant.json');
  const base = await openLayer(resolve(root, variant.base), depth + 1);
  const folder = await listFolder(root);
  const ownManifest = own === undefined ? undefined : decodeManifest(own, 'snapshot.json');
  const files = new Map(base.files);
  for (const path of variant.remove) removeFrom(files, path);
  for (const f of folder.files) if (!isManifest(f.path)) files.set(f.path, f);
  const listed = new Map(base.manifest.files.map((f) => [f.path, f]));
  for (const path of variant.remove) removeFrom(listed, path);
  for (const f of [...(ownManifest?.files ?? []), ...variant.files]) listed.set(f.path, f);
  const takenAt = variant.takenAt ?? ownManifest?.takenAt ?? base.manifest.takenAt;
  return {
    manifest: {
      ...(takenAt !== undefined && { takenAt }),
      ...(variant.description !== undefined && { description: variant.description }),
      absent: [...base.manifest.absent, ...(ownManifest?.absent ?? []), ...variant.absent],
      files: [...listed.values()],
    },
    files,
    refused: [...base.refused, ...folder.refused],
  };
}

/** Removes a file, or everything below a folder. */
function removeFrom(files: Map<string, unknown>, path: string): void {
  const folder = `${path.replace(/\/$/, '')}/`;
  for (const p of [...files.keys()]) if (p === path || p.startsWith(folder)) files.delete(p);
}

function isManifest(path: string): boolean {
  return path === 'snapshot.json' || path === 'variant.json';
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );
}

async function textOf(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes && new TextDecoder('utf-8').decode(bytes);
}
