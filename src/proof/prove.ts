/*
 * The prover: every state between the writes of a plan, forward and rolling back, with any one fault and any answer that
 * a cache may still hold (docs/adr/0010). Proved, refuted with the shortest history, or undecided with the gap.
 */
import type { Gap } from '#estate/evidence.ts';
import type { FactKey } from '#estate/fact.ts';
import type { Plan, Stage } from '#plan/plan.ts';
import { ofCase, ofImpossible, ofState } from './counterexample.ts';
import type { Fault } from './faults.ts';
import { maxStaleSeconds } from './hold.ts';
import { flowInvariants, stateInvariants } from './invariants/all.ts';
import { type Line, type LinePoint, lineOf } from './line.ts';
import type { Assumption, Counterexample, Counts, ProofResult, Proved, Window } from './result.ts';
import { type Case, type OnCase, Search } from './search.ts';
import { type CheckedFlow, flowClasses, type Session } from './session.ts';
import { unprotected } from './unprotected.ts';
import { windowOf } from './window.ts';

export interface ProveOptions {
  /** Faults at a time: 1 (default), 2 for pairs, 0 for none. */
  readonly faults?: 0 | 1 | 2;
  /** How many more counterexamples to look for after the shortest one, each of another kind; default none. */
  readonly others?: number;
}

/** Proves the plan for the estate of the session. */
export function prove(session: Session, plan: Plan, options: ProveOptions = {}): ProofResult {
  const run = new Run(session, plan, options);
  return run.result();
}

interface Doubt {
  readonly says: string;
  readonly gap?: Gap;
}

class Run {
  readonly #session: Session;
  readonly #plan: Plan;
  readonly #line: Line;
  readonly #faults: readonly Fault[];
  readonly #search: Search;
  readonly #flows: readonly CheckedFlow[];
  readonly #walksBefore: number;
  readonly #askedBefore: number;
  readonly #stateChecks = new Map<string, number>();
  readonly #assumptions = new Map<string, Assumption>();
  readonly #inWindow = new Map<Stage, Case[]>();
  readonly #othersWanted: number;
  readonly #others: Counterexample[] = [];
  #doubt: Doubt | undefined;

  constructor(session: Session, plan: Plan, options: ProveOptions) {
    this.#session = session;
    this.#plan = plan;
    this.#othersWanted = options.others ?? 0;
    this.#walksBefore = session.memo.walks;
    this.#askedBefore = session.memo.asked;
    this.#line = lineOf(session.moves, session.views, plan);
    this.#faults = session.known.faults(options.faults ?? 1);
    this.#flows = flowClasses(session, writtenKeys(this.#line));
    this.#search = new Search(session, this.#faults, this.#flows);
  }

  result(): ProofResult {
    const { impossible } = this.#line;
    if (impossible !== undefined) {
      return this.#refuted(ofImpossible(impossible.at, impossible.change, impossible.says));
    }
    const points = [...this.#line.forward, ...this.#line.back];
    const counterexample = this.#withoutFaults(points);
    if (counterexample !== undefined) return this.#refuted(counterexample);
    const windows = this.#windows();
    if (!Array.isArray(windows)) return this.#refuted(windows as Counterexample);
    const faulty = this.#searchFor((onCase) => this.#search.runFaulty(points, onCase));
    if (faulty !== undefined) return this.#refuted(faulty);
    const doubt = this.#doubt;
    if (doubt === undefined) return this.#proved(windows);
    const settledBy =
      doubt.gap?.expected ?? (doubt.gap ? `closing the gap ${doubt.gap.id}` : 'reading more of the estate');
    return { kind: 'undecided', ...doubt, settledBy, counts: this.#counts() };
  }

  /** Plain states first, then held answers, then what is asked of states on the way back. */
  #withoutFaults(points: readonly LinePoint[]): Counterexample | undefined {
    return (
      this.#stateRefutation(points.filter((p) => p.point.direction === 'forward')) ??
      this.#searchFor((onCase) => this.#search.run(points, onCase)) ??
      this.#stateRefutation(points.filter((p) => p.point.direction === 'back'))
    );
  }

  #searchFor(search: (onCase: OnCase) => boolean): Counterexample | undefined {
    const found = new Map<string, Counterexample>();
    search((c) => {
      if (c.judgement.kind === 'unknown') return this.#noteDoubt(c.judgement);
      if (this.#isInWindow(c)) return false;
      const whole = c.whole();
      const kind = kindOf(whole);
      if (!found.has(kind)) found.set(kind, ofCase(whole));
      return found.size > this.#othersWanted;
    });
    const [first, ...others] = found.values();
    this.#others.push(...others);
    return first;
  }

  #isInWindow(c: Case): boolean {
    const { stage } = c.point;
    if (stage?.window === undefined || !c.invariant.isWindowed) return false;
    if (c.fault !== undefined && isEndOf(stage, c.point)) return false;
    const known = this.#inWindow.get(stage);
    if (known === undefined) this.#inWindow.set(stage, [c]);
    else known.push(c);
    return true;
  }

