/* What a run needs from outside: writers, probes, a person, a clock, a lock. Only interfaces; adapters and lab fill them. */
import type { PlannedChange } from '#plan/change.ts';
import type { Stage } from '#plan/plan.ts';
import type { Actuator } from './actuator.ts';
import type { Direction, Entry, JournalStore } from './journal.ts';

export interface Clock {
  /** ISO time. */
  now(): string;
  /** A wait of the plan (`isWait`) ends early, with false, when a person decides to pause or roll back. */
  sleep(ms: number, isWait?: boolean): Promise<boolean>;
}

/** What a person decided at a question or after Ctrl-C. */
export type Order = 'go-on' | 'pause' | 'roll-back';

export interface Operator {
  /** A gate's question; never answered by itself where nobody is there ('pause' then). */
  confirm(asks: string): Promise<Order>;
  /** Something failed; `says` and `next` are shown. */
  decide(says: string, next: string): Promise<Order>;
}

export interface GateResult {
  readonly passed: boolean;
  readonly says: string;
}

/** Probes of a stage: against the baseline taken before and the prediction. */
export interface GateProber {
  check(stage: Stage, direction: Direction): Promise<GateResult>;
}

/** Told of every record and of what is being tried, for the progress view. */
export interface Watcher {
  record(entry: Entry): void;
  trying(says: string): void;
}

export interface RunWorld {
  readonly actuators: readonly Actuator[];
  readonly journal: JournalStore;
  readonly clock: Clock;
  readonly operator: Operator;
  readonly gates: GateProber;
  readonly watcher: Watcher;
  /** Asked before each action, and waited for while a person decides (first Ctrl-C); undefined: nobody interrupted. */
  readonly interrupt?: () => Order | undefined | Promise<Order | undefined>;
  readonly policy: RunPolicy;
}

export interface RunPolicy {
  /** Tries of a call that may pass (unreachable, 429, time-out). */
  readonly tries: number;
  readonly firstPauseMs: number;
  /** How long a written change may take until it can be read back. */
  readonly settleMs: number;
  /** Factor on the plan's waits: below 1 only in a lab, whose TTLs run on the same scale. */
  readonly timeScale: number;
}

export const defaultPolicy: RunPolicy = { tries: 5, firstPauseMs: 500, settleMs: 60_000, timeScale: 1 };

/** Who carries out what the plan gives to a person: the person, or whoever edits a checkout for them. */
const forPersons = new Set(['operator', 'repository']);

/** The actuator for a change; undefined: none can write it. */
export function actuatorFor(actuators: readonly Actuator[], change: PlannedChange): Actuator | undefined {
  if (change.change.kind !== 'set') return undefined;
  const { settings } = change.change;
  const able = actuators.filter((a) => settings.every((s) => a.can(change.through.system, s)));
  const byHand = change.through.by === 'operator' ? able.find((a) => forPersons.has(a.name)) : undefined;
  return byHand ?? able[0];
}

/** What gives a run the means to write the change. */
export function accessHint({ through: { system, repository } }: PlannedChange): string {
  const id = repository ?? /^source\/([^/]+)/.exec(system)?.[1];
  return id === undefined
    ? `name its access in sightline.yaml (systems, id ${system})`
    : `name your checkout of it with --checkout ${id}=FOLDER`;
}
