/*
 * Small estates for the real data plane, each made from a seed: how names are answered, how the tunnel and the firewall
 * lead in, who shares the address, who owns and re-writes what, where the address is stated besides. All of it varies
 * independently, so that a few hundred of them hold most pairs of properties.
 */
import { type Estate, makeEstate } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { homeFacts } from '../estates.ts';
import { mulberry } from '../plan-simulator.ts';
import { aroundParts } from './around.ts';
import { clusterParts } from './cluster.ts';
import { nameParts } from './names.ts';
import { wayParts } from './ways.ts';

/** Facts added to (or put in place of) those of the common house, and keys that are not there. */
export interface Part {
  readonly says: string;
  readonly add?: readonly Fact[];
  readonly without?: readonly FactKey[];
}

/** Draws from the seed. */
export interface Dice {
  chance(of: number): boolean;
  one<T>(of: readonly T[]): T;
}

export interface GeneratedHouse {
  readonly estate: Estate;
  /** What is special about it, in short words. */
  readonly says: readonly string[];
}

/** The estate of the seed: equal for equal seeds. */
export function generatedHouse(seed: number): GeneratedHouse {
  const dice = diceOf(seed);
  const parts = [...clusterParts(dice), ...nameParts(dice), ...wayParts(dice), ...aroundParts(dice)];
  const without = new Set(parts.flatMap((p) => p.without ?? []));
  const facts = new Map(homeFacts().map((f) => [f.key, f]));
  for (const key of without) facts.delete(key);
  for (const f of parts.flatMap((p) => p.add ?? [])) facts.set(f.key, f);
  return { estate: makeEstate(facts.values()), says: parts.map((p) => p.says).filter((s) => s !== '') };
}

function diceOf(seed: number): Dice {
  const random = mulberry(seed * 7919 + 17);
  return {
    chance: (of) => random() < of,
    one: (of) => of[Math.floor(random() * of.length)] as never,
  };
}