  /** What is not known is an assumption where the user accepted the gap, and leaves the proof undecided otherwise. */
  #noteDoubt(doubt: { readonly says: string; readonly gap?: Gap }): false {
    const { gap } = doubt;
    const accepted = gap && this.#session.views.base.reader.get('acceptedGap', gap.id)?.value;
    if (gap !== undefined && accepted !== undefined) {
      this.#assumptions.set(gap.id, {
        says: `${gap.what}: ${accepted.reason}`,
        from: `accepted gap ${gap.id}`,
      });
    } else {
      this.#doubt ??= gap === undefined ? { says: doubt.says } : { says: `${doubt.says}: ${gap.what}`, gap };
    }
    return false;
  }

  #stateRefutation(points: readonly LinePoint[]): Counterexample | undefined {
    const { views, memo, world } = this.#session;
    const start = views.base;
    for (const point of points) {
      for (const invariant of stateInvariants) {
        this.#stateChecks.set(invariant.code, (this.#stateChecks.get(invariant.code) ?? 0) + 1);
        const judged = invariant.check({
          world,
          plan: this.#plan,
          start: start.reader,
          point,
          walk: (flow) => memo.walk(point.view, flow).value,
          walkAtStart: (flow) => memo.walk(start, flow).value,
        });
        if (judged.kind === 'unknown') this.#noteDoubt(judged);
        if (judged.kind === 'broken') return ofState(invariant.code, point, judged.says);
      }
    }
    return undefined;
  }

  /** Windows of the stages that declare one, or why one of them is longer than declared. */
  #windows(): readonly Window[] | Counterexample {
    const windows: Window[] = [];
    for (const stage of this.#plan.stages) {
      const failed = this.#inWindow.get(stage) ?? [];
      const window = windowOf(this.#session.views.base.reader, stage, this.#line.forward, failed);
      if (window === undefined) continue;
      if ('at' in window) return { ...ofCase(window.open), invariant: 'window', says: window.says };
      const declared = stage.window?.seconds ?? 0;
      if (window.seconds > declared) {
        const at = this.#line.forward.findLast((p) => p.stage === stage) as LinePoint;
        return ofState(
          'window',
          at,
          `${stage.title} takes up to ${window.seconds} s, and declares ${declared} s`,
        );
      }
      windows.push(window);
    }
    return windows;
  }

  #refuted(counterexample: Counterexample): ProofResult {
    const others = this.#others.length === 0 ? {} : { others: this.#others };
    return { kind: 'refuted', counterexample, ...others, counts: this.#counts() };
  }

  #proved(windows: readonly Window[]): Proved {
    const checks = new Map([...this.#search.checked, ...this.#stateChecks]);
    const codes = [...flowInvariants, ...stateInvariants].map((i) => i.code);
    return {
      kind: 'proved',
      counts: this.#counts(),
      assumptions: [...this.#assumptions.values(), ...unprotected(this.#session), ...this.#staleAssumption()],
      windows,
      endings: endingsOf(this.#line.forward),
      invariants: codes.map((code) => ({ code, checked: checks.get(code) ?? 0 })),
    };
  }

  #staleAssumption(): readonly Assumption[] {
    if (!this.#line.forward.some((p) => p.held.length > 0)) return [];
    const seconds = maxStaleSeconds(this.#session.views.base.reader);
    return [
      {
        says: `no cache and no client keeps an answer longer than its TTL and ${seconds} s`,
        from: 'maxStaleSeconds',
      },
    ];
  }

  #counts(): Counts {
    const { memo, flows } = this.#session;
    const walks = memo.walks - this.#walksBefore;
    return {
      states: this.#line.positions,
      faults: this.#faults.length,
      flows: flows.length,
      classes: this.#flows.length,
      covered: this.#search.covered,
      walks,
      walksSaved: memo.asked - this.#askedBefore - walks,
    };
  }
}

/** Every fact that differs from the start anywhere on the line, or in an answer that is held there. */
function writtenKeys(line: Line): ReadonlySet<FactKey> {
  const points = [...line.forward, ...line.back];
  return new Set(points.flatMap((p) => [...p.view.overlay.keys(), ...p.held.map((h) => h.key)]));
}

/** The state in which a stage leaves the world: its window must be over there. */
function isEndOf(stage: Stage, { point, isSettled }: LinePoint): boolean {
  return point.direction === 'forward' && isSettled && point.after === stage.changes.at(-1)?.id;
}

/** Counterexamples of one kind differ in the name or the position only. */
function kindOf({ invariant, flow, judgement, fault, chosen }: Case): string {
  const { from, family, port, protocol, to } = flow.flow;
  const zone = 'name' in to ? to.name.slice(to.name.indexOf('.') + 1) : to.ip;
  const says = judgement.kind === 'fine' ? '' : judgement.says;
  return [invariant.code, from, family, port, protocol, zone, fault?.id, chosen.length, says].join('|');
}

/** Addresses that a Service gives up on the way: connections made to it before end there. */
function endingsOf(forward: readonly LinePoint[]): Proved['endings'] {
  return forward.flatMap((p) => {
    const before = p.from?.view;
    if (before === undefined || before === p.view) return [];
    return before.reader.all('service').flatMap((f) => {
      const now = p.view.reader.get('service', f.key.slice('service:'.length))?.value.vips ?? [];
      const gone = f.value.vips.filter((v) => !now.some((n) => n.ip === v.ip));
      return gone.map((v) => ({
        says: `connections to ${v.ip} that ${f.key} served before end`,
        at: p.point,
      }));
    });
  });
}
