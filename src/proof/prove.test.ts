/* Proofs about a small house: what is proved, what is refuted and by what, windows, held answers, rolling back. */
import { describe, expect, test } from 'vitest';
import { ip } from '#net/ip.ts';
import type { Change, PlannedChange, Setting } from '#plan/change.ts';
import type { Plan, Stage } from '#plan/plan.ts';
import { type SmallHouse, smallHouse } from '#test/small-estate.ts';
import { smallWorld } from '#test/small-world.ts';
import { prove } from './prove.ts';
import { makeSession } from './session.ts';

const apex = 'dns/inside||example.org|example.org|A';
const set = (id: string, ...settings: Setting[]): PlannedChange => planned(id, { kind: 'set', settings });
function planned(id: string, change: Change): PlannedChange {
  const because = { says: 'test', serves: 'goal', evidence: [] };
  return { id, title: id, change, through: { by: 'api', system: 'cluster/home' }, because };
}
const waitFor = (id: string, seconds: number, direction?: 'back' | 'forward'): PlannedChange =>
  planned(id, {
    kind: 'wait',
    ...(direction && { direction }),
    for: { kind: 'answers', record: `recordSet:${apex}`, seconds },
  });
const second = (): PlannedChange => {
  const traefik = smallHouse().facts.get('service:home/traefik/traefik');
  const value = {
    ...(traefik?.value as object),
    name: 'traefik-lb',
    requestedIps: '10.0.20.203',
    externalPolicy: 'local',
    vips: [],
    clusterIps: [],
  };
  const { sharingKey, ...rest } = value as { sharingKey?: string };
  return set('second', {
    of: 'service',
    id: 'home/traefik/traefik-lb',
    before: null,
    after: rest,
  } as Setting);
};
const repoint = set('record', {
  of: 'recordSet',
  id: apex,
  before: { values: ['10.0.20.200'] },
  after: { values: ['10.0.20.203'] },
});
const alias = set('alias', {
  of: 'alias',
  id: 'fw/traefik_lb',
  before: null,
  after: { firewall: 'fw', name: 'traefik_lb', type: 'host', entries: ['10.0.20.203'], descr: '' },
});
const forward = set('forward', {
  of: 'portForward',
  id: 'fw/00000',
  before: { target: 'nginx' },
  after: { target: 'traefik_lb' },
});
const retire = set('retire', {
  of: 'service',
  id: 'home/traefik/traefik',
  before: { type: 'LoadBalancer', requestedIps: ip('10.0.20.200'), sharingKey: 'shared' },
  after: { type: 'ClusterIP' },
});
const stage = (id: string, changes: readonly PlannedChange[], seconds?: number): Stage => ({
  id,
  title: id,
  changes,
  gates: [],
  ...(seconds !== undefined && { window: { says: id, seconds } }),
});
const plan = (...stages: Stage[]): Plan => ({
  format: 1,
  snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
  goal: { kind: 'move', service: 'home/traefik/traefik', to: 'auto', policy: 'local' },
  style: 'additive',
  outOfScope: [],
  decisions: [],
  stages,
});
const proveIn = (house: SmallHouse, p: Plan) => prove(makeSession(smallWorld, smallHouse(house)), p);
const additive = [
  second(),
  waitFor('back-wait', 900, 'back'),
  repoint,
  alias,
  forward,
  waitFor('answers', 900, 'forward'),
  retire,
];

