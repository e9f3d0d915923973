/*
 * One run at a time in a cluster: Lease `sightline-run`. No clock is compared with another machine's: a Lease has run out
 * when it did not change for its whole duration as seen from here, and its holder stops writing well before that.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunLock } from '#apply/run-store.ts';
import { SightlineError } from '#estate/error.ts';
import type { Answer, KubernetesApi, ObjectRef } from './api.ts';
import { insist, isLasting, writing } from './cluster-objects.ts';
import { type Json, mapOf, textOf, versionOf } from './decode.ts';

export interface LeaseTimes {
  readonly durationSeconds: number;
  readonly renewMs: number;
  /** The holder writes nothing more so long after its last renewal; a call may take 15 s on top. */
  readonly giveUpMs: number;
  /** Between two looks at another's Lease. */
  readonly lookMs: number;
}

export const defaultTimes: LeaseTimes = {
  durationSeconds: 60,
  renewMs: 10_000,
  giveUpMs: 40_000,
  lookMs: 2_000,
};

/** Longer ones are no Lease of ours, and nobody waits that long. */
const longestSeconds = 600;

export interface LeaseLock extends RunLock {
  /** Throws SightlineError `lock-lost` once another run may have the lock. */
  check(): void;
}

export interface LeaseWish {
  readonly api: KubernetesApi;
  readonly namespace: string;
  readonly run: string;
  readonly waiting: (says: string) => void;
  readonly times?: LeaseTimes;
}

export function leaseRef(namespace: string): ObjectRef {
  const group = 'coordination.k8s.io';
  return { group, version: 'v1', kind: 'Lease', plural: 'leases', namespace, name: 'sightline-run' };
}

/** Takes the Lease and renews it until it is released. Throws SightlineError `locked` where another run holds it. */
export async function takeLease(wish: LeaseWish): Promise<LeaseLock> {
  const lease = new HeldLease(wish);
  await lease.take();
  return lease;
}

class HeldLease implements LeaseLock {
  readonly #wish: LeaseWish;
  readonly #times: LeaseTimes;
  readonly #ref: ObjectRef;
  readonly #identity: string;
  #version = '';
  #acquired = '';
  #transitions = 0;
  #heldUntil = 0;
  #isLost = false;
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> = Promise.resolve();
  #before: string | undefined;

  constructor(wish: LeaseWish) {
    this.#wish = wish;
    this.#times = wish.times ?? defaultTimes;
    this.#ref = leaseRef(wish.namespace);
    this.#identity = `${wish.run} ${hostname()} ${randomUUID().slice(0, 8)}`;
  }

  get tookOverFrom(): string | undefined {
    return this.#before;
  }

