/*
 * Runs kept in the cluster that they change: files and journal in ConfigMaps, the lock as a Lease. For runs in a Job, whose
 * own disk is gone with its pod, and for looking at them from elsewhere.
 */
import type { KeptRun, RunFiles, RunLock, RunStore } from '#apply/run-store.ts';
import { SightlineError } from '#estate/error.ts';
import { checkRunId } from '../run-id.ts';
import { KubernetesApi, type ObjectRef } from './api.ts';
import { ClusterJournal } from './cluster-journal.ts';
import { type LeaseLock, type LeaseTimes, takeLease } from './cluster-lease.ts';
import { configMapRef, insist, labelsOf, writing } from './cluster-objects.ts';
import { type Json, mapOf, mapsOf, textOf } from './decode.ts';
import { kubeconfigAccess } from './kubeconfig.ts';

export interface ClusterPlace {
  /** Context of a kubeconfig. */
  readonly context: string;
  readonly namespace: string;
}

export function clusterRuns({ context, namespace }: ClusterPlace): RunStore {
  return new ClusterRuns(new KubernetesApi(kubeconfigAccess(context)), namespace);
}

export interface RunTimes {
  readonly pauseMs: number;
  readonly lease?: LeaseTimes;
}

/** The API server stores 1 MiB of data an object. */
const mostBytes = 1_000_000;

export class ClusterRuns implements RunStore {
  readonly #api: KubernetesApi;
  readonly #namespace: string;
  readonly #times: RunTimes;
  #lock: LeaseLock | undefined;

  constructor(api: KubernetesApi, namespace: string, times: RunTimes = { pauseMs: 500 }) {
    this.#api = api;
    this.#namespace = namespace;
    this.#times = times;
  }

  async create(id: string, files: RunFiles): Promise<KeptRun> {
    const data = { ...files };
    const bytes = Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    if (bytes > mostBytes) throw tooLarge(id, bytes);
    const ref = this.#refOf(id);
    const metadata = { name: ref.name, namespace: ref.namespace, labels: labelsOf(id, 'run') };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', immutable: true, metadata, data };
    const answer = await insist(() => this.#api.create(ref, object, writing), this.#times);
    if (answer.kind === 'failed' && !(await this.#isThere(ref, data)))
      throw new SightlineError('run-unwritable', `the run cannot be kept in the cluster: ${answer.says}`, {
        hint: 'nothing was changed; see the rights in docs/in-cluster.md',
      });
    return this.#kept(id, data);
  }

  async open(id: string): Promise<KeptRun> {
    checkRunId(id);
    const answer = await insist(() => this.#api.get(this.#refOf(id)), this.#times);
    if (answer.kind === 'object') return this.#kept(id, mapOf(answer.object.data));
    if (answer.status !== 404) throw unreadable(answer.says);
    const known = await this.ids();
    const hint = known.length > 0 ? `known runs: ${known.slice(-5).join(', ')}` : 'there is no run yet';
    throw new SightlineError('no-run', `no run ${JSON.stringify(id)} in ${this.#where}`, { hint });
  }

  async ids(): Promise<readonly string[]> {
    const labels = { 'app.kubernetes.io/managed-by': 'sightline', 'app.kubernetes.io/component': 'run' };
    const answer = await insist(() => this.#api.list(configMapRef(this.#namespace, ''), labels), this.#times);
    if (answer.kind === 'failed') throw unreadable(answer.says);
    return mapsOf(answer.object.items)
      .map((o) => textOf(mapOf(mapOf(o.metadata).labels)['app.kubernetes.io/instance']))
      .filter((id) => id !== '')
      .sort();
  }

  async lock(run: string, waiting: (says: string) => void): Promise<RunLock> {
    const { lease } = this.#times;
    const wish = { api: this.#api, namespace: this.#namespace, run, waiting, ...(lease && { times: lease }) };
    this.#lock = await takeLease(wish);
    return this.#lock;
  }

  get #where(): string {
    return `namespace ${this.#namespace} of the cluster`;
  }

  /** A request whose answer was lost may have made it. */
  async #isThere(ref: ObjectRef, data: RunFiles): Promise<boolean> {
    const now = await insist(() => this.#api.get(ref), this.#times);
    if (now.kind !== 'object') return false;
    const found = mapOf(now.object.data);
    return found.plan === data.plan && found.proof === data.proof && found.baseline === data.baseline;
  }

  #kept(id: string, data: Json | RunFiles): KeptRun {
    const files = data as Json;
    return {
      id,
      path: `${this.#where}, ConfigMaps sightline-${id}`,
      journal: new ClusterJournal({
        api: this.#api,
        namespace: this.#namespace,
        run: id,
        pauseMs: this.#times.pauseMs,
        mayWrite: () => this.#lock?.check(),
      }),
      plan: async () => textOf(files.plan),
      proof: async () => textOf(files.proof),
      baseline: async () => textOf(files.baseline),
    };
  }

  #refOf(id: string): ObjectRef {
    checkRunId(id);
    return configMapRef(this.#namespace, `sightline-${id}`);
  }
}

function tooLarge(id: string, bytes: number): SightlineError {
  const kib = Math.ceil(bytes / 1024);
  return new SightlineError(
    'run-unwritable',
    `run ${id} would be ${kib} KiB, and an object of the cluster holds 1 MiB`,
    { hint: 'nothing was changed; keep it in a folder: --runs FOLDER' },
  );
}

function unreadable(says: string): SightlineError {
  return new SightlineError('run-unreadable', `the runs in the cluster cannot be read: ${says}`, {
    hint: 'see the rights in docs/in-cluster.md',
  });
}
