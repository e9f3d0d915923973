/*
 * `rehearse`: the estate in the lab under steady traffic, the plan carried out by the same code that a real run uses, faults
 * on request; then what every vantage point felt, beside what the model said.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { execute, type RunResult, turnBack } from '#apply/execute.ts';
import type { Entry } from '#apply/journal.ts';
import type { RunWorld } from '#apply/run-world.ts';
import { SightlineError } from '#estate/error.ts';
import { readerOf } from '#estate/estate.ts';
import { type EstateLab, startEstateLab } from '#lab/estate/estate-lab.ts';
import { nowMs } from '#lab/hosts/protocol.ts';
import type { LabUnavailable } from '#lab/kernel/availability.ts';
import type { Plan, Stage } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import type { PredictionLine, Rehearsal, RehearsalEvent } from '#report/rehearsal.ts';
import type { Snapshot } from './load-snapshot.ts';
import { type FaultOrder, inject } from './rehearse-faults.ts';
import { Traffic, type TrafficNow } from './rehearse-load.ts';
import { flowLine, lineOf, type Times } from './rehearse-measure.ts';
import { predict } from './rehearse-predict.ts';
import { cpuTimes, idleSince, scaleFor } from './rehearse-scale.ts';
import { rehearsedName } from './rehearse-traffic.ts';
import { RunnerCrash, rehearsalWorld } from './rehearse-world.ts';

export { scaleFor } from './rehearse-scale.ts';

export interface RehearsalOptions {
  /** Factor on the plan's waits and on every TTL; chosen from the plan where not given. */
  readonly timeScale?: number;
  readonly faults?: readonly FaultOrder[];
  /** Stage id after which the run walks back. */
  readonly rollbackAt?: string;
  /** Instead of the application that everybody asks for by default. */
  readonly name?: string;
  /** Told about twice a second. */
  readonly onProgress?: (now: RehearsalProgress) => void;
}

export interface RehearsalProgress extends TrafficNow {
  readonly atMs: number;
  readonly says: string;
}

const warmUpMs = 2500;
const coolDownMs = 2500;
const sliceMs = 250;

/** Throws SightlineError where the lab cannot be built; a run that pauses or turns back is a result. */
export async function rehearse(
  snapshot: Snapshot,
  plan: Plan,
  proof: Proved,
  options: RehearsalOptions = {},
): Promise<Rehearsal | LabUnavailable> {
  const began = performance.now();
  checkStages(plan, options);
  const timeScale = options.timeScale ?? scaleFor(plan);
  const delays = options.faults?.some((f) => f.fault === 'node-lost') ? { nodeNotReady: 12_000 } : {};
  const lab = await startEstateLab(snapshot.estate, { timeScale, delays });
  if (lab.kind === 'unavailable') return lab;
  const upMs = performance.now() - began;
  try {
    const name = options.name ?? rehearsedName(readerOf(snapshot.estate));
    if (name === undefined)
      throw new SightlineError('nothing-to-rehearse', 'no route of this estate names a host');
    const run = new Rehearsing(lab, { plan, proof, options, timeScale, name, snapshot });
    const parts = await run.toTheEnd();
    return { ...parts, upMs, totalMs: performance.now() - began };
  } finally {
    await lab.down();
  }
}

function checkStages(plan: Plan, options: RehearsalOptions): void {
  const known = plan.stages.map((s) => s.id);
  const asked = [options.rollbackAt, ...(options.faults ?? []).map((f) => f.at)].filter(
    (id) => id !== undefined,
  );
  const wrong = asked.find((id) => !known.includes(id));
  if (wrong !== undefined)
    throw new SightlineError('wrong-use', `the plan has no stage ${wrong}`, {
      hint: `stages: ${known.join(', ')}`,
    });
}

interface RunParts {
  readonly plan: Plan;
  readonly proof: Proved;
  readonly options: RehearsalOptions;
  readonly timeScale: number;
  readonly name: string;
  readonly snapshot: Snapshot;
}

class Rehearsing {
  private readonly lab: EstateLab;
  private readonly parts: RunParts;
  private readonly events: RehearsalEvent[] = [];
  private readonly faultsDone: string[] = [];
  private readonly pending: FaultOrder[];
  private readonly injecting: Promise<unknown>[] = [];
  private startMs = 0;
  private firstWriteMs: number | undefined;
  private lastWriteMs = 0;
  private stage: string | undefined;
  private mustTurn = false;
  private saying = '';

  constructor(lab: EstateLab, parts: RunParts) {
    this.lab = lab;
    this.parts = parts;
    this.pending = [...(parts.options.faults ?? [])];
  }

