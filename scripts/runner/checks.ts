/**
 * The registered checks: those that `npm test` runs after the unit tests, and the longer ones of
 * `npm run test:full`. To add one, add an entry; what it needs decides whether it can run on a machine.
 */

import { recipeOf } from '#lab/programs/catalogue.ts';
import { type ProgramName, programNames } from '#lab/programs.ts';
import type { Need } from './needs.ts';

/** One check: a script for the pinned Node, which exits with 0 only if it checked something and all held. */
export interface Check {
  readonly name: string;
  /** Script and arguments, from the project's root. */
  readonly script: readonly [string, ...string[]];
  /** Without one of these the check is left out, and the summary says so. */
  readonly needs: readonly Need[];
  /**
   * It measures no time, so that others may run beside it: two of those that compute and one of those that wait at once.
   * Checks without it have the machine to themselves, and come first.
   */
  readonly mostly?: 'computes' | 'waits';
}

const labTests = ['node_modules/vitest/vitest.mjs', 'run', '-c', 'vitest.lab.config.ts'] as const;
const cachedPrograms: readonly ProgramName[] = programNames.filter((name) => !recipeOf(name).onDemand);

/** What a copy of the example needs: its kube-proxy is in iptables mode. */
const labNeeds: readonly Need[] = [
  'netns',
  'nft',
  'ip',
  'iptables-restore',
  'ip6tables-restore',
  'named',
  'nsupdate',
];

/** Part of `npm test`: seconds each. */
export const smokeChecks: readonly Check[] = [
  { name: 'lab smoke', script: ['scripts/lab-smoke.ts'], needs: labNeeds },
];

/**
 * Part of `npm run test:full`: minutes each at most, a quarter of an hour together; of those side by side the long ones
 * stand first. Every `*.lab.test.ts` is in one.
 */
export const longChecks: readonly Check[] = [
  {
    name: 'plans carried out in the lab',
    script: ['scripts/apply-lab.ts'],
    needs: ['netns', 'nft', 'ip', 'named', 'nsupdate'],
    mostly: 'waits',
  },
  { name: 'crash points', script: ['scripts/crash-points.ts'], needs: ['named'], mostly: 'computes' },
  { name: 'failing calls', script: [...labTests, 'test/actuators'], needs: [], mostly: 'waits' },
  {
    name: 'a run as a Job',
    script: [...labTests, 'test/apply/in-cluster'],
    needs: [],
    mostly: 'waits',
  },
  {
    name: 'a full disk',
    script: [...labTests, 'test/apply/full-disk'],
    needs: ['netns'],
    mostly: 'waits',
  },
  {
    name: 'Ctrl-C and signals',
    script: [...labTests, 'test/apply/interrupts'],
    needs: [],
    mostly: 'waits',
  },
  {
    name: 'clients as the ingress logs them',
    script: [...labTests, 'test/apply/client-log'],
    needs: ['netns', 'nft', 'ip', 'named'],
    mostly: 'waits',
  },
  { name: 'bind', script: [...labTests, 'src/adapters/bind'], needs: ['named'], mostly: 'waits' },
  {
    name: 'generated estates',
    script: ['scripts/generated-estates.ts', '--houses', '200', '--seconds', '240'],
    needs: [],
    mostly: 'computes',
  },
  {
    name: 'every change is needed',
    script: ['scripts/plan-checks.ts', 'needed', '--houses', '40', '--seconds', '200'],
    needs: [],
    mostly: 'computes',
  },
  {
    name: 'plans of the variants',
    script: ['scripts/plan-checks.ts', 'variants', '--faults', '--seconds', '240'],
    needs: [],
    mostly: 'computes',
  },
  {
    name: 'bugs planted in the prover',
    script: ['scripts/planted-bugs.ts'],
    needs: [],
    mostly: 'computes',
  },
  {
    name: 'counterexamples of the variants',
    script: ['scripts/plan-as-written.ts'],
    needs: [],
    mostly: 'computes',
  },
  {
    name: 'mutants of the data plane',
    script: ['scripts/mutate.ts', '--sample', '150'],
    needs: [],
    mostly: 'computes',
  },
  {
    name: 'example changes as committed',
    script: ['scripts/examples.ts', '--check'],
    needs: [],
    mostly: 'computes',
  },
  {
    name: 'Debian programs',
    script: [...labTests, 'lab/programs'],
    needs: ['netns', ...cachedPrograms],
    mostly: 'waits',
  },
  {
    name: 'kernel lab',
    script: [...labTests, 'lab/kernel', 'lab/traffic'],
    needs: ['netns', 'nft', 'ip'],
    mostly: 'waits',
  },
  {
    name: 'ban chain',
    script: [...labTests, 'lab/systems'],
    needs: [...labNeeds, 'crowdsec', 'cscli'],
    mostly: 'waits',
  },
  {
    name: 'rehearsals',
    script: ['scripts/rehearsals.ts', 'ipv6', 'in-place'],
    needs: [...labNeeds, 'postgres'],
  },
  {
    name: 'rehearsal with a node lost',
    script: ['scripts/rehearsals.ts', 'additive', '--node-lost', '--stages', 're-point'],
    needs: [...labNeeds, 'postgres'],
  },
  {
    name: 'model against kernel',
    script: ['scripts/lab-differential.ts', '--least-flows', '10000'],
    needs: labNeeds,
  },
];
