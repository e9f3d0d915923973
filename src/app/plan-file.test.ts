/* plan.json and proof.json: read back as written, mistakes named by their place, other snapshots and newer formats refused. */
import { describe, expect, it } from 'vitest';
import type { ProofResult } from '#proof/result.ts';
import { officeFolder, officePlan } from '#test/apply/office.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { moved, parsePlan, parseProof, planHash, planText, proofText, refuseIfMoved } from './plan-file.ts';

const plan = await officePlan();
const counts = { states: 1, faults: 1, flows: 1, classes: 1, covered: 1, walks: 1, walksSaved: 0 };
const proof: ProofResult = {
  kind: 'proved',
  counts,
  assumptions: [],
  windows: [],
  endings: [],
  invariants: [],
};

type Place = readonly (string | number)[];

/** The plan's text with another value at the place; undefined: with none. */
function edited(place: Place, value: unknown): string {
  const whole: unknown = JSON.parse(planText(plan));
  const last = place.at(-1) ?? '';
  const parent = place.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], whole);
  (parent as Record<string, unknown>)[last] = value;
  return JSON.stringify(whole);
}

describe('plan.json', () => {
  it('reads back as it was written, with the same hash whatever the order of fields', () => {
    expect(parsePlan(planText(plan), 'plan.json')).toEqual(plan);
    const turned = JSON.stringify(Object.fromEntries(Object.entries(plan).reverse()));
    expect(planHash(parsePlan(turned, 'plan.json'))).toBe(planHash(plan));
  });

  const first = ['stages', 0, 'changes', 0] as const;
  it.each<[string, Place, unknown, RegExp]>([
    ['a newer format', ['format'], 2, /plan\.json has format 2/],
    ['no stages', ['stages'], undefined, /stages: /],
    [
      'a kind that cannot be written',
      [...first, 'change', 'settings', 0, 'of'],
      'secret',
      /stages\[0\]\.changes\[0\]\.change\.settings\[0\]\.of: /,
    ],
    ['a setting of nothing', [...first, 'change', 'settings', 0, 'after'], null, /neither before nor after/],
    [
      'a wait without end',
      ['stages', 0, 'changes', 1, 'change', 'for', 'seconds'],
      1e12,
      /stages\[0\]\.changes\[1\]\.change\.for\.seconds: /,
    ],
    ['an id twice', ['stages', 1, 'changes', 0, 'id'], 'alias-one', /has the id alias-one of another/],
    ['a stage twice', ['stages', 1, 'id'], 'first', /first is the id of another stage/],
    ['an unknown gate', ['stages', 0, 'gates', 0, 'kind'], 'hope', /stages\[0\]\.gates\[0\]/],
  ])('refuses %s and says where', (_, place, value, says) => {
    expect(() => parsePlan(edited(place, value), 'plan.json')).toThrow(says);
  });

  it.each(['', '{', 'null', '[]', '"plan"', '3'])('refuses %j', (text) => {
    expect(() => parsePlan(text, 'x.json')).toThrow(/x\.json is no plan/);
  });
});

describe('proof.json', () => {
  it('reads back, and only for its plan', () => {
    const text = proofText(plan, proof);
    expect(parseProof(text, 'proof.json', plan)).toEqual(proof);
    expect(() => parseProof(text, 'proof.json', { ...plan, style: 'in-place' })).toThrow(
      /proves another plan/,
    );
    expect(() => parseProof(text.replace('"format": 1', '"format": 2'), 'proof.json', plan)).toThrow(
      /format 2/,
    );
    expect(() => parseProof('{"format":1}', 'proof.json', plan)).toThrow(
      /proof\.json is no proof: line 1: plan: is missing/,
    );
  });
});

describe('moved', () => {
  it('names files and objects that are others now', async () => {
    const snapshot = await loadSnapshot(officeFolder);
    expect(moved(plan, snapshot)).toBeUndefined();
    const { files } = plan.snapshot.fingerprint;
    const { 'sightline.yaml': _, ...rest } = files;
    const other = {
      files: { ...rest, 'snapshot.json': '0', 'gone.yaml': '1' },
      objects: { 'service:office/x/y': '2' },
    };
    const found = { ...plan, snapshot: { ...plan.snapshot, fingerprint: other } };
    expect(moved(found, snapshot)).toEqual({
      files: ['gone.yaml', 'sightline.yaml', 'snapshot.json'],
      objects: ['service:office/x/y'],
    });
    expect(() => refuseIfMoved(found, snapshot)).toThrow(
      /no longer what the plan was made from: service:office\/x\/y, gone\.yaml/,
    );
  });
});
