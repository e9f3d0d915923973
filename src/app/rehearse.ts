/*
 * `rehearse`: the estate in the lab under steady traffic, the plan carried out by the same code that a real run uses, faults
 * on request; then what every vantage point felt, beside what model and proof said.
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
import type { Rehearsal } from '#report/rehearsal.ts';
import type { Snapshot } from './load-snapshot.ts';
import { banQuestion, predictBan, tryBan } from './rehearse-bans.ts';
import { expectAt } from './rehearse-expect.ts';
import { type FaultOrder, type Injected, inject } from './rehearse-faults.ts';
import { judgeRehearsal, requestTimeoutMs, windowOf } from './rehearse-judge.ts';
import { Traffic } from './rehearse-load.ts';
import { RehearsalLog } from './rehearse-log.ts';
import { flowLine, lineOf, type MeasuredStill, type Times } from './rehearse-measure.ts';
import { checkStages, type RehearsalOptions } from './rehearse-options.ts';
import { keepPace } from './rehearse-pace.ts';
import { beside, predict, questionsAbout } from './rehearse-predict.ts';
import { cpuTimes, idleSince, scaleFor } from './rehearse-scale.ts';
import { rehearsedName } from './rehearse-traffic.ts';
import { RunnerCrash, rehearsalWorld } from './rehearse-world.ts';

export type { RehearsalOptions, RehearsalProgress } from './rehearse-options.ts';
export { scaleFor } from './rehearse-scale.ts';

const warmUpMs = 3000;
/** Longer than a request may take, so that those that fail at the end are seen to fail. */
const coolDownMs = requestTimeoutMs + 1000;
const sliceMs = 250;
/** In a run that is held, memberlist and the node controller notice sooner than in life. */
const heldDelays = { nodeLost: 1500, nodeNotReady: 2500 };
const faultDelays = { nodeNotReady: 12_000 };

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
  const losesNode = options.faults?.some((f) => f.fault === 'node-lost') ?? false;
  const delays = !losesNode ? {} : options.holdMs === undefined ? faultDelays : heldDelays;
  const lab = await startEstateLab(snapshot.estate, {
    timeScale,
    delays,
    ...(options.withBans && { withBans: true }),
  });
  if (lab.kind === 'unavailable') return lab;
  const upMs = performance.now() - began;
  try {
    const name = options.name ?? rehearsedName(readerOf(snapshot.estate));
    if (name === undefined)
      throw new SightlineError('nothing-to-rehearse', 'no route of this estate names a host');
    const run = new Rehearsing(lab, { plan, proof, options, timeScale, name, snapshot });
    const parts = { ...(await run.toTheEnd()), upMs, totalMs: performance.now() - began };
    return { ...parts, verdicts: judgeRehearsal(parts) };
  } finally {
    await lab.down();
  }
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
  private readonly log = new RehearsalLog();
  private readonly faultsDone: string[] = [];
  private readonly pending: FaultOrder[];
  private readonly injecting: Promise<unknown>[] = [];
  private holding: Promise<unknown> = Promise.resolve();
  private lostNode: string | undefined;
  private stage: string | undefined;
  private mustTurn = false;

  constructor(lab: EstateLab, parts: RunParts) {
    this.lab = lab;
    this.parts = parts;
    this.pending = [...(parts.options.faults ?? [])];
  }

  async toTheEnd(): Promise<Omit<Rehearsal, 'upMs' | 'totalMs' | 'verdicts'>> {
    const { plan, name, snapshot } = this.parts;
    const banned = this.parts.options.withBans ? banQuestion(this.lab) : undefined;
    const banBefore = banned && (await tryBan(this.lab, banned));
    const traffic = await Traffic.start(this.lab, name);
    this.log.begin();
    const busyBefore = cpuTimes();
    const stopPacing = keepPace((pace) => traffic.setPace(pace));
    const stopWatching = this.watch(traffic);
    const asked = await questionsAbout(this.lab, snapshot, name);
    const ask = (when: 'before' | 'after') => predict(this.lab, snapshot, plan, asked, when);
    const seenBefore = await ask('before');
    await this.log.still('the estate as it is', { before: 'start' }, () => sleep(warmUpMs));
    const result = await this.run();
    await Promise.all(this.injecting);
    await this.lab.controllers.settled();
    this.log.end(result.kind);
    const seenAfter = await ask(result.kind === 'done' ? 'after' : 'before');
    await this.lastStill(result);
    stopWatching();
    stopPacing();
    const endMs = nowMs();
    const idleShare = idleSince(busyBefore);
    const { records, flows } = await traffic.stop();
    const { startMs, firstWriteMs = endMs, lastWriteMs } = this.log;
    const times: Times = { startMs, firstWriteMs, lastWriteMs, endMs, sliceMs };
    const stills = this.measuredStills(traffic);
    const ban = banned &&
      banBefore && {
        ...banned,
        ...predictBan(snapshot.estate, plan, banned, result.kind === 'done'),
        seenBefore: banBefore,
        seenAfter: await tryBan(this.lab, banned),
      };
    return {
      ...this.recordOf(result),
      ...(ban && { ban }),
      trafficMs: endMs - startMs,
      idleShare,
      lines: traffic.loads.map((load) => lineOf(load, records, times, stills)),
      flows: traffic.flows.flatMap((flow, at) => {
        const record = flows[at];
        return record ? [flowLine(flow, record, startMs)] : [];
      }),
      predictions: beside(asked, seenBefore, seenAfter),
    };
  }

  /** What does not come from the traffic. */
  private recordOf(result: RunResult) {
    const { plan, proof, options, snapshot, timeScale } = this.parts;
    const { events, changes, stills } = this.log;
    return {
      format: 1 as const,
      kind: 'rehearsal' as const,
      plan: `${plan.style} plan of ${plan.stages.length} stages for ${snapshot.root.split('/').at(-1)}`,
      result,
      timeScale,
      faults: this.faultsDone,
      ...(options.rollbackAt !== undefined && { rollbackAt: options.rollbackAt }),
      sliceMs,
      events,
      changes,
      stills: stills.map(({ fromMs, toMs, says }) => ({ fromMs, toMs, says })),
      windows: proof.windows.map((w) => windowOf(plan, w)),
      endings: proof.endings.map((e) => e.says),
      notBuilt: this.lab.compiled.notBuilt,
    };
  }

  /** A run that paused leaves a state that no position of the plan describes. */
  private async lastStill(result: RunResult): Promise<void> {
    if (result.kind === 'paused') return void (await sleep(coolDownMs));
    const position = { before: result.kind === 'done' ? ('end' as const) : ('start' as const) };
    const says = result.kind === 'done' ? 'after the plan' : 'rolled back';
    const lost = this.lostNode === undefined ? {} : { lostNode: this.lostNode };
    const full = this.lostNode === undefined ? says : `${says}, without ${this.lostNode}`;
    await this.log.still(full, { ...position, ...lost }, () =>
      sleep(this.parts.options.holdMs ?? coolDownMs),
    );
  }

  private measuredStills(traffic: Traffic): readonly MeasuredStill[] {
    const { snapshot, plan } = this.parts;
    return this.log.stills.map((still) => ({
      ...still,
      expected: expectAt(snapshot.estate, plan, traffic.loads, still.position),
    }));
  }

  /** Runs the plan; a runner that crashes is started again with the journal that it left. */
  private async run(): Promise<RunResult> {
    const { plan, proof, timeScale, name } = this.parts;
    const world = rehearsalWorld({
      lab: this.lab,
      name,
      timeScale,
      beforeWrite: async () => void (await this.holding),
      onEntry: (entry) => this.heard(entry),
      onTrying: (says) => this.log.note('change', says),
      interrupt: () => this.turnOnce(),
    });
    try {
      return await this.executed(world);
    } catch (error) {
      if (!(error instanceof RunnerCrash)) throw error;
      this.log.note('fault', 'the runner crashed; another one takes up its journal');
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
    this.log.hear(entry);
    if (entry.kind === 'intent' || entry.kind === 'waiting') this.enter(entry.change);
    if (entry.kind === 'verified' && entry.direction === 'forward') this.left(entry.change);
  }

  /** A fault comes in the middle of a stage: when its first change is about to be written. */
  private enter(change: string): void {
    const stage = this.stageOf(change);
    if (!stage || stage.id === this.stage) return;
    this.stage = stage.id;
    this.log.note('stage', stage.title);
    const due = this.pending.filter((f) => f.at === undefined || f.at === stage.id);
    for (const order of due) this.pending.splice(this.pending.indexOf(order), 1);
    for (const order of due) {
      if (order.fault === 'runner-crash') {
        this.faultsDone.push(`the runner crashed in ${stage.id}`);
        throw new RunnerCrash();
      }
      const felt = this.inject(order, stage.id, change);
      this.injecting.push(felt);
      if (this.parts.options.holdMs !== undefined) this.holding = felt;
    }
  }

  /** Resolves when everybody has noticed and done what follows, and the still that was asked for is over. */
  private async inject(order: FaultOrder, stage: string, before: string): Promise<void> {
    const { says, lostNode, noticed }: Injected = await inject(this.lab, order);
    this.faultsDone.push(`${says} in ${stage}`);
    this.log.note('fault', says);
    this.lostNode = lostNode ?? this.lostNode;
    await noticed;
    await this.lab.controllers.settled();
    const { holdMs } = this.parts.options;
    if (holdMs === undefined || lostNode === undefined) return;
    await this.log.still(`${stage}, without ${lostNode}`, { before, lostNode }, () => sleep(holdMs));
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

  private watch(traffic: Traffic): () => void {
    const { onProgress } = this.parts.options;
    if (!onProgress) return () => undefined;
    const timer = setInterval(() => {
      void traffic.now().then((now) => onProgress({ ...now, atMs: this.log.atMs, says: this.log.saying }));
    }, 500);
    return () => clearInterval(timer);
  }
}
