/* One round of probes: what is tried, what the model says of the state, and what came of it beside the baseline. */
import { walk } from '#dataplane/walk.ts';
import type { Reader } from '#estate/estate.ts';
import type { DnsName } from '#net/name.ts';
import type { Plan } from '#plan/plan.ts';
import { namesByClass, probesForGate } from '#probe/choose.ts';
import { type ClientCheck, type Comparison, compare, isBad, type Judged } from '#probe/compare.ts';
import { type Prediction, predict } from '#probe/predict.ts';
import { commandFor, type ProbeScope, probePlan } from '#probe/probe-plan.ts';
import type { ClientChecks, ProbeReport } from '#probe/probe-report.ts';
import { type Observation, type Probe, type Probers, runProbes } from '#probe/prober.ts';
import { type ClientLog, newMark, withClients } from './client-log.ts';
import { readerAfterChanges, scopeOfPlan } from './plan-states.ts';

/** What the probes showed before the first write. Kept in the run's folder. */
export interface Baseline {
  readonly format: 1;
  readonly takenAt: string;
  readonly observations: Readonly<Record<string, Observation>>;
}

/** How probes are made: for real systems, unless a lab has a pace of its own. */
export interface ProbePace {
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** Of an attempt to which the model says that nobody answers. */
  readonly silentMs: number;
  readonly parallel: number;
}

const ordinary: ProbePace = { timeoutMs: 4000, silentMs: 2000, parallel: 8 };
/** What is not as it should be is tried again after these pauses: a lost packet is no finding. */
const againAfterMs = [0, 1000];
/** Of a whole round. */
const roundMs = 180_000;

export interface ProbingFrom {
  readonly probers: Probers;
  /** Names that are probed, in their order; all where not given. */
  readonly mostNames?: number;
  /** Undefined: observations hold the client that was logged, as those of a lab do. */
  readonly clientLog?: ClientLog;
  readonly pace?: ProbePace;
}

/** The state of the estate at a gate, and the one before its stage; undefined: the model does not know it. */
export interface GateStates {
  readonly before: Reader | undefined;
  readonly after: Reader | undefined;
}

/** The probes of one plan, made whenever asked. */
export class ProbeRounds {
  readonly #start: Reader;
  readonly #probers: Probers;
  readonly #clientLog: ClientLog | undefined;
  readonly #here: readonly Probe[];
  readonly #elsewhere: readonly Probe[];
  readonly #leftOut: readonly string[];

  readonly #pace: ProbePace;
  readonly #known = new Map<Reader, Map<string, Prediction>>();

  constructor(start: Reader, plan: Plan, from: ProbingFrom) {
    const { probers, mostNames = Number.POSITIVE_INFINITY, pace = ordinary } = from;
    const scope = scopeOfPlan(start, plan);
    const names = namesByClass(scope.names, mostNames, waysAtEnd(start, plan, scope));
    this.#pace = pace;
    const { probes, leftOut } = probePlan({ ...scope, names }, start);
    const unasked = scope.names.length - names.length;
    const canHere = (p: Probe) => probers.at(p.from)?.can(p.attempt) === true;
    this.#start = start;
    this.#probers = probers;
    this.#clientLog = from.clientLog;
    this.#here = probes.filter(canHere);
    this.#elsewhere = probes.filter((p) => !canHere(p));
    this.#leftOut = unasked === 0 ? leftOut : [...leftOut, `${unasked} names more`];
  }

  /** Number of probes that can be made from here. */
  get size(): number {
    return this.#here.length;
  }

  /** Number of probes, from wherever. */
  get total(): number {
    return this.#here.length + this.#elsewhere.length;
  }

  async baseline(now: string): Promise<Baseline> {
    const found = await this.#attempt(this.#here, this.#start);
    return { format: 1, takenAt: now, observations: Object.fromEntries(found) };
  }

  /** Every probe against the state. `reader` undefined: the model does not know it, so the baseline alone counts. */
  check(reader: Reader | undefined, baseline: Baseline | undefined): Promise<ProbeReport> {
    return this.#round(this.#here, reader, baseline);
  }

  /** What a stage may have changed, every protected endpoint, and one of each other class. */
  checkGate(states: GateStates, baseline: Baseline | undefined): Promise<ProbeReport> {
    return this.#round(this.forGate(states), states.after, baseline);
  }

