/* Plans with a value that is incomplete or of another shape: still a plan, or refused with its line; never a fault. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { SightlineError } from '#estate/error.ts';
import { readerOf } from '#estate/estate.ts';
import { readWrittenPlan } from '#plan/hand-written.ts';
import { realWorld } from '#plan/real-world.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { parsePlan } from './plan-file.ts';
import { linesOf } from './plan-places.ts';
import { wrongIn } from './plan-yaml.ts';

type Place = readonly (string | number)[];

const home = 'examples/home-lab';
const start = readerOf((await loadSnapshot(home)).estate);
const found = ['additive', 'in-place'].map((style) =>
  readFileSync(`${home}/change/${style}/plan.json`, 'utf8'),
);
const written = ['plan-as-written.yaml', 'plan-as-written-additive.yaml'].map((file) =>
  readFileSync(`${home}/${file}`, 'utf8'),
);

/** Every place inside the changes of the plan. */
function placesIn(value: unknown, at: Place = []): readonly Place[] {
  const own = at.includes('changes') && at.length > 4 ? [at] : [];
  if (typeof value !== 'object' || value === null) return own;
  const isList = Array.isArray(value);
  const below = Object.entries(value).flatMap(([key, v]) => placesIn(v, [...at, isList ? Number(key) : key]));
  return [...own, ...below];
}

/** A copy with another value at the place; undefined: without it. */
function mangled(whole: unknown, place: Place, value: unknown): unknown {
  const copy: unknown = structuredClone(whole);
  const parent = place.slice(0, -1).reduce((at, key) => (at as never)[key], copy) as Record<string, unknown>;
  const last = place.at(-1) ?? '';
  if (value !== undefined) parent[last] = value;
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return copy;
}

/** What the plan is refused with; undefined: it is one. */
function refusal(plan: unknown): string | undefined {
  try {
    parsePlan(JSON.stringify(plan, null, 2), 'plan.json');
    return undefined;
  } catch (error) {
    if (error instanceof SightlineError && error.code === 'bad-plan') return error.message;
    throw error;
  }
}

const other = fc.oneof(
  fc.constantFrom(
    null,
    '',
    'x',
    -1,
    3.5,
    1e300,
    true,
    [],
    [null],
    {},
    { a: 1 },
    'constructor',
    '10.0.20.999',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

describe('plan.json', () => {
  const plans = found.map((text) => JSON.parse(text) as unknown);
  const places = plans.flatMap((plan) => placesIn(plan).map((place) => ({ plan, place })));

  it.each([
    ['without a field of a change', fc.constant(undefined), 120],
    ['with anything else in a field of a change', other, 120],
  ])(
    '%s is a plan, or is refused with its line',
    (_, values, numRuns) => {
      let refused = 0;
      const property = fc.property(fc.constantFrom(...places), values, ({ plan, place }, value) => {
        const says = refusal(mangled(plan, place, value));
        if (says === undefined) return;
        refused++;
        expect(says).toMatch(/^plan\.json is no plan: line \d+: stages\[\d+\]/);
      });
      fc.assert(property, { numRuns, endOnFailure: true });
      expect(refused).toBeGreaterThan(numRuns / 3);
    },
    60_000,
  );

  const setting = (of: string) => {
    for (const { plan, place } of places) {
      const at = place.reduce((v, key) => (v as never)[key], plan) as Record<string, unknown> | null;
      if (place.at(-2) === 'settings' && at?.of === of) return { plan, place };
    }
    throw new Error(`no plan writes a ${of}`);
  };
  it.each<[string, string, Place, unknown, RegExp]>([
    [
      'a Service without ports',
      'service',
      ['after', 'ports'],
      undefined,
      /after\.ports: is missing: expected array/,
    ],
    ['a Service without a type', 'service', ['after', 'type'], undefined, /after\.type: /],
    ['a port without a number', 'service', ['after', 'ports', 0, 'port'], undefined, /ports\[0\]\.port: is/],
    ['a record without values', 'recordSet', ['after', 'values'], [], /after\.values: Too small/],
    ['a record of IPv6 under A', 'recordSet', ['after', 'values', 0], '2001:db8::1', /an address of IPv4/],
    ['an alias without a name', 'alias', ['after', 'name'], undefined, /after\.name: is missing/],
    [
      'an alias of another name',
      'alias',
      ['after', 'name'],
      'other',
      /id: it is "pfsense\/other" by its after/,
    ],
    ['a field that nobody knows', 'alias', ['after', 'nmae'], 'x', /after\.nmae: there is no such field/],
    ['another middleware', 'middleware', ['after', 'name'], 'x', /name says which middleware it is/],
    [
      'a forward that leads nowhere',
      'portForward',
      ['after'],
      {},
      /after\.target: every portForward has target/,
    ],
  ])('refuses %s', (_, of, at, value, says) => {
    const { plan, place } = setting(of);
    const message = refusal(mangled(plan, [...place, ...at], value)) ?? '';
    expect(message).toMatch(says);
  });
});

describe('a plan in YAML', () => {
  function issues(data: unknown) {
    const { document, lineOf } = linesOf(stringify(data));
    const snapshot = { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } };
    const read = readWrittenPlan({
      data: document.toJS(),
      lineOf,
      wrongIn,
      start,
      world: realWorld,
      snapshot,
    });
    return read.ok ? [] : read.issues;
  }
  const plans = written.map((text) => linesOf(text).document.toJS() as unknown);
  const places = plans.flatMap((plan) => placesIn(plan).map((place) => ({ plan, place })));

  it('with a field gone or of another shape is a plan, or is refused with its line', () => {
    expect(places.length).toBeGreaterThan(60);
    const value = fc.oneof(fc.constant(undefined), other);
    const property = fc.property(fc.constantFrom(...places), value, ({ plan, place }, is) => {
      for (const issue of issues(mangled(plan, place, is))) expect(issue.line).toBeGreaterThan(0);
    });
    fc.assert(property, { numRuns: 60 });
  }, 60_000);

  const pool = 'pool:home/metallb-system/default';
  it.each<[string, string, Record<string, unknown>, RegExp]>([
    ['a range without an end', pool, { ranges: [{ first: '10.0.20.200' }] }, /ranges\[0\]\.last: an address/],
    ['a flag that is a text', pool, { autoAssign: 'yes' }, /autoAssign is a boolean/],
    ['another name', pool, { name: 'x' }, /name says which pool it is/],
    ['labels that are numbers', 'service:home/kms/windows-kms', { labels: { a: 1 } }, /labels\.a: /],
  ])('refuses %s in `set`, at its line', (_, fact, fields, says) => {
    const [plan] = plans as [{ readonly stages: readonly object[] }];
    const changes = [{ do: 'set', fact, fields }];
    const [issue] = issues({ ...plan, stages: [{ name: 'first', changes }, ...plan.stages] });
    expect(issue?.says).toMatch(says);
    expect(issue?.line).toBeGreaterThan(5);
  });
});
