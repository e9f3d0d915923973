/*
 * Carries a proved plan out: asks what comes next, does it, records it. Every write has its intent in the journal
 * before and its read-back after. What fails for good turns the run round or pauses it; nothing is ever guessed.
 */
import { SightlineError } from '#estate/error.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import type { Actuator } from './actuator.ts';
import { backupOf } from './backup.ts';
import { type Direction, type Entry, type Record, readJournal } from './journal.ts';
import { type Action, nextAction } from './next.ts';
import { append } from './note.ts';
import { observePatiently } from './observe.ts';
import { accessHint, actuatorFor, type RunWorld } from './run-world.ts';
import {
  goOn,
  type Made,
  notShown,
  type PausedTurn,
  pause,
  type Seen,
  type Turn,
  turnOf,
  unsettledTexts,
} from './turn.ts';

export type RunResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'rolled-back'; readonly because: string }
  | { readonly kind: 'paused'; readonly because: string; readonly next: string };

/** Runs, resumes or rolls back, as the journal says; cannot be called without a proof. */
export async function execute(plan: Plan, _proof: Proved, world: RunWorld): Promise<RunResult> {
  const run = new Run(plan, world, await readJournal(world.journal));
  return run.toTheEnd();
}

/** Records that the run shall walk backwards from here on; `execute` then does it. */
export async function turnBack(world: RunWorld, because: string): Promise<void> {
  const records = await readJournal(world.journal);
  if (records.some((r) => r.entry.kind === 'turned')) return;
  await append(world, records.length, { kind: 'turned', because });
}

class Run {
  readonly #plan: Plan;
  readonly #world: RunWorld;
  readonly #records: Record[];

  constructor(plan: Plan, world: RunWorld, records: readonly Record[]) {
    this.#plan = plan;
    this.#world = world;
    this.#records = [...records];
  }

