/* What a rehearsal is asked for, and told on the way. */
import { SightlineError } from '#estate/error.ts';
import type { Plan } from '#plan/plan.ts';
import type { FaultOrder } from './rehearse-faults.ts';
import type { TrafficNow } from './rehearse-load.ts';

export interface RehearsalOptions {
  /** Factor on the plan's waits and on every TTL; chosen from the plan where not given. */
  readonly timeScale?: number;
  readonly faults?: readonly FaultOrder[];
  /** Holds the run for so long once a fault is felt everywhere, to compare with what the proof says of that state. */
  readonly holdMs?: number;
  /** Stage id after which the run walks back. */
  readonly rollbackAt?: string;
  /** Instead of the application that everybody asks for by default. */
  readonly name?: string;
  /** Bans a client before the plan and after it; needs CrowdSec in the estate and its programs here. */
  readonly withBans?: boolean;
  /** Told about twice a second. */
  readonly onProgress?: (now: RehearsalProgress) => void;
}

export interface RehearsalProgress extends TrafficNow {
  readonly atMs: number;
  readonly says: string;
}

/** Throws SightlineError where a stage is asked for that the plan does not have. */
export function checkStages(plan: Plan, options: RehearsalOptions): void {
  const known = plan.stages.map((s) => s.id);
  const asked = [options.rollbackAt, ...(options.faults ?? []).map((f) => f.at)].filter(
    (id) => id !== undefined,
  );
  const wrong = asked.find((id) => !known.includes(id));
  if (wrong !== undefined)
    throw new SightlineError('wrong-use', `the plan has no stage ${wrong}`, {
      hint: `stages: ${known.join(', ')}`,
    });
}
