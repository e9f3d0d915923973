/*
 * Finds a plan: the smallest change that reaches the goal, proved; each counterexample repaired; until it is proved and
 * nothing of the goal is left unmet; then every change that is not needed is dropped again (docs/adr/0011).
 */
import type { Flow } from '#dataplane/flow.ts';
import { type Reader, readerOver } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import { chooseAddress, whyTaken } from './address.ts';
import { decisionsOf, exceptions } from './decisions.ts';
import { because, type DraftChange } from './draft.ts';
import { addressOf, scopeOfMove, type Unmet, unmetByMove } from './goal.ts';
import type { Decision, Goal, Plan, Style } from './plan.ts';
import { inserted, keysWritten, type RepairContext, repair } from './repair.ts';
import { type Move, repoint } from './repoint.ts';
import { moveItself } from './second-service.ts';
import { withShortTtls } from './shorter-window.ts';
import { simulate } from './simulate.ts';
import { stagesOf } from './stages.ts';
import type { Refutation, Verdict } from './verdict.ts';
import type { World } from './world.ts';

export interface PlannerInput {
  readonly world: World;
  readonly start: Reader;
  readonly goal: Goal;
  readonly style: Style | 'auto';
  /** `quick`: without faults, which most counterexamples do not need. */
  readonly prove: (plan: Plan, depth: 'quick' | 'full') => Verdict;
  /** What the walk of the flow reads in the start. */
  readonly readsOf: (flow: Flow) => Pick<ReadonlySet<string>, 'has'>;
  readonly snapshot: Plan['snapshot'];
  readonly decisions?: readonly Decision[];
}

export type PlanOutcome =
  | { readonly kind: 'planned'; readonly plan: Plan; readonly rounds: number }
  /** The goal cannot be reached; `nearest` says what can. */
  | { readonly kind: 'unreachable'; readonly says: string; readonly nearest: string }
  /** Only a person can decide how to go on; the plan as far as it was found. */
  | { readonly kind: 'stuck'; readonly plan: Plan; readonly says: string; readonly refuted?: Refutation };

const mostRounds = 80;

/** A proved plan for the goal, or why there is none. */
export function planFor(input: PlannerInput): PlanOutcome {
  const { goal } = input;
  if (goal.kind !== 'move')
    return { kind: 'unreachable', says: `${goal.kind} is not planned yet`, nearest: 'move' };
  const service = input.start.get('service', goal.service);
  if (service === undefined) return notFound(input.start, goal.service);
  const from = addressOf(service);
  if (from === undefined) {
    return {
      kind: 'unreachable',
      says: `${goal.service} has no address to move from`,
      nearest: 'give it one first',
    };
  }
  const target = targetOf(input, service, goal.to);
  if (!target.ok) {
    return { kind: 'unreachable', says: target.says, nearest: 'a larger pool, or an address that is free' };
  }
  const move: Move = { service, from, to: target.ip };
  const style = input.style === 'auto' ? 'additive' : input.style;
  return new Planner(input, goal, move, style, decisionsOf(input, service, style, target)).find();
}

interface Target {
  readonly ok: true;
  readonly ip: Ip;
  readonly says: string;
}

function targetOf(
  input: PlannerInput,
  service: Fact<'service'>,
  to: Ip | 'auto',
): Target | { ok: false; says: string } {
  const { world, start } = input;
  if (to === 'auto') return chooseAddress(world, start, service.value);
  const taken = whyTaken(world, start, service.value, to);
  return taken === undefined
    ? { ok: true, ip: to, says: `${to} is free` }
    : { ok: false, says: `${to} cannot be used: ${taken}` };
}

function notFound(start: Reader, service: string): PlanOutcome {
  const name = service.split('/').at(-1) ?? '';
  const like = start
    .all('service')
    .map((f) => f.key.slice('service:'.length))
    .filter((k) => k.endsWith(`/${name}`));
  const nearest = like.length > 0 ? `did you mean ${like.join(' or ')}?` : 'name a Service of the snapshot';
  return { kind: 'unreachable', says: `there is no Service ${service} in the snapshot`, nearest };
}

class Planner {
  readonly #input: PlannerInput;
  readonly #goal: Extract<Goal, { kind: 'move' }>;
  readonly #move: Move;
  readonly #style: Style;
  readonly #decisions: readonly Decision[];
  #changes: readonly DraftChange[];
  #rounds = 0;

  constructor(
    input: PlannerInput,
    goal: Extract<Goal, { kind: 'move' }>,
    move: Move,
    style: Style,
    decisions: readonly Decision[],
  ) {
    this.#input = input;
    this.#goal = goal;
    this.#move = move;
    this.#style = style;
    this.#decisions = decisions;
    const why = because(`${goal.service} is to have ${move.to} for itself`, 'goal', [move.service.evidence]);
    const moved = moveItself(input.start, move, goal.policy, why);
    this.#changes = [style === 'in-place' ? { ...moved, isInWindow: true } : moved];
  }

  find(): PlanOutcome {
    const outcome = this.#search();
    if (outcome !== 'done') return outcome;
    this.#minimise();
    const plan = this.#bounded(this.#changes);
    const shorter = this.#style === 'in-place' ? this.#shorter(plan) : undefined;
    return { kind: 'planned', plan: shorter ?? plan, rounds: this.#rounds };
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
    const candidate = withShortTtls(this.#input.start, found);
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
    const { start, readsOf } = this.#input;
    return { start, goal: this.#goal, move: this.#move, style: this.#style, readsOf };
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
    if (first.reference === undefined) return undefined;
    const file = first.reference.evidence.file;
    const why = because(first.says, first.code);
    const same = this.#unmet(this.#changes).filter(
      (u) => u.reference?.evidence.file === file && u.code === first.code,
    );
    const made = same.flatMap(
      (u) => (u.reference && repoint(this.#input.start, u.reference, this.#move, why)?.changes) ?? [],
    );
    return made.length === 0 ? undefined : inserted(this.#changes, this.#changes.length, [together(made)]);
  }

  #unmet(changes: readonly DraftChange[]): readonly Unmet[] {
    const { start, world } = this.#input;
    return unmetByMove(endOf(world, start, changes), start, this.#goal, this.#move);
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
    const { start, snapshot } = this.#input;
    const written = new Set<FactKey>(changes.flatMap(keysWritten));
    return {
      format: 1,
      snapshot,
      goal: { ...this.#goal, to: this.#move.to },
      style: this.#style,
      outOfScope: scopeOfMove(start, this.#move, written),
      decisions: [...this.#decisions, ...exceptions(start, this.#move, written)],
      stages: stagesOf(changes),
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
