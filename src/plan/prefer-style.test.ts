/* Which style `auto` takes: additive wherever it can be planned, in place where only that can, and the plan says why. */
import { describe, expect, test } from 'vitest';
import { loadSnapshot } from '#app/load-snapshot.ts';
import { makeEstate } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { flowKey } from '#proof/memo.ts';
import { prove } from '#proof/prove.ts';
import { makeSession } from '#proof/session.ts';
import { smallHouse } from '#test/small-estate.ts';
import { smallWorld } from '#test/small-world.ts';
import type { AddressOwner } from './address-owner.ts';
import type { Goal, Style } from './plan.ts';
import { type PlanOutcome, planFor } from './planner.ts';
import { realWorld } from './real-world.ts';
import type { World } from './world.ts';

interface Asked {
  readonly world?: World;
  readonly goal?: Goal;
  readonly style?: Style | 'auto';
  readonly owner?: AddressOwner;
}

const move: Goal = { kind: 'move', service: 'home/traefik/traefik', to: 'auto', policy: 'cluster' };

function planIn(
  facts: Iterable<Fact>,
  { world = smallWorld, goal = move, style = 'auto', owner }: Asked = {},
) {
  const session = makeSession(world, makeEstate(facts));
  const outcome = planFor({
    world,
    start: session.views.base.reader,
    goal,
    style,
    ...(owner !== undefined && { owner }),
    prove: (plan, depth) => prove(session, plan, { faults: depth === 'quick' ? 0 : 1 }),
    readsOf: (flow) => session.memo.walk(session.views.base, flow, flowKey(flow)).reads,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
  });
  if (outcome.kind === 'planned') expect(prove(session, outcome.plan).kind).toBe('proved');
  return outcome;
}

/** The Service without a selector, its endpoints written by hand: a second Service would have none. */
function byHand(facts: Iterable<Fact>, key = 'service:home/traefik/traefik'): readonly Fact[] {
  return [...facts].map((f) => {
    if (f.key !== key) return f;
    const { selector: _, ...value } = f.value as Fact<'service'>['value'];
    return { ...f, value } as unknown as Fact;
  });
}
const small = (more: readonly Fact[] = []) => [...smallHouse({ more }).facts.values()];

function styleOf(outcome: PlanOutcome) {
  if (outcome.kind !== 'planned') throw new Error(JSON.stringify([outcome.kind, outcome.says]));
  const { plan } = outcome;
  const decision = plan.decisions.find((d) => d.question.endsWith('Additive or in place?'));
  return { style: plan.style, windows: plan.stages.filter((s) => s.window).length, decision };
}

describe('auto', () => {
  test('is additive where that can be planned', () => {
    expect(styleOf(planIn(small()))).toMatchObject({
      style: 'additive',
      windows: 0,
      decision: { chosen: 'additive', by: 'default' },
    });
  });
  const forced = {
    style: 'in-place',
    windows: 1,
    decision: {
      chosen: 'in-place',
      by: 'forced',
      because: expect.stringMatching(/^additive cannot be planned: .*no-endpoint/),
    },
  };
  test('is in place where a second Service would have no endpoints', () => {
    expect(styleOf(planIn(byHand(small())))).toMatchObject(forced);
  });
  test('is in place in an office whose ingress has endpoints that were written by hand', async () => {
    const { estate } = await loadSnapshot('examples/nginx-office');
    const service = 'office/ingress-nginx/internal-controller';
    const facts = byHand(estate.facts.values(), `service:${service}`);
    const goal: Goal = { kind: 'move', service, to: 'auto', policy: 'cluster' };
    expect(styleOf(planIn(facts, { world: realWorld, goal }))).toMatchObject(forced);
  });
  test('of several moves is in place for the one that needs it', () => {
    const goal: Goal = { kind: 'retire', ip: ip('10.0.20.200') };
    const facts = byHand(small()).filter((f) => f.kind !== 'protectedEndpoint');
    const found = styleOf(planIn(facts, { goal }));
    expect(found).toMatchObject({ style: 'in-place', decision: expect.anything() });
  });
  test('does not overrule an owner of the address that the user named', () => {
    expect(planIn(byHand(small()), { owner: 'second-service' })).toMatchObject({
      kind: 'stuck',
      nearest: expect.stringMatching(/^--style in-place: that is proved, with a window of at most \d+ min$/),
    });
  });
});

describe('a style that is asked for', () => {
  test('is kept, and the other one is offered', () => {
    expect(planIn(byHand(small()), { style: 'additive' })).toMatchObject({
      kind: 'stuck',
      plan: { style: 'additive' },
      nearest: expect.stringMatching(/^--style in-place/),
    });
  });
  test('offers nothing where neither can be planned', () => {
    const goal: Goal = { ...(move as Extract<Goal, { kind: 'move' }>), policy: 'local' };
    const facts = [...smallHouse({ ingressNodes: [1] }).facts.values()];
    const outcome = planIn(facts, { goal, style: 'additive' });
    expect(outcome).toMatchObject({ kind: 'stuck' });
    expect(outcome).not.toHaveProperty('nearest');
  });
});