  async toTheEnd(): Promise<RunResult> {
    for (;;) {
      const action = nextAction(this.#plan, this.#records);
      if (action.kind === 'over') return this.#result(action.result);
      const turn = (await this.#ordered()) ?? (await this.#perform(action));
      if (turn.kind === 'turn') await this.#turn(turn.because);
      if (turn.kind === 'pause') return this.#pause(turn);
    }
  }

  async #perform(action: Exclude<Action, { kind: 'over' }>): Promise<Turn> {
    switch (action.kind) {
      case 'change':
        return this.#change(action);
      case 'wait':
        return this.#wait(action);
      case 'gates':
        return this.#gates(action);
      case 'finish':
        await this.#note({ kind: 'finished', result: action.result });
        return goOn;
      default:
        return action satisfies never;
    }
  }

  async #change(action: Extract<Action, { kind: 'change' }>): Promise<Turn> {
    const { change, direction } = action;
    const actuator = actuatorFor(this.#world.actuators, change);
    if (!actuator)
      return pause(`nothing here can write ${change.title}`, `${accessHint(change)}, then resume`);
    const seen = await observePatiently(actuator, change, this.#world);
    if (seen.kind === 'unreachable') return this.#failed(change, direction, seen.says, 'unreachable');
    if (seen.kind === 'other')
      return pause(
        `somebody else changed what ${change.title} is about: ${seen.says}`,
        'look at it, put it back or make a new plan, then resume or roll back',
      );
    if (seen.kind === 'after') return this.#alreadyThere(actuator, action, seen);
    if (direction === 'back' && !this.#wasWritten(change.id)) return this.#verified(change, direction);
    return this.#write(actuator, action);
  }

  /** Found as wanted: our own write of before a crash, an undo with nothing to undo, or somebody else's doing. */
  async #alreadyThere(
    actuator: Actuator,
    { change, direction, isIntended }: Extract<Action, { kind: 'change' }>,
    seen: Seen,
  ): Promise<Turn> {
    if (isIntended || direction === 'back') return this.#settled(actuator, change, direction, seen);
    return pause(
      `${change.title} is done already, by somebody else`,
      'make a new plan from a new snapshot, or roll back',
    );
  }

  async #write(
    actuator: Actuator,
    { change, direction, backup }: Extract<Action, { kind: 'change' }>,
  ): Promise<Turn> {
    if (direction === 'forward' && backup === undefined && actuator.backup) {
      const kept = await backupOf(actuator, change);
      if (kept.kind === 'none') return this.#failed(change, direction, kept.says, 'unreachable');
      await this.#note({ kind: 'backup', change: change.id, data: kept.data });
    }
    await this.#note({ kind: 'intent', change: change.id, direction });
    this.#world.watcher.trying(change.title);
    const outcome = await actuator.write(change, direction === 'back' ? backup : undefined);
    const says = 'says' in outcome ? outcome.says : undefined;
    await this.#note({
      kind: 'outcome',
      change: change.id,
      direction,
      outcome: outcome.kind,
      ...(says !== undefined && { says }),
    });
    if (outcome.kind === 'refused')
      return this.#failed(change, direction, `${outcome.says}; ${outcome.hint}`, 'refused');
    if (outcome.kind === 'conflict')
      return pause(`${change.title}: ${outcome.says}`, 'settle it with its owner, then resume or roll back');
    if (outcome.kind === 'written' && outcome.unsettled !== undefined)
      return this.#unsettled(change, direction, outcome.unsettled);
    // asked to wait (429, 503): nobody is asked again before that
    if (outcome.kind === 'unknown' && outcome.retryAfterMs !== undefined)
      await this.#world.clock.sleep(outcome.retryAfterMs);
    return this.#readBack(actuator, change, direction, outcome);
  }

  /** Waits until the system shows the change, as long as the policy allows. Only a write of unknown outcome is tried again. */
  async #readBack(
    actuator: Actuator,
    change: PlannedChange,
    direction: Direction,
    outcome: Made,
  ): Promise<Turn> {
    const { policy, clock } = this.#world;
    for (let waited = 0, step = policy.firstPauseMs; ; waited += step, step = Math.min(step * 2, 10_000)) {
      const seen = await observePatiently(actuator, change, this.#world);
      if (seen.kind === 'after') return this.#settled(actuator, change, direction, seen);
      if (seen.kind === 'other')
        return pause(
          `${change.title} reads back otherwise: ${seen.says}`,
          'look at it, then resume or roll back',
        );
      if (seen.kind === 'unreachable') return this.#failed(change, direction, seen.says, 'unreachable');
      const mayTryAgain = outcome.kind === 'unknown' && this.#attempts(change.id, direction) < policy.tries;
      if (mayTryAgain && waited >= policy.firstPauseMs) return goOn;
      if (waited >= policy.settleMs) return this.#failed(change, direction, notShown(outcome), 'refused');
      await clock.sleep(step);
    }
  }

  async #wait({ change, direction, until }: Extract<Action, { kind: 'wait' }>): Promise<Turn> {
    if (change.change.kind !== 'wait') throw new SightlineError('bad-plan', `${change.id} is no wait`);
    const ms = change.change.for.seconds * 1000 * this.#world.policy.timeScale;
    const end = until ?? new Date(Date.parse(this.#world.clock.now()) + ms).toISOString();
    if (until === undefined) await this.#note({ kind: 'waiting', change: change.id, direction, until: end });
    this.#world.watcher.trying(`${change.title} (until ${end})`);
    const left = Date.parse(end) - Date.parse(this.#world.clock.now());
    const isOver = left <= 0 || (await this.#world.clock.sleep(left, true));
    return (await this.#ordered()) ?? (isOver ? this.#verified(change, direction) : goOn);
  }

  async #gates({ stage, direction }: Extract<Action, { kind: 'gates' }>): Promise<Turn> {
    for (const gate of stage.gates) {
      if (gate.kind === 'confirm') {
        const order = await this.#world.operator.confirm(gate.asks);
        if (order !== 'go-on') return turnOf(order, 'the operator said no');
        continue;
      }
      const result = await this.#world.gates.check(stage, direction);
      if (!result.passed) {
        await this.#note({ kind: 'gate', stage: stage.id, direction, passed: false, says: result.says });
        return this.#asked(
          `the checks after ${stage.title} failed: ${result.says}`,
          'roll back, or resume once the cause is gone',
        );
      }
    }
    await this.#note({
      kind: 'gate',
      stage: stage.id,
      direction,
      passed: true,
      says: `${stage.gates.length} passed`,
    });
    return goOn;
  }

  async #failed(
    change: PlannedChange,
    direction: Direction,
    says: string,
    why: 'refused' | 'unreachable',
  ): Promise<Turn> {
    const text = `${change.title}: ${says}`;
    if (direction === 'back')
      return pause(
        `undoing it failed: ${text}`,
        'remove the cause, then resume: the run goes on walking back',
      );
    if (why === 'unreachable') return pause(text, 'resume when the system answers again, or roll back');
    return this.#asked(text, 'roll back, or resume once the cause is gone');
  }

  async #asked(says: string, next: string): Promise<Turn> {
    return turnOf(await this.#world.operator.decide(says, next), says, next);
  }

  /** It reads back; done only when nobody would change it again. */
  async #settled(actuator: Actuator, change: PlannedChange, direction: Direction, seen: Seen): Promise<Turn> {
    const says = await actuator.unsettled?.(change);
    if (says === undefined) return this.#verified(change, direction, seen);
    return this.#unsettled(change, direction, says);
  }

  async #unsettled(change: PlannedChange, direction: Direction, says: string): Promise<Turn> {
    await this.#note({ kind: 'unsettled', change: change.id, direction, says });
    const [because, next] = unsettledTexts(change.title, direction, says);
    return direction === 'back' ? pause(because, next) : this.#asked(because, next);
  }

  async #verified(
    change: PlannedChange,
    direction: Direction,
    { isSaid }: Partial<Seen> = {},
  ): Promise<Turn> {
    const said = isSaid === true ? { isSaid } : {};
    await this.#note({ kind: 'verified', change: change.id, direction, ...said });
    return goOn;
  }

  async #ordered(): Promise<Turn | undefined> {
    const order = await this.#world.interrupt?.();
    return order === undefined || order === 'go-on'
      ? undefined
      : turnOf(order, 'the operator interrupted the run');
  }

  /** Whether a forward write may have reached the system. */
  #wasWritten(id: string): boolean {
    return this.#records.some(
      ({ entry: e }) => e.kind === 'intent' && e.change === id && e.direction === 'forward',
    );
  }

  #attempts(id: string, direction: Direction): number {
    return this.#records.filter(
      ({ entry: e }) => e.kind === 'outcome' && e.change === id && e.direction === direction,
    ).length;
  }

  async #turn(because: string): Promise<void> {
    if (!this.#records.some((r) => r.entry.kind === 'turned')) await this.#note({ kind: 'turned', because });
  }

  async #pause({ because, next }: PausedTurn): Promise<RunResult> {
    await this.#note({ kind: 'paused', because, next });
    return { kind: 'paused', because, next };
  }

  #result(result: 'done' | 'rolled-back'): RunResult {
    if (result === 'done') return { kind: 'done' };
    const turned = this.#records.findLast((r) => r.entry.kind === 'turned')?.entry;
    return { kind: 'rolled-back', because: turned?.kind === 'turned' ? turned.because : '' };
  }

  async #note(entry: Entry): Promise<void> {
    this.#records.push(await append(this.#world, this.#records.length, entry));
  }
}
