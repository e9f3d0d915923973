/*
 * The search: the smallest change that reaches the goal, proved; each counterexample repaired; until it is proved and
 * nothing of the goal is left unmet; then every change that is not needed is dropped again (docs/adr/0011).
 */
import { type Reader, readerOver } from '#estate/estate.ts';
import type { FactKey } from '#estate/fact.ts';
import { isStatedFirst } from './both-addresses.ts';
import { because, type DraftChange } from './draft.ts';
import type { Unmet } from './goal.ts';
import { writesOf } from './patch.ts';
import type { Plan } from './plan.ts';
import type { PlannerInput, PlanOutcome } from './planner.ts';
import { inserted, keysWritten, type RepairContext, repair } from './repair.ts';
import { repoint } from './repoint.ts';
import { withShortTtls } from './shorter-window.ts';
import { simulate } from './simulate.ts';
import { stagesOf } from './stages.ts';
import type { Task } from './task.ts';
import type { Refutation, Verdict } from './verdict.ts';
import type { World } from './world.ts';

const mostRounds = 80;

/** The search for one task: proves, repairs, and leaves out what is not needed. */
export class PlanSearch {
  readonly #input: PlannerInput;
  readonly #task: Task;
  #changes: readonly DraftChange[];
  #rounds = 0;

  constructor(input: PlannerInput, task: Task) {
    this.#input = input;
    this.#task = task;
    this.#changes = task.first;
  }

  find(): PlanOutcome {
    const outcome = this.#search();
    if (outcome !== 'done') return outcome;
    this.#minimise();
    const plan = this.#bounded(this.#changes);
    const shorter = this.#task.style === 'in-place' ? this.#shorter(plan) : undefined;
    return { kind: 'planned', plan: shorter ?? plan, rounds: this.#rounds };
  }

  /** The task's own changes as they were last found. */
  get changes(): readonly DraftChange[] {
    return this.#changes;
  }

  /** Proves and repairs until done. */
  #search(): PlanOutcome | 'done' {
    for (; this.#rounds < mostRounds; this.#rounds++) {
      const plan = this.#plan(this.#changes);
      const verdict = this.#prove(plan);
      if (verdict.kind === 'undecided') {
        return { kind: 'stuck', plan, says: `${verdict.says} (settled by: ${verdict.settledBy})` };
      }
      const next = verdict.kind === 'refuted' ? this.#repair(verdict.counterexample) : this.#finish();
      if (next === 'done') return 'done';
      if (next === undefined) return this.#stuck(plan, verdict);
      this.#changes = next;
    }
    return { kind: 'stuck', plan: this.#plan(this.#changes), says: `no plan after ${mostRounds} repairs` };
  }

  /** The plan with short TTLs, where its window is shorter than that of the plan at hand. */
  #shorter(plan: Plan): Plan | undefined {
    const found = this.#changes;
    const candidate = withShortTtls(this.#task.start, found);
    if (candidate === undefined) return undefined;
    this.#changes = candidate;
    if (this.#search() !== 'done') {
      this.#changes = found;
      return undefined;
    }
    const other = this.#bounded(this.#changes);
    if (windowSeconds(other) < windowSeconds(plan)) return other;
    this.#changes = found;
    return undefined;
  }

  #prove(plan: Plan): Verdict {
    const quick = this.#input.prove(plan, 'quick');
    return quick.kind === 'refuted' ? quick : this.#input.prove(plan, 'full');
  }

  #repair(refuted: Refutation): readonly DraftChange[] | undefined {
    return repair(this.#context(), this.#changes, refuted);
  }

  #context(): RepairContext {
    const { move, style, owner, asMove } = this.#task;
    const start = this.#stated();
    return { start, goal: asMove, move, style, owner, readsOf: this.#input.readsOf };
  }

