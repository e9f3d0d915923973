/* Snapshot files that are in memory: for tests of sources, and for callers that hold the bytes already. */
import { type SnapshotContext, type SnapshotFile, systemOf } from './source.ts';

/** A file; text is UTF-8, and bytes that are not reject as the real ones do. */
export function memoryFile(path: string, content: string | Uint8Array): SnapshotFile {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return {
    path,
    holds: [],
    bytes: bytes.length,
    read: async () => bytes,
    text: async () => new TextDecoder('utf-8', { fatal: true }).decode(bytes),
    stream: async function* () {
      yield bytes;
    },
  };
}

export function memoryFiles(
  contents: Readonly<Record<string, string | Uint8Array>>,
): readonly SnapshotFile[] {
  return Object.entries(contents).map(([path, content]) => memoryFile(path, content));
}

export function memoryContext(files: readonly SnapshotFile[]): SnapshotContext {
  const byPath = new Map(files.map((f) => [f.path, f]));
  return {
    file: (path) => byPath.get(path),
    isDeclared: () => false,
    isComplete: () => false,
    systems: [...new Set(files.flatMap((f) => systemOf(f.path) ?? []))].sort(),
  };
}
