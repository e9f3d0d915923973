/*
 * The planner on the example, its variants and generated houses, bounded in time:
 *   variants  a plan is found and proved for each, in both styles, and what is added comes before what it protects
 *   needed    no change of a found plan can be left out, and none that prevents a failure can be made at the end instead
 * `--faults` proves with faults too; `--only TEXT` takes the cases whose name holds it; `--seconds N` bounds all together.
 */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadSnapshot } from '#app/load-snapshot.ts';
import type { Estate } from '#estate/estate.ts';
import { ip } from '#net/ip.ts';
import type { PlannedChange } from '#plan/change.ts';
import { moveTask } from '#plan/move-task.ts';
import type { Plan, Stage, Style } from '#plan/plan.ts';
import { endOf, type PlanOutcome, planFor } from '#plan/planner.ts';
import { realWorld } from '#plan/real-world.ts';
import type { World } from '#plan/world.ts';
import { flowKey } from '#proof/memo.ts';
import { prove } from '#proof/prove.ts';
import { makeSession, type Session } from '#proof/session.ts';
import { mulberry } from '#test/plan-simulator.ts';
import { smallHouse } from '#test/small-estate.ts';
import { smallWorld } from '#test/small-world.ts';

const { values, positionals } = parseArgs({
  options: {
    faults: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
  },
  allowPositionals: true,
});
process.chdir(new URL('..', import.meta.url).pathname);

interface Case {
  readonly name: string;
  readonly style: Style;
  readonly world: World;
  readonly estate: () => Promise<Estate>;
}

const styles: readonly Style[] = ['additive', 'in-place'];
const ends = performance.now() + Number(values.seconds) * 1000;
const faults = values.faults || positionals[0] === 'needed' ? 1 : 0;
let checked = 0;
let failed = 0;

/** What each variant adds, and before which change it must come. */
const before: Readonly<Record<string, readonly (readonly [RegExp, RegExp])[]>> = {
  'tunnel-by-address': [[/^tunnel-home$/, /^(retire-first|move-service)$/]],
  // additive, the ingress answers all the time, and nothing has to be fetched ahead
  'secret-behind-ingress in-place': [[/^fetch-/, /^move-service$/]],
  'chart-unpinned': [[/^pin-traefik$/, /^(second-service|move-service)$/]],
  'helm-only': [[/^values-traefik$/, /^(second-service|move-service)$/]],
  'reverting-repository': [
    [/^freeze-/, /^record-/],
    [/^record-/, /^job-/],
    [/^job-/, /^thaw-/],
  ],
  'second-zone': [[/^record-.*viktorbarzin-lan/, /^(retire-first|restore-ttl.*|text-.*)$/]],
  'registry-mirror': [[/^(second-service|move-service)$/, /^text-node-/]],
};

const run = { variants: checkVariant, needed: checkNeeded }[positionals[0] ?? ''];
if (run === undefined) throw new Error('variants or needed is expected');
const cases = (
  positionals[0] === 'variants' ? exampleCases() : [...exampleCases().slice(0, 2), ...houseCases()]
).filter((c) => `${c.name} ${c.style}`.includes(values.only));
for (const c of cases) {
  if (performance.now() > ends) {
    console.log(`left out for time: ${c.name} ${c.style} and what follows`);
    break;
  }
  const began = performance.now();
  const session = makeSession(c.world, await c.estate());
  const wrong = run(c, session, planned(c, session));
  checked++;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (wrong.length > 0) failed++;
  console.log(
    `${wrong.length === 0 ? 'ok' : 'WRONG'}  ${c.name} ${c.style}  ${seconds} s  ${wrong.join('; ')}`,
  );
}
console.log(`${checked} of ${cases.length} cases, ${failed} wrong`);
if (failed > 0 || checked === 0) process.exitCode = 1;

function exampleCases(): readonly Case[] {
  const folders = [
    'examples/home-lab',
    ...readdirSync('examples/home-lab-variants').map((v) => `examples/home-lab-variants/${v}`),
  ];
  return folders.flatMap((folder) =>
    styles.map((style) => ({
      name: folder.split('/').at(-1) ?? folder,
      style,
      world: realWorld,
      estate: async () => (await loadSnapshot(folder)).estate,
    })),
  );
}

function houseCases(): readonly Case[] {
  return Array.from({ length: 20 }, (_, i) => i + Number(values.seed)).flatMap((seed) =>
    styles.map((style) => ({
      name: `house ${seed}`,
      style,
      world: smallWorld,
      estate: async () => house(seed),
    })),
  );
}

