/* Snapshot files from texts, for tests of sources. */
import type { SnapshotContext, SnapshotFile, Source } from '#adapters/source.ts';
import { systemOf } from '#adapters/source.ts';
import { SightlineError } from '#estate/error.ts';
import type { Fact } from '#estate/fact.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';

/** A file with that content; bytes that are no UTF-8 are refused as the real one refuses them. */
export function memoryFile(
  path: string,
  content: string | Uint8Array,
  holds: readonly string[] = [],
): SnapshotFile {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  async function* stream() {
    yield bytes;
  }
  return {
    path,
    holds,
    bytes: bytes.length,
    read: async () => bytes,
    text: async () => decode(bytes, path),
    stream,
  };
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SightlineError('not-utf8', `${path} is not UTF-8 text`);
  }
}

/** Everything that the files hold counts as complete; `complete` adds more. */
export function contextOf(files: readonly SnapshotFile[], complete: readonly string[] = []): SnapshotContext {
  const held = new Set(files.flatMap((f) => f.holds.map((h) => `${systemOf(f.path)}|${h}`)));
  const systems = [...new Set(files.flatMap((f) => systemOf(f.path) ?? []))];
  const isHeld = (system: string, hold: string) => held.has(`${system}|${hold}`) || complete.includes(hold);
  return {
    file: (path) => files.find((f) => f.path === path),
    isDeclared: isHeld,
    isComplete: isHeld,
    systems,
  };
}

/** What the source makes of texts by path. */
export async function discover(
  source: Source,
  texts: Readonly<Record<string, string | Uint8Array>>,
  complete: readonly string[] = [],
) {
  const files = Object.entries(texts).map(([path, text]) => memoryFile(path, text));
  return source.discover(files, contextOf(files, complete));
}

/** Values of the facts of one kind, in order. */
export function valuesOf<K extends Kind>(facts: readonly Fact[], kind: K): readonly Kinds[K][] {
  return facts.filter((f): f is Fact<K> => f.kind === kind).map((f) => f.value);
}
