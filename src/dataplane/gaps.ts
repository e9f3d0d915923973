/* The first gap that may hide facts of some kinds in a system. */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Kind } from '#estate/kinds.ts';

/** The first gap that may hide facts of one of the kinds; undefined system: any. */
export function firstGap(reader: Reader, kinds: readonly Kind[], system?: string): Gap | undefined {
  for (const kind of kinds) {
    const gap = reader.gap(kind, system);
    if (gap !== undefined) return gap;
  }
  return undefined;
}
