/* plan.json read back, its errors by place, and a snapshot that moved. */
import { describe, expect, test } from 'vitest';
import type { Plan } from './plan.ts';
import { moved, planFromJson, planToJson } from './plan-json.ts';

const because = { says: 'x', serves: 'goal', evidence: [] };
const plan: Plan = {
  format: 1,
  snapshot: {
    path: '.',
    takenAt: '',
    fingerprint: { files: { 'a.yaml': '1' }, objects: { 'service:a': '2' } },
  },
  goal: { kind: 'retire', ip: '10.0.0.1' as never },
  style: 'additive',
  outOfScope: [],
  decisions: [],
  stages: [
    {
      id: 's',
      title: 'S',
      gates: [],
      changes: [
        {
          id: 'c',
          title: 'C',
          because,
          through: { by: 'api', system: 'dns/a' },
          change: {
            kind: 'set',
            settings: [
              {
                of: 'alias',
                id: 'fw/a',
                before: null,
                after: { firewall: 'fw', name: 'a', type: 'host', entries: [], descr: '' },
              },
            ],
          },
        },
      ],
    },
  ],
};
const broken = (edit: (data: Record<string, never>) => void) => {
  const data = JSON.parse(planToJson(plan));
  edit(data);
  const read = planFromJson(JSON.stringify(data));
  return read.ok ? [] : read.issues;
};

test('a plan survives', () => {
  expect(planFromJson(planToJson(plan))).toEqual({ ok: true, plan });
});

describe('errors name the place', () => {
  test.each([
    [
      'format',
      (d: never) => {
        (d as { format: number }).format = 2;
      },
      'format: 1 is expected, not 2',
    ],
    [
      'style',
      (d: never) => {
        (d as { style: string }).style = 'x';
      },
      'style: "x" is none of additive, in-place',
    ],
    [
      'inverse',
      (d: never) => {
        delete (d as { stages: { changes: { change: { settings: { before?: unknown }[] } }[] }[] }).stages[0]
          ?.changes[0]?.change.settings[0]?.before;
      },
      'stages[0].changes[0].change.settings[0]: before and after are expected: without them there is no inverse',
    ],
  ])('%s', (_, edit, says) => {
    expect(broken(edit as never)).toEqual([says]);
  });
  test('no JSON', () => {
    expect(planFromJson('{')).toMatchObject({ ok: false });
  });
});

test('what moved is named', () => {
  expect(moved(plan, { files: { 'a.yaml': '1' }, objects: { 'service:a': '2' } })).toEqual([]);
  expect(moved(plan, { files: { 'a.yaml': '9' }, objects: {} })).toEqual([
    'file a.yaml changed',
    'object service:a is gone',
  ]);
});