  /** The probes of a gate that can be made from here. */
  forGate({ before, after }: GateStates): readonly Probe[] {
    const of = (reader: Reader) => (p: Probe) => this.#predict(p, reader);
    return after === undefined
      ? this.#here
      : probesForGate(this.#here, before === undefined ? undefined : of(before), of(after));
  }

  async #round(
    probes: readonly Probe[],
    reader: Reader | undefined,
    baseline: Baseline | undefined,
  ): Promise<ProbeReport> {
    const found = new Map(await this.#attempt(probes, reader));
    const judge = (p: Probe) => this.#judge(p, reader, baseline, found.get(p.id));
    for (const pauseMs of againAfterMs) {
      const again = probes.filter((p) => isBad(judge(p).verdict));
      if (again.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      for (const [id, seen] of await this.#attempt(again, undefined)) found.set(id, seen);
    }
    const judged = probes.map(judge);
    const elsewhere = this.#elsewhere.map((p) => ({
      id: p.id,
      from: p.from,
      command: commandFor(p),
      predicted: this.#predict(p, reader),
    }));
    return { judged, elsewhere, leftOut: this.#leftOut, ...summary(judged) };
  }

  /** Where the model says that nobody answers, nobody is waited for as long. */
  async #attempt(
    probes: readonly Probe[],
    reader: Reader | undefined,
  ): Promise<ReadonlyMap<string, Observation>> {
    const { timeoutMs, silentMs, parallel } = this.#pace;
    const start = performance.now();
    const marks = new Map(probes.map((p) => [p.id, newMark()]));
    const waits = (p: Probe) => this.#predict(p, reader).outcome === 'fails';
    const found = await runProbes(probes, this.#probers, {
      timeoutMs: (p) => (waits(p) ? silentMs : timeoutMs),
      waits,
      parallel,
      isOver: () => performance.now() > start + roundMs,
      markOf: (p) => marks.get(p.id),
    });
    return withClients(found, marks, this.#clientLog, start);
  }

  #judge(
    probe: Probe,
    reader: Reader | undefined,
    baseline: Baseline | undefined,
    observed: Observation | undefined,
  ): Judged {
    const before = baseline?.observations[probe.id];
    const comparison: Comparison = {
      predicted: this.#predict(probe, reader),
      predictedBefore: this.#predict(probe, this.#start),
      ...(before && { baseline: before }),
      ...(observed && { observed }),
    };
    return compare(probe, comparison);
  }

  #predict(probe: Probe, reader: Reader | undefined): Prediction {
    if (reader === undefined) return { outcome: 'unknown', says: 'the model does not know this state' };
    const known = this.#known.get(reader) ?? new Map<string, Prediction>();
    this.#known.set(reader, known);
    const prediction = known.get(probe.id) ?? predict(probe, reader, walk);
    known.set(probe.id, prediction);
    return prediction;
  }
}

/** How the plan's end answers a name, from everywhere and at every address. */
function waysAtEnd(start: Reader, plan: Plan, { addresses }: ProbeScope): (name: DnsName) => string {
  const changes = plan.stages.flatMap((s) => s.changes);
  const end = readerAfterChanges(start, changes) ?? start;
  return (name) => {
    const { probes } = probePlan({ flows: [], addresses, names: [name] }, end);
    const one = probes.filter(({ attempt: a }) => a.kind === 'http' && a.version === 2);
    return one.map((p) => `${p.from} ${p.attempt.ip} ${predict(p, end, walk).outcome}`).join('\n');
  };
}

function summary(judged: readonly Judged[]): Pick<ProbeReport, 'isGood' | 'says' | 'clients'> {
  const bad = judged.filter((j) => isBad(j.verdict));
  const [first] = bad;
  const tried = judged.filter((j) => j.verdict !== 'not-tried').length;
  const clients = clientChecks(judged);
  if (tried === 0) return { isGood: true, clients, says: 'nothing could be probed from here' };
  if (first === undefined)
    return {
      isGood: true,
      clients,
      says: `${tried} probes are as they should be${withoutAnswer(judged)}${clientsSay(clients)}`,
    };
  return {
    isGood: false,
    clients,
    says: `${bad.length} of ${tried} probes: ${first.probe.id}: ${first.says}`,
  };
}

/** What is as it should be by not working is told apart. */
function withoutAnswer(judged: readonly Judged[]): string {
  const said = judged.filter((j) => j.verdict === 'as-predicted');
  const number = (outcome: Observation['outcome']) =>
    said.filter((j) => j.observed?.outcome === outcome).length;
  const [refused, silent] = [number('refused'), number('fails')];
  const parts = [
    ...(refused > 0 ? [`${refused} refused as predicted`] : []),
    ...(silent > 0 ? [`${silent} without an answer as predicted`] : []),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function clientChecks(judged: readonly Judged[]): ClientChecks {
  const all = judged.flatMap((j) => j.client ?? []);
  const number = (kind: ClientCheck['kind']) => all.filter((c) => c.kind === kind).length;
  return {
    asPredicted: number('as-predicted'),
    otherwise: number('otherwise'),
    notChecked: number('not-checked'),
    why: [...new Set(all.flatMap((c) => (c.kind === 'not-checked' ? c.says : [])))],
  };
}

function clientsSay({ asPredicted, notChecked, why }: ClientChecks): string {
  const checked = asPredicted > 0 ? `, ${asPredicted} logged as the client that was predicted` : '';
  const not = notChecked > 0 ? `; ${notChecked} whose logged client was not checked: ${why.join('; ')}` : '';
  return checked + not;
}
