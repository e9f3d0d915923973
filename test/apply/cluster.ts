/* A Kubernetes stand-in for each test, the client that runs are kept with there, and records to keep. */
import { afterEach, beforeEach } from 'vitest';
import { KubernetesApi } from '#adapters/kubernetes-api/api.ts';
import { journalFormat, type Record } from '#apply/journal.ts';
import { Secret } from '#estate/secret.ts';
import { type KubernetesStandIn, startKubernetes } from '#lab/stand-ins/kubernetes.ts';

/** Namespace of the runs. */
export const namespace = 'sightline';

export interface Cluster {
  readonly kube: KubernetesStandIn;
  readonly api: KubernetesApi;
}

/** Empty before each test of the file; ask it within a test. */
export function clusterForEach(): () => Cluster {
  let now: Cluster | undefined;
  beforeEach(async () => {
    const kube = await startKubernetes({ objects: [], tls: false });
    const place = async () => ({ url: kube.url, token: new Secret(kube.token) });
    now = { kube, api: new KubernetesApi(place, 10_000) };
  });
  afterEach(() => now?.kube.stop());
  return () => {
    if (now === undefined) throw new Error('no test is running');
    return now;
  };
}

/** The nth record of a journal, with a letter that is not ASCII. */
export function recordOf(n: number): Record {
  const entry = { kind: 'turned', because: `ä${n}` } as const;
  return { n, at: '2026-01-01T00:00:00Z', format: journalFormat, entry };
}
