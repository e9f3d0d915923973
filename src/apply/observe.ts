/* Asks a system what it holds; one that does not answer is asked again, as often as the policy allows. */
import type { PlannedChange } from '#plan/change.ts';
import type { Actuator, Observed } from './actuator.ts';
import type { RunWorld } from './run-world.ts';

export async function observePatiently(
  actuator: Actuator,
  change: PlannedChange,
  { policy, clock }: Pick<RunWorld, 'policy' | 'clock'>,
): Promise<Observed> {
  for (let attempt = 1, ms = policy.firstPauseMs; ; attempt += 1, ms *= 2) {
    const seen = await actuator.observe(change);
    if (seen.kind !== 'unreachable' || attempt >= policy.tries) return seen;
    await clock.sleep(seen.retryAfterMs ?? ms);
  }
}
