/* Generated houses: the planner ends, its plans are proved, all their changes are needed, and a random simulator never breaks them. */
import { describe, expect, test } from 'vitest';
import { makeEstate } from '#estate/estate.ts';
import { flowKey } from '#proof/memo.ts';
import { prove } from '#proof/prove.ts';
import { makeSession, type Session } from '#proof/session.ts';
import { mulberry, simulateOnce } from '#test/plan-simulator.ts';
import { of, type SmallHouse, smallHouse } from '#test/small-estate.ts';
import { smallWorld } from '#test/small-world.ts';
import { unmetByMove } from './goal.ts';
import type { Plan, Stage, Style } from './plan.ts';
import { endOf, type PlanOutcome, planFor } from './planner.ts';

const houses = Number(process.env.SIGHTLINE_HOUSES ?? 5);

function houseOf(seed: number): SmallHouse {
  const random = mulberry(seed);
  const nodes = 2 + Math.floor(random() * 3);
  const ingressNodes = Array.from({ length: nodes }, (_, i) => i + 1).filter(() => random() < 0.6);
  return {
    apps: ['photos', 'forge', 'music'].slice(0, 1 + Math.floor(random() * 3)),
    nodes,
    ingressNodes: ingressNodes.length === 0 ? [1] : ingressNodes,
    tunnelByAddress: random() < 0.4,
    secondZone: random() < 0.4,
    ttlSeconds: random() < 0.5 ? 60 : 3600,
    literalForward: random() < 0.3,
  };
}

function planned(session: Session, style: Style): PlanOutcome {
  return planFor({
    world: smallWorld,
    start: session.views.base.reader,
    goal: { kind: 'move', service: 'home/traefik/traefik', to: 'auto', policy: 'local' },
    style,
    prove: (plan, depth) => prove(session, plan, { faults: depth === 'quick' ? 0 : 1 }),
    readsOf: (flow) => session.memo.walk(session.views.base, flow, flowKey(flow)).reads,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
  });
}

/** Changes whose absence the proof and the goal would not notice. */
function unneeded(session: Session, plan: Plan): readonly string[] {
  const { reader } = session.views.base;
  const service = reader.get('service', 'home/traefik/traefik');
  if (plan.goal.kind !== 'move' || plan.goal.to === 'auto' || service === undefined)
    throw new Error('no move');
  const { goal } = plan;
  const move = { service, from: service.value.vips[0]?.ip ?? plan.goal.to, to: plan.goal.to };
  return plan.stages.flatMap((stage) =>
    stage.changes.flatMap(({ id }) => {
      const stages = plan.stages.map((s): Stage => ({ ...s, changes: s.changes.filter((c) => c.id !== id) }));
      const changes = stages.flatMap((s) => s.changes).map((c) => ({ ...c, phase: 'add' as const }));
      const isMet = unmetByMove(endOf(smallWorld, reader, changes), reader, goal, move).length === 0;
      return isMet && prove(session, { ...plan, stages }).kind === 'proved' ? [id] : [];
    }),
  );
}

describe.each(Array.from({ length: houses }, (_, i) => i + 1))('house %i', (seed) => {
  test.each(['additive', 'in-place'] as const)(
    '%s',
    (style) => {
      const estate = smallHouse(houseOf(seed));
      const session = makeSession(smallWorld, estate);
      const outcome = planned(session, style);
      if (houseOf(seed).ingressNodes?.length === 1) {
        expect(outcome).toMatchObject({
          kind: 'stuck',
          refuted: { fault: expect.stringMatching(/restarts|lost/) },
        });
        return;
      }
      if (outcome.kind !== 'planned')
        throw new Error(JSON.stringify([houseOf(seed), outcome.kind, 'says' in outcome ? outcome.says : '']));
      expect(prove(session, outcome.plan).kind).toBe('proved');
      expect(unneeded(session, outcome.plan)).toEqual([]);
      for (let run = 0; run < 15; run++) {
        expect(simulateOnce(smallWorld, estate, outcome.plan, seed * 1000 + run)).toBeUndefined();
      }
    },
    60_000,
  );
});

function firstFound(estate: ReturnType<typeof smallHouse>, plan: Plan) {
  for (let seed = 0; seed < 200; seed++) {
    const found = simulateOnce(smallWorld, estate, plan, seed);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('the simulator finds what a wrong prover misses', () => {
  test('a prover that believes caches to be quick', () => {
    const estate = smallHouse();
    const believed = makeSession(
      smallWorld,
      makeEstate([...estate.facts.values(), of('durations', { operatorMinutes: 10, maxStaleSeconds: 0 })]),
    );
    const outcome = planned(believed, 'additive');
    if (outcome.kind !== 'planned') throw new Error(outcome.kind);
    const found = firstFound(estate, outcome.plan);
    expect(found).toBeDefined();
    expect(prove(makeSession(smallWorld, estate), outcome.plan).kind).toBe('refuted');
  });
  test('a plan whose tunnel nobody looked at', () => {
    const estate = smallHouse({ tunnelByAddress: true });
    const outcome = planned(makeSession(smallWorld, smallHouse()), 'additive');
    if (outcome.kind !== 'planned') throw new Error(outcome.kind);
    const found = Array.from({ length: 30 }, (_, i) =>
      simulateOnce(smallWorld, estate, outcome.plan, i),
    ).find((f) => f !== undefined);
    expect(found?.flow?.from).toBe('edge');
  });
});
