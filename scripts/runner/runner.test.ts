/** The runner counts what ran, says what was left out, and passes only a run that was whole. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { longChecks, smokeChecks } from './checks.ts';
import { countTests, judge, runStep, type Step } from './step.ts';
import { hasPassed, type LeftOut, renderSummary } from './summary.ts';

const step: Step = { name: 'unit', command: ['true'] };
const lacking = (isPossible: boolean): LeftOut => ({
  name: 'lab',
  why: 'nft is left out',
  command: 'apt-get install nftables',
  isPossible,
});

describe('countTests', () => {
  const cases = [
    ['      Tests  11 passed (11)', { passed: 11, failed: 0, skipped: 0 }],
    [
      ' Test Files  1 failed (1)\n      Tests  2 failed | 9 passed | 3 skipped (14)',
      { passed: 9, failed: 2, skipped: 3 },
    ],
    ['conformance: 40 passed, 1 failed', { passed: 40, failed: 1, skipped: 0 }],
    ['40 passed, 0 failed, 2 skipped', { passed: 40, failed: 0, skipped: 2 }],
    ['Checked 12 files', undefined],
  ] as const;
  test.each(cases)('%s', (text, expected) => expect(countTests(text)).toEqual(expected));
});

describe('a run passes', () => {
  const fine = judge(step, true, 10, '      Tests  3 passed (3)');
  const skipping = judge(step, true, 10, '      Tests  3 passed | 1 skipped (4)');
  const saying = judge(step, true, 10, 'left out: the HTTP/3 client');
  const failed = judge(step, false, 10, '');
  const cases = [
    ['whole', [fine], [], {}, true],
    ['with a failed step', [fine, failed], [], {}, false],
    ['with a skipped test', [skipping], [], {}, false],
    ['with a part that a step left out', [saying], [], {}, false],
    ['with no step at all', [], [], {}, false],
    ['without what the machine cannot run', [fine], [lacking(false)], { SIGHTLINE_ALL: '1' }, true],
    ['without what it could run, at a desk', [fine], [lacking(true)], {}, true],
    ['without what it could run, in CI', [fine], [lacking(true)], { SIGHTLINE_ALL: '1' }, false],
  ] as const;
  test.each(cases)('%s', (_, outcomes, leftOut, env, expected) => {
    expect(hasPassed(outcomes, leftOut, env)).toBe(expected);
  });
});

test('the summary names what was left out with the command, and closes with the sum', () => {
  const outcomes = [judge(step, true, 1234, '      Tests  3 passed (3)'), judge(step, true, 10, '')];
  expect(
    renderSummary(outcomes, [lacking(false)])
      .split('\n')
      .map((line) => line.trimEnd()),
  ).toEqual([
    '',
    'passed  unit                        1.2 s  3 tests',
    'passed  unit                        0.0 s',
    'left out  lab: nft is left out',
    '          to run it: apt-get install nftables',
    '',
    '4 passed, 0 failed, 1 skipped',
  ]);
});

test('a step that exits with another code than 0, or cannot start, has failed', async () => {
  const run = (command: Step['command']) => runStep({ name: 'x', command }, '.', () => undefined);
  const outcomes = await Promise.all([run(['true']), run(['false']), run(['/nonexistent'])]);
  expect(outcomes.map((one) => one.isPassed)).toEqual([true, false, false]);
});

test('every registered check has a name of its own', () => {
  const names = [...smokeChecks, ...longChecks].map((check) => check.name);
  expect(names.length).toBeGreaterThan(0);
  expect(new Set(names).size).toBe(names.length);
});

test('every test that needs the machine is part of a long check', () => {
  const root = join(import.meta.dirname, '../..');
  const folders = ['lab', 'src', 'test', 'scripts'].filter((folder) => existsSync(join(root, folder)));
  const paths = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  );
  const tests = paths.filter((path) => path.endsWith('.lab.test.ts'));
  const filters = longChecks.flatMap((check) => check.script.slice(4));
  expect(tests.length).toBeGreaterThan(0);
  expect(tests.filter((path) => !filters.some((filter) => path.includes(filter)))).toEqual([]);
});
