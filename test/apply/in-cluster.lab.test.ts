/* A run as a Job: to its end, refused beside another, paused by SIGTERM, gone on with by the next pod; rights as shipped. */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Call } from '#lab/stand-ins/faults.ts';
import { type JobWorld, madeServices, removeImage, startJobWorld } from './job.ts';

let world: JobWorld;
afterEach(() => world.stop());
afterAll(removeImage);
const lease = () => world.kube.get({ kind: 'Lease', namespace: 'sightline', name: 'sightline-run' });
const minute = 60_000;

describe('a Job', { timeout: minute }, () => {
  it('carries the plan out with the rights that are shipped, and a second one finds it done', async () => {
    world = await startJobWorld(0);
    const pod = world.pod();
    expect([await pod.ended, pod.output()]).toEqual([0, expect.stringContaining('■ done')]);
    expect(world.made()).toEqual(madeServices);
    expect(world.journal()).toContain('"kind":"finished","result":"done"');
    expect(lease()?.spec).toMatchObject({ holderIdentity: '' });
    const next = world.pod();
    expect([await next.ended, next.output()]).toEqual([0, expect.stringMatching(/^\s*done {2}run \d/)]);
    expect(world.journal().match(/"kind":"intent"/g)).toHaveLength(3);
    const seen = [pod, next].map((p) => p.output()).join('') + JSON.stringify(world.kube.objects());
    expect(seen).not.toContain('FAKE-job-token');
  });

  it('is refused while another one writes, with its name, and leaves it alone', async () => {
    world = await startJobWorld(600);
    const first = world.pod();
    await first.says('(until 20');
    const second = world.pod();
    expect([await second.ended, second.output()]).toEqual([
      3,
      expect.stringMatching(/a run is going on in this cluster: \d{8}-\d{6} /),
    ]);
    expect(first.child.exitCode).toBeNull();
    expect(world.made()).toEqual(['extra-1']);
  });

  it('pauses on SIGTERM and gives its lock back; the next pod goes on at once', async () => {
    world = await startJobWorld(8);
    const first = world.pod();
    await first.says('(until 20');
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(4);
    expect(first.output()).toContain('sightline resume');
    expect(lease()?.spec).toMatchObject({ holderIdentity: '' });
    expect(world.journal()).toContain('"kind":"paused"');
    const next = world.pod();
    expect([await next.ended, next.output()]).toEqual([0, expect.stringContaining('going on with run')]);
    expect(world.made()).toEqual(madeServices);
    expect(world.journal().match(/"kind":"intent"/g)).toHaveLength(3);
  });

  it('after kill -9 the next pod waits until the lock has run out, takes it over and goes on', async () => {
    world = await startJobWorld(3);
    const first = world.pod();
    await first.says('(until 20');
    first.child.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');
    const next = world.pod();
    await next.says('seeing whether it renews it, for 60 s at most');
    shorten(world);
    const again = world.pod();
    expect([await next.ended, await again.ended].sort()).toEqual([0, 3]);
    expect(next.output() + again.output()).toContain('taking over the lock of run');
    expect(world.made()).toEqual(madeServices);
    expect(world.journal().match(/"kind":"intent"/g)).toHaveLength(3);
  });

  it('stops before the next write when its lock is another one’s', async () => {
    world = await startJobWorld(15);
    const first = world.pod();
    await first.says('(until 20');
    world.kube.write({ kind: 'Lease', namespace: 'sightline', name: 'sightline-run' }, (o) => ({
      ...o,
      spec: { ...(o?.spec as object), holderIdentity: 'somebody else' },
    }));
    expect([await first.ended, first.output()]).toEqual([
      4,
      expect.stringContaining('no longer holds its lock'),
    ]);
    expect(world.made()).toEqual(['extra-1']);
    expect(lease()?.spec).toMatchObject({ holderIdentity: 'somebody else' });
  });

  it('rolls back from elsewhere, by the journal in the cluster', async () => {
    world = await startJobWorld(0);
    await world.pod().ended;
    const runs = ['--runs', 'kubeconfig:home/sightline'];
    const list = world.pod({ args: ['runs', ...runs] });
    await list.ended;
    const [run = ''] = /\d{8}-\d{6}/.exec(list.output()) ?? [];
    const back = world.pod({ args: ['rollback', run, '--yes', ...runs] });
    expect([await back.ended, back.output()]).toEqual([0, expect.stringContaining('rolled back')]);
    expect(world.made()).toEqual([]);
    const anew = world.pod();
    expect([await anew.ended, anew.output()]).toEqual([3, expect.stringContaining('was rolled back')]);
    expect(world.made()).toEqual([]);
  });
});

/** The Lease of a holder that is gone, made to run out soon. */
function shorten({ kube }: JobWorld): void {
  kube.write({ kind: 'Lease', namespace: 'sightline', name: 'sightline-run' }, (o) => ({
    ...o,
    spec: { ...(o?.spec as object), leaseDurationSeconds: 1 },
  }));
}

/** Writes of the journal, the run's files and the Services; not the lock's, which renews itself by the clock. */
function isWrite({ method, path, query }: Call): boolean {
  return (
    ['POST', 'PATCH'].includes(method) && !query.has('dryRun') && /\/(configmaps|services)(\/|$)/.test(path)
  );
}

function nameIn({ body }: Call): string {
  return (JSON.parse(body) as { metadata: { name: string } }).metadata.name;
}

describe('kill -9 at every write', { timeout: 20 * minute }, () => {
  interface Killed {
    /** Writes till the first pod's end. */
    readonly writes: number;
    readonly end: number | string | undefined;
    readonly there: readonly string[];
    /** Services in the order in which they were made. */
    readonly made: readonly string[];
  }

  /** The pod dies in its n-th write (0: never); the next one ends the run. */
  async function killedAt(n: number, takesEffect: boolean): Promise<Killed> {
    const own = await startJobWorld(0);
    let writes = 0;
    const made: string[] = [];
    const first = own.pod();
    own.kube.setFault((call) => {
      if (!isWrite(call)) return undefined;
      writes += 1;
      const isLast = writes === n;
      if (call.path.endsWith('/services') && (!isLast || takesEffect)) made.push(nameIn(call));
      if (!isLast) return undefined;
      first.child.kill('SIGKILL');
      return { kind: 'reset', takesEffect };
    });
    try {
      let end = await first.ended;
      if (end !== 0) {
        shorten(own);
        end = await own.pod().ended;
      }
      return { writes, end, there: own.made(), made };
    } finally {
      await own.stop();
    }
  }

  it('is gone on with by the next pod, and nothing is made twice', async () => {
    const whole = { end: 0, there: madeServices, made: madeServices };
    const { writes: total, ...undisturbed } = await killedAt(0, true);
    expect(undisturbed).toEqual(whole);
    expect(total).toBeGreaterThan(15);
    const rows = Array.from({ length: 2 * total }, (_, i) => [1 + (i >> 1), i % 2 === 0] as const);
    // Most of it is waiting for the lock to run out.
    const lane = async () => {
      for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
        const [n, takesEffect] = row;
        const { writes, ...found } = await killedAt(n, takesEffect);
        expect({ n, takesEffect, ...found }).toEqual({ n, takesEffect, ...whole });
        expect(writes).toBeGreaterThanOrEqual(n);
      }
    };
    await Promise.all([lane(), lane(), lane()]);
  });
});
