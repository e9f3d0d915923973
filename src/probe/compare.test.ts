/* Verdicts: what the model says now and said before, what was seen before and is seen now. */
import { describe, expect, it } from 'vitest';
import { ip } from '#net/ip.ts';
import { type Comparison, compare, isBad, type Verdict } from './compare.ts';
import type { Prediction } from './predict.ts';
import { notTried, type Observation, type Probe } from './prober.ts';

const probe: Probe = {
  id: 'p',
  from: 'lan',
  why: 'moved',
  attempt: { kind: 'tcp', ip: ip('10.0.20.200'), port: 443 },
};
const said = (outcome: Prediction['outcome'], more: Partial<Prediction> = {}): Prediction => ({
  outcome,
  says: outcome,
  ...more,
});
const seen = (outcome: Observation['outcome'], more: Partial<Observation> = {}): Observation => ({
  outcome,
  says: outcome,
  ms: 1,
  ...more,
});
const works = said('works');
const fails = said('fails');
const clients = [ip('192.168.1.20')];

const cases: readonly (readonly [string, Comparison, Verdict])[] = [
  ['works as before', { predicted: works, baseline: seen('works'), observed: seen('works') }, 'as-predicted'],
  [
    'works for the first time',
    { predicted: works, baseline: seen('fails'), observed: seen('works') },
    'better',
  ],
  [
    'gone, as planned',
    { predicted: fails, baseline: seen('works'), observed: seen('fails') },
    'as-predicted',
  ],
  [
    'gone, and should be there',
    { predicted: works, baseline: seen('works'), observed: seen('fails') },
    'broken',
  ],
  [
    'never came, though predicted',
    { predicted: works, predictedBefore: fails, baseline: seen('fails'), observed: seen('fails') },
    'disagreement',
  ],
  [
    'the model was wrong before too',
    { predicted: works, predictedBefore: works, baseline: seen('fails'), observed: seen('fails') },
    'known-disagreement',
  ],
  [
    'still there, and should be gone',
    { predicted: fails, predictedBefore: works, baseline: seen('works'), observed: seen('works') },
    'disagreement',
  ],
  [
    'still let in, where it was to be refused',
    { predicted: said('refused'), predictedBefore: works, baseline: seen('works'), observed: seen('works') },
    'disagreement',
  ],
  [
    'refused, as planned',
    {
      predicted: said('refused'),
      predictedBefore: works,
      baseline: seen('works', { status: 200 }),
      observed: seen('refused', { status: 403 }),
    },
    'as-predicted',
  ],
  [
    'unknown to the model, and as before',
    { predicted: said('unknown'), baseline: seen('works'), observed: seen('works') },
    'observed',
  ],
  [
    'unknown to the model, and broken',
    { predicted: said('unknown'), baseline: seen('works'), observed: seen('fails') },
    'broken',
  ],
  [
    'another address than predicted',
    {
      predicted: said('works', { addresses: ['10.0.20.203'] }),
      observed: seen('works', { addresses: ['10.0.20.200'] }),
    },
    'disagreement',
  ],
  [
    'one of the addresses',
    {
      predicted: said('works', { addresses: ['10.0.20.203', '10.0.20.204'] }),
      observed: seen('works', { addresses: ['10.0.20.203'] }),
    },
    'as-predicted',
  ],
  [
    'seen as somebody else',
    {
      predicted: said('works', { seenAs: clients }),
      baseline: seen('works'),
      observed: seen('works', { seenAs: '10.0.20.103' }),
    },
    'broken',
  ],
  [
    'seen as itself',
    { predicted: said('works', { seenAs: clients }), observed: seen('works', { seenAs: '192.168.1.20' }) },
    'as-predicted',
  ],
  [
    'another error page',
    { predicted: works, baseline: seen('works', { status: 200 }), observed: seen('works', { status: 404 }) },
    'broken',
  ],
  [
    'the same error page',
    { predicted: works, baseline: seen('works', { status: 404 }), observed: seen('works', { status: 404 }) },
    'as-predicted',
  ],
  [
    'a redirect instead of a page',
    { predicted: works, baseline: seen('works', { status: 302 }), observed: seen('works', { status: 200 }) },
    'as-predicted',
  ],
  [
    'could not be tried',
    { predicted: works, baseline: seen('works'), observed: notTried('no engine') },
    'not-tried',
  ],
  [
    'the baseline could not be tried',
    { predicted: works, baseline: notTried('no engine'), observed: seen('fails') },
    'disagreement',
  ],
];

const http: Probe = {
  ...probe,
  attempt: {
    kind: 'http',
    version: 2,
    ip: ip('10.0.20.200'),
    port: 443,
    name: 'photos.example.org',
  } as never,
};
const turnedAway = (seenAs?: string) =>
  seen('refused', { status: 403, ...(seenAs !== undefined && { seenAs }) });

describe('the client that the ingress logs', () => {
  it.each<[string, Prediction, Observation, Verdict, object]>([
    [
      'refused by a list, and logged as predicted: a check that passed',
      said('refused', { seenAs: clients }),
      turnedAway('192.168.1.20'),
      'as-predicted',
      { kind: 'as-predicted', says: 'logged as 192.168.1.20' },
    ],
    [
      'refused, and logged as somebody else',
      said('refused', { seenAs: clients }),
      turnedAway('10.0.20.103'),
      'disagreement',
      { kind: 'otherwise', says: 'logged as 10.0.20.103, not 192.168.1.20' },
    ],
    [
      'refused where it was to work',
      said('works', { seenAs: clients }),
      turnedAway('192.168.1.20'),
      'disagreement',
      { kind: 'as-predicted' },
    ],
    [
      'a gap hides whom it logs: named',
      said('works', { seenAsGap: 'headers are not modelled' }),
      seen('works', { status: 200, seenAs: '10.0.20.103' }),
      'as-predicted',
      {
        kind: 'not-checked',
        says: 'whom the ingress logs is not known: headers are not modelled',
      },
    ],
    [
      'no log was read',
      said('works', { seenAs: clients }),
      seen('works', { status: 200 }),
      'as-predicted',
      { kind: 'not-checked', says: 'no log of the ingress was read' },
    ],
  ])('%s', (_, predicted, observed, verdict, client) => {
    expect(compare(http, { predicted, observed })).toMatchObject({ verdict, client });
  });
});

describe('compare', () => {
  it.each(cases)('%s', (_, comparison, verdict) => {
    expect(compare(probe, comparison).verdict).toBe(verdict);
  });

  it('fails a check for what is broken or new, for nothing else', () => {
    const all: readonly Verdict[] = [
      'as-predicted',
      'better',
      'broken',
      'disagreement',
      'known-disagreement',
      'observed',
      'not-tried',
    ];
    expect(all.filter(isBad)).toEqual(['broken', 'disagreement']);
  });
});
