/*
 * A controller's loop: runs when poked, never twice at once, not more often than its least interval, and once more when it
 * was poked while it ran. Waiting for it means waiting until nothing is left to do.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Pace {
  /** Before each run: what a watch takes. */
  readonly delayMs: number;
  /** Least time between the starts of two runs. */
  readonly intervalMs: number;
}

export class Loop {
  private readonly work: () => Promise<void>;
  private readonly pace: Pace;
  private running: Promise<void> | undefined;
  private isDirty = false;
  private lastMs = Number.NEGATIVE_INFINITY;
  private failure: unknown;

  constructor(work: () => Promise<void>, pace: Pace) {
    this.work = work;
    this.pace = pace;
  }

  poke(): void {
    this.isDirty = true;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }

  get isIdle(): boolean {
    return this.running === undefined;
  }

  /** Resolves when nothing is left to do. Throws what a run threw. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
    if (this.failure !== undefined) throw this.failure;
  }

  private async run(): Promise<void> {
    while (this.isDirty) {
      const since = performance.now() - this.lastMs;
      await sleep(Math.max(this.pace.delayMs, this.pace.intervalMs - since));
      this.isDirty = false;
      this.lastMs = performance.now();
      await this.work().catch((cause) => {
        this.failure = cause;
      });
    }
  }
}
