/* A proof that takes over what an earlier session found says what a proof from nothing says, however the estate was edited. */
import { describe, expect, test } from 'vitest';
import { type Estate, makeEstate } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import type { Plan } from '#plan/plan.ts';
import { planFor } from '#plan/planner.ts';
import { realWorld } from '#plan/real-world.ts';
import { askedOf, inputOf } from '#test/generated/check.ts';
import { generatedHouse } from '#test/generated/house.ts';
import { equalValue } from './equal-value.ts';
import { type Found, judgeAll } from './found.ts';
import { Memo } from './memo.ts';
import { prove } from './prove.ts';
import type { ProofResult } from './result.ts';
import { type CheckedFlow, makeSession, type Session } from './session.ts';
import type { View } from './view.ts';

/** Edits that change how flows come out. */
function editsOf(fact: Fact): readonly (Fact | undefined)[] {
  const { kind, value } = fact;
  const as = (fields: object) => ({ ...fact, value: { ...value, ...fields } }) as Fact;
  switch (kind) {
    case 'recordSet':
      return [undefined, as({ values: [ip('10.0.20.9')] }), as({ ttlSeconds: 77 })];
    case 'service':
      return [undefined, as({ externalPolicy: 'local' }), as({ vips: [] })];
    case 'endpointSlice':
      return [undefined, as({ endpoints: (value as Fact<'endpointSlice'>['value']).endpoints.slice(1) })];
    case 'node':
      return [as({ isReady: false })];
    case 'route':
    case 'portForward':
    case 'pod':
      return [undefined];
    default:
      return [];
  }
}

function withEdit(estate: Estate, before: Fact, after: Fact | undefined): Estate {
  const others = [...estate.facts.values()].filter((f) => f !== before);
  return makeEstate(after === undefined ? others : [...others, after], estate.gaps);
}

/** The result without how much work it was. */
function saysOf(session: Session, plan: Plan): ProofResult {
  const result = prove(session, plan);
  return { ...result, counts: { ...result.counts, walks: 0, walksSaved: 0 } };
}

type Pair = readonly [known: unknown, afresh: unknown];

/** What is known of every flow in every state, beside what outcomes that nobody kept say: pairs that must be equal. */
function pairsOf({ known, flows, views }: Session): readonly Pair[] {
  const memo = new Memo(realWorld);
  const outcome = (view: View, { flow, key }: CheckedFlow) => memo.outcome(memo.outcomeOf(flow, key), view);
  const kinds = (all: readonly Found[]) => all.map((f) => `${f.invariant.code} ${f.judgement.kind}`);
  const judged = (flow: CheckedFlow, start: View, view: View) =>
    kinds(judgeAll(flow, start, outcome(start, flow), view, outcome(view, flow)));
  const pairs: Pair[] = [];
  for (const [view, outcomes] of known.found()) {
    for (const flow of flows) {
      const found = outcomes[flow.id];
      if (found !== undefined) pairs.push([kinds(found as readonly Found[]), judged(flow, views.base, view)]);
    }
  }
  for (const { start, leaf, view, outcomes } of known.foundUnderFaults()) {
    for (const flow of flows) {
      const found = outcomes[flow.id];
      const isSame = equalValue(outcome(leaf, flow).value, outcome(view, flow).value);
      if (found === 'untouched') pairs.push([true, isSame]);
      else if (found !== undefined) pairs.push([kinds(found), judged(flow, start, view)]);
    }
  }
  return pairs;
}

describe.each([1, 2, 4])('generated house %i', (seed) => {
  const { estate } = generatedHouse(seed);
  const first = makeSession(realWorld, estate);
  const outcome = planFor(inputOf(first, askedOf(seed)));

  test('edit after edit', () => {
    if (outcome.kind !== 'planned') throw new Error(outcome.says);
    const { plan } = outcome;
    const edits = [...estate.facts.values()].flatMap((f) => editsOf(f).map((after) => [f, after] as const));
    let session = first;
    for (const [fact, after] of edits.filter((_, i) => i % 23 === seed)) {
      session = makeSession(realWorld, withEdit(estate, fact, after), session);
      expect(saysOf(session, plan)).toEqual(saysOf(makeSession(realWorld, session.estate), plan));
      for (const [found, afresh] of pairsOf(session)) expect(found).toEqual(afresh);
    }
  });

  test('what nobody edits is not found again', () => {
    if (outcome.kind !== 'planned') throw new Error(outcome.says);
    const again = makeSession(realWorld, makeEstate(estate.facts.values(), estate.gaps), first);
    const before = again.memo.walks;
    prove(again, outcome.plan);
    expect(again.memo.walks - before).toBeLessThan(20);
  });
});
