/* A journal in the cluster: nothing lost or doubled when answers are, and one writer. */
import { beforeEach, describe, expect, it } from 'vitest';
import { journalLine, readJournal } from '#apply/journal.ts';
import { failing } from '#lab/stand-ins/faults.ts';
import type { KubernetesStandIn } from '#lab/stand-ins/kubernetes.ts';
import { clusterForEach, namespace, recordOf } from '#test/apply/cluster.ts';
import type { KubernetesApi } from './api.ts';
import { ClusterJournal } from './cluster-journal.ts';

const cluster = clusterForEach();
beforeEach(() => {
  ({ kube, api } = cluster());
});
let kube: KubernetesStandIn;
let api: KubernetesApi;
const journalOf = (run: string, more = {}) =>
  new ClusterJournal({ api, namespace, run, pauseMs: 1, ...more });

describe('ClusterJournal', () => {
  it.each(['POST', 'PATCH'])(
    'keeps every line once, also when the answer to a %s is lost or half',
    async (method) => {
      for (const takesEffect of [true, false]) {
        for (const kind of ['reset', 'half', 'garbage'] as const) {
          const run = `r-${kind}-${takesEffect}`;
          const journal = journalOf(run);
          kube.setFault(failing({ kind, takesEffect }, [method], 2));
          for (const n of [1, 2, 3]) await journal.append(journalLine(recordOf(n)));
          kube.setFault(undefined);
          expect(await readJournal(journalOf(run))).toEqual([1, 2, 3].map(recordOf));
        }
      }
    },
  );

  it('waits as long as it is told to (429), and gives up for good where it is refused', async () => {
    const journal = journalOf('r');
    kube.setFault(failing({ kind: 'status', status: 429, retryAfterSeconds: 1 }, ['POST'], 1));
    const start = performance.now();
    await journal.append(journalLine(recordOf(1)));
    expect(performance.now() - start).toBeGreaterThan(900);
    kube.setFault(failing({ kind: 'status', status: 403 }, ['PATCH']));
    const before = kube.deeds.length;
    await expect(journal.append(journalLine(recordOf(2)))).rejects.toMatchObject({
      code: 'journal-unwritable',
    });
    expect(kube.deeds.length - before).toBeLessThan(4);
  });

  it('of two writers that saw the same records one fails, and no record is lost', async () => {
    await journalOf('r').append(journalLine(recordOf(1)));
    const [one, two] = [journalOf('r'), journalOf('r')];
    for (const journal of [one, two]) expect(await readJournal(journal)).toHaveLength(1);
    await one.append(journalLine(recordOf(2)));
    await expect(two.append(journalLine({ ...recordOf(2), at: 'x' }))).rejects.toThrow(/second run/);
    expect(await readJournal(journalOf('r'))).toEqual([1, 2].map(recordOf));
    await expect(two.append(journalLine(recordOf(3)))).rejects.toThrow(/second run/);
  });

  it('one that has written does not read on where somebody else wrote', async () => {
    const mine = journalOf('r');
    await mine.append(journalLine(recordOf(1)));
    await journalOf('r').append(journalLine(recordOf(2)));
    await expect(mine.read()).rejects.toThrow(/second run/);
  });

  it('goes on in a further object when one is full, and refuses what fits in none', async () => {
    const journal = journalOf('long', { partBytes: 400 });
    const lines = Array.from({ length: 20 }, (_, i) => recordOf(i + 1));
    for (const r of lines) await journal.append(journalLine(r));
    expect(kube.objects('ConfigMap').length).toBeGreaterThan(4);
    expect(await readJournal(journalOf('long'))).toEqual(lines);
    await expect(journal.append('x'.repeat(1_100_000))).rejects.toThrow(/longer than an object may be/);
  });

  it('a full-sized journal stays below what the API server takes', async () => {
    const journal = journalOf('full');
    const entry = { kind: 'backup', change: 'c', data: '"\\ä'.repeat(12_000) } as const;
    const lines = Array.from({ length: 12 }, (_, i) => ({ ...recordOf(i + 1), entry }));
    for (const r of lines) await journal.append(journalLine(r));
    expect(await readJournal(journalOf('full'))).toEqual(lines);
    await expect(
      journal.append(journalLine({ ...recordOf(13), entry: { ...entry, data: 'x'.repeat(950_000) } })),
    ).resolves.toBeUndefined();
  });

  it('drops an end that a hand cut off', async () => {
    await journalOf('r').append(`${journalLine(recordOf(1))}{"n":2`);
    expect(await readJournal(journalOf('r'))).toEqual([recordOf(1)]);
    expect(await readJournal(journalOf('r'))).toEqual([recordOf(1)]);
  });

  it('asks before each write whether it still may', async () => {
    const journal = journalOf('r', {
      mayWrite: () => {
        throw new Error('lock lost');
      },
    });
    await expect(journal.append(journalLine(recordOf(1)))).rejects.toThrow('lock lost');
    expect(kube.objects('ConfigMap')).toEqual([]);
  });
});
