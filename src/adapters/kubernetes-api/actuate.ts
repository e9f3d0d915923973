/*
 * Writes settings of one cluster through its API: looks first, checks who owns the fields, patches with tests on what was
 * seen, and reads back. Never forces; a field that another owner would put back is a conflict that names the owner.
 */
import type { Actuator, Observed, WriteOutcome } from '#apply/actuator.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import type { PlannedChange, Setting } from '#plan/change.ts';
import { afterParts, observedOf, writeOutcomeOf } from '../api-failure.ts';
import { type Failure, type KubernetesApi, nameOf, type ObjectRef } from './api.ts';
import { type Json, mapOf, mapsOf, textOf, versionOf } from './decode.ts';
import { canonical, operationsBetween } from './diff.ts';
import { type Found, find } from './find.ts';
import { type Item, itemOf, together } from './items.ts';
import { type Kept, keep, keptOf, keptText, parseKept } from './kept.ts';
import { ownersOf, ownManager, pathsOf, revertersAmong } from './owners.ts';
import { preflightItem } from './preflight.ts';
import { foldedPorts, portKeys } from './service-fields.ts';

type Step =
  | { readonly kind: 'done' }
  | { readonly kind: 'again' }
  | Exclude<WriteOutcome, { kind: 'written' }>;
const done: Step = { kind: 'done' };
const attempts = 4;

/** The actuator of `cluster/<name>`. */
export class KubernetesActuator implements Actuator {
  readonly name = 'kubernetes';
  readonly #cluster: string;
  readonly #api: KubernetesApi;

  constructor(cluster: string, api: KubernetesApi) {
    this.#cluster = cluster;
    this.#api = api;
  }

  can(system: string, setting: Setting): boolean {
    if (setting.of === 'nameRule') return setting.id.startsWith(`coredns/${this.#cluster}|`);
    const isMine = system === `cluster/${this.#cluster}` && setting.id.startsWith(`${this.#cluster}/`);
    return isMine && ['service', 'workload', 'ingress', 'middleware'].includes(setting.of);
  }