/** Two ingress nodes always: with one, policy Local has no plan. */
function house(seed: number): Estate {
  const random = mulberry(seed);
  return smallHouse({
    apps: ['photos', 'forge', 'music'].slice(0, 1 + Math.floor(random() * 3)),
    nodes: 2 + Math.floor(random() * 3),
    ingressNodes: [1, 2],
    tunnelByAddress: random() < 0.4,
    secondZone: random() < 0.4,
    ttlSeconds: random() < 0.5 ? 60 : 3600,
    literalForward: random() < 0.3,
  });
}

function inputOf(c: Case, session: Session): Parameters<typeof planFor>[0] {
  return {
    world: c.world,
    start: session.views.base.reader,
    goal: { kind: 'move', service: 'home/traefik/traefik', to: ip('10.0.20.203'), policy: 'local' },
    style: c.style,
    prove: (plan, depth) => prove(session, plan, { faults: depth === 'quick' ? 0 : faults }),
    readsOf: (flow) => session.memo.walk(session.views.base, flow, flowKey(flow)).reads,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
  };
}

function planned(c: Case, session: Session): PlanOutcome {
  return planFor(inputOf(c, session));
}

function checkVariant(c: Case, session: Session, outcome: PlanOutcome): readonly string[] {
  if (outcome.kind !== 'planned') return [`${outcome.kind}: ${outcome.says}`];
  const ids = outcome.plan.stages.flatMap((s) => s.changes.map((x) => x.id));
  const proof = prove(session, outcome.plan, { faults });
  const order = [...(before[c.name] ?? []), ...(before[`${c.name} ${c.style}`] ?? [])].flatMap(
    ([first, then]) => {
      const [a, b] = [ids.findIndex((id) => first.test(id)), ids.findIndex((id) => then.test(id))];
      return a >= 0 && b >= 0 && a < b
        ? []
        : [`${first.source} must come before ${then.source}: ${ids.join(' ')}`];
    },
  );
  const windows = outcome.plan.stages.flatMap((s) => (s.window ? [s.window.seconds] : []));
  const wanted = c.style === 'additive' ? 0 : 1;
  return [
    ...(proof.kind === 'proved' ? [] : [proof.kind]),
    ...order,
    ...(windows.length === wanted ? [] : [`${windows.length} windows`]),
  ];
}

/** Changes whose absence, or whose place behind the next one, neither the proof nor the goal would notice. */
function checkNeeded(c: Case, session: Session, outcome: PlanOutcome): readonly string[] {
  if (outcome.kind !== 'planned') return [`${outcome.kind}: ${outcome.says}`];
  const { plan } = outcome;
  return plan.stages.flatMap((s) =>
    s.changes.flatMap((change) => [
      ...(isGood(c, session, without(plan, change.id)) ? [`${change.id} is not needed`] : []),
      ...(prevents(change) && isGood(c, session, last(plan, change)) ? [`${change.id} may come last`] : []),
    ]),
  );
}

/** Changes for the goal and for its end conditions have no place of their own. */
function prevents({ because }: PlannedChange): boolean {
  return !['goal', 'documents', 'monitors', 'durability', 'nothing-reverted'].includes(because.serves);
}

function last(plan: Plan, change: PlannedChange): Plan {
  const moved: Stage = { id: 'last', title: 'Last', changes: [change], gates: [] };
  const rest = without(plan, change.id);
  return { ...rest, stages: [...rest.stages, moved] };
}

function without(plan: Plan, id: string): Plan {
  const stages = plan.stages.map((s): Stage => ({ ...s, changes: s.changes.filter((x) => x.id !== id) }));
  return { ...plan, stages: stages.filter((s) => s.changes.length > 0) };
}

function isGood(c: Case, session: Session, plan: Plan): boolean {
  const input = inputOf(c, session);
  const { goal } = input;
  if (goal.kind !== 'move') return false;
  const task = moveTask(input, goal);
  if (task.kind === 'unreachable') return false;
  const changes = plan.stages.flatMap((s) => s.changes).map((x) => ({ ...x, phase: 'add' as const }));
  if (task.unmet(endOf(c.world, input.start, changes)).length > 0) return false;
  const quick = prove(session, plan, { faults: 0 });
  return quick.kind === 'proved' && prove(session, plan, { faults: 1 }).kind === 'proved';
}
