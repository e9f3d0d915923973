/* The runner itself: it must not pass what it did not check. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runFile, total } from './run.ts';

const folder = join(import.meta.dirname, '../vectors');
const files = readdirSync(folder).filter((f) => f.endsWith('.json'));
const read = (file: string) => readFileSync(join(folder, file), 'utf8');

describe('own vectors', () => {
  it.each(files)('%s', (file) => {
    const result = runFile(file, read(file));
    expect(result.failures).toEqual([]);
    expect(result.passed).toBeGreaterThan(0);
  });

  it('cover every suite', () => {
    const suites = new Set(
      files.flatMap((f) => (JSON.parse(read(f)) as { suite: string }[]).map((g) => g.suite)),
    );
    expect([...suites].sort()).toEqual([
      'conntrack',
      'kube-proxy',
      'metallb-allocator',
      'metallb-controller',
      'metallb-layer2',
      'topology',
    ]);
  });
});

describe('the runner', () => {
  const one = { id: '1', name: 'one', expect: { endpointCanServe: true } };
  const group = { suite: 'metallb-layer2', test: 't', setup: { conditions: {} }, cases: [one] };
  const run = (...groups: unknown[]) => runFile('f', JSON.stringify(groups));

  it('passes what is right', () => {
    expect(run(group)).toEqual({ passed: 1, failures: [] });
  });

  it.each([
    ['a wrong expectation', { ...group, cases: [{ ...one, expect: { endpointCanServe: false } }] }],
    ['an unknown suite', { ...group, suite: 'klipper' }],
    ['an unknown question', { ...group, cases: [{ ...one, expect: { mood: 'good' } }] }],
    ['a group without cases', { ...group, cases: [] }],
    ['a set-up that is none', { ...group, setup: null }],
    ['an expectation of nothing', { ...group, cases: [{ ...one, expect: {} }] }],
    [
      'an election that asks about no node',
      { ...group, cases: [{ ...one, expect: { shouldAnnounce: {} } }] },
    ],
  ])('fails %s', (_name, bad) => {
    const result = run(bad);
    expect(result.passed).toBe(0);
    expect(result.failures).toHaveLength(1);
  });

  it.each([
    ['an action of the allocator', 'metallb-allocator'],
    ['an action of the controller', 'metallb-controller'],
  ])('fails %s that it does not know', (_name, suite) => {
    const action = { op: 'dance', service: 's' };
    const result = run({ suite, test: 't', setup: { pools: [], history: [] }, cases: [{ ...one, action }] });
    expect(result.failures[0]?.got).toMatch(/unknown action/);
  });

  it('fails a family that it does not know', () => {
    const action = { op: 'allocate', service: 's', ipFamily: 'both' };
    const vector = { suite: 'metallb-allocator', test: 't', setup: { pools: [], history: [] } };
    expect(run({ ...vector, cases: [{ ...one, action }] }).failures[0]?.got).toMatch(/unknown ipFamily/);
  });

  it('fails what is expected beside the answer', () => {
    const entry = { protocol: 'UDP', origDstIP: null, origDstPort: 31443, replySrcIP: '10.42.1.5' };
    const vector = { suite: 'conntrack', test: 't', setup: { services: [], endpointSlices: [] } };
    const cases = (expect: unknown) => [{ ...one, entry, expect }];
    expect(run({ ...vector, cases: cases({ deleted: false }) }).passed).toBe(1);
    expect(run({ ...vector, cases: cases({ deleted: false, counted: 1 }) }).passed).toBe(0);
    const old = { ...vector, versions: 'v1.31', cases: cases({ deleted: false }) };
    expect(run(old).failures[0]?.got).toEqual([{ deleted: undefined }]);
  });

  it('takes null for absent, and lists as sets where upstream does', () => {
    const ads = ['a', 'b'].map((id) => ({ id, nodes: ['n'], serviceSelectors: null }));
    const vector = { ...group, setup: { l2Advertisements: ads, service: null } };
    expect(run({ ...vector, cases: [{ ...one, expect: { matching: ['b', 'a'] } }] }).passed).toBe(1);
    expect(run({ ...vector, cases: [{ ...one, expect: { matching: ['a'] } }] }).passed).toBe(0);
    expect(run({ ...vector, cases: [{ ...one, expect: { scores: null } }] }).passed).toBe(1);
    expect(
      run({ ...vector, phase: null, versions: ['v1.36'], cases: [{ ...one, expect: { scores: {} } }] })
        .passed,
    ).toBe(1);
  });

  it('fails where there is nothing to run', () => {
    expect(total([]).failures).toHaveLength(1);
    expect(runFile('f', '[]').failures).toHaveLength(1);
    expect(runFile('f', 'not json').failures).toHaveLength(1);
  });
});
