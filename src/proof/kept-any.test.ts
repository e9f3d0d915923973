/*
 * Whatever is written to whichever kind of fact, a kept walk and a kept outcome equal those made afresh. Catches answers
 * that hang on something that neither their key nor their reads tell.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keysTouched, makeEstate, type Write } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { prefix } from '#net/prefix.ts';
import { realWorld } from '#plan/real-world.ts';
import { homeFacts, middleware } from '#test/estates.ts';
import { Memo } from './memo.ts';
import { type CheckedFlow, makeSession } from './session.ts';
import { type View, Views } from './view.ts';

const inside = middleware('inside', { kind: 'ip-allow-list', ranges: [prefix('192.0.2.0/31')], depth: 0 });
const estate = makeEstate([...homeFacts(), inside]);
const facts = readFacts();

/** Facts that some walk reads, so that no write is wasted. */
function readFacts(): readonly Fact[] {
  const { views, memo, flows } = makeSession(realWorld, estate);
  const reads = flows.map((f) => memo.outcome(memo.outcomeOf(f.flow, f.key), views.base).reads);
  return [...estate.facts.values()].filter((f) =>
    keysTouched({ key: f.key, before: f, after: undefined }).some((k) => reads.some((r) => r.has(k))),
  );
}

/** The fact gone, or one member of it emptied, turned round or taken from another fact of the kind. */
function changed(fact: Fact, how: number, pick: number): Fact | undefined {
  if (how % 4 === 0) return undefined;
  const value = fact.value as unknown as Record<string, unknown>;
  const members = Object.keys(value);
  const member = members[pick % members.length] ?? '';
  const others = facts.filter((f) => f.kind === fact.kind);
  const other = others[pick % others.length]?.value as unknown as Record<string, unknown>;
  const was = value[member];
  const now =
    typeof was === 'boolean'
      ? !was
      : was === 'local' || was === 'cluster'
        ? policies.find((p) => p !== was)
        : Array.isArray(was) && how % 4 === 1
          ? was.slice(1)
          : (other[member] ?? was);
  return { ...fact, value: { ...value, [member]: now } } as unknown as Fact;
}

function writeIn(view: View, [which, how, pick]: readonly [number, number, number]): Write | undefined {
  const at = facts[which % facts.length] as Fact;
  const before = view.overlay.has(at.key) ? view.overlay.get(at.key) : at;
  const after = changed(before ?? at, how, pick);
  const isSameThing = after === undefined || isKept(at, after);
  return isSameThing ? { key: at.key, before, after } : undefined;
}

/** A change of what the key is made of would be another fact. */
function isKept(at: Fact, after: Fact): boolean {
  return makeEstate([after]).facts.has(at.key) && keyParts(at) === keyParts(after);
}

function keyParts({ value }: Fact): string {
  const { cluster, namespace, name, id, ip, server, firewall } = value as unknown as Record<string, unknown>;
  return JSON.stringify([cluster, namespace, name, id, ip, server, firewall]);
}

const policies = ['local', 'cluster'];

const write = fc.tuple(fc.nat(), fc.nat(), fc.nat());

test('kept equals fresh after any writes', () => {
  const session = makeSession(realWorld, estate);
  const { views, memo } = session;
  const sampled = session.flows.filter((_, i) => i % 5 === 0);
  let compared = 0;
  fc.assert(
    fc.property(fc.array(write, { minLength: 1, maxLength: 4 }), fc.boolean(), (writes, isFleeting) => {
      let view = views.base;
      for (const [i, w] of writes.entries()) {
        const made = writeIn(view, w);
        if (made !== undefined) view = views.with(view, [made], isFleeting && i === writes.length - 1);
      }
      const { walk, outcome } = freshIn(view);
      for (const flow of sampled) {
        compared++;
        expect(memo.outcome(memo.outcomeOf(flow.flow, flow.key), view).value).toEqual(outcome(flow));
        if (!view.isFleeting) expect(memo.walk(view, flow.flow, flow.key).value).toEqual(walk(flow));
      }
    }),
    { numRuns: 80 },
  );
  expect(compared).toBeGreaterThan(500);
  expect(memo.asked).toBeGreaterThan(2 * memo.walks);
});

test('an ingress whose listeners got a middleware is asked anew', () => {
  const { views, memo, flows } = makeSession(realWorld, estate);
  const ingress = facts.find((f): f is Fact<'ingress'> => f.kind === 'ingress') as Fact<'ingress'>;
  const listeners = ingress.value.listeners.map((l) => ({ ...l, middlewares: ['traefik/inside'] }));
  const after = { ...ingress, value: { ...ingress.value, listeners } } as unknown as Fact;
  const outcomesIn = (view: View) =>
    flows.map((f) => memo.outcome(memo.outcomeOf(f.flow, f.key), view).value);
  const before = outcomesIn(views.base);
  const view = views.with(views.base, [{ key: ingress.key, before: ingress as unknown as Fact, after }]);
  const now = outcomesIn(view);
  expect(now).toEqual(flows.map((f) => freshIn(view).outcome(f)));
  expect(now).not.toEqual(before);
});

/** The same asked of nothing that is kept. */
function freshIn(view: View) {
  const views = new Views(estate);
  const memo = new Memo(realWorld);
  const writes = [...view.overlay].map(([key, after]) => ({ key, before: estate.facts.get(key), after }));
  const same = views.with(views.base, writes);
  return {
    walk: ({ flow }: CheckedFlow) => realWorld.walk(view.reader, flow),
    outcome: ({ flow, key }: CheckedFlow) => memo.outcome(memo.outcomeOf(flow, key), same).value,
  };
}
