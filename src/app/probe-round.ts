/* One round of probes: what is tried, what the model says of the state, and what came of it beside the baseline. */
import { walk } from '#dataplane/walk.ts';
import type { Reader } from '#estate/estate.ts';
import type { Plan } from '#plan/plan.ts';
import { type ClientCheck, type Comparison, compare, isBad, type Judged } from '#probe/compare.ts';
import { type Prediction, predict } from '#probe/predict.ts';
import { commandFor, probePlan } from '#probe/probe-plan.ts';
import type { ClientChecks, ProbeReport } from '#probe/probe-report.ts';
import { type Observation, type Probe, type Probers, runProbes } from '#probe/prober.ts';
import { type ClientLog, newMark, withClients } from './client-log.ts';
import { scopeOfPlan } from './plan-states.ts';

/** What the probes showed before the first write. Kept in the run's folder. */
export interface Baseline {
  readonly format: 1;
  readonly takenAt: string;
  readonly observations: Readonly<Record<string, Observation>>;
}

/** Times of one attempt and of a whole round. */
const timeoutMs = 4000;
const roundMs = 180_000;
const parallel = 8;

export interface ProbingFrom {
  readonly probers: Probers;
  /** Names that are probed, in their order; all where not given. */
  readonly mostNames?: number;
  /** Undefined: observations hold the client that was logged, as those of a lab do. */
  readonly clientLog?: ClientLog;
}

/** The probes of one plan, made whenever asked. */
export class ProbeRounds {
  readonly #start: Reader;
  readonly #probers: Probers;
  readonly #clientLog: ClientLog | undefined;
  readonly #here: readonly Probe[];
  readonly #elsewhere: readonly Probe[];
  readonly #leftOut: readonly string[];

  constructor(start: Reader, plan: Plan, from: ProbingFrom) {
    const { probers, mostNames = Number.POSITIVE_INFINITY } = from;
    const scope = scopeOfPlan(start, plan);
    const names = scope.names.slice(0, mostNames);
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
    const found = await this.#attempt(this.#here);
    return { format: 1, takenAt: now, observations: Object.fromEntries(found) };
  }

  /** Every probe against the state. `reader` undefined: the model does not know it, so the baseline alone counts. */
  async check(reader: Reader | undefined, baseline: Baseline | undefined): Promise<ProbeReport> {
    const found = await this.#attempt(this.#here);
    const again = this.#here.filter((p) => isBad(this.#judge(p, reader, baseline, found.get(p.id)).verdict));
    const second = again.length > 0 ? await this.#attempt(again) : found;
    const judged = this.#here.map((p) =>
      this.#judge(p, reader, baseline, second.get(p.id) ?? found.get(p.id)),
    );
    const elsewhere = this.#elsewhere.map((p) => ({
      id: p.id,
      from: p.from,
      command: commandFor(p),
      predicted: this.#predict(p, reader),
    }));
    return { judged, elsewhere, leftOut: this.#leftOut, ...summary(judged) };
  }

  async #attempt(probes: readonly Probe[]): Promise<ReadonlyMap<string, Observation>> {
    const start = performance.now();
    const marks = new Map(probes.map((p) => [p.id, newMark()]));
    const found = await runProbes(probes, this.#probers, {
      timeoutMs,
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
    return reader
      ? predict(probe, reader, walk)
      : { outcome: 'unknown', says: 'the model does not know this state' };
  }
}

function summary(judged: readonly Judged[]): Pick<ProbeReport, 'isGood' | 'says' | 'clients'> {
  const bad = judged.filter((j) => isBad(j.verdict));
  const [first] = bad;
  const tried = judged.filter((j) => j.verdict !== 'not-tried').length;
  const clients = clientChecks(judged);
  if (first === undefined)
    return { isGood: true, clients, says: `${tried} probes are as they should be${clientsSay(clients)}` };
  return {
    isGood: false,
    clients,
    says: `${bad.length} of ${tried} probes: ${first.probe.id}: ${first.says}`,
  };
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
