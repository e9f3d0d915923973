/* Gaps that the data plane itself names: it knows which rule would decide, and which fact it lacks for it. */
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Kind } from '#estate/kinds.ts';

/** A gap of one cluster; the id is stable, so that it can be accepted by name. */
export function clusterGap(
  id: string,
  cluster: string,
  kinds: readonly Kind[],
  what: string,
  expected?: string,
  evidence?: Evidence,
): Gap {
  return {
    id: `${id}/${cluster}`,
    system: `cluster/${cluster}`,
    kinds,
    what,
    ...(expected !== undefined && { expected }),
    ...(evidence !== undefined && { evidence }),
  };
}
