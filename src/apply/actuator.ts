/*
 * What writes. One interface for the lab's controllers and for real systems, so that what is rehearsed is what will
 * be applied. Reading (adapters' sources) and writing are different objects: a read-only run holds no Actuator.
 */
import type { PlannedChange, Setting } from '#plan/change.ts';

/** What the live system holds for a setting right now. */
export type Observed =
  | { readonly kind: 'before' }
  /** `isSaid`: nothing can see it, and the person who was to make it says so. */
  | { readonly kind: 'after'; readonly isSaid?: true }
  /** Neither: somebody else wrote; `says` names what is there. */
  | { readonly kind: 'other'; readonly says: string }
  | { readonly kind: 'unreachable'; readonly says: string; readonly retryAfterMs?: number };

export type WriteOutcome =
  /** `unsettled`: it was written, and something about it must be looked at before the run goes on. */
  | { readonly kind: 'written'; readonly unsettled?: string }
  /** Refused by the system; nothing was written. `says` holds no secret. */
  | { readonly kind: 'refused'; readonly says: string; readonly hint: string }
  /** Somebody else changed it since it was read; nothing was written. */
  | { readonly kind: 'conflict'; readonly says: string; readonly owner?: string }
  /** It may or may not have been written: observe before anything else. */
  | { readonly kind: 'unknown'; readonly says: string; readonly retryAfterMs?: number };

export interface Actuator {
  /** `kubernetes`, `bind9`, `technitium`, `cloudflare-tunnel`, `repository`, `operator` … */
  readonly name: string;
  /** Whether it can write this setting of this system. */
  can(system: string, setting: Setting): boolean;
  /** Anything that would stop a write or its undo later: reachability, rights, dry run. Empty: fine. */
  preflight(change: PlannedChange): Promise<readonly string[]>;
  observe(change: PlannedChange): Promise<Observed>;
  /** Writes change.change (a set), never before `observe` has said `before`. `backup`: what its forward write kept, when this is its undo. */
  write(change: PlannedChange, backup?: string): Promise<WriteOutcome>;
  /** Asked once `observe` says `after`: why it would not stay so, for instance what its owner would still do; undefined: it is settled. */
  unsettled?(change: PlannedChange): Promise<string | undefined>;
  /** What must be kept to undo it byte for byte, saved in the journal before the write. */
  backup?(change: PlannedChange): Promise<string>;
}
