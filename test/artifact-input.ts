/* What artifacts are made from, for their tests: a plan of one stage that is taken as proved, and the facts that it stands on. */
import { makeEstate, readerOf } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Plan } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import type { ArtifactInput } from '#report/artifacts/context.ts';

const counts = { states: 3, faults: 1, flows: 1, classes: 1, covered: 3, walks: 3, walksSaved: 0 };
const proof: Proved = { kind: 'proved', counts, assumptions: [], windows: [], endings: [], invariants: [] };

/** `changes` as plan.json has them; `more` of the stage, such as its window. */
export function artifactInput(
  changes: readonly object[],
  facts: readonly Fact[],
  more: object = {},
): ArtifactInput {
  const plan = {
    format: 1,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
    goal: { kind: 'retire', ip: '10.0.0.1' },
    style: 'additive',
    outOfScope: [],
    decisions: [],
    stages: [{ id: 's', title: 'Stage', gates: [], changes, ...more }],
  } as unknown as Plan;
  const reader = readerOf(makeEstate(facts));
  return { plan, proof, reader, files: [], missing: [], documents: [], sections: [] };
}
