/* One generated house: the planner ends, its plan is proved, and simulating it step by step breaks nothing. */
import { ip } from '#net/ip.ts';
import type { AddressOwner } from '#plan/address-owner.ts';
import type { Goal, Plan, Style } from '#plan/plan.ts';
import { type PlannerInput, type PlanOutcome, planFor } from '#plan/planner.ts';
import { realWorld } from '#plan/real-world.ts';
import { flowKey } from '#proof/memo.ts';
import { prove } from '#proof/prove.ts';
import { makeSession, type Session } from '#proof/session.ts';
import { type Found, mulberry, Simulator } from '../plan-simulator.ts';
import { generatedHouse } from './house.ts';

export interface Asked {
  readonly goal: Goal;
  readonly style: Style;
  readonly owner?: AddressOwner;
}

export interface Checked {
  readonly seed: number;
  readonly says: readonly string[];
  readonly asked: Asked;
  readonly outcome: PlanOutcome;
  readonly session: Session;
  /** The plan, where one was found. */
  readonly plan?: Plan;
  readonly found?: Found;
}

/** Mostly moves, in every style and with every owner; now and then one of the other goals. */
export function askedOf(seed: number): Asked {
  const random = mulberry(seed * 104_729);
  const one = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)] as T;
  const service = 'home/traefik/traefik';
  const style = one<Style>(['additive', 'additive', 'in-place']);
  const other = random();
  if (other < 0.05) return { goal: { kind: 'split', ip: ip('10.0.20.200') }, style };
  if (other < 0.1) return { goal: { kind: 'repoint-tunnel', tunnel: 'home', to: service }, style };
  if (other < 0.15) return { goal: { kind: 'retire', ip: ip('10.0.20.200') }, style };
  const goal: Goal = { kind: 'move', service, to: 'auto', policy: random() < 0.7 ? 'local' : 'cluster' };
  const owner = one<AddressOwner | undefined>([undefined, 'second-service', 'chart-service-later']);
  return style === 'additive' && owner !== undefined ? { goal, style, owner } : { goal, style };
}

/** The question of the seed as the planner takes it. */
export function inputOf(session: Session, asked: Asked): PlannerInput {
  return {
    world: realWorld,
    start: session.views.base.reader,
    ...asked,
    prove: (plan, depth) => prove(session, plan, { faults: depth === 'quick' ? 0 : 1 }),
    readsOf: (flow) => session.memo.walk(session.views.base, flow, flowKey(flow)).reads,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
  };
}

/** Plans for the house of the seed and simulates the plan a few times. */
export function checkHouse(seed: number, runs: number): Checked {
  const { estate, says } = generatedHouse(seed);
  const asked = askedOf(seed);
  const session = makeSession(realWorld, estate);
  const outcome = planFor(inputOf(session, asked));
  if (outcome.kind !== 'planned') return { seed, says, asked, outcome, session };
  const simulator = new Simulator(realWorld, estate);
  let found: Found | undefined;
  for (let run = 0; run < runs && found === undefined; run++) {
    found = simulator.run(outcome.plan, seed * 1000 + run);
  }
  return { seed, says, asked, outcome, session, plan: outcome.plan, ...(found && { found }) };
}
