/* Goals beside the move: each is reached with a proof, or answered with why not and what can be had instead. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { flowKey } from '#proof/memo.ts';
import { prove } from '#proof/prove.ts';
import { makeSession } from '#proof/session.ts';
import { of, type SmallHouse, smallHouse, smallPods, smallService } from '#test/small-estate.ts';
import { smallWorld } from '#test/small-world.ts';
import type { Goal } from './plan.ts';
import { type PlanOutcome, planFor } from './planner.ts';

function planIn(house: SmallHouse, goal: Goal): PlanOutcome {
  const session = makeSession(smallWorld, smallHouse(house));
  return planFor({
    world: smallWorld,
    start: session.views.base.reader,
    goal,
    style: 'auto',
    prove: (plan, depth) => prove(session, plan, { faults: depth === 'quick' ? 0 : 1 }),
    readsOf: (flow) => session.memo.walk(session.views.base, flow, flowKey(flow)).reads,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
  });
}

function ids(outcome: PlanOutcome): readonly string[] {
  if (outcome.kind !== 'planned') throw new Error(JSON.stringify([outcome.kind, outcome.says]));
  return outcome.plan.stages.flatMap((s) => s.changes.map((c) => c.id));
}

const shared = ip('10.0.20.200');
/** A Service with an address of its own. */
const alone: readonly Fact[] = [
  smallService('music', [8000], {
    requestedIps: ip('10.0.20.210'),
    vips: [{ ip: ip('10.0.20.210'), ipMode: 'VIP' }],
  }),
  ...smallPods('music', [8000], [1, 2]),
];

describe('set-policy', () => {
  const to = (service: string): Goal => ({ kind: 'set-policy', service, policy: 'local' });
  test('of a Service alone on its address is one change', () => {
    const outcome = planIn({ more: alone }, to('home/music/music'));
    expect(ids(outcome)).toEqual(['set-policy']);
  });
  test('on a shared address is refused, and a move is offered', () => {
    expect(planIn({}, to('home/traefik/traefik'))).toMatchObject({
      kind: 'unreachable',
      says: expect.stringContaining('would lose 10.0.20.200'),
      nearest: expect.stringContaining('--move traefik/traefik'),
    });
  });
  test('that it has already', () => {
    const goal: Goal = { kind: 'set-policy', service: 'home/music/music', policy: 'cluster' };
    expect(planIn({ more: alone }, goal)).toMatchObject({
      kind: 'unreachable',
      nearest: expect.stringMatching(/nothing/),
    });
  });
  test('of no Service', () => {
    expect(planIn({}, to('home/x/traefik'))).toMatchObject({
      kind: 'unreachable',
      nearest: 'did you mean home/traefik/traefik?',
    });
  });
});

describe('repoint-tunnel', () => {
  const goal: Goal = { kind: 'repoint-tunnel', tunnel: 'home', to: 'home/traefik/traefik' };
  test('that dials an address is one change', () => {
    expect(ids(planIn({ tunnelByAddress: true }, goal))).toEqual(['tunnel-home']);
  });
  test('that dials the name already', () => {
    expect(planIn({}, goal)).toMatchObject({
      kind: 'unreachable',
      says: expect.stringMatching(/dials home/),
    });
  });
  test('of another name', () => {
    expect(planIn({}, { ...goal, tunnel: 'away' })).toMatchObject({ kind: 'unreachable', nearest: 'home' });
  });
});

describe('split', () => {
  test('a shared address: one Service stays, the other is moved with its policy', () => {
    const outcome = planIn({}, { kind: 'split', ip: shared });
    expect(ids(outcome).length).toBeGreaterThan(0);
    if (outcome.kind !== 'planned') return;
    expect(outcome.plan.goal.kind).toBe('split');
    expect(outcome.plan.decisions[0]?.question).toBe('Which Service keeps 10.0.20.200?');
  });
  test('an address that is not shared', () => {
    const goal: Goal = { kind: 'split', ip: ip('10.0.20.210') };
    expect(planIn({ more: alone }, goal)).toMatchObject({
      kind: 'unreachable',
      says: '10.0.20.210 is not shared: only home/music/music has it',
    });
  });
  test('where more than one is protected there: what can leave is planned, and offered by its command', () => {
    const music = smallService('music', [8000], {});
    const named = {
      name: 'music',
      service: 'music/music',
      port: 8000,
      protocol: 'tcp',
      from: [],
      why: 'x',
    } as const;
    const more = [music, ...smallPods('music', [8000], [1, 2]), of('protectedEndpoint', named)];
    const reached = planIn({ more }, { kind: 'split', ip: shared });
    expect(reached).toMatchObject({
      kind: 'unreachable',
      says: '2 of the 3 Services on 10.0.20.200 cannot leave it: sightline.yaml protects state (db/db), music (music/music) there',
      nearest:
        'sightline plan . --move traefik/traefik --policy Cluster (proved, additive, without a window); the others stay at 10.0.20.200',
    });
  });
  test('where nothing can leave, what is left is said', () => {
    const named = {
      name: 'web',
      service: 'traefik/traefik',
      port: 443,
      protocol: 'tcp',
      from: [],
      why: 'x',
    } as const;
    const reached = planIn({ more: [of('protectedEndpoint', named)] }, { kind: 'split', ip: shared });
    expect(reached).toMatchObject({
      kind: 'unreachable',
      nearest: expect.stringMatching(/^nothing that can be proved/),
    });
  });
  test('where the pool has nothing left', () => {
    expect(planIn({ poolLast: '10.0.20.200' }, { kind: 'split', ip: shared })).toMatchObject({
      kind: 'unreachable',
      says: expect.stringMatching(/no free address/),
    });
  });
});

describe('retire', () => {
  test('an address that Services have: all leave it, and no pool gives it out again', () => {
    const goal: Goal = { kind: 'retire', ip: ip('10.0.20.210') };
    const second = smallService('radio', [8001], {
      requestedIps: ip('10.0.20.210'),
      vips: [{ ip: ip('10.0.20.210'), ipMode: 'VIP' }],
    });
    const more = [...alone, second, ...smallPods('radio', [8001], [1, 2])];
    expect(ids(planIn({ more }, goal))).toEqual([
      'music-music-move-service',
      'radio-radio-move-service',
      'pool-default',
    ]);
  });
  test('an address at which something is protected', () => {
    expect(planIn({}, { kind: 'retire', ip: shared })).toMatchObject({
      kind: 'unreachable',
      says: expect.stringMatching(/^1 of the 2 Services .* protects state \(db\/db\) there$/),
      nearest: expect.stringMatching(/--move traefik\/traefik --policy Cluster \(proved, additive, without/),
    });
  });
  test('an address that nobody has', () => {
    const outcome = planIn({}, { kind: 'retire', ip: ip('10.9.9.9') });
    expect(outcome).toMatchObject({ kind: 'unreachable', nearest: expect.stringMatching(/who SNAPSHOT/) });
  });
});
