/* Looks an item's object up. */
import { SightlineError } from '#estate/error.ts';
import { type Failure, type KubernetesApi, nameOf, type ObjectRef } from './api.ts';
import { isObjectOf, type Json } from './decode.ts';
import type { Item } from './items.ts';

/** An object as it is now; `live` undefined: it is not there. */
export interface Found {
  readonly ref: ObjectRef;
  readonly live: Json | undefined;
}

/** The object, or that it is not there. */
export async function find(api: KubernetesApi, item: Item): Promise<Found | Failure> {
  for (const ref of item.refs) {
    const answer = await api.get(ref);
    if (answer.kind === 'object' && isObjectOf(answer.object, ref.kind)) return { ref, live: answer.object };
    if (answer.kind === 'object')
      return {
        kind: 'failed',
        mayHaveActed: false,
        reason: '',
        owned: [],
        says: `${nameOf(ref)}: the answer is no ${ref.kind}`,
      };
    if (answer.status !== 404 || answer.reason !== 'NotFound') return answer;
  }
  const [ref] = item.refs;
  if (ref === undefined) throw new SightlineError('bad-plan', 'a setting of no object');
  return { ref, live: undefined };
}
