/* A run of the engine over real actuators without anybody at the keyboard, and with time that passes by itself. */
import type { Actuator } from '#apply/actuator.ts';
import { execute, type RunResult, turnBack } from '#apply/execute.ts';
import type { JournalStore } from '#apply/journal.ts';
import type { Order, RunWorld } from '#apply/run-world.ts';
import type { Plan } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';

export const proved = { kind: 'proved' } as unknown as Proved;

/** A journal in memory. */
export class MemoryJournal implements JournalStore {
  text = '';
  async read(): Promise<string> {
    return this.text;
  }
  async append(line: string): Promise<void> {
    this.text += line;
  }
  async drop(tail: string): Promise<void> {
    this.text = this.text.slice(0, this.text.length - tail.length);
  }
}

/** Everything that was said on the way, for searches of secrets. */
export interface Heard {
  readonly lines: string[];
}

export function runWorld(
  actuators: readonly Actuator[],
  journal: JournalStore,
  decided: Order = 'pause',
  heard: Heard = { lines: [] },
): RunWorld {
  let time = Date.parse('2026-01-01T00:00:00Z');
  return {
    actuators,
    journal,
    clock: {
      now: () => new Date(time).toISOString(),
      sleep: async (ms) => {
        time += ms;
        return true;
      },
    },
    operator: {
      confirm: async () => 'go-on',
      decide: async (says, next) => {
        heard.lines.push(says, next);
        return decided;
      },
    },
    gates: { check: async () => ({ passed: true, says: 'fine' }) },
    watcher: {
      record: (entry) => heard.lines.push(JSON.stringify(entry)),
      trying: (says) => heard.lines.push(says),
    },
    policy: { tries: 3, firstPauseMs: 1, settleMs: 8, timeScale: 0.001 },
  };
}

export function go(plan: Plan, world: RunWorld): Promise<RunResult> {
  return execute(plan, proved, world);
}

export async function back(plan: Plan, world: RunWorld): Promise<RunResult> {
  await turnBack(world, 'asked');
  return execute(plan, proved, world);
}
