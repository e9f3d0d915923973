/*
 * Steady load: so many new flows a second per target, whether or not earlier ones have been answered, each from a port
 * of its own. Every flow leaves one record, failures among them. The pace can be changed while it runs.
 */
import { nowMs } from '../hosts/protocol.ts';
import { type AttemptStage, type AttemptTarget, attempt } from './attempt.ts';

export interface LoadConfig {
  readonly targets: readonly LoadTarget[];
  /** Ends by itself after this time; else with `load.stop`. */
  readonly durationMs?: number;
  /** Factor on every target's rate; 1 where not given. */
  readonly pace?: number;
}

export interface LoadTarget {
  /** As the records name it. */
  readonly name: string;
  readonly perSecond: number;
  readonly target: AttemptTarget;
}

export interface LoadRecord {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly ok: boolean;
  readonly stage: AttemptStage;
  readonly cause?: string;
  readonly status?: number;
  readonly pod?: string;
  readonly client?: string;
  /** The address that a resolver gave, or the first that `dns` gave. */
  readonly address?: string;
  /** The flow's ports and addresses had been used before in this load: an old conntrack entry may have answered. */
  readonly isRepeat?: true;
}

export interface LoadProgress {
  readonly started: number;
  readonly done: number;
  readonly failed: number;
  /** The time of the last answer that was whole. */
  readonly lastOkMs?: number;
}

/** More at once means that nothing is answered any more; what is not sent counts as failed. */
const mostUnderWay = 2000;
/**
 * Ports are given out in turn, so that none comes back while a conntrack entry may still know it; the kernel, which draws
 * them, has the range above (scripts.ts).
 */
const firstPort = 20_000;
const lastPort = 60_999;
let nextPort = firstPort + Math.floor(Math.random() * 10_000);

const loads = new Map<string, Load>();
let count = 0;

export const loadCommands = {
  'load.start': async (config: LoadConfig) => {
    const id = `l${++count}`;
    loads.set(id, new Load(config));
    return { id };
  },
  'load.pace': async ({ id, pace }: { readonly id: string; readonly pace: number }) => find(id).setPace(pace),
  'load.progress': async ({ id }: { readonly id: string }) => find(id).progress(),
  'load.stop': async ({ id }: { readonly id: string }) => {
    const load = find(id);
    loads.delete(id);
    return load.stop();
  },
};

interface Paced {
  readonly target: LoadTarget;
  dueMs: number;
}

class Load {
  private readonly records: LoadRecord[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private readonly used = new Set<string>();
  private readonly paced: readonly Paced[];
  private readonly endsMs: number;
  private pace: number;
  private timer: NodeJS.Timeout | undefined;
  private started = 0;
  private failed = 0;
  private lastOkMs: number | undefined;

  /** Targets start staggered within their period, so that they do not all fire in the same millisecond. */
  constructor({ targets, durationMs, pace }: LoadConfig) {
    const startMs = nowMs();
    this.pace = pace ?? 1;
    this.endsMs = startMs + (durationMs ?? Number.POSITIVE_INFINITY);
    this.paced = targets.map((target, at) => ({
      target,
      dueMs: startMs + (at / targets.length) * (1000 / target.perSecond),
    }));
    this.sendDue();
  }

  /** From the next flow of each target on. */
  setPace(pace: number): void {
    this.pace = pace;
  }

  progress(): LoadProgress {
    const { lastOkMs } = this;
    const counts = { started: this.started, done: this.records.length, failed: this.failed };
    return { ...counts, ...(lastOkMs !== undefined && { lastOkMs }) };
  }

  async stop(): Promise<readonly LoadRecord[]> {
    clearTimeout(this.timer);
    await Promise.all(this.underWay);
    return this.records;
  }

  /** One timer for all targets: a process that was held up sends what it owes at once. */
  private sendDue(): void {
    const now = nowMs();
    const until = Math.min(now, this.endsMs);
    for (const one of this.paced)
      for (; one.dueMs < until; one.dueMs += 1000 / (one.target.perSecond * this.pace)) this.send(one.target);
    const nextMs = Math.min(...this.paced.map((one) => one.dueMs));
    if (this.paced.length > 0 && now < this.endsMs)
      this.timer = setTimeout(() => this.sendDue(), Math.max(1, nextMs - now));
  }

  private send(target: LoadTarget): void {
    this.started += 1;
    if (this.underWay.size >= mostUnderWay) this.refuse(target.name);
    else {
      const one = this.tryOne(target).finally(() => this.underWay.delete(one));
      this.underWay.add(one);
    }
  }

  private refuse(name: string): void {
    const now = nowMs();
    this.note({ name, startMs: now, endMs: now, ok: false, stage: 'start', cause: 'too many' });
  }

  private async tryOne({ name, target }: LoadTarget): Promise<void> {
    const isUdp = target.protocol === 'udp' || target.protocol === 'dns' || target.protocol === 'http3';
    const done = await attempt({ ...target, localPort: takePort() });
    const { startMs, endMs, ok, stage, cause, status, pod, client } = done;
    const address = done.resolved?.[0];
    const dialled = target.protocol === 'dns' ? target.address : (address ?? target.address);
    const isRepeat = this.isUsed(isUdp ? 'udp' : 'tcp', done.localPort, dialled, target.port);
    this.note({
      name,
      startMs,
      endMs,
      ok,
      stage,
      ...(cause !== undefined && { cause }),
      ...(status !== undefined && { status }),
      ...(pod !== undefined && { pod }),
      ...(client !== undefined && { client }),
      ...(address !== undefined && { address }),
      ...(isRepeat && { isRepeat }),
    });
  }

  /** A host has one address for each family, so its port and the far end tell flows apart. */
  private isUsed(transport: string, localPort: number | undefined, address: string, port: number): boolean {
    if (localPort === undefined) return false;
    const key = `${transport} ${localPort} ${address} ${port}`;
    if (this.used.has(key)) return true;
    this.used.add(key);
    return false;
  }

  private note(record: LoadRecord): void {
    this.records.push(record);
    if (record.ok) this.lastOkMs = record.endMs;
    else this.failed += 1;
  }
}

function takePort(): number {
  nextPort = nextPort >= lastPort ? firstPort : nextPort + 1;
  return nextPort;
}

function find(id: string): Load {
  const load = loads.get(id);
  if (!load) throw new Error(`no load ${id} is running`);
  return load;
}
