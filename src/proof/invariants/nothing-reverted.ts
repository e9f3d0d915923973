/* At the end nothing is put back by its owner's next apply, and nothing stays frozen. */
import type { Fact } from '#estate/fact.ts';
import { repositoriesOf } from '#estate/stated.ts';
import { fieldsPutBack } from '#plan/owner.ts';
import { broken, holds, type StateCheck, type StateInvariant } from '../invariant.ts';

export const nothingReverted: StateInvariant = {
  code: 'nothing-reverted',
  check: (input) => (isEnd(input) ? atEnd(input) : holds),
};

function isEnd({ point, plan }: StateCheck): boolean {
  const count = plan.stages.reduce((n, s) => n + s.changes.length, 0);
  return point.point.direction === 'forward' && point.done.length === count && point.isSettled;
}

function atEnd(input: StateCheck) {
  const { point, start } = input;
  const { reader, overlay } = point.view;
  for (const after of overlay.values()) {
    const before = after && startFact(start, after);
    if (after === undefined || before === undefined) continue;
    for (const repository of repositoriesOf(start, before)) {
      if (after.kind === 'repository') continue;
      const fields = [
        ...fieldsPutBack(start, reader, before, after, repository),
        ...ofChart(input, before, after, repository.id),
      ];
      if (fields.length > 0) {
        return broken(`the next apply of ${repository.id} puts ${fields.join(', ')} of ${after.key} back`);
      }
    }
  }
  return frozen(overlay.values(), start) ?? holds;
}

/** Arguments of an ingress come from its chart, whether its values say so or not: changed elsewhere they do not last. */
function ofChart({ plan }: StateCheck, before: Fact, after: Fact, repository: string): readonly string[] {
  if (before.kind !== 'ingress') return [];
  const published = (fact: Fact) => (fact as Fact<'ingress'>).value.publishedService;
  const id = after.key.slice('ingress:'.length);
  const isThroughOwner = plan.stages
    .flatMap((s) => s.changes)
    .some(
      ({ change, through }) =>
        through.repository === repository &&
        change.kind === 'set' &&
        change.settings.some((s) => s.of === 'ingress' && s.id === id),
    );
  return published(before) === published(after) || isThroughOwner ? [] : ['publishedService'];
}

function startFact(start: StateCheck['start'], fact: Fact): Fact | undefined {
  return start.get(fact.kind, fact.key.slice(fact.kind.length + 1));
}

function frozen(facts: Iterable<Fact | undefined>, start: StateCheck['start']) {
  for (const fact of facts) {
    if (fact?.kind !== 'repository') continue;
    const before = startFact(start, fact) as Fact<'repository'> | undefined;
    const now = (fact as Fact<'repository'>).value.applies;
    if (before !== undefined && before.value.applies !== now) {
      return broken(`${before.value.id} stays frozen (${now} instead of ${before.value.applies})`);
    }
  }
  return undefined;
}
