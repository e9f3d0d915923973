/* Who has the new address for good: each of the three choices is planned and proved, or refused with what can be had. */
import { describe, expect, test, vi } from 'vitest';
import { flowKey } from '#proof/memo.ts';
import { prove } from '#proof/prove.ts';
import type { ProofResult } from '#proof/result.ts';
import { makeSession } from '#proof/session.ts';
import { type SmallHouse, smallHouse } from '#test/small-estate.ts';
import { smallWorld } from '#test/small-world.ts';
import { type AddressOwner, ownerQuestion } from './address-owner.ts';
import { type PlanOutcome, planFor } from './planner.ts';

vi.setConfig({ testTimeout: 60_000 });

interface Made {
  readonly outcome: PlanOutcome;
  readonly proof?: ProofResult;
}

function planWith(owner: AddressOwner | undefined, house: SmallHouse = {}): Made {
  const session = makeSession(smallWorld, smallHouse(house));
  const outcome = planFor({
    world: smallWorld,
    start: session.views.base.reader,
    goal: { kind: 'move', service: 'home/traefik/traefik', to: 'auto', policy: 'local' },
    style: 'additive',
    ...(owner && { owner }),
    prove: (plan, depth) => prove(session, plan, { faults: depth === 'quick' ? 0 : 1 }),
    readsOf: (flow) => session.memo.walk(session.views.base, flow, flowKey(flow)).reads,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
  });
  return outcome.kind === 'planned'
    ? { outcome, proof: prove(makeSession(smallWorld, smallHouse(house)), outcome.plan) }
    : { outcome };
}

const ids = ({ outcome }: Made) =>
  outcome.kind === 'planned' ? outcome.plan.stages.flatMap((s) => s.changes.map((c) => c.id)) : [outcome];

const decided = ({ outcome }: Made) => {
  const made = outcome.kind === 'planned' ? outcome.plan.decisions : [];
  return made.find((d) => d.question === ownerQuestion);
};

const before = [
  'alias-traefik-lb',
  'second-service',
  'wait-example-org-a-back',
  'forwards-fw',
  'record-dns-inside-example-org-example-org-a',
  'wait-example-org-a',
];

describe('who has the new address for good', () => {
  test('a second Service: no window', () => {
    const made = planWith('second-service');
    expect(ids(made)).toEqual([...before, 'retire-first']);
    expect(made.proof).toMatchObject({ kind: 'proved', windows: [] });
    expect(decided(made)).toMatchObject({ chosen: 'second-service', by: 'user' });
  });

  test("the chart's Service later: the clients are re-pointed first, and one window is computed", () => {
    const made = planWith('chart-service-later');
    expect(ids(made)).toEqual([...before, 'remove-second', 'take-over']);
    expect(made.proof).toMatchObject({
      kind: 'proved',
      windows: [{ stage: 'hand-over', seconds: 30, vantagePoints: ['internet', 'lan'] }],
    });
    const { outcome } = made;
    if (outcome.kind !== 'planned') throw new Error(outcome.kind);
    expect(outcome.plan.stages.filter((s) => s.window).map((s) => [s.id, s.window?.seconds])).toEqual([
      ['hand-over', 30],
    ]);
  });

  test("the chart's additionalServices is the default where the chart has it", () => {
    const made = planWith(undefined, { chart: { chart: 'traefik/traefik', version: '37.4.0' } });
    expect(decided(made)).toMatchObject({ chosen: 'additional-services', by: 'default' });
    expect(decided(made)?.options.map((o) => o.name)).toEqual([
      'additional-services',
      'second-service',
      'chart-service-later',
    ]);
  });

  test.each([
    [
      'another chart',
      { chart: 'ingress-nginx/ingress-nginx', version: '4.12.0' },
      /cannot make a second Service/,
    ],
    ['an old chart', { chart: 'traefik/traefik', version: '26.1.0' }, /26\.1\.0 has no additionalServices/],
  ])('%s has none: a second Service is the default, and asking for it is refused', (_, chart, says) => {
    const house = { chart };
    expect(decided(planWith(undefined, house))).toMatchObject({
      chosen: 'second-service',
      because: expect.stringMatching(says),
    });
    expect(planWith('additional-services', house).outcome).toMatchObject({
      kind: 'unreachable',
      says: expect.stringMatching(says),
      nearest: '--owner second-service or --owner chart-service-later',
    });
  });
});
