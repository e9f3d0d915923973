/*
 * The planner on every example, on the variants of the first one and on generated estates, bounded in processor time:
 *   variants  a plan is found and proved for each variant, in both styles, and what is added comes before what it protects
 *   needed    no change of a found plan can be left out, and none that prevents a failure can stand behind what it protects
 * `--faults` finds and proves with faults too; `--only TEXT` takes the cases whose name holds it; `--seconds N` bounds all
 * together; `--needed` asks both of the variants, on the plan that was found once.
 */
import { parseArgs } from 'node:util';
import { type PlanOutcome, planFor } from '#plan/planner.ts';
import { prove } from '#proof/prove.ts';
import { makeSession, type Session } from '#proof/session.ts';
import { type Case, generatedCases, inputOf, nameOf, otherCases, variantCases } from './plan-checks/cases.ts';
import { neededIn } from './plan-checks/needed.ts';

const { values, positionals } = parseArgs({
  options: {
    faults: { type: 'boolean', default: false },
    needed: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    houses: { type: 'string', default: '30' },
  },
  allowPositionals: true,
});
process.chdir(new URL('..', import.meta.url).pathname);
const what = positionals[0];
if (what !== 'variants' && what !== 'needed') throw new Error('variants or needed is expected');
const asksNeeded = what === 'needed' || values.needed;
const faults = values.faults || asksNeeded ? 1 : 0;
let checked = 0;
let wrongCases = 0;

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
  'ipv6-bridge additive': [[/^bridge-/, /^retire-first$/]],
};

const cases = (what === 'variants' ? variantCases() : neededCases()).filter((c) =>
  nameOf(c).includes(values.only),
);
for (const c of cases) {
  if (process.cpuUsage().user / 1e6 > Number(values.seconds)) {
    console.log(`left out for time: ${nameOf(c)} and what follows`);
    break;
  }
  const began = process.cpuUsage().user;
  const session = makeSession(c.world, await c.estate());
  const { wrong, says } = check(c, session, planFor(inputOf(c, session, faults)));
  checked++;
  if (wrong.length > 0) wrongCases++;
  const seconds = ((process.cpuUsage().user - began) / 1e6).toFixed(1);
  console.log(
    `${wrong.length === 0 ? 'ok   ' : 'WRONG'}  ${nameOf(c)}  ${seconds} s  ${says}${wrong.join('; ')}`,
  );
}
console.log(`${checked} of ${cases.length} cases, ${wrongCases} wrong`);
if (wrongCases > 0 || checked === 0) process.exitCode = 1;

/** The first example, the other ones, generated ones; then the variants, as far as the time goes. */
function neededCases(): readonly Case[] {
  const [additive, inPlace, ...variants] = variantCases() as [Case, Case, ...Case[]];
  const houses = generatedCases(Number(values.seed), Number(values.houses));
  return [additive, inPlace, ...otherCases(), ...houses, ...variants];
}

interface Answer {
  readonly wrong: readonly string[];
  readonly says: string;
}

function check(c: Case, session: Session, outcome: PlanOutcome): Answer {
  if (outcome.kind !== 'planned') {
    const isTold = c.hasNone?.test(outcome.says) === true;
    const says = `${outcome.kind}: ${outcome.says.slice(0, 120)} `;
    return { wrong: isTold ? [] : ['no plan'], says };
  }
  const proof = prove(session, outcome.plan, { faults });
  const wrong = proof.kind === 'proved' ? [] : [proof.kind];
  const ordered = what === 'variants' ? wrongOrder(c, outcome) : [];
  const needed = asksNeeded ? neededIn(c.world, session, outcome.plan) : { wrong: [], order: [] };
  return { wrong: [...wrong, ...ordered, ...needed.wrong], says: needed.order.map((o) => `${o}; `).join('') };
}

function wrongOrder(c: Case, { plan }: Extract<PlanOutcome, { kind: 'planned' }>): readonly string[] {
  const ids = plan.stages.flatMap((s) => s.changes.map((x) => x.id));
  const pairs = [...(before[c.name] ?? []), ...(before[`${c.name} ${c.style}`] ?? [])];
  const order = pairs.flatMap(([first, then]) => {
    const [a, b] = [ids.findIndex((id) => first.test(id)), ids.findIndex((id) => then.test(id))];
    return a >= 0 && b >= 0 && a < b
      ? []
      : [`${first.source} must come before ${then.source}: ${ids.join(' ')}`];
  });
  const windows = plan.stages.filter((s) => s.window).length;
  const wanted = c.style === 'additive' ? 0 : 1;
  return windows === wanted ? order : [...order, `${windows} windows`];
}
