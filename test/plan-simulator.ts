/*
 * A random simulator of plans, written apart from the prover: it shares the walk with it and nothing else. It goes
 * through a plan step by step with a clock, caches that keep what they heard, a lost node now and then, and a change of mind.
 */
import type { Flow } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import { type Estate, makeEstate, readerOf } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import type { Change, PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { World } from '#plan/world.ts';

export interface Found {
  readonly flow: Flow;
  readonly after: readonly string[];
  readonly says: string;
}

interface Remembered {
  readonly fact: Fact;
  readonly until: number;
}

type Random = () => number;
type Value = Record<string, unknown>;

/** Runs the plan once, from the seed; the first flow that fails where no window is declared, or undefined. */
export function simulateOnce(
  world: Pick<World, 'walk' | 'flowsOf'>,
  estate: Estate,
  plan: Plan,
  seed: number,
): Found | undefined {
  return new Run(world, estate, plan, mulberry(seed)).run();
}

class Run {
  readonly #world: Pick<World, 'walk' | 'flowsOf'>;
  readonly #estate: Estate;
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #facts: Map<FactKey, Fact>;
  readonly #cache = new Map<FactKey, Remembered[]>();
  readonly #flows: readonly Flow[];
  readonly #log: string[] = [];
  #clock = 0;

  constructor(world: Pick<World, 'walk' | 'flowsOf'>, estate: Estate, plan: Plan, random: Random) {
    this.#world = world;
    this.#estate = estate;
    this.#plan = plan;
    this.#random = random;
    this.#facts = new Map(estate.facts);
    this.#flows = world.flowsOf(readerOf(estate));
  }

  run(): Found | undefined {
    const steps = this.#plan.stages.flatMap((s) =>
      s.changes.map((c) => ({ c, open: s.window !== undefined })),
    );
    const turnAt = this.#random() < 0.5 ? Math.floor(this.#random() * (steps.length + 1)) : -1;
    const done: typeof steps = [];
    for (const step of steps) {
      if (done.length === turnAt) break;
      this.#listen();
      this.#make(step.c, step.c.change, 'forward');
      done.push(step);
      const found = step.open ? undefined : this.#look();
      if (found !== undefined) return found;
    }
    return turnAt < 0 ? undefined : this.#goBack(done);
  }

  #goBack(done: readonly { readonly c: PlannedChange; readonly open: boolean }[]): Found | undefined {
    for (const { c, open } of [...done].reverse()) {
      this.#listen();
      this.#make(c, turned(c.change), 'back');
      const found = open ? undefined : this.#look();
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Some cache hears some of the answers of this moment, and keeps them as long as it likes. */
  #listen(): void {
    const durations = this.#facts.get('durations:durations')?.value as
      | { maxStaleSeconds: number }
      | undefined;
    const stale = durations?.maxStaleSeconds ?? 0;
    for (const [key, fact] of this.#facts) {
      if (fact.kind !== 'recordSet' || this.#random() < 0.3) continue;
      const { ttlSeconds } = fact.value as { ttlSeconds: number };
      const until = this.#clock + ttlSeconds + Math.floor(this.#random() * (stale + 1)) - 1;
      this.#cache.set(key, [...(this.#cache.get(key) ?? []), { fact, until }]);
    }
  }

  #make(planned: PlannedChange, change: Change, direction: 'forward' | 'back'): void {
    this.#log.push(`${direction} ${planned.id}`);
    if (change.kind === 'wait') {
      if (change.direction === undefined || change.direction === direction) this.#clock += change.for.seconds;
      return;
    }
    for (const { of, id, before, after } of change.settings)
      this.#write(`${of}:${id}`, of, before as Value, after as Value);
    this.#controllers();
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
    this.#facts.set(key, { kind, key, value, evidence: { file: 'simulated' } } as unknown as Fact);
  }

  /** Addresses follow requests, endpoints follow selectors: the little that small houses need. */
  #controllers(): void {
    const all = [...this.#facts.values()];
    for (const fact of all) {
      if (fact.kind !== 'service') continue;
      const s = fact.value as unknown as Value & {
        requestedIps?: string;
        type: string;
        namespace: string;
        name: string;
      };
      const vips = s.type === 'LoadBalancer' && s.requestedIps ? [{ ip: s.requestedIps, ipMode: 'VIP' }] : [];
      this.#facts.set(fact.key, { ...fact, value: { ...s, vips } } as unknown as Fact);
      this.#slice(s);
    }
    for (const fact of all) {
      const of =
        fact.kind === 'endpointSlice'
          ? (fact.value as unknown as { namespace: string; service: string })
          : undefined;
      if (of && !this.#facts.has(`service:home/${of.namespace}/${of.service}`)) this.#facts.delete(fact.key);
    }
  }

  #slice(service: { readonly namespace: string; readonly name: string }): void {
    const all = [...this.#facts.values()].filter((f) => f.kind === 'endpointSlice');
    const values = all.map((f) => f.value as unknown as Value & { namespace: string; service: string });
    if (values.some((v) => v.namespace === service.namespace && v.service === service.name)) return;
    const model = values.find((v) => v.namespace === service.namespace);
    if (model === undefined) return;
    const key: FactKey = `endpointSlice:home/${service.namespace}/${service.name}-sim`;
    const value = { ...model, name: `${service.name}-sim`, service: service.name };
    this.#facts.set(key, {
      kind: 'endpointSlice',
      key,
      value,
      evidence: { file: 'simulated' },
    } as unknown as Fact);
  }

  /** Every flow, each with answers that some cache may still give; sometimes with a node lost. */
  #look(): Found | undefined {
    const lost = this.#random() < 0.4 ? this.#someNode() : undefined;
    for (const flow of this.#flows) {
      const was = this.#walk(flow, this.#estate.facts, lost);
      if (!isGood(was)) continue;
      const is = this.#walk(flow, this.#withCached(), lost);
      if (isGood(is) && backend(was) === backend(is)) continue;
      const says = `${flow.from} ${JSON.stringify(flow.to)} ends ${is.traces[0]?.disposition} at ${is.traces[0]?.dialled}`;
      return { flow, after: [...this.#log, ...(lost ? [`lost ${lost}`] : [])], says };
    }
    return undefined;
  }

  #walk(flow: Flow, facts: ReadonlyMap<FactKey, Fact>, lost: string | undefined): Walk {
    return this.#world.walk(
      readerOf(makeEstate(lost === undefined ? facts.values() : without(facts, lost))),
      flow,
    );
  }

  #withCached(): ReadonlyMap<FactKey, Fact> {
    const out = new Map(this.#facts);
    for (const [key, list] of this.#cache) {
      const alive = list.filter((r) => r.until > this.#clock);
      const chosen = alive[Math.floor(this.#random() * (alive.length + 1))];
      if (chosen !== undefined) out.set(key, chosen.fact);
    }
    return out;
  }

  #someNode(): string | undefined {
    const nodes = [...this.#estate.facts.values()].flatMap((f) =>
      f.kind === 'node' ? [(f.value as { name: string }).name] : [],
    );
    return nodes[Math.floor(this.#random() * nodes.length)];
  }
}

function turned(change: Change): Change {
  if (change.kind === 'wait') return change;
  const settings = [...change.settings].reverse().map((s) => ({ ...s, before: s.after, after: s.before }));
  return { kind: 'set', settings: settings as typeof change.settings };
}

function without(facts: ReadonlyMap<FactKey, Fact>, node: string): readonly Fact[] {
  return [...facts.values()].flatMap((f): readonly Fact[] => {
    const value = f.value as unknown as Value & {
      name?: string;
      node?: string;
      endpoints?: { node?: string }[];
      speakerNodes?: string[];
    };
    if (f.kind === 'node' && value.name === node) return [];
    if (f.kind === 'pod' && value.node === node) return [];
    if (f.kind === 'announcing')
      return [
        {
          ...f,
          value: { ...value, speakerNodes: value.speakerNodes?.filter((n) => n !== node) },
        } as unknown as Fact,
      ];
    if (f.kind !== 'endpointSlice') return [f];
    return [
      {
        ...f,
        value: { ...value, endpoints: value.endpoints?.filter((e) => e.node !== node) },
      } as unknown as Fact,
    ];
  });
}

function isGood(walk: Walk): boolean {
  return walk.traces.every((t) => t.disposition === 'delivered');
}

function backend(walk: Walk): string {
  return walk.traces.map((t) => t.application?.service ?? t.reached?.pod ?? '').join();
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
