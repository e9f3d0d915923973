/*
 * Steady load: so many new flows a second per target, whether or not earlier ones have been answered, each from a port
 * of its own. Every flow leaves one record, failures among them.
 */
import { nowMs } from '../hosts/protocol.ts';
import { type AttemptStage, type AttemptTarget, attempt } from './attempt.ts';

export interface LoadConfig {
  readonly targets: readonly LoadTarget[];
  /** Ends by itself after this time; else with `load.stop`. */
  readonly durationMs?: number;
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
/** UDP ports are given out in turn, so that none comes back while a conntrack entry may still know it. */
const firstUdpPort = 20_000;
const lastUdpPort = 60_999;
let nextUdpPort = firstUdpPort + Math.floor(Math.random() * 10_000);

const loads = new Map<string, Load>();
let count = 0;

export const loadCommands = {
  'load.start': async (config: LoadConfig) => {
    const id = `l${++count}`;
    loads.set(id, new Load(config));
    return { id };
  },
  'load.progress': async ({ id }: { readonly id: string }) => find(id).progress(),
  'load.stop': async ({ id }: { readonly id: string }) => {
    const load = find(id);
    loads.delete(id);
    return load.stop();
  },
};

class Load {
  private readonly records: LoadRecord[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly startedMs = nowMs();
  private readonly endsMs: number;
  private started = 0;
  private failed = 0;
  private lastOkMs: number | undefined;

  constructor(config: LoadConfig) {
    this.endsMs = this.startedMs + (config.durationMs ?? Number.POSITIVE_INFINITY);
    for (const [at, target] of config.targets.entries()) this.pace(target, at / config.targets.length);
  }

  progress(): LoadProgress {
    const { lastOkMs } = this;
    const counts = { started: this.started, done: this.records.length, failed: this.failed };
    return { ...counts, ...(lastOkMs !== undefined && { lastOkMs }) };
  }

  async stop(): Promise<readonly LoadRecord[]> {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all(this.underWay);
    return this.records;
  }

  /** Targets start staggered within their period, so that they do not all fire in the same millisecond. */
  private pace(target: LoadTarget, offset: number): void {
    const periodMs = 1000 / target.perSecond;
    let sent = 0;
    const timer = setInterval(
      () => {
        const now = nowMs();
        const until = Math.min(now, this.endsMs);
        for (; this.startedMs + (sent + offset) * periodMs < until; sent++) this.send(target);
        if (now >= this.endsMs) clearInterval(timer);
      },
      Math.max(1, Math.min(periodMs / 2, 20)),
    );
    this.timers.push(timer);
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
    const done = await attempt(isUdp ? { ...target, localPort: takePort() } : target);
    const { startMs, endMs, ok, stage, cause, status, pod, client } = done;
    const address = done.resolved?.[0];
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
    });
  }

  private note(record: LoadRecord): void {
    this.records.push(record);
    if (record.ok) this.lastOkMs = record.endMs;
    else this.failed += 1;
  }
}

function takePort(): number {
  nextUdpPort = nextUdpPort >= lastUdpPort ? firstUdpPort : nextUdpPort + 1;
  return nextUdpPort;
}

function find(id: string): Load {
  const load = loads.get(id);
  if (!load) throw new Error(`no load ${id} is running`);
  return load;
}
