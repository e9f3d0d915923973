/*
 * Runs vectors against the model's public functions. It holds no rule of the data plane: a suite turns a set-up into
 * the model's types, asks, and compares.
 */
import { conntrack } from './suites/conntrack.ts';
import { kubeProxy } from './suites/kube-proxy.ts';
import { metallbAllocator } from './suites/metallb-allocator.ts';
import { metallbController } from './suites/metallb-controller.ts';
import { metallbLayer2 } from './suites/metallb-layer2.ts';
import { topology } from './suites/topology.ts';
import { type Answer, type Case, type Group, parseGroups } from './vector.ts';

export interface Failure {
  readonly where: string;
  readonly given: unknown;
  readonly expected: unknown;
  readonly got: unknown;
}

export interface Result {
  readonly passed: number;
  readonly failures: readonly Failure[];
}

const suites: Readonly<Record<string, (group: Group, one: Case) => Answer>> = {
  'kube-proxy': kubeProxy,
  topology,
  conntrack,
  'metallb-allocator': metallbAllocator,
  'metallb-controller': metallbController,
  'metallb-layer2': metallbLayer2,
};

/** Runs every case of one file's text. A text that is no vector file, or an unknown suite, is a failure. */
export function runFile(name: string, content: string): Result {
  let groups: readonly Group[];
  try {
    groups = parseGroups(JSON.parse(content));
  } catch (error) {
    return {
      passed: 0,
      failures: [{ where: name, given: 'the file', expected: 'vectors', got: String(error) }],
    };
  }
  const failures: Failure[] = [];
  let passed = 0;
  for (const group of groups) {
    for (const one of group.cases) {
      const answer = ask(group, one);
      if (answer.isRight) passed++;
      else failures.push(failureOf(name, group, one, answer.got));
    }
  }
  return { passed, failures };
}

/** Adds results up; nothing to run is a failure. */
export function total(results: readonly Result[]): Result {
  const passed = results.reduce((sum, r) => sum + r.passed, 0);
  const failures = results.flatMap((r) => r.failures);
  if (passed + failures.length > 0) return { passed, failures };
  return {
    passed,
    failures: [{ where: 'folder', given: 'no vectors', expected: 'vector files', got: 'none' }],
  };
}

function ask(group: Group, one: Case): Answer {
  const suite = suites[group.suite];
  if (suite === undefined) return { isRight: false, got: `unknown suite ${group.suite}` };
  if (Object.keys(one.expect).length === 0) return { isRight: false, got: 'nothing is expected' };
  try {
    return suite(group, one);
  } catch (error) {
    return { isRight: false, got: String(error) };
  }
}

function failureOf(file: string, group: Group, one: Case, got: unknown): Failure {
  const { expect: _, ...given } = one.all;
  const phase = group.phase === undefined ? '' : ` (${group.phase})`;
  return {
    where: `${file}: ${group.test}${phase}: ${one.name} [${one.id}]`,
    given: { ...given, setup: group.setup },
    expected: one.expect,
    got,
  };
}
