/* Judging how walks come out finds what judging the whole walks finds, whatever was written. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Write, writeOf } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { realWorld } from '#plan/real-world.ts';
import { smallHouse } from '#test/small-estate.ts';
import { faultsOf } from './faults.ts';
import { judgeAll } from './found.ts';
import { makeSession } from './session.ts';
import type { View } from './view.ts';

const addresses = ['10.0.20.200', '10.0.20.203', '10.0.20.9'].map(ip);

function writeIn({ reader }: View, what: number, pick: number): readonly Write[] {
  const address = addresses[pick % addresses.length] ?? ip('10.0.20.200');
  const service = reader.get('service', 'home/traefik/traefik') as Fact<'service'>;
  const record = reader.get('recordSet', 'dns/inside||example.org|example.org|A') as Fact<'recordSet'>;
  switch (what % 3) {
    case 0:
      return [writeOf(reader, 'service', { ...service.value, vips: [{ ip: address, ipMode: 'VIP' }] })];
    case 1:
      return [writeOf(reader, 'recordSet', { ...record.value, values: [address] })];
    default:
      return [
        writeOf(reader, 'service', { ...service.value, externalPolicy: pick % 2 ? 'local' : 'cluster' }),
      ];
  }
}

test('outcomes are judged as whole walks are', () => {
  const session = makeSession(realWorld, smallHouse());
  const { views, memo } = session;
  const faults = faultsOf(realWorld, views.base.reader);
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      (moves, pick) => {
        const fault = faults[pick % (faults.length + 1)];
        let view = views.base;
        for (const [what, n] of moves) view = views.with(view, writeIn(view, what, n));
        const [start, end] = [views.base, view].map((v) =>
          fault === undefined ? v : views.with(v, fault.writes(v), true),
        ) as [View, View];
        for (const flow of session.flows) {
          const question = memo.outcomeOf(flow.flow, flow.key);
          const short = judgeAll(
            flow,
            start,
            memo.outcome(question, start),
            end,
            memo.outcome(question, end),
          );
          const walks = [start, end].map((v) => ({ ...memo.walk(v, flow.flow, flow.key), parts: [] }));
          const fresh = [start, end].map((v, i) => ({
            ...(walks[i] as (typeof walks)[0]),
            value: realWorld.walk(v.reader, flow.flow),
          }));
          const [before, after] = fresh as [(typeof walks)[0], (typeof walks)[0]];
          const whole = judgeAll(flow, start, before, end, after);
          expect(short.map((s) => [s.invariant.code, s.judgement.kind])).toEqual(
            whole.map((s) => [s.invariant.code, s.judgement.kind]),
          );
          found += whole.length;
        }
      },
    ),
    { numRuns: 60 },
  );
  expect(found).toBeGreaterThan(0);
});
