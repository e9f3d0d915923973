/* Whether a held answer matters to a walk: only then it is one more choice of the flow. */
import { keysTouched } from '#estate/estate.ts';
import type { HeldVersion } from './held.ts';
import type { KeptWalk } from './memo.ts';
import { hasBit } from './read-set.ts';
import type { View } from './view.ts';

/** Whether the walk would see the difference between what stands there now and the held version. */
export function isRead(reads: KeptWalk['reads'], view: View, version: HeldVersion): boolean {
  const { key, fact } = version;
  const kind = key.slice(0, key.indexOf(':')) as 'recordSet';
  const before = view.reader.get(kind, key.slice(kind.length + 1));
  const { numbers } = view.touchable;
  const bits = reads.bits(view.touchable);
  return keysTouched({ key, before, after: fact }).some((k) => {
    const n = numbers.get(k);
    return n === undefined ? reads.has(k) : hasBit(bits, n);
  });
}