  /** The task's start with the texts that the changes state first: they can be edited like those that were there. */
  #stated(): Reader {
    const created = this.#changes.flatMap(({ change }) =>
      change.kind === 'set'
        ? change.settings.filter((s) => s.of === 'statedSetting' && s.before === null)
        : [],
    );
    const writes = writesOf(this.#task.start, {
      kind: 'set',
      settings: created.filter((s) => isStatedFirst(s)),
    });
    return writes.ok ? readerOver(this.#task.start, writes.writes) : this.#task.start;
  }

  #stuck(plan: Plan, verdict: Verdict): PlanOutcome {
    if (verdict.kind !== 'refuted')
      return { kind: 'stuck', plan, says: this.#unmet(this.#changes)[0]?.says ?? '' };
    const { counterexample } = verdict;
    return { kind: 'stuck', plan, says: counterexample.says, refuted: counterexample };
  }

  /** After a proof: the next end condition that is unmet, or done. */
  #finish(): readonly DraftChange[] | 'done' | undefined {
    const [first] = this.#unmet(this.#changes);
    if (first === undefined) return 'done';
    if (first.change !== undefined) return inserted(this.#changes, this.#changes.length, [first.change]);
    if (first.reference === undefined) return undefined;
    const file = first.reference.evidence.file;
    const why = because(first.says, first.code);
    const same = this.#unmet(this.#changes).filter(
      (u) => u.reference?.evidence.file === file && u.code === first.code,
    );
    const made = same.flatMap(
      (u) => (u.reference && repoint(this.#task.start, u.reference, this.#task.move, why)?.changes) ?? [],
    );
    return made.length === 0 ? undefined : inserted(this.#changes, this.#changes.length, [together(made)]);
  }

  #unmet(changes: readonly DraftChange[]): readonly Unmet[] {
    return this.#task.unmet(endOf(this.#input.world, this.#task.start, changes));
  }

  /** Drops what the proof and the goal do not need. */
  #minimise(): void {
    for (let i = this.#changes.length - 1; i >= 0; i--) {
      const without = this.#changes.filter((_, j) => j !== i);
      if (this.#isGood(without)) this.#changes = without;
    }
  }

  #isGood(changes: readonly DraftChange[]): boolean {
    if (this.#unmet(changes).length > 0) return false;
    return this.#prove(this.#plan(changes)).kind === 'proved';
  }

  /** The plan with its windows as long as the prover computed them. */
  #bounded(changes: readonly DraftChange[]): Plan {
    const plan = this.#plan(changes);
    const verdict = this.#input.prove(plan, 'quick');
    if (verdict.kind !== 'proved') return plan;
    const stages = plan.stages.map((stage) => {
      const window = verdict.windows.find((w) => w.stage === stage.id);
      if (stage.window === undefined) return stage;
      if (window === undefined) {
        const { window: _, ...rest } = stage;
        return rest;
      }
      return { ...stage, window: { ...stage.window, seconds: window.seconds } };
    });
    return { ...plan, stages };
  }

  #plan(changes: readonly DraftChange[]): Plan {
    const { goal, style, planStyle, before, decisions } = this.#task;
    const all = [...before, ...changes];
    const written = new Set<FactKey>(all.flatMap(keysWritten));
    const exempt = this.#task.exceptions(written);
    return {
      format: 1,
      snapshot: this.#input.snapshot,
      goal,
      style: planStyle ?? style,
      outOfScope: this.#task.scope(written),
      decisions: [...decisions, ...exempt],
      stages: stagesOf(all),
    };
  }
}

function windowSeconds(plan: Plan): number {
  return plan.stages.reduce((sum, s) => sum + (s.window?.seconds ?? 0), 0);
}

/** Several edits of one file are one change. */
function together(made: readonly DraftChange[]): DraftChange {
  const [first] = made as [DraftChange];
  const settings = made.flatMap((c) => (c.change.kind === 'set' ? c.change.settings : []));
  const title = made.length === 1 ? first.title : `${first.title} and ${made.length - 1} more`;
  return { ...first, title, change: { kind: 'set', settings } };
}

/** State after all changes, each one settled. */
export function endOf(world: World, start: Reader, changes: readonly DraftChange[]): Reader {
  let reader = start;
  for (const change of changes) {
    const done = simulate(world, reader, change);
    if (done.ok)
      reader = readerOver(
        reader,
        done.moves.flatMap((m) => m.writes),
      );
  }
  return reader;
}
