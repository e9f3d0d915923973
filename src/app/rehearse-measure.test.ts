/* Gaps, clients and slices of a rehearsal, from records written by hand. */
import { describe, expect, test } from 'vitest';
import type { LoadRecord } from '#lab/traffic/load.ts';
import { lineOf, longestGap, type Times } from './rehearse-measure.ts';

const times: Times = { startMs: 1000, firstWriteMs: 1400, lastWriteMs: 1800, endMs: 2200, sliceMs: 400 };

function record(startMs: number, fields: Partial<LoadRecord> = {}): LoadRecord {
  return {
    name: 'lan http1',
    startMs,
    endMs: startMs + 10,
    ok: true,
    stage: 'body',
    status: 200,
    client: '10.0.20.103',
    ...fields,
  };
}

describe('longestGap', () => {
  test.each([
    {
      name: 'between two answers',
      records: [record(1000), record(1100), record(1700), record(2150)],
      gap: 600,
    },
    {
      name: 'a failure is no answer',
      records: [record(1000), record(1300, { ok: false, cause: 'timeout' }), record(1700), record(2150)],
      gap: 700,
    },
    {
      name: 'neither is an error of the application',
      records: [record(1000), record(1300, { status: 502 }), record(1700), record(2150)],
      gap: 700,
    },
    { name: 'from the last answer to the end', records: [record(1000), record(1100)], gap: 1090 },
    { name: 'nothing was ever answered', records: [], gap: 1200 },
  ])('$name', ({ records, gap }) => {
    expect(longestGap(records, times)).toBe(gap);
  });
});

test('a line counts its own records, tells clients before and after apart, and fills its slices', () => {
  const load = {
    name: 'lan http1',
    perSecond: 10,
    target: { protocol: 'http1' as const, address: '', port: 443 },
  };
  const planned = { vantage: 'lan', what: 'HTTP/1.1', to: 'app.example.org', host: 'vp.lan', load };
  const line = lineOf(
    planned,
    [
      record(1100),
      record(1500, { ok: false, cause: 'timeout' }),
      record(1600, { status: 403 }),
      record(1900, { client: '192.168.1.20' }),
      record(1200, { name: 'another' }),
    ],
    times,
  );
  expect(line).toMatchObject({
    requests: 4,
    failures: 2,
    causes: { timeout: 1, 'status 403': 1 },
    clientsBefore: ['10.0.20.103'],
    clientsAfter: ['192.168.1.20'],
    slices: [
      { ok: 1, failed: 0 },
      { ok: 0, failed: 2 },
      { ok: 1, failed: 0 },
    ],
  });
});
