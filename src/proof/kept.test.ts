/* A walk that was kept equals the same walk made afresh, whatever was written, by the real data plane and by the small one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Write, writeOf } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { realWorld } from '#plan/real-world.ts';
import type { World } from '#plan/world.ts';
import { smallHouse } from '#test/small-estate.ts';
import { smallWorld } from '#test/small-world.ts';
import { makeSession } from './session.ts';
import type { View } from './view.ts';

const addresses = ['10.0.20.200', '10.0.20.203', '10.0.20.9'].map(ip);

/** One of a few writes that plans make, in the state of the view. */
function writeIn(view: View, what: number, pick: number): readonly Write[] {
  const address = addresses[pick % addresses.length] ?? ip('10.0.20.200');
  const { reader } = view;
  const service = reader.get('service', 'home/traefik/traefik') as Fact<'service'>;
  const record = reader.get('recordSet', 'dns/inside||example.org|example.org|A') as Fact<'recordSet'>;
  const forward = reader.get('portForward', 'fw/00000') as Fact<'portForward'>;
  const slice = reader.get('endpointSlice', 'home/traefik/traefik-x') as Fact<'endpointSlice'>;
  switch (what % 5) {
    case 0:
      return [writeOf(reader, 'service', { ...service.value, vips: [{ ip: address, ipMode: 'VIP' }] })];
    case 1:
      return [writeOf(reader, 'recordSet', { ...record.value, values: [address] })];
    case 2:
      return [writeOf(reader, 'portForward', { ...forward.value, target: address })];
    case 3:
      return [
        writeOf(reader, 'service', { ...service.value, externalPolicy: pick % 2 ? 'local' : 'cluster' }),
      ];
    default:
      return [
        writeOf(reader, 'endpointSlice', {
          ...slice.value,
          endpoints: slice.value.endpoints.slice(pick % 3),
        }),
      ];
  }
}

const worlds: readonly [string, World][] = [
  ['small', smallWorld],
  ['real', realWorld],
];

describe.each(worlds)('%s world', (_, world) => {
  test('kept equals fresh', () => {
    const session = makeSession(world, smallHouse());
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 5 }), (moves) => {
        let view = session.views.base;
        for (const [what, pick] of moves) {
          view = session.views.with(view, writeIn(view, what, pick));
          for (const { flow, key } of session.flows) {
            expect(session.memo.walk(view, flow, key).value).toEqual(world.walk(view.reader, flow));
          }
        }
      }),
      { numRuns: 25 },
    );
    expect(session.memo.asked).toBeGreaterThan(session.memo.walks);
  });
});
