/*
 * A random simulator of plans, written apart from the prover: it shares the walk with it and nothing else. It goes
 * through a plan step by step with a clock, caches that keep what they heard, pauses, one fault now and then, and a
 * change of mind.
 */
import type { Flow } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import { type Estate, makeEstate, type Reader, readerOf } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { Change, PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { World } from '#plan/world.ts';
import { controllersAct, type Facts, ruleFollows } from './simulated-controllers.ts';
import { type SimulatedFault, simulatedFaults } from './simulated-faults.ts';
import { endOf, isGood, otherBackend, worseClient } from './simulated-judge.ts';

export interface Found {
  readonly flow?: Flow;
  readonly after: readonly string[];
  readonly says: string;
}

type Random = () => number;
type Value = Record<string, unknown>;
type Walking = Pick<World, 'walk' | 'flowsOf'>;

/** Runs the plan once, from the seed; the first flow that fails where no window is declared, or undefined. */
export function simulateOnce(world: Walking, estate: Estate, plan: Plan, seed: number): Found | undefined {
  return new Simulator(world, estate).run(plan, seed);
}

/** Runs of plans for one estate: what its start does is walked once for each fault. */
export class Simulator {
  readonly world: Walking;
  readonly estate: Estate;
  readonly faults: readonly SimulatedFault[];
  readonly flows: readonly Flow[];
  readonly #protected: readonly Flow[];
  readonly #starts = new Map<SimulatedFault | undefined, Reader>();
  readonly #was = new Map<SimulatedFault | undefined, Map<Flow, Walk>>();

  /** Somebody asks on behalf of others, by rules that nobody stated: an answer may be kept twice. */
  readonly hasForwarder: boolean;

  constructor(world: Walking, estate: Estate) {
    this.hasForwarder = [...estate.facts.values()].some(isForwarder);
    this.world = world;
    this.estate = estate;
    this.faults = simulatedFaults(estate.facts);
    this.#protected = protectedFlows(estate);
    this.flows = world.flowsOf(readerOf(estate));
  }

  run(plan: Plan, seed: number): Found | undefined {
    return new Run(this, plan, mulberry(seed)).run();
  }

  isProtected(flow: Flow): boolean {
    return this.#protected.includes(flow);
  }

  /** A few flows, and the protected ones always. */
  chosen(random: Random, isOpen: boolean): readonly Flow[] {
    if (isOpen) return this.#protected;
    const few = Math.min(1, 14 / Math.max(1, this.flows.length));
    return [...this.flows.filter(() => random() < few), ...this.#protected];
  }

  /** The flow at the start, under the fault. */
  was(flow: Flow, fault: SimulatedFault | undefined): Walk {
    let known = this.#was.get(fault);
    if (known === undefined) {
      known = new Map();
      this.#was.set(fault, known);
      const facts: Facts = new Map(this.estate.facts);
      fault?.apply(facts);
      this.#starts.set(fault, readerOf(makeEstate(facts.values())));
    }
    const walk = known.get(flow) ?? this.world.walk(this.#starts.get(fault) as Reader, flow);
    known.set(flow, walk);
    return walk;
  }
}

interface Step {
  readonly c: PlannedChange;
  readonly isWindowed: boolean;
  readonly isLast: boolean;
}

class Run {
  readonly #of: Simulator;
  readonly #steps: readonly Step[];
  readonly #random: Random;
  readonly #facts: Facts;
  readonly #cache = new Map<FactKey, { readonly fact: Fact; readonly until: number }[]>();
  readonly #log: string[] = [];
  readonly #written: ReadonlySet<string>;
  #clock = 0;

  constructor(of: Simulator, plan: Plan, random: Random) {
    this.#of = of;
    this.#random = random;
    this.#facts = new Map(of.estate.facts);
    this.#steps = plan.stages.flatMap((s) =>
      s.changes.map((c, i) => ({
        c,
        isWindowed: s.window !== undefined,
        isLast: i === s.changes.length - 1,
      })),
    );
    this.#written = new Set(this.#steps.flatMap(({ c }) => keysOf(c.change)));
  }

  run(): Found | undefined {
    const turnAt = this.#random() < 0.5 ? Math.floor(this.#random() * (this.#steps.length + 1)) : -1;
    const done: Step[] = [];
    for (const step of this.#steps) {
      if (done.length === turnAt) break;
      this.#make(step.c, step.c.change, 'forward');
      done.push(step);
      const found = this.#look(step.isWindowed && !step.isLast);
      if (found !== undefined) return found;
    }
    return turnAt < 0 ? undefined : this.#goBack(done);
  }

  #goBack(done: readonly Step[]): Found | undefined {
    for (const { c, isWindowed } of [...done].reverse()) {
      this.#make(c, turned(c.change), 'back');
      const found = this.#look(isWindowed);
      if (found !== undefined) return found;
    }
    return this.#isBack();
  }

  /** Rolled back, every Service has the address that it had. */
  #isBack(): Found | undefined {
    for (const [key, fact] of this.#of.estate.facts) {
      if (fact.kind === 'service' && vipsOf(this.#facts.get(key)) !== vipsOf(fact))
        return this.#found(`${key} is not back at ${vipsOf(fact)}`);
    }
    return undefined;
  }

  /** Some cache hears some of the answers of this moment, and keeps them as long as it likes. */
  #listen(): void {
    const durations = this.#facts.get('durations:durations')?.value as
      | { maxStaleSeconds: number }
      | undefined;
    const stale = (durations?.maxStaleSeconds ?? 0) * (this.#of.hasForwarder ? 2 : 1);
    for (const [key, fact] of this.#facts) {
      if (fact.kind !== 'recordSet' || this.#random() < 0.3) continue;
      const { ttlSeconds } = fact.value as { ttlSeconds: number };
      const until = this.#clock + ttlSeconds + Math.floor(this.#random() * (stale + 1)) - 1;
      this.#cache.set(key, [...(this.#cache.get(key) ?? []), { fact, until }]);
    }
  }

  #make(planned: PlannedChange, change: Change, direction: 'forward' | 'back'): void {
    this.#listen();
    if (this.#random() < 0.1) this.#clock += Math.floor(this.#random() * 20_000);
    this.#log.push(`${direction} ${planned.id}`);
    if (change.kind === 'wait') {
      if (change.direction === undefined || change.direction === direction) this.#clock += change.for.seconds;
      return;
    }
    for (const { of, id, before, after } of change.settings)
      this.#write(`${of}:${id}`, of, before as Value, after as Value);
    controllersAct(this.#facts);
  }

  #write(key: FactKey, kind: Fact['kind'], before: Value | null, after: Value | null): void {
    if (after === null) {
      this.#facts.delete(key);
      return;
    }
    const known = this.#facts.get(key);
    const value: Value = { ...(known?.value as unknown as Value) };
    for (const field of Object.keys(before ?? {})) if (!(field in after)) delete value[field];
    Object.assign(value, after);
    this.#facts.set(key, { ...known, kind, key, value, evidence: { file: 'simulated' } } as unknown as Fact);
    ruleFollows(this.#facts, key);
  }

  /** Flows, each with answers that some cache may still give; sometimes with one fault. */
  #look(isOpen: boolean): Found | undefined {
    const fault = this.#random() < 0.4 ? this.#someFault() : undefined;
    const moved = isOpen || fault !== undefined ? undefined : this.#movedOther();
    if (moved !== undefined) return moved;
    const facts = this.#withCached();
    fault?.apply(facts);
    const reader = readerOf(makeEstate(facts.values()));
    for (const flow of this.#of.chosen(this.#random, isOpen)) {
      if (fault?.silent.has(flow.from)) continue;
      const was = this.#of.was(flow, fault);
      if (!isGood(was)) continue;
      const is = this.#of.world.walk(reader, flow);
      const wrong = isGood(is) ? (otherBackend(was, is) ?? worseClient(was, is)) : endOf(is);
      if (wrong !== undefined)
        return this.#found(`${flow.from} ${JSON.stringify(flow.to)} ${wrong}`, flow, fault?.says);
    }
    return undefined;
  }

  #someFault(): SimulatedFault | undefined {
    return this.#of.faults[Math.floor(this.#random() * this.#of.faults.length)];
  }

  /** No Service that the plan does not write has another address. */
  #movedOther(): Found | undefined {
    for (const [key, fact] of this.#of.estate.facts) {
      if (fact.kind !== 'service' || this.#written.has(key)) continue;
      if (vipsOf(this.#facts.get(key)) !== vipsOf(fact)) return this.#found(`${key} lost ${vipsOf(fact)}`);
    }
    return undefined;
  }

  #withCached(): Facts {
    const out: Facts = new Map(this.#facts);
    for (const [key, list] of this.#cache) {
      const alive = list.filter((r) => r.until > this.#clock);
      const chosen = alive[Math.floor(this.#random() * (alive.length + 1))];
      if (chosen !== undefined) out.set(key, chosen.fact);
    }
    return out;
  }

  #found(says: string, flow?: Flow, fault?: string): Found {
    return { ...(flow && { flow }), after: [...this.#log, ...(fault === undefined ? [] : [fault])], says };
  }
}

function isForwarder(f: Fact): boolean {
  const of = f.kind === 'resolver' ? (f as Fact<'resolver'>).value : undefined;
  return of?.forwardsTo !== undefined && of.cache === undefined;
}

function keysOf(change: Change): readonly string[] {
  return change.kind === 'set' ? change.settings.map((s) => `${s.of}:${s.id}`) : [];
}

function turned(change: Change): Change {
  if (change.kind === 'wait') return change;
  const settings = [...change.settings].reverse().map((s) => ({ ...s, before: s.after, after: s.before }));
  return { kind: 'set', settings: settings as typeof change.settings };
}

function vipsOf(fact: Fact | undefined): string {
  return ((fact?.value as Service | undefined)?.vips ?? []).map((v) => v.ip).join();
}

function protectedFlows(estate: Estate): readonly Flow[] {
  return [...estate.facts.values()].flatMap((f) => {
    if (f.kind !== 'protectedEndpoint') return [];
    const { service, port, protocol, from } = (f as Fact<'protectedEndpoint'>).value;
    const at = [...estate.facts.values()].find((s) => s.key.endsWith(`/${service}`) && s.kind === 'service');
    const ip = (at?.value as Service | undefined)?.vips[0]?.ip;
    return ip === undefined
      ? []
      : from.map((v): Flow => ({ from: v, family: 4, to: { ip }, port, protocol }));
  });
}

/** Small seeded generator (mulberry32). */
export function mulberry(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
