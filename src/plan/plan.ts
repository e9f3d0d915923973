/* A plan: data from which the proof, the runbook, the rehearsal and the run are all made. Written as plan.json. */
import type { Evidence } from '#estate/evidence.ts';
import type { FactKey } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import type { PlannedChange } from './change.ts';

export type Style = 'additive' | 'in-place';

export type Goal =
  /** Its own address, not shared, with the policy: what the founding design wants. */
  | {
      readonly kind: 'move';
      readonly service: string;
      readonly to: Ip | 'auto';
      readonly policy: 'local' | 'cluster';
    }
  | { readonly kind: 'set-policy'; readonly service: string; readonly policy: 'local' | 'cluster' }
  | { readonly kind: 'split'; readonly ip: Ip }
  | { readonly kind: 'repoint-tunnel'; readonly tunnel: string; readonly to: string }
  | { readonly kind: 'retire'; readonly ip: Ip };

/** What the goal must not touch unless an exception is granted by name. */
export interface OutOfScope {
  readonly what: string;
  readonly keys: readonly FactKey[];
}

/** A choice that somebody made, so that the plan can be understood later. */
export interface Decision {
  readonly question: string;
  readonly chosen: string;
  readonly options: readonly { readonly name: string; readonly consequence: string }[];
  readonly by: 'user' | 'default' | 'forced';
  readonly because: string;
  readonly evidence: readonly Evidence[];
  /** ISO time at which it was made; undefined: nobody noted it. */
  readonly at?: string;
}

/** A time in which named flows may fail, at most this long. */
export interface DeclaredWindow {
  readonly says: string;
  readonly seconds: number;
}

/** What must be seen before the next stage begins. */
export type Gate =
  | { readonly kind: 'probes'; readonly says: string }
  | { readonly kind: 'confirm'; readonly asks: string };

export interface Stage {
  readonly id: string;
  readonly title: string;
  readonly changes: readonly PlannedChange[];
  readonly window?: DeclaredWindow;
  readonly gates: readonly Gate[];
}

/** Hashes (sha256, hex) by which a moved snapshot is noticed. */
export interface Fingerprint {
  readonly files: Readonly<Record<string, string>>;
  /** Of every fact that the plan writes or the proof read. */
  readonly objects: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly format: 1;
  readonly snapshot: { readonly path: string; readonly takenAt: string; readonly fingerprint: Fingerprint };
  readonly goal: Goal;
  readonly style: Style;
  readonly outOfScope: readonly OutOfScope[];
  readonly decisions: readonly Decision[];
  readonly stages: readonly Stage[];
}
