/* Positions that are one state to every flow, and how many each of them stands for. */
import type { LinePoint } from './line.ts';

/** Points that differ in what the world holds or in what caches may hold; the first of equal ones. */
export function distinctPoints(points: readonly LinePoint[]): readonly LinePoint[] {
  const seen = new Set<string>();
  return points.filter((p) => {
    if (seen.has(p.id)) return false;
    seen.add(p.id);
    return true;
  });
}

/** How many positions each point's id stands for. */
export function weightsOf(points: readonly LinePoint[]): ReadonlyMap<string, number> {
  const out = new Map<string, number>();
  for (const p of points) out.set(p.id, (out.get(p.id) ?? 0) + p.times);
  return out;
}