  async toTheEnd(): Promise<Omit<Rehearsal, 'upMs' | 'totalMs'>> {
    const { plan, proof, options, name, timeScale, snapshot } = this.parts;
    const traffic = await Traffic.start(this.lab, name);
    this.startMs = nowMs();
    const busyBefore = cpuTimes();
    const stopWatching = this.watch(traffic);
    const seenBefore = await predict(this.lab, snapshot, plan, name, 'before');
    await sleep(warmUpMs);
    const result = await this.run();
    await Promise.all(this.injecting);
    await this.lab.controllers.settled();
    this.lastWriteMs = Math.max(this.lastWriteMs, nowMs());
    this.note('end', result.kind);
    const seenAfter = await predict(
      this.lab,
      snapshot,
      plan,
      name,
      result.kind === 'done' ? 'after' : 'before',
    );
    await sleep(coolDownMs);
    stopWatching();
    const endMs = nowMs();
    const idleShare = idleSince(busyBefore);
    const { records, flows } = await traffic.stop();
    const times: Times = {
      startMs: this.startMs,
      firstWriteMs: this.firstWriteMs ?? endMs,
      lastWriteMs: this.lastWriteMs,
      endMs,
      sliceMs,
    };
    return {
      format: 1,
      kind: 'rehearsal',
      plan: `${plan.style} plan of ${plan.stages.length} stages for ${this.parts.snapshot.root.split('/').at(-1)}`,
      result,
      timeScale,
      faults: this.faultsDone,
      ...(options.rollbackAt !== undefined && { rollbackAt: options.rollbackAt }),
      trafficMs: endMs - this.startMs,
      idleShare,
      sliceMs,
      events: this.events,
      lines: traffic.loads.map((load) => lineOf(load, records, times)),
      flows: traffic.flows.flatMap((flow, at) => {
        const record = flows[at];
        return record ? [flowLine(flow, record, this.startMs)] : [];
      }),
      predictions: beside(seenBefore, seenAfter),
      windows: proof.windows.map((w) => ({ says: w.because, seconds: w.seconds })),
      endings: proof.endings.map((e) => e.says),
      notBuilt: this.lab.compiled.notBuilt,
    };
  }

  /** Runs the plan; a runner that crashes is started again with the journal that it left. */
  private async run(): Promise<RunResult> {
    const { plan, proof, timeScale, name, options } = this.parts;
    const isDnsSlow = options.faults?.some((f) => f.fault === 'slow-dns') ?? false;
    if (isDnsSlow) this.faultsDone.push('records change slowly');
    const world = rehearsalWorld({
      lab: this.lab,
      name,
      timeScale,
      isDnsSlow,
      onEntry: (entry) => this.heard(entry),
      onTrying: (says) => this.note('change', says),
      interrupt: () => this.turnOnce(),
    });
    try {
      return await this.executed(world);
    } catch (error) {
      if (!(error instanceof RunnerCrash)) throw error;
      this.note('fault', 'the runner crashed; another one takes up its journal');
      await sleep(1000);
      return execute(plan, proof, world);
    }
  }

  private async executed(world: RunWorld): Promise<RunResult> {
    const { plan, proof, options } = this.parts;
    const result = await execute(plan, proof, world);
    if (options.rollbackAt === undefined || result.kind !== 'done') return result;
    // The last stage was asked for: the run was over before it could be told.
    await turnBack(world, `rehearsed: roll back after ${options.rollbackAt}`);
    return execute(plan, proof, world);
  }

  private heard(entry: Entry): void {
    if (entry.kind === 'outcome') {
      this.firstWriteMs ??= nowMs();
      this.lastWriteMs = nowMs();
    }
    if (entry.kind === 'turned') this.note('turn', `the run walks back: ${entry.because}`);
    if (entry.kind === 'gate') this.note('gate', entry.says);
    if (entry.kind === 'intent' || entry.kind === 'waiting') this.enter(entry.change);
    if (entry.kind === 'verified' && entry.direction === 'forward') this.left(entry.change);
  }

  /** A fault comes in the middle of a stage: when its first change is about to be written. */
  private enter(change: string): void {
    const stage = this.stageOf(change);
    if (!stage || stage.id === this.stage) return;
    this.stage = stage.id;
    this.note('stage', stage.title);
    const due = this.pending.filter((f) => f.at === undefined || f.at === stage.id);
    for (const order of due) this.pending.splice(this.pending.indexOf(order), 1);
    for (const { fault } of due) {
      if (fault === 'runner-crash') {
        this.faultsDone.push(`the runner crashed in ${stage.id}`);
        throw new RunnerCrash();
      }
      if (fault === 'slow-dns') continue;
      const done = inject(this.lab, fault).then((says) => {
        this.faultsDone.push(`${says} in ${stage.id}`);
        this.note('fault', says);
      });
      this.injecting.push(done);
    }
  }

  /** An order is given once: the run that walks back already must not be told again. */
  private turnOnce(): 'roll-back' | undefined {
    const isDue = this.mustTurn;
    this.mustTurn = false;
    return isDue ? 'roll-back' : undefined;
  }

  private left(change: string): void {
    const stage = this.stageOf(change);
    if (stage?.id === this.parts.options.rollbackAt && stage?.changes.at(-1)?.id === change)
      this.mustTurn = true;
  }

  private stageOf(change: string): Stage | undefined {
    return this.parts.plan.stages.find((s) => s.changes.some((c) => c.id === change));
  }

  private note(kind: RehearsalEvent['kind'], says: string): void {
    this.saying = says;
    this.events.push({ atMs: nowMs() - this.startMs, kind, says });
  }

  private watch(traffic: Traffic): () => void {
    const { onProgress } = this.parts.options;
    if (!onProgress) return () => undefined;
    const timer = setInterval(() => {
      void traffic
        .now()
        .then((now) => onProgress({ ...now, atMs: nowMs() - this.startMs, says: this.saying }));
    }, 500);
    return () => clearInterval(timer);
  }
}

function beside(before: readonly Sighted[], after: readonly Sighted[]): readonly PredictionLine[] {
  return before.map((b, at) => ({
    vantage: b.vantage,
    what: b.what,
    before: b.model,
    seenBefore: b.kernel,
    after: after[at]?.model ?? '',
    seenAfter: after[at]?.kernel ?? '',
  }));
}

type Sighted = Awaited<ReturnType<typeof predict>>[number];
