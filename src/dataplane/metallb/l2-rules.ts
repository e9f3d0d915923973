/*
 * What MetalLB's layer 2 speaker does differently from release to release; the releases are those of its release
 * notes (see docs/model.md).
 */
import type { Announcing } from '#estate/metallb.ts';
import { rulesOf } from '../version.ts';

export interface L2Rules {
  /** Nodes with the condition NetworkUnavailable do not announce. */
  readonly networkUnavailable: boolean;
  /** Nodes labelled node.kubernetes.io/exclude-from-external-load-balancers do not announce. */
  readonly excludeLabel: boolean;
  /** The speaker may be told to ignore that label. */
  readonly ignoreExcludeLabel: boolean;
  /** Without memberlist every node is taken to have a speaker. */
  readonly withoutMemberlist: boolean;
  /** Advertisements select Services, and only the matching ones take part; no sharing with such selectors. */
  readonly serviceSelectors: boolean;
  /** Preferred nodes come before the hash. */
  readonly preferences: boolean;
}

const since: Readonly<Record<keyof L2Rules, string>> = {
  networkUnavailable: '0.13.10',
  excludeLabel: '0.14.2',
  ignoreExcludeLabel: '0.14.4',
  withoutMemberlist: '0.15.0',
  serviceSelectors: '0.16.0',
  preferences: '0.16.2',
};

export const newestL2Rules: L2Rules = {
  networkUnavailable: true,
  excludeLabel: true,
  ignoreExcludeLabel: true,
  withoutMemberlist: true,
  serviceSelectors: true,
  preferences: true,
};

const known = new WeakMap<Announcing, readonly L2Rules[]>();

/** All rules that these speakers may follow: one set, or several where their version is not known. */
export function l2RulesOf(announcing: Announcing): readonly L2Rules[] {
  const rules = known.get(announcing) ?? rulesOf(announcing.version, since);
  known.set(announcing, rules);
  return rules;
}
