/* A run there and back in brief, and when it counts as whole. */
import { describe, expect, it } from 'vitest';
import type { ProbeReport } from '#probe/probe-report.ts';
import { type Applied, appliedInBrief, isWhole } from './applied-brief.ts';
import { paletteFor } from './style.ts';

const clients = { asPredicted: 0, otherwise: 0, notChecked: 0, why: [] };
const report = (isGood: boolean, says: string): ProbeReport => ({
  judged: [],
  elsewhere: [],
  leftOut: [],
  clients,
  isGood,
  says,
});
const good = report(true, '9 probes are as they should be');
const applied: Applied = {
  kind: 'applied',
  steps: [
    {
      kind: 'change',
      title: 'Add Service b',
      through: { by: 'repository', system: 'source/infra', repository: 'infra' },
      ms: 900,
    },
    {
      kind: 'change',
      title: 'Create alias',
      through: { by: 'operator', system: 'firewall/pfsense' },
      ms: 40,
    },
    { kind: 'change', title: 'Re-point a', through: { by: 'api', system: 'dns/technitium' }, ms: 300 },
    { kind: 'wait', title: 'Wait 3900 s', ms: 3900 },
    { kind: 'gate', stage: 'Add', says: '4 probes as predicted', ms: 1800 },
  ],
  ended: 'done',
  verified: good,
  back: { ended: 'rolled-back', changes: 3, ms: 2000, verified: good, things: 12, differences: [] },
  timeScale: 1 / 1000,
  totalMs: 30_000,
};

describe('appliedInBrief', () => {
  it('tells every step, the end and the way back', () => {
    expect(appliedInBrief(applied, { palette: paletteFor(false), width: 100 })).toBe(
      [
        '  ✔ Add Service b  terragrunt in infra    0.9 s',
        '  ✔ Create alias   person at pfsense      0.0 s',
        '  ✔ Re-point a     API of technitium      0.3 s',
        '  ◷ Wait 3900 s                           3.9 s',
        '  ? gate: Add      4 probes as predicted  1.8 s',
        '  ■ done: 9 probes are as they should be',
        '  ↩ taken back, 3 changes in 2.0 s: 9 probes are as they should be',
        '  = 12 objects, records and files of all systems are what they were',
        '  30.0 s in all; waits and TTLs at 1/1000',
      ].join('\n'),
    );
  });
});

describe('isWhole', () => {
  const back = applied.back as NonNullable<Applied['back']>;
  it.each<[string, Partial<Applied>, boolean]>([
    ['all of it', {}, true],
    ['paused', { ended: 'paused: no answer' }, false],
    ['a probe that is wrong at the end', { verified: report(false, '1 of 9') }, false],
    ['a way back that paused', { back: { ...back, ended: 'paused: no' } }, false],
    ['something that is not as before', { back: { ...back, differences: ['a record'] } }, false],
    [
      'a probe that is wrong at the start again',
      { back: { ...back, verified: report(false, '1 of 9') } },
      false,
    ],
  ])('%s', (_, change, whole) => {
    expect(isWhole({ ...applied, ...change })).toBe(whole);
  });
  it('no way back', () => {
    const { back: __, ...there } = applied;
    expect(isWhole(there)).toBe(false);
  });
});
