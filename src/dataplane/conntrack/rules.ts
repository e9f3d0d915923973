/*
 * How kube-proxy's clean-up of UDP conntrack entries differs between releases; see docs/model.md for the sources.
 */
import { rulesOf } from '../version.ts';

export interface CleanUpRules {
  /** A reconciler compares the whole table with the serving endpoints. */
  readonly reconciles: boolean;
  /** A Service's port is compared too, not its address alone. */
  readonly comparesPort: boolean;
  /** A Service without a serving endpoint has its entries deleted as well. */
  readonly cleansWithoutEndpoints: boolean;
}

const since: Readonly<Record<keyof CleanUpRules, string>> = {
  reconciles: '1.32',
  comparesPort: '1.33',
  cleansWithoutEndpoints: '1.37',
};

/** All rules that a kube-proxy of this version may follow. */
export function cleanUpRulesOf(version: string | undefined): readonly CleanUpRules[] {
  return rulesOf(version, since);
}
