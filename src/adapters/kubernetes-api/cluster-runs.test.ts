/* One run at a time in the cluster, whatever clocks say, and the runs that are kept there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { journalLine, readJournal } from '#apply/journal.ts';
import { failing } from '#lab/stand-ins/faults.ts';
import type { Json, KubernetesStandIn } from '#lab/stand-ins/kubernetes.ts';
import { clusterForEach, namespace, recordOf } from '#test/apply/cluster.ts';
import type { KubernetesApi } from './api.ts';
import { type LeaseLock, type LeaseTimes, takeLease } from './cluster-lease.ts';
import { ClusterRuns } from './cluster-runs.ts';

const cluster = clusterForEach();
beforeEach(() => {
  ({ kube, api } = cluster());
});
let kube: KubernetesStandIn;
let api: KubernetesApi;
const times: LeaseTimes = { durationSeconds: 1, renewMs: 200, giveUpMs: 600, lookMs: 50 };
const leaseNow = () => kube.get({ kind: 'Lease', namespace, name: 'sightline-run' });
const specNow = () => (leaseNow()?.spec ?? {}) as Readonly<{ [key: string]: unknown }>;
const taken: LeaseLock[] = [];
afterEach(async () => {
  for (const lock of taken.splice(0)) await lock.release();
});
async function take(run: string, said: string[] = []): Promise<LeaseLock> {
  const lock = await takeLease({ api, namespace, run, times, waiting: (says) => said.push(says) });
  taken.push(lock);
  return lock;
}
function putLease(spec: Json): void {
  kube.write({ kind: 'Lease', namespace, name: 'sightline-run' }, (now) => ({
    ...(now ?? {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'sightline-run', namespace },
    }),
    spec,
  }));
}

describe('takeLease', () => {
  it('keeps a second run out until it is released, and says who holds it', async () => {
    const lock = await take('r1');
    const said: string[] = [];
    await expect(take('r2', said)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringMatching(/r1/),
    });
    expect(said.join()).toMatch(/r1 .* holds the lock/);
    await lock.release();
    expect(specNow().holderIdentity).toBe('');
    const second = await take('r2');
    expect(second.tookOverFrom).toBeUndefined();
    expect(specNow()).toMatchObject({ leaseDurationSeconds: 1, leaseTransitions: 1 });
  });

  it.each([
    ['far behind', '2020-01-01T00:00:00.000000Z'],
    ['far ahead', '2039-01-01T00:00:00.000000Z'],
  ])('a holder whose clock is %s is believed as long as it renews', async (_, renewTime) => {
    const spec = { holderIdentity: 'r0 pod 1', leaseDurationSeconds: 1, renewTime };
    putLease(spec);
    let n = 0;
    const renewing = setInterval(() => putLease({ ...spec, leaseTransitions: ++n }), 300);
    await expect(take('r1')).rejects.toMatchObject({ code: 'locked' });
    clearInterval(renewing);
  });

  it.each([
    ['far behind', '2020-01-01T00:00:00.000000Z'],
    ['far ahead', '2039-01-01T00:00:00.000000Z'],
  ])(
    'one that is gone and whose clock was %s is waited for once, then taken over by one run',
    async (_, renewTime) => {
      putLease({ holderIdentity: 'r0 pod 1', leaseDurationSeconds: 1, renewTime });
      const start = performance.now();
      const both = await Promise.allSettled(['r1', 'r2'].map((r) => take(r)));
      expect(performance.now() - start).toBeGreaterThan(950);
      const locks = both.flatMap((b) => (b.status === 'fulfilled' ? [b.value] : []));
      expect(locks).toHaveLength(1);
      expect(locks[0]?.tookOverFrom).toBe('r0');
    },
  );

  it('one that nobody would wait for counts as held', async () => {
    putLease({
      holderIdentity: 'x',
      leaseDurationSeconds: 999_999,
      renewTime: '2020-01-01T00:00:00.000000Z',
    });
    await expect(take('r1')).rejects.toMatchObject({ code: 'locked' });
  });

  it('stays held while renewals succeed, also when their answers are lost', async () => {
    const lock = await take('r1');
    let n = 0;
    kube.setFault(({ method }) =>
      method === 'PATCH' && ++n % 2 === 1 ? { kind: 'reset', takesEffect: n % 4 === 1 } : undefined,
    );
    for (let i = 0; i < 12; i++) {
      await sleep(100);
      expect(() => lock.check()).not.toThrow();
    }
    kube.setFault(undefined);
    await expect(take('r2')).rejects.toMatchObject({ code: 'locked' });
  });

  it('is given up before it runs out when the API does not answer', async () => {
    const lock = await take('r1');
    await kube.down();
    const start = performance.now();
    const gaveUp = async () => {
      for (;;) {
        try {
          lock.check();
        } catch {
          return performance.now() - start;
        }
        await sleep(20);
      }
    };
    expect(await gaveUp()).toBeLessThan(times.durationSeconds * 1000 - 200);
    await kube.up();
  });

  it('is lost for good when another took it over, and release leaves that one alone', async () => {
    const lock = await take('r1');
    putLease({
      holderIdentity: 'r2 pod 2',
      leaseDurationSeconds: 60,
      renewTime: '2026-01-01T00:00:00.000000Z',
    });
    await sleep(400);
    expect(() => lock.check()).toThrow(expect.objectContaining({ code: 'lock-lost' }));
    await lock.release();
    expect(specNow().holderIdentity).toBe('r2 pod 2');
  });

  it.each(['reset', 'half', 'garbage'] as const)(
    'is taken once when the answer is lost (%s)',
    async (kind) => {
      for (const takesEffect of [true, false]) {
        kube.setFault(failing({ kind, takesEffect }, ['POST', 'PATCH'], 1));
        const outcome = await take('r1').then(
          (lock) => lock,
          () => undefined,
        );
        kube.setFault(undefined);
        expect(outcome !== undefined).toBe(takesEffect);
        if (takesEffect) expect(specNow().holderIdentity).toMatch(/^r1 /);
        await outcome?.release();
      }
    },
  );

  it('says which right is missing', async () => {
    kube.setFault(failing({ kind: 'status', status: 403 }, ['POST']));
    await expect(take('r1')).rejects.toMatchObject({
      message: expect.stringMatching(/cannot be taken.*403/),
    });
  });
});

describe('ClusterRuns', () => {
  const runs = () => new ClusterRuns(api, namespace, { pauseMs: 1, lease: times });
  const files = { plan: '{"plan":1}', proof: '{}', baseline: '{}' };

  it('creates, lists and opens runs', async () => {
    const made = await runs().create('20260101-000000', files);
    await made.journal.append(journalLine(recordOf(1)));
    expect(await runs().ids()).toEqual(['20260101-000000']);
    const again = await runs().open('20260101-000000');
    expect([await again.plan(), await again.proof(), await again.baseline()]).toEqual([
      '{"plan":1}',
      '{}',
      '{}',
    ]);
    expect(await readJournal(again.journal)).toEqual([recordOf(1)]);
    await expect(runs().open('nope')).rejects.toMatchObject({ code: 'no-run' });
    await expect(runs().open('../x')).rejects.toMatchObject({ code: 'wrong-use' });
  });

  it('makes a run once when the answer is lost', async () => {
    kube.setFault(failing({ kind: 'reset', takesEffect: true }, ['POST'], 1));
    await runs().create('r', files);
    expect(await runs().ids()).toEqual(['r']);
  });

  it('refuses files that no object holds, before anything is written', async () => {
    await expect(runs().create('r', { ...files, baseline: 'x'.repeat(1_100_000) })).rejects.toMatchObject({
      code: 'run-unwritable',
      message: expect.stringMatching(/1 MiB/),
    });
    expect(kube.objects('ConfigMap')).toEqual([]);
  });

  it('a run that lost its lock writes no further record', async () => {
    const store = runs();
    const lock = await store.lock('r', () => undefined);
    const { journal } = await store.create('r', files);
    await journal.append(journalLine(recordOf(1)));
    putLease({ holderIdentity: 'r2', leaseDurationSeconds: 60, renewTime: '2026-01-01T00:00:00.000000Z' });
    await sleep(400);
    await expect(journal.append(journalLine(recordOf(2)))).rejects.toMatchObject({ code: 'lock-lost' });
    expect(await readJournal(journal)).toEqual([recordOf(1)]);
    await lock.release();
  });
});
