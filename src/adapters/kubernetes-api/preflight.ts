/*
 * Before anything is written: may we, does the API server take it (dry run), and does anybody own the fields who would put
 * them back, as the server itself says in a dry server-side apply.
 */
import { type Failure, type KubernetesApi, nameOf, type ObjectRef } from './api.ts';
import type { Json } from './decode.ts';
import { operationsBetween } from './diff.ts';
import { find } from './find.ts';
import type { Item } from './items.ts';
import { type FieldOwner, onlyFields, ownersOf, ownManager, pathsOf, revertersAmong } from './owners.ts';
import { foldedPorts } from './service-fields.ts';

/** Everything that would stop the write; empty: fine. Writes nothing. */
export async function preflightItem(api: KubernetesApi, item: Item): Promise<readonly string[]> {
  const found = await find(api, item);
  if ('kind' in found) return [found.says];
  const { ref, live } = found;
  const rights = await missingRights(api, ref, item.deed);
  if (rights.length > 0 || item.compare(live).kind !== 'before') return rights;
  return item.deed === 'patch' && live !== undefined
    ? patchProblems(api, item, ref, live)
    : wholeProblems(api, item, ref, live);
}

async function missingRights(
  api: KubernetesApi,
  ref: ObjectRef,
  deed: Item['deed'],
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const verb of ['get', deed]) {
    const may = await api.mayI(verb, ref);
    if (may === true) continue;
    missing.push(may === false ? `the credential may not ${verb} ${nameOf(ref)}` : may.says);
  }
  return missing;
}

async function patchProblems(
  api: KubernetesApi,
  item: Item,
  ref: ObjectRef,
  live: Json,
): Promise<readonly string[]> {
  const wanted = item.wanted(live, undefined);
  if (typeof wanted === 'string') return [`${nameOf(ref)}: ${wanted}`];
  const folded = foldedPorts(wanted);
  if (folded.length > 0) return [`${nameOf(ref)}: ${folded.join(', ')} would stand twice`];
  const operations = operationsBetween(live, wanted);
  const paths = pathsOf(operations);
  const asked = await api.applyDry(ref, onlyFields(wanted, paths), ownManager);
  const owners = [...ownersOf(live, paths), ...(asked.kind === 'failed' ? ownersSaid(asked) : [])];
  const owned = unique(
    revertersAmong(owners).map(
      (o) => `${nameOf(ref)}: ${o.field} is owned by ${o.manager}, which would put it back: change it there`,
    ),
  );
  if (owned.length > 0) return owned;
  const dry = await api.patch(ref, operations, { manager: ownManager, isDryRun: true });
  return dry.kind === 'object' ? [] : [dry.says];
}

/** `conflict with "helm"` (applied) or `conflict with "helm" using v1` (updated). */
function ownersSaid({ owned }: Failure): readonly FieldOwner[] {
  return owned.map(({ field, says }) => {
    const [, manager = 'somebody', using] = /conflict with "([^"]*)"( using .*)?/.exec(says) ?? [];
    return { field, manager, operation: using === undefined ? 'Apply' : 'Update' };
  });
}

async function wholeProblems(
  api: KubernetesApi,
  item: Item,
  ref: ObjectRef,
  live: Json | undefined,
): Promise<readonly string[]> {
  if (item.deed === 'delete') {
    const answer = live === undefined ? undefined : await api.delete(ref, {}, true);
    return answer?.kind === 'failed' ? [answer.says] : [];
  }
  const wanted = item.wanted({}, undefined);
  if (typeof wanted === 'string') return [wanted];
  const dry = await api.create(ref, wanted, { manager: ownManager, isDryRun: true });
  return dry.kind === 'object' ? [] : [dry.says];
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
