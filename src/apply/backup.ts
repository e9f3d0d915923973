/* What is kept before a write, so that its undo can be exact; failing to read it stops the run, not the program. */
import { SightlineError } from '#estate/error.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Actuator } from './actuator.ts';

export type Backup =
  | { readonly kind: 'kept'; readonly data: string }
  | { readonly kind: 'none'; readonly says: string };

/** An actuator that cannot read what is there now says so by a SightlineError. */
export async function backupOf(actuator: Actuator, change: PlannedChange): Promise<Backup> {
  try {
    return { kind: 'kept', data: (await actuator.backup?.(change)) ?? '' };
  } catch (error) {
    if (!(error instanceof SightlineError)) throw error;
    return { kind: 'none', says: error.message };
  }
}