describe('additive', () => {
  test('is proved without a window', () => {
    const result = proveIn({}, plan(stage('all', additive)));
    expect(result).toMatchObject({ kind: 'proved', windows: [] });
  });
  test('every invariant that can be checked was checked', () => {
    const result = proveIn({}, plan(stage('all', additive)));
    if (result.kind !== 'proved') throw new Error('not proved');
    for (const code of ['keeps-working', 'protected-endpoint', 'identity-not-worse', 'out-of-scope']) {
      expect(result.invariants.find((i) => i.code === code)?.checked, code).toBeGreaterThan(0);
    }
  });
  test.each([
    ['second', 'keeps-working'],
    ['record', 'keeps-working'],
    ['alias', 'keeps-working'],
    ['forward', 'keeps-working'],
    ['answers', 'keeps-working'],
    ['back-wait', 'keeps-working'],
  ])('without %s it is refuted', (id, code) => {
    const result = proveIn(
      {},
      plan(
        stage(
          'all',
          additive.filter((c) => c.id !== id),
        ),
      ),
    );
    expect(result.kind).toBe('refuted');
    if (result.kind === 'refuted')
      expect([code, 'possible-order']).toContain(result.counterexample.invariant);
  });
  test('a wait shorter than TTL and maxStale is refuted by a held answer', () => {
    const short = additive.map((c) => (c.id === 'answers' ? waitFor('answers', 899, 'forward') : c));
    const result = proveIn({}, plan(stage('all', short)));
    expect(result).toMatchObject({
      kind: 'refuted',
      counterexample: { held: [expect.stringContaining('10.0.20.200')] },
    });
  });
  test('a tunnel that dials the address is found when Traefik leaves it', () => {
    const result = proveIn({ tunnelByAddress: true }, plan(stage('all', additive)));
    expect(result).toMatchObject({
      kind: 'refuted',
      counterexample: { invariant: 'keeps-working', at: { after: 'retire' } },
    });
    if (result.kind === 'refuted') expect(result.counterexample.says).toContain('edge');
  });
  test('a second zone keeps the old address', () => {
    const result = proveIn({ secondZone: true }, plan(stage('all', additive)));
    if (result.kind !== 'refuted') throw new Error(result.kind);
    expect(result.counterexample.says).toContain('example.lan');
  });
});

describe('in place', () => {
  const move = set('move', {
    of: 'service',
    id: 'home/traefik/traefik',
    before: { requestedIps: '10.0.20.200', sharingKey: 'shared', externalPolicy: 'cluster' },
    after: { requestedIps: '10.0.20.203', externalPolicy: 'local' },
  });
  const changes = [move, repoint, alias, forward, waitFor('answers', 900)];
  const before = stage('before', [waitFor('back-wait', 900, 'back')]);
  test('outside a window it is refuted', () => {
    expect(proveIn({}, plan(stage('all', changes)))).toMatchObject({
      kind: 'refuted',
      counterexample: { invariant: 'keeps-working' },
    });
  });
  test('in a declared window it is proved, and the window is computed', () => {
    const result = proveIn({}, plan(before, stage('cutover', changes, 5000)));
    if (result.kind !== 'proved') throw new Error(JSON.stringify(result, null, 1).slice(0, 3000));
    expect(result.windows[0]?.vantagePoints).toEqual(['internet', 'lan']);
    expect(result.windows[0]?.seconds).toBe(10 + 10 + 10 + 10 + 900 + 10);
  });
  test('a window longer than declared is refuted', () => {
    expect(proveIn({}, plan(before, stage('cutover', changes, 600)))).toMatchObject({
      kind: 'refuted',
      counterexample: { invariant: 'window' },
    });
  });
  test('the policy alone on the shared address is refused by the allocator', () => {
    const local = set('local', {
      of: 'service',
      id: 'home/traefik/traefik',
      before: { externalPolicy: 'cluster' },
      after: { externalPolicy: 'local' },
    });
    expect(proveIn({}, plan(stage('all', [local], 9000)))).toMatchObject({
      kind: 'refuted',
      counterexample: { invariant: 'shared-address-allowed' },
    });
  });
  test('a literal in the forward is refuted', () => {
    const literal = set('forward', {
      of: 'portForward',
      id: 'fw/00000',
      before: { target: 'nginx' },
      after: { target: '10.0.20.203' },
    });
    const result = proveIn(
      {},
      plan(before, stage('cutover', [move, repoint, literal, waitFor('answers', 900)], 5000)),
    );
    expect(result).toMatchObject({ kind: 'refuted', counterexample: { invariant: 'aliases-not-literals' } });
  });
  test('a change whose before is not there is refuted where it stands', () => {
    const wrong = set('wrong', {
      of: 'portForward',
      id: 'fw/00000',
      before: { target: 'other' },
      after: { target: 'nginx' },
    });
    expect(proveIn({}, plan(stage('all', [wrong])))).toMatchObject({
      kind: 'refuted',
      counterexample: { invariant: 'possible-order' },
    });
  });
});

test('a second proof of the same plan walks nothing again', () => {
  const session = makeSession(smallWorld, smallHouse());
  prove(session, plan(stage('all', additive)));
  const again = prove(session, plan(stage('all', additive)));
  expect(again.counts.walks).toBe(0);
});
