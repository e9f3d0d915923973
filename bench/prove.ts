/*
 * How fast proofs are: the founding estate's plan, small houses by plan length, names, vantage points and faults, and a
 * second proof after one edit. Numbers are of this machine; CPU seconds are printed beside the wall clock.
 */
import { loadSnapshot } from '#app/load-snapshot.ts';
import { type Estate, makeEstate } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import type { Plan, Stage, Style } from '#plan/plan.ts';
import { planFor } from '#plan/planner.ts';
import { realWorld } from '#plan/real-world.ts';
import type { World } from '#plan/world.ts';
import { flowKey } from '#proof/memo.ts';
import { prove } from '#proof/prove.ts';
import { makeSession } from '#proof/session.ts';
import { of, type SmallHouse, smallHouse } from '#test/small-estate.ts';
import { smallWorld } from '#test/small-world.ts';
import type { Row } from './main.ts';

interface Measured {
  readonly what: string;
  readonly ms: number;
  readonly cpuMs: number;
  readonly kind: string;
  readonly states: number;
  readonly classes: number;
  readonly walks: number;
  readonly covered: number;
}

function find(world: World, estate: Estate, style: Style): Plan {
  const session = makeSession(world, estate);
  const outcome = planFor({
    world,
    start: session.views.base.reader,
    goal: { kind: 'move', service: 'home/traefik/traefik', to: 'auto', policy: 'local' },
    style,
    prove: (plan, depth) => prove(session, plan, { faults: depth === 'quick' ? 0 : 1 }),
    readsOf: (flow) => session.memo.walk(session.views.base, flow, flowKey(flow)).reads,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
  });
  if (outcome.kind !== 'planned') throw new Error(`${outcome.kind}: ${outcome.says}`);
  return outcome.plan;
}

function measure(what: string, run: () => ReturnType<typeof prove>): Measured {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const { kind, counts } = run();
  const ms = performance.now() - start;
  const { states, classes, walks, covered } = counts;
  return { what, ms, cpuMs: process.cpuUsage(cpu).user / 1000, kind, states, classes, walks, covered };
}

const rows: Row[] = [];

/** Processor seconds after which no larger size is begun. */
const mostSeconds = 120;

function isLate(what: string): boolean {
  const seconds = process.cpuUsage().user / 1e6;
  if (seconds < mostSeconds) return false;
  rows.push({ what: `${what}: left out, the time is used up`, value: seconds, unit: 's' });
  return true;
}

function print({ what, ms, cpuMs, kind, states, classes, walks, covered }: Measured): void {
  const says = `${what}: ${kind}, ${states} states, ${classes} classes, ${walks} walks, ${covered} covered`;
  rows.push({ what: says, value: ms, unit: 'ms' }, { what: `${what}: CPU`, value: cpuMs, unit: 'ms' });
  const rate = (count: number) => Math.round((count / cpuMs) * 1000);
  if (walks > 0) {
    rows.push(
      { what: `${what}: states a second of CPU`, value: rate(states), unit: '' },
      { what: `${what}: cases a second of CPU`, value: rate(covered), unit: '' },
    );
  }
}

function proveFresh(what: string, world: World, estate: Estate, plan: Plan, faults: 0 | 1 | 2): void {
  print(measure(what, () => prove(makeSession(world, estate), plan, { faults })));
}

/** Documents that nobody reads make a plan longer without making it another. */
function longer(plan: Plan, by: number): Plan {
  const [first] = plan.stages as readonly [Stage];
  const change = first.changes[0];
  if (change === undefined) throw new Error('an empty plan');
  const changes = Array.from({ length: by }, (_, i) => ({
    ...change,
    id: `alias-${i}`,
    change: {
      kind: 'set' as const,
      settings: [
        {
          of: 'alias' as const,
          id: `fw/extra${i}`,
          before: null,
          after: { firewall: 'fw', name: `extra${i}`, type: 'host' as const, entries: [], descr: '' },
        },
      ],
    },
  }));
  return { ...plan, stages: [{ ...first, id: 'extra', changes }, ...plan.stages] };
}

/** One application's public record, which the plan does not write, gets another TTL: another snapshot, and the plan as good. */
function withLongerTtl(fact: Fact): Fact {
  // read anew, as after an edit of a file: equal, and another object
  const value = structuredClone(fact.value);
  if (fact.kind !== 'recordSet') return { ...fact, value };
  const record = value as Fact<'recordSet'>['value'];
  return record.server === 'dns/cloudflare' && record.name.startsWith('affine.')
    ? ({ ...fact, value: { ...record, ttlSeconds: record.ttlSeconds + 1 } } as Fact)
    : { ...fact, value };
}

function lans(count: number): SmallHouse {
  const more = Array.from({ length: count }, (_, i) =>
    of('vantagePoint', {
      id: `lan${i}`,
      kind: 'lan',
      clients: [ip(`192.168.${i + 2}.20`)],
      networks: [],
      resolver: 'inside',
    }),
  );
  return { more };
}

export const name = 'proofs';

/** Rows of all measurements. */
export async function run(): Promise<readonly Row[]> {
  rows.length = 0;
  const home = (await loadSnapshot('examples/home-lab')).estate;
  for (const style of ['additive', 'in-place'] as const) {
    const plan = find(realWorld, home, style);
    proveFresh(`home-lab ${style}, no faults`, realWorld, home, plan, 0);
    proveFresh(`home-lab ${style}`, realWorld, home, plan, 1);
    const session = makeSession(realWorld, home);
    prove(session, plan);
    const longerTtl = makeEstate([...home.facts.values()].map(withLongerTtl), home.gaps);
    print(
      measure(`home-lab ${style}, after an edit of the snapshot`, () =>
        prove(makeSession(realWorld, longerTtl, session), plan),
      ),
    );
    const edited = { ...plan, stages: plan.stages.slice(0, -1) };
    print(measure(`home-lab ${style}, again after an edit`, () => prove(session, edited)));
  }
  const small = find(smallWorld, smallHouse(), 'additive');
  for (const by of [0, 10, 20]) {
    if (isLate(`${by} changes more`)) break;
    proveFresh(`small house, ${by} changes more`, smallWorld, smallHouse(), longer(small, by), 1);
  }
  for (const count of [10, 100, 1000, 10_000]) {
    if (isLate(`${count} names`)) break;
    const house = smallHouse({ apps: Array.from({ length: count }, (_, i) => `app${i}`) });
    proveFresh(`small house, ${count} names`, smallWorld, house, small, 1);
  }
  for (const count of [1, 5, 20]) {
    if (isLate(`${count} vantage points more`)) break;
    proveFresh(`small house, ${count} vantage points more`, smallWorld, smallHouse(lans(count)), small, 1);
  }
  for (const faults of [0, 1, 2] as const) {
    if (isLate(`${faults} faults at a time`)) break;
    proveFresh(`small house, ${faults} faults at a time`, smallWorld, smallHouse(), small, faults);
  }
  return rows;
}
