/* The files of one folder on disk: regular files only, inside the folder also after following links, in a fixed order. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { SnapshotFile } from '#adapters/source.ts';
import { SightlineError } from '#estate/error.ts';

export interface FolderFile {
  readonly path: string;
  readonly absolute: string;
  readonly bytes: number;
}

export interface Folder {
  readonly files: readonly FolderFile[];
  /** Paths that were not taken, each with its reason. */
  readonly refused: readonly { readonly path: string; readonly why: string }[];
}

const maxFiles = 50_000;
const maxDepth = 32;
/** Files read whole; logs are streamed and have no limit. */
export const maxBytes = 256 * 1024 * 1024;

/** Caches and histories that belong to no snapshot, and what desktops leave behind. */
const skipped = new Set(['.git', '.terraform', '.terragrunt-cache', 'node_modules', '.DS_Store']);

/** Plans and runbooks that were made from a snapshot and are kept in it: they are no part of it. */
const madeFromIt = 'change';

/** Every file below the folder, ordered by path. */
export async function listFolder(root: string): Promise<Folder> {
  const real = await realpath(root);
  const files: FolderFile[] = [];
  const refused: { path: string; why: string }[] = [];
  const visit = async (folder: string, depth: number): Promise<void> => {
    for (const name of (await readdir(join(real, folder))).sort()) {
      if (skipped.has(name) || (folder === '' && name === madeFromIt)) continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      const found = await look(real, path);
      if (typeof found === 'string') refused.push({ path, why: found });
      else if (found.isFolder && depth < maxDepth) await visit(path, depth + 1);
      else if (!found.isFolder) files.push({ path, absolute: found.absolute, bytes: found.bytes });
      if (files.length > maxFiles)
        throw new SightlineError('too-many-files', `${root} holds more than ${maxFiles} files`, {
          hint: 'give a snapshot folder, not a whole checkout',
        });
    }
  };
  await visit('', 0);
  return { files, refused };
}

async function look(real: string, path: string) {
  const absolute = join(real, path);
  const link = await lstat(absolute);
  if (link.isDirectory()) return { isFolder: true as const };
  if (!link.isSymbolicLink()) return link.isFile() ? regular(absolute, link.size) : 'is no regular file';
  const target = await realpath(absolute).catch(() => undefined);
  if (target === undefined) return 'is a link to nothing';
  if (!isInside(real, target)) return 'is a link that leaves the snapshot';
  const at = await stat(target);
  return at.isFile() ? regular(target, at.size) : 'is a link to something that is no regular file';
}

function regular(absolute: string, bytes: number) {
  return { isFolder: false as const, absolute, bytes };
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
}

/** A file that remembers the hash of what it gave out. */
export interface HashedFile extends SnapshotFile {
  sha256(): Promise<string>;
}

export function openFile(file: FolderFile, holds: readonly string[], limit = maxBytes): HashedFile {
  let hash: string | undefined;
  const read = async () => {
    if (file.bytes > limit)
      throw new SightlineError('too-large', `${file.path} has ${file.bytes} bytes, more than ${limit}`, {
        hint: 'split the file',
      });
    const bytes = await readFile(file.absolute);
    hash ??= createHash('sha256').update(bytes).digest('hex');
    return bytes;
  };
  async function* stream() {
    const sum = createHash('sha256');
    for await (const piece of createReadStream(file.absolute, { highWaterMark: 1 << 20 })) {
      sum.update(piece as Uint8Array);
      yield piece as Uint8Array;
    }
    hash ??= sum.digest('hex');
  }
  const sha256 = async () => {
    if (hash === undefined) for await (const _ of stream());
    return hash ?? '';
  };
  return {
    path: file.path,
    holds,
    bytes: file.bytes,
    read,
    text: async () => decodeText(await read(), file.path),
    stream,
    sha256,
  };
}

function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SightlineError('not-utf8', `${path} is not UTF-8 text${guess(bytes)}`, {
      hint: 'save the file as UTF-8',
      cause,
    });
  }
}

function guess(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return ' (it looks like UTF-16)';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return ' (it looks like UTF-16)';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return ' (it looks like gzip)';
  return '';
}