  async preflight(change: PlannedChange): Promise<readonly string[]> {
    const items = itemsOf(change);
    if (typeof items === 'string') return [items];
    const problems: string[] = [];
    try {
      for (const item of items) problems.push(...(await preflightItem(this.#api, item)));
    } catch (error) {
      if (!(error instanceof SightlineError)) throw error;
      problems.push(messageOf(error));
    }
    return problems;
  }

  async observe(change: PlannedChange): Promise<Observed> {
    const items = itemsOf(change);
    if (typeof items === 'string') return { kind: 'other', says: items };
    const compared = [];
    for (const item of items) {
      const found = await find(this.#api, item);
      if ('kind' in found) return observedOf(found);
      const c = item.compare(found.live);
      if (c.kind === 'other') return { kind: 'other', says: `${nameOf(found.ref)}: ${c.says}` };
      compared.push(c);
    }
    // several objects cannot be written at once: as long as one is as before, there is something to do
    if (compared.some((c) => c.kind === 'before')) return { kind: 'before' };
    return { kind: together(compared).kind === 'after' ? 'after' : 'before' };
  }

  async backup(change: PlannedChange): Promise<string> {
    const items = itemsOf(change);
    const kept: Kept[] = [];
    for (const item of typeof items === 'string' ? [] : items) {
      const found = await find(this.#api, item);
      if ('kind' in found)
        throw new SightlineError('no-backup', `what is there cannot be kept: ${found.says}`);
      kept.push(keep(found.ref, found.live, found.live === undefined ? [] : item.touched(found.live)));
    }
    return keptText(kept);
  }

  async write(change: PlannedChange, backup?: string): Promise<WriteOutcome> {
    const items = itemsOf(change);
    if (typeof items === 'string') return refused(items);
    const kept = parseKept(backup);
    let written = 0;
    for (const item of items) {
      const step = await this.#writeItem(item, kept);
      if (step.kind === 'done') written += 1;
      else
        return afterParts(
          step.kind === 'again'
            ? { kind: 'conflict', says: 'it is being changed by somebody else all the time' }
            : step,
          written,
        );
    }
    return { kind: 'written' };
  }

  async #writeItem(item: Item, kept: readonly Kept[] | undefined): Promise<Step> {
    for (let attempt = 1; ; attempt += 1) {
      const found = await find(this.#api, item);
      if ('kind' in found) return failed(found);
      const c = item.compare(found.live);
      if (c.kind === 'after') return done;
      if (c.kind === 'other') return { kind: 'conflict', says: `${nameOf(found.ref)}: ${c.says}` };
      const step = await this.#perform(item, found, keptOf(kept, found.ref));
      if (step.kind !== 'again' || attempt >= attempts) return step;
    }
  }

  async #perform(item: Item, { ref, live }: Found, kept: Kept | undefined): Promise<Step> {
    const options = { manager: ownManager, isDryRun: false };
    if (item.deed === 'delete' && live !== undefined) {
      const { uid, resourceVersion } = mapOf(live.metadata);
      const answer = await this.#api.delete(ref, { uid, resourceVersion }, false);
      return answer.kind === 'object' || answer.status === 404 ? done : failed(answer);
    }
    const wanted = item.wanted(live ?? {}, kept);
    if (typeof wanted === 'string') return refused(`${nameOf(ref)}: ${wanted}`);
    const folded = foldedPorts(wanted);
    if (folded.length > 0) return refused(`${nameOf(ref)}: ${folded.join(', ')} would stand twice`);
    if (live === undefined) {
      const answer = await this.#api.create(ref, wanted, options);
      return answer.kind === 'object' ? whole(ref, answer.object, wanted) : failed(answer);
    }
    return this.#patch(ref, live, wanted, kept);
  }

  async #patch(ref: ObjectRef, live: Json, wanted: Json, kept: Kept | undefined): Promise<Step> {
    const operations = operationsBetween(live, wanted);
    const paths = pathsOf(operations);
    const [reverter] = revertersAmong(ownersOf(live, paths));
    if (reverter !== undefined) return ownedBy(ref, reverter.manager, reverter.field);
    const before =
      kept === undefined ? [] : ownersOf({ metadata: { managedFields: kept.managedFields } }, paths);
    const givenBack = [...new Set(before.map((o) => o.manager))];
    const manager = givenBack.length === 1 ? (givenBack[0] ?? ownManager) : ownManager;
    const version = { op: 'replace', path: '/metadata/resourceVersion', value: versionOf(live) } as const;
    const answer = await this.#api.patch(ref, [version, ...operations], { manager, isDryRun: false });
    if (answer.kind === 'failed')
      return answer.status === 422 && (await this.#hasMoved(ref, live)) ? { kind: 'again' } : failed(answer);
    if (kept !== undefined) await this.#giveBack(ref, answer.object, kept);
    return whole(ref, answer.object, wanted);
  }

  async #hasMoved(ref: ObjectRef, live: Json): Promise<boolean> {
    const now = await this.#api.get(ref);
    return now.kind === 'object' && versionOf(now.object) !== versionOf(live);
  }

  /** After an undo the fields have their old owners again. Only a record of names: a failure costs nothing else. */
  async #giveBack(ref: ObjectRef, object: Json, kept: Kept): Promise<void> {
    const now = mapsOf(mapOf(object.metadata).managedFields);
    const own = now.filter((m) => m.subresource === undefined);
    if (ownership(own) === ownership(kept.managedFields) || !hasOnlyKeptManagers(now, kept)) return;
    const left = [...kept.managedFields, ...now.filter((m) => m.subresource !== undefined)];
    // one empty entry is how the API server is told to forget them all
    const managedFields = left.length === 0 ? [{}] : left;
    const version = { op: 'replace', path: '/metadata/resourceVersion', value: versionOf(object) } as const;
    const put = { op: 'replace', path: '/metadata/managedFields', value: managedFields } as const;
    await this.#api.patch(ref, [version, put], { manager: ownManager, isDryRun: false });
  }
}

/** Who owns what, whenever they wrote it. */
function ownership(managedFields: readonly Json[]): string {
  return managedFields
    .map((m) => canonical({ ...m, time: '' }))
    .sort()
    .join();
}

/** Whether nobody came along since. */
function hasOnlyKeptManagers(now: readonly Json[], kept: Kept): boolean {
  const known = new Set([ownManager, ...kept.managedFields.map((m) => textOf(m.manager))]);
  return now.every((m) => m.subresource !== undefined || known.has(textOf(m.manager)));
}

function itemsOf(change: PlannedChange): readonly Item[] | string {
  if (change.change.kind !== 'set') return 'a wait is never written';
  const items: Item[] = [];
  for (const setting of change.change.settings) {
    const item = itemOf(setting);
    if (typeof item === 'string') return `${setting.of} ${setting.id}: ${item}`;
    items.push(item);
  }
  return items;
}

/** The write's own answer shows every port, or it is looked at again. */
function whole(ref: ObjectRef, object: Json, wanted: Json): Step {
  if (ref.kind !== 'Service' || canonical(portKeys(object)) === canonical(portKeys(wanted))) return done;
  return {
    kind: 'unknown',
    says: `${nameOf(ref)} has the ports ${portKeys(object).join(', ')} after the write, not ${portKeys(wanted).join(', ')}`,
  };
}

function failed(failure: Failure): Step {
  if (failure.status === 409 && failure.reason === 'AlreadyExists')
    return { kind: 'conflict', says: `${failure.says}: somebody else made it` };
  if (failure.status === 409) return { kind: 'again' };
  const outcome = writeOutcomeOf(failure);
  return outcome.kind === 'written' ? done : outcome;
}

function ownedBy(ref: ObjectRef, manager: string, field: string): Step {
  return {
    kind: 'conflict',
    says: `${nameOf(ref)}: ${field} is owned by ${manager}, which would put it back: change it there`,
    owner: manager,
  };
}

function refused(says: string): Extract<WriteOutcome, { kind: 'refused' }> {
  return { kind: 'refused', says, hint: 'make a new plan, or do this change by hand' };
}
