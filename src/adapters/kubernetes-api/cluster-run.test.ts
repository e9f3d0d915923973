/* A journal and a lock in the cluster: nothing lost or doubled when answers are, one run at a time. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { journalLine, type Record, readJournal } from '#apply/journal.ts';
import { Secret } from '#estate/secret.ts';
import { failing } from '#lab/stand-ins/faults.ts';
import { type Json, type KubernetesStandIn, startKubernetes } from '#lab/stand-ins/kubernetes.ts';
import { KubernetesApi } from './api.ts';
import { configMapJournal, takeLease } from './cluster-run.ts';

let kube: KubernetesStandIn;
let api: KubernetesApi;
beforeEach(async () => {
  kube = await startKubernetes({ objects: [], tls: false });
  api = new KubernetesApi(async () => ({ url: kube.url, token: new Secret(kube.token) }), 10_000);
});
afterEach(() => kube.stop());
const record = (n: number): Record => ({
  n,
  at: '2026-01-01T00:00:00Z',
  format: 1,
  entry: { kind: 'turned', because: `ä${n}` },
});

describe('configMapJournal', () => {
  it.each(['POST', 'PATCH'])(
    'keeps every line once, also when the answer to a %s is lost or half',
    async (method) => {
      for (const takesEffect of [true, false]) {
        for (const kind of ['reset', 'half', 'garbage'] as const) {
          const journal = configMapJournal(api, 'sightline', `r-${kind}-${takesEffect}`, 1);
          kube.setFault(failing({ kind, takesEffect }, [method], 2));
          for (const n of [1, 2, 3]) await journal.append(journalLine(record(n)));
          kube.setFault(undefined);
          expect(await readJournal(journal)).toEqual([1, 2, 3].map(record));
        }
      }
    },
  );

  it('stops where it may not write, or somebody else does', async () => {
    const journal = configMapJournal(api, 'sightline', 'r', 1);
    await journal.append(journalLine(record(1)));
    kube.setFault(failing({ kind: 'status', status: 403 }, ['PATCH']));
    await expect(journal.append(journalLine(record(2)))).rejects.toMatchObject({
      code: 'journal-unwritable',
    });
    const named = { kind: 'ConfigMap', namespace: 'sightline', name: 'sightline-r' };
    kube.setFault((call) => {
      if (call.method === 'PATCH') kube.write(named, (o) => ({ ...o, data: { journal: 'theirs' } }) as Json);
      return undefined;
    });
    await expect(journal.append(journalLine(record(2)))).rejects.toMatchObject({
      message: expect.stringMatching(/second run/),
    });
    expect(await journal.read()).toBe('theirs');
  });
});

describe('takeLease', () => {
  const lost = () => {
    throw new Error('not expected');
  };

  it('keeps a second run out until it is released', async () => {
    const lock = await takeLease(api, 'sightline', 'r1', lost);
    await expect(takeLease(api, 'sightline', 'r2', lost)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringMatching(/r1/),
    });
    await lock.release();
    const second = await takeLease(api, 'sightline', 'r2', lost);
    expect(second.tookOverFrom).toBeUndefined();
    await second.release();
  });

  it('takes over one that ran out, and only once', async () => {
    const spec = {
      holderIdentity: 'r0 pod 1',
      leaseDurationSeconds: 60,
      renewTime: '2020-01-01T00:00:00.000000Z',
    };
    kube.write({ kind: 'Lease', namespace: 'sightline', name: 'sightline-run' }, () => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'sightline-run', namespace: 'sightline' },
      spec,
    }));
    const both = await Promise.allSettled(['r1', 'r2'].map((r) => takeLease(api, 'sightline', r, lost)));
    const taken = both.flatMap((b) => (b.status === 'fulfilled' ? [b.value] : []));
    expect(taken).toHaveLength(1);
    expect(taken[0]?.tookOverFrom).toMatch(/r0/);
    await taken[0]?.release();
  });
});
