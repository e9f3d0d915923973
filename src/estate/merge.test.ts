/* Which source wins, what it takes over, and what is shown. */
import { describe, expect, it } from 'vitest';
import { type Fact, fact } from './fact.ts';
import { mergeFacts } from './merge.ts';

const release = (file: string, rest: object): Fact =>
  fact(
    'helmRelease',
    { cluster: 'home', namespace: 'n', name: 'r', chart: 'c', waits: undefined, atomic: undefined, ...rest },
    { file, line: 1 },
  );
const live = (rest: object) => release('cluster/home/x.yaml', rest);
const stated = (rest: object) => release('source/infra/main.tf', rest);

describe('mergeFacts', () => {
  const cases: readonly { name: string; facts: readonly Fact[]; value: object; gaps: readonly string[] }[] = [
    { name: 'one', facts: [live({})], value: { chart: 'c' }, gaps: [] },
    { name: 'twice the same', facts: [live({}), live({})], value: { chart: 'c' }, gaps: [] },
    {
      name: 'live and repository complete each other, in either order',
      facts: [stated({ waits: true, chartVersion: '1' }), live({ deployedChartVersion: '1' })],
      value: { waits: true, chartVersion: '1', deployedChartVersion: '1' },
      gaps: [],
    },
    {
      name: 'live wins over the repository, and it is shown',
      facts: [stated({ chart: 'old' }), live({ chart: 'new' })],
      value: { chart: 'new' },
      gaps: ['cluster/home/x.yaml:1 and source/infra/main.tf:1 disagree on helmRelease:home/n/r: chart'],
    },
    {
      name: 'of two equals the first is taken and the kind stays open',
      facts: [live({ chart: 'a' }), release('cluster/home/y.yaml', { chart: 'b' })],
      value: { chart: 'a' },
      gaps: ['cluster/home/x.yaml:1 and cluster/home/y.yaml:1 disagree on helmRelease:home/n/r: chart'],
    },
  ];
  it.each(cases)('$name', ({ facts, value, gaps }) => {
    const merged = mergeFacts(facts);
    expect(merged.facts).toHaveLength(1);
    expect(merged.facts[0]?.value).toMatchObject(value);
    expect(merged.gaps.map((g) => g.what)).toEqual(gaps);
  });

  it('only a disagreement of equals leaves the kind open', () => {
    expect(mergeFacts([stated({ chart: 'old' }), live({})]).gaps[0]?.kinds).toEqual([]);
    expect(mergeFacts([live({ chart: 'a' }), live({ chart: 'b' })]).gaps[0]?.kinds).toEqual(['helmRelease']);
  });
});