  async take(): Promise<void> {
    const found = await this.#free();
    this.#acquired = microTime();
    const spec = mapOf(found?.spec);
    this.#transitions = found === undefined ? 0 : Number(spec.leaseTransitions ?? 0) + 1;
    this.#before = textOf(spec.holderIdentity).split(' ')[0] || undefined;
    const sentAt = performance.now();
    const answer = await (found === undefined ? this.#create() : this.#replace(versionOf(found)));
    const held = answer.kind === 'object' ? answer.object : await this.#foundOurs(answer.status);
    if (held === undefined) {
      if (answer.kind === 'failed' && answer.status !== 409) throw unlockable(answer.says);
      throw this.#locked('another run, which was faster');
    }
    this.#holds(held, sentAt);
    this.#schedule(this.#times.renewMs);
  }

  check(): void {
    if (!this.#isLost && performance.now() < this.#heldUntil) return;
    throw new SightlineError('lock-lost', 'this run no longer holds its lock in the cluster', {
      hint: 'nothing more is written; sightline runs tells whether another run has gone on, else resume this one',
    });
  }

  async release(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#renewal;
    clearTimeout(this.#timer);
    if (this.#isLost) return;
    const spec = { ...this.#spec(), holderIdentity: '', leaseDurationSeconds: 1 };
    await replaceSpec(this.#wish.api, this.#ref, this.#version, spec);
  }

  /** The Lease as it is when nobody holds it; undefined: there is none yet. */
  async #free(): Promise<Json | undefined> {
    let seen = await this.#look();
    if (seen === undefined || holderOf(seen) === '') return seen;
    const holder = holderOf(seen);
    const seconds = Number(mapOf(seen.spec).leaseDurationSeconds);
    if (!(seconds > 0 && seconds <= longestSeconds)) throw this.#locked(holder);
    this.#wish.waiting(`${holder} holds the lock: seeing whether it renews it, for ${seconds} s at most`);
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      await sleep(Math.max(0, Math.min(this.#times.lookMs, end - performance.now())));
      const now = await this.#look();
      if (now === undefined || holderOf(now) === '') return now;
      if (versionOf(now) !== versionOf(seen)) throw this.#locked(holderOf(now));
      seen = now;
    }
    return seen;
  }

  async #look(): Promise<Json | undefined> {
    const answer = await insist(() => this.#wish.api.get(this.#ref), { pauseMs: 500 });
    if (answer.kind === 'object') return answer.object;
    if (answer.status === 404) return undefined;
    throw unlockable(answer.says);
  }

  /** After an answer that may have been lost: whether the Lease names us. */
  async #foundOurs(status: number | undefined): Promise<Json | undefined> {
    if (isLasting(status) && status !== 409) return undefined;
    const now = await this.#look();
    return now !== undefined && holderOf(now) === this.#identity ? now : undefined;
  }

  #create(): Promise<Answer> {
    const { name, namespace } = this.#ref;
    const object = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace, labels: { 'app.kubernetes.io/managed-by': 'sightline' } },
      spec: this.#spec(),
    };
    return this.#wish.api.create(this.#ref, object, writing);
  }

  #replace(version: string): Promise<Answer> {
    return replaceSpec(this.#wish.api, this.#ref, version, this.#spec());
  }

  #spec() {
    return {
      holderIdentity: this.#identity,
      leaseDurationSeconds: this.#times.durationSeconds,
      acquireTime: this.#acquired,
      renewTime: microTime(),
      leaseTransitions: this.#transitions,
    };
  }

  /** Counted from when the request was sent, not from when its answer came. */
  #holds(lease: Json, sentAt: number): void {
    this.#version = versionOf(lease);
    this.#heldUntil = sentAt + this.#times.giveUpMs;
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#renewal = this.#renew();
    }, ms);
    this.#timer.unref();
  }

  async #renew(): Promise<void> {
    const sentAt = performance.now();
    const answer = await this.#replace(this.#version);
    if (answer.kind === 'object') this.#holds(answer.object, sentAt);
    else if (answer.status === 409) await this.#seeWhose();
    else if (answer.status === 404) this.#isLost = true;
    if (!this.#isLost)
      this.#schedule(answer.kind === 'object' ? this.#times.renewMs : this.#times.renewMs / 5);
  }

  /** Another version than ours: a renewal whose answer was lost, or another holder. */
  async #seeWhose(): Promise<void> {
    const answer = await this.#wish.api.get(this.#ref);
    if (answer.kind !== 'object') return;
    if (holderOf(answer.object) === this.#identity) this.#version = versionOf(answer.object);
    else this.#isLost = true;
  }

  #locked(holder: string): SightlineError {
    return new SightlineError('locked', `a run is going on in this cluster: ${holder}`, {
      hint: `wait for it; if its pod is gone, its lock runs out ${this.#times.durationSeconds} s after its last renewal`,
    });
  }
}

function replaceSpec(api: KubernetesApi, ref: ObjectRef, version: string, spec: unknown): Promise<Answer> {
  const operations = [
    { op: 'replace', path: '/metadata/resourceVersion', value: version },
    { op: 'add', path: '/spec', value: spec },
  ] as const;
  return api.patch(ref, operations, writing);
}

function holderOf(lease: Json): string {
  return textOf(mapOf(lease.spec).holderIdentity);
}

/** RFC 3339 with six digits, the only form that the API server reads. */
function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}

function unlockable(says: string): SightlineError {
  return new SightlineError('locked', `the lock in the cluster cannot be taken: ${says}`, {
    hint: 'see the rights in docs/in-cluster.md',
  });
}
