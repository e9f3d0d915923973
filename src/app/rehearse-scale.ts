/* How fast a rehearsal's time runs, and how busy the machine is meanwhile. */
import { cpus } from 'node:os';
import type { Plan } from '#plan/plan.ts';

/** All waits of a plan together take at most this long. */
const mostWaitingMs = 12_000;
/** TTLs cannot go below a second, so waits for them must not either. */
const leastScale = 1 / 1000;

/** Waits fit into the time that a rehearsal takes, on one scale for all. */
export function scaleFor(plan: Plan): number {
  const waits = plan.stages
    .flatMap((s) => s.changes)
    .flatMap((c) =>
      c.change.kind === 'wait' && c.change.direction !== 'back' ? [c.change.for.seconds] : [],
    );
  const all = waits.reduce((sum, s) => sum + s, 0) * 1000;
  return Math.min(1, Math.max(leastScale, all === 0 ? 1 / 300 : mostWaitingMs / all));
}

/** Of all processors together, since the machine started. */
export function cpuTimes(): { readonly idle: number; readonly all: number } {
  const times = cpus().map((c) => c.times);
  const sum = (of: (t: (typeof times)[number]) => number) => times.reduce((total, t) => total + of(t), 0);
  return { idle: sum((t) => t.idle), all: sum((t) => t.idle + t.user + t.sys + t.nice + t.irq) };
}

/** Share of the processors' time that was idle since then. */
export function idleSince(before: ReturnType<typeof cpuTimes>): number {
  const now = cpuTimes();
  return now.all === before.all ? 1 : (now.idle - before.idle) / (now.all - before.all);
}
