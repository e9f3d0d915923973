/*
 * A run kept in the cluster that it changes: the journal in a ConfigMap, the lock as a Lease. For runs in a Job, whose own
 * disk is gone with its pod. A line counts once the API server has it, so none is ever cut.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalStore } from '#apply/journal.ts';
import { SightlineError } from '#estate/error.ts';
import type { Answer, KubernetesApi, ObjectRef } from './api.ts';
import { mapOf, textOf, versionOf } from './decode.ts';
import { ownManager } from './owners.ts';

const options = { manager: ownManager, isDryRun: false };
const tries = 5;
/** The API server stores 1 MiB at most. */
const maxJournal = 900 * 1024;

/** The journal of a run in ConfigMap `sightline-<run>`; `pauseMs` between tries. */
export function configMapJournal(
  api: KubernetesApi,
  namespace: string,
  run: string,
  pauseMs = 1_000,
): JournalStore {
  const ref: ObjectRef = {
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    plural: 'configmaps',
    namespace,
    name: `sightline-${run}`,
  };
  const read = async (): Promise<string | undefined> => {
    const answer = await insist(() => api.get(ref), pauseMs);
    if (answer.kind === 'object') return textOf(mapOf(answer.object.data).journal);
    if (answer.status === 404) return undefined;
    throw unwritable('read', answer.says);
  };
  /** Whatever became of the request, what is there afterwards decides. */
  const put = async (before: string | undefined, after: string): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const answer = await write(api, ref, before, after);
      if (answer.kind === 'object') return;
      const now = await read();
      if (now === after) return;
      if (now !== before) throw unwritable('written', 'somebody else wrote to it: is a second run going on?');
      if (attempt >= tries) throw unwritable('written', answer.says);
      await sleep(pauseMs);
    }
  };
  return {
    read: async () => (await read()) ?? '',
    append: async (line) => {
      const before = await read();
      const after = (before ?? '') + line;
      if (Buffer.byteLength(after) > maxJournal)
        throw unwritable('written', 'it is as long as a ConfigMap may be');
      await put(before, after);
    },
    drop: async (tail) => {
      const before = (await read()) ?? '';
      await put(before, before.slice(0, before.length - tail.length));
    },
  };
}

function write(
  api: KubernetesApi,
  ref: ObjectRef,
  before: string | undefined,
  after: string,
): Promise<Answer> {
  if (before !== undefined) {
    const path = '/data/journal';
    return api.patch(
      ref,
      [
        { op: 'test', path, value: before },
        { op: 'replace', path, value: after },
      ],
      options,
    );
  }
  const labels = { 'app.kubernetes.io/managed-by': 'sightline' };
  const metadata = { name: ref.name, namespace: ref.namespace, labels };
  return api.create(
    ref,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { journal: after } },
    options,
  );
}

/** Asks again while there is no answer. */
async function insist(call: () => Promise<Answer>, pauseMs: number): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await call();
    const isLasting = answer.kind === 'object' || (answer.status !== undefined && answer.status < 429);
    if (isLasting || attempt >= tries) return answer;
    await sleep(answer.retryAfterMs ?? pauseMs);
  }
}

function unwritable(what: string, why: string): SightlineError {
  return new SightlineError('journal-unwritable', `the journal in the cluster cannot be ${what}: ${why}`, {
    hint: 'nothing goes on without its journal: see that the API answers, then run sightline resume',
  });
}

export interface LeaseLock {
  /** Run whose Lease had run out before; undefined: it was free. */
  readonly tookOverFrom?: string;
  release(): Promise<void>;
}

const leaseSeconds = 60;

/** Takes Lease `sightline-run` and renews it until released; `onLost` when it is gone. Throws SightlineError `locked`. */
export async function takeLease(
  api: KubernetesApi,
  namespace: string,
  run: string,
  onLost: (says: string) => void,
): Promise<LeaseLock> {
  const ref: ObjectRef = {
    group: 'coordination.k8s.io',
    version: 'v1',
    kind: 'Lease',
    plural: 'leases',
    namespace,
    name: 'sightline-run',
  };
  const holderIdentity = `${run} ${hostname()} ${process.pid}`;
  const spec = () => ({
    holderIdentity,
    leaseDurationSeconds: leaseSeconds,
    renewTime: new Date().toISOString().replace('Z', '000Z'),
  });
  const found = await insist(() => api.get(ref), 1_000);
  const before = found.kind === 'object' ? holderOf(found.object) : undefined;
  if (before?.isAlive === true) throw locked(before.name);
  const metadata = { name: ref.name, namespace };
  let held =
    found.kind === 'object'
      ? await replaceSpec(api, ref, versionOf(found.object), spec())
      : await api.create(
          ref,
          { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: spec() },
          options,
        );
  if (held.kind === 'failed')
    throw held.status === 409 ? locked('another run, which was faster') : unlockable(held.says);
  let version = versionOf(held.object);
  const renew = setInterval(
    async () => {
      held = await replaceSpec(api, ref, version, spec());
      if (held.kind === 'object') version = versionOf(held.object);
      else if (held.status === 409) onLost('another run took the lock over');
    },
    (leaseSeconds * 1000) / 3,
  );
  renew.unref();
  return {
    ...(before !== undefined && before.name !== '' && { tookOverFrom: before.name }),
    release: async () => {
      clearInterval(renew);
      await replaceSpec(api, ref, version, { ...spec(), holderIdentity: '' });
    },
  };
}

function replaceSpec(api: KubernetesApi, ref: ObjectRef, version: string, spec: unknown): Promise<Answer> {
  const operations = [
    { op: 'replace', path: '/metadata/resourceVersion', value: version },
    { op: 'add', path: '/spec', value: spec },
  ] as const;
  return api.patch(ref, operations, options);
}

function holderOf(lease: unknown): { readonly name: string; readonly isAlive: boolean } {
  const spec = mapOf(mapOf(lease).spec);
  const name = textOf(spec.holderIdentity);
  const until = Date.parse(textOf(spec.renewTime)) + Number(spec.leaseDurationSeconds ?? leaseSeconds) * 1000;
  return { name, isAlive: name !== '' && until > Date.now() };
}

function locked(holder: string): SightlineError {
  return new SightlineError('locked', `a run is going on in this cluster: ${holder}`, {
    hint: `wait for it; if its pod is gone, the lock runs out ${leaseSeconds} s after its last renewal`,
  });
}

function unlockable(says: string): SightlineError {
  return new SightlineError('locked', `the lock in the cluster cannot be taken: ${says}`, {
    hint: 'see the rights in docs/rbac',
  });
}
