/* No address is claimed in a way that the allocator refuses, and nobody else loses theirs by it. */
import type { Reader } from '#estate/estate.ts';
import { kindTable } from '#estate/kind-table.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { World } from '#plan/world.ts';
import { broken, holds, type StateInvariant } from '../invariant.ts';

export const sharedAddressAllowed: StateInvariant = {
  code: 'shared-address-allowed',
  check: ({ world, point, start }) => {
    if (!point.isSettled) return holds;
    for (const { value } of point.view.reader.all('service')) {
      const id = kindTable.service.id(value);
      const says = refusal(world, point.view.reader, value);
      const before = start.get('service', id)?.value;
      if (says === undefined || (before !== undefined && refusal(world, start, before) !== undefined))
        continue;
      return broken(`${id}: ${says}`);
    }
    return holds;
  },
};

function refusal(world: World, reader: Reader, service: Service): string | undefined {
  if (service.type !== 'LoadBalancer') return undefined;
  const outcome = world.allocate(reader, service);
  return outcome.kind === 'refused' || outcome.kind === 'cleared' ? outcome.says : undefined;
}
