/* Rehearsals written by hand beside what a proof says: each rule once kept and once broken. */
import { describe, expect, test } from 'vitest';
import { isSeenAsPredicted, type Sight } from '#report/before-after.ts';
import type {
  BanLine,
  BanSight,
  PredictionLine,
  ProvedWindow,
  StillCount,
  TrafficLine,
} from '#report/rehearsal.ts';
import { boundOf, type Judged, judgeRehearsal } from './rehearse-judge.ts';

const window: ProvedWindow = {
  says: 'internet → app.example.org fails',
  seconds: 1000,
  names: ['app.example.org'],
  vantagePoints: ['internet'],
  opens: 'c1',
  closes: 'c2',
};

function line(fields: Partial<TrafficLine> = {}): TrafficLine {
  return {
    vantage: 'internet',
    what: 'HTTP/2',
    target: 'app.example.org',
    requests: 100,
    failures: 0,
    causes: {},
    longestGapMs: 100,
    clientsBefore: [],
    clientsAfter: [],
    slices: [],
    repeats: 0,
    stills: [],
    ...fields,
  };
}

function rehearsal(fields: Partial<Judged> = {}): Judged {
  return {
    format: 1,
    kind: 'rehearsal',
    plan: 'plan',
    result: { kind: 'done' },
    timeScale: 1 / 100,
    faults: [],
    upMs: 0,
    trafficMs: 30_000,
    totalMs: 0,
    idleShare: 0.5,
    sliceMs: 250,
    events: [],
    lines: [line()],
    flows: [],
    predictions: [],
    windows: [],
    endings: [],
    notBuilt: [],
    changes: [
      { change: 'c1', direction: 'forward', fromMs: 5000, toMs: 5100 },
      { change: 'c2', direction: 'forward', fromMs: 14_000, toMs: 14_100 },
    ],
    stills: [],
    ...fields,
  };
}

function wrong(r: Judged): readonly string[] {
  return judgeRehearsal(r)
    .filter((v) => !v.isAsProved)
    .map((v) => v.says);
}

const failing = (fromMs: number, toMs: number) => line({ failures: 3, failing: { fromMs, toMs } });
const long = { vantage: 'lan', kind: 'websocket', target: 'app:443', answered: 9, longestGapMs: 1 };

describe('failures', () => {
  test('the bound runs on the time scale; what does not is added', () => {
    expect(boundOf(window, { timeScale: 1 / 100 })).toBe(10_000 + 10 + 1000 + 300 + 20 + 2500);
  });
  test.each([
    { name: 'none, and no window', r: rehearsal(), says: [] },
    { name: 'none, though a window was computed', r: rehearsal({ windows: [window] }), says: [] },
    {
      name: 'inside the window',
      r: rehearsal({ windows: [window], lines: [failing(5200, 14_500)] }),
      says: [],
    },
    {
      name: 'without a window',
      r: rehearsal({ lines: [failing(5200, 5300)] }),
      says: ['internet HTTP/2 to app.example.org failed for 0.1 s, and the proof has no window for it'],
    },
    {
      name: 'of another vantage point',
      r: rehearsal({
        windows: [window],
        lines: [line({ vantage: 'lan', failures: 1, failing: { fromMs: 5200, toMs: 5300 } })],
      }),
      says: ['lan HTTP/2 to app.example.org failed for 0.1 s, and the proof has no window for it'],
    },
    {
      name: 'before the change that opens it',
      r: rehearsal({ windows: [window], lines: [failing(1000, 1100)] }),
      says: [expect.stringContaining('outside the changes of the window')],
    },
    {
      name: 'after the change that closes it',
      r: rehearsal({ windows: [window], lines: [failing(17_900, 18_500)] }),
      says: [expect.stringContaining('outside the changes of the window')],
    },
    {
      name: 'longer than computed',
      r: rehearsal({ windows: [{ ...window, seconds: 100 }], lines: [failing(5200, 14_500)] }),
      says: [expect.stringContaining('computed: at most 4.8 s here')],
    },
    {
      name: 'with a fault, stills speak instead',
      r: rehearsal({ faults: ['node lost'], lines: [failing(5200, 5300)] }),
      says: [],
    },
  ])('$name', ({ r, says }) => {
    expect(wrong(r)).toEqual(says);
  });
});

describe('stills', () => {
  const still = { fromMs: 1000, toMs: 6000, says: 'after the plan' };
  test.each<{ count: StillCount; isWrong: boolean }>([
    { count: { ok: 5, failed: 0, expected: 'good' }, isWrong: false },
    { count: { ok: 5, failed: 1, expected: 'good' }, isWrong: true },
    { count: { ok: 0, failed: 5, expected: 'bad' }, isWrong: false },
    { count: { ok: 1, failed: 5, expected: 'bad' }, isWrong: true },
    { count: { ok: 2, failed: 3, expected: 'partly' }, isWrong: false },
    { count: { ok: 0, failed: 0, expected: 'good' }, isWrong: true },
    { count: { ok: 0, failed: 0, expected: 'bad' }, isWrong: true },
    { count: { ok: 0, failed: 4, expected: 'nobody-asks' }, isWrong: true },
    { count: { ok: 4, failed: 0, expected: 'unknown' }, isWrong: true },
  ])('$count', ({ count, isWrong }) => {
    const said = wrong(rehearsal({ stills: [still], lines: [line({ stills: [count] })] }));
    expect(said.length > 0).toBe(isWrong);
  });
  test('what nobody knows or asks does not count where others were compared', () => {
    const lines = (['good', 'unknown', 'nobody-asks'] as const).map((expected) =>
      line({ stills: [{ ok: 2, failed: expected === 'good' ? 0 : 2, expected }] }),
    );
    expect(wrong(rehearsal({ stills: [still], lines }))).toEqual([]);
  });
});

describe('the rest', () => {
  const ended = { ...long, ended: { atMs: 6000, cause: 'ECONNRESET' } };
  test.each([
    { name: 'a connection that ends unannounced', r: rehearsal({ flows: [ended] }), count: 1 },
    {
      name: 'one that was announced',
      r: rehearsal({ flows: [ended], endings: ['connections end'] }),
      count: 0,
    },
    {
      name: 'a download that is finished',
      r: rehearsal({ flows: [{ ...long, ended: { atMs: 1, cause: 'finished' } }] }),
      count: 0,
    },
    { name: 'a five-tuple that came twice', r: rehearsal({ lines: [line({ repeats: 1 })] }), count: 1 },
  ])('$name', ({ r, count }) => {
    expect(wrong(r)).toHaveLength(count);
  });
});

describe('predictions', () => {
  const row = (isAsPredicted: boolean): PredictionLine => ({
    vantage: 'internet',
    family: 6,
    what: 'https',
    before: '2001:db8::1',
    after: '2001:db8::2',
    seenBefore: '2001:db8::1',
    seenAfter: isAsPredicted ? '2001:db8::2' : 'no answer',
    isAsPredicted,
  });
  test.each([
    { name: 'as predicted', r: rehearsal({ predictions: [row(true)] }), says: [] },
    {
      name: 'otherwise',
      r: rehearsal({ predictions: [row(true), row(false)] }),
      says: [
        'not as the model says: internet HTTPS, IPv6: 2001:db8::1, then no answer (2001:db8::1, then 2001:db8::2)',
      ],
    },
    {
      name: 'otherwise, with a fault that the prediction knows nothing of',
      r: rehearsal({ faults: ['node lost'], predictions: [row(false)] }),
      says: [],
    },
  ])('$name', ({ r, says }) => {
    expect(wrong(r)).toEqual(says);
  });

  test('a row in which the lab cannot tell is no agreement', () => {
    const r = rehearsal({ predictions: [row(true), { ...row(true), note: 'too small' }] });
    expect(judgeRehearsal(r).map((v) => v.says)).toContain(
      'whom the application sees, and HTTP/3, are as the model says in 1 row; in 1 the lab cannot tell',
    );
  });

  const sight = (clients: readonly string[], says?: string): Sight => ({
    clients,
    ...(says !== undefined && { says }),
  });
  test.each<[string, Sight, Sight, boolean]>([
    ['the same', sight(['a']), sight(['a']), true],
    ['some of what is possible', sight(['a', 'b']), sight(['a']), true],
    ['another one', sight(['a']), sight(['b']), false],
    ['another one as well', sight(['a']), sight(['a', 'b']), false],
    ['silence where an answer is due', sight(['a']), sight([], 'silent'), false],
    ['some silence where an answer is due', sight(['a']), sight(['a'], 'silent'), false],
    ['some silence where some is due', sight(['a'], 'no-endpoint'), sight(['a'], 'silent'), true],
    ['silence where it is due', sight([], 'no-endpoint'), sight([], 'silent'), true],
    ['an answer where silence is due', sight([], 'no-endpoint'), sight(['a']), false],
  ])('%s', (_, model, kernel, isGood) => {
    expect(isSeenAsPredicted({ model, kernel })).toBe(isGood);
  });
});

describe('a ban', () => {
  const ban = (seenAfter: BanSight): BanLine => ({
    vantage: 'internet',
    client: '198.51.100.20',
    name: 'app.example.org',
    before: 'answered',
    after: 'refused',
    seenBefore: 'answered',
    seenAfter,
  });
  const seen = '198.51.100.20 (internet), banned, is answered by app.example.org before the plan and';
  test.each([
    { name: 'as the model says', r: rehearsal({ ban: ban('refused') }), says: [] },
    {
      name: 'without effect after the plan',
      r: rehearsal({ ban: ban('answered') }),
      says: [`${seen} answered after it; the model says answered, then refused`],
    },
    {
      name: 'otherwise, in a state that the model was not asked about',
      r: rehearsal({ ban: ban('partly'), faults: ['node lost'] }),
      says: [],
    },
  ])('$name', ({ r, says }) => {
    expect(wrong(r)).toEqual(says);
  });
});
