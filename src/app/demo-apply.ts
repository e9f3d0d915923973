/* The demo's last part: the proved plan carried out in the lab through the real adapters, verified, and taken back. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry } from '#apply/journal.ts';
import { makeOwnFolder } from '#lab/kernel/owner.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import type { Applied, AppliedStep } from '#report/applied-brief.ts';
import { applyPlan, type EndedRun } from './apply.ts';
import { labSystems } from './lab-systems.ts';
import type { Snapshot } from './load-snapshot.ts';
import { planText } from './plan-file.ts';
import type { RunHooks, RunResult } from './run-core.ts';

/** Nobody wants to wait in a demo: TTLs of the lab run on the same scale. */
const timeScale = 1 / 1000;
const mostNames = 2;

/** Throws SightlineError where no lab can be. */
export async function applyInLab(
  snapshot: Snapshot,
  plan: Plan,
  proof: Proved,
  working: (says: string) => void,
): Promise<Applied> {
  const began = performance.now();
  const folder = makeOwnFolder('sightline-demo-');
  const story = new Story(plan);
  const hooks = hooksOf(story, working);
  const file = join(folder, 'plan.json');
  await writeFile(file, planText(plan));
  let applied: Omit<Applied, 'totalMs'> | undefined;
  try {
    const end = await applyPlan({
      plan: file,
      known: { plan, snapshot, proof },
      isDry: false,
      hooks,
      runs: join(folder, 'runs'),
      systems: () => labSystems(snapshot, plan, proof, hooks, { timeScale, mostNames }),
      afterwards: async (ended) => {
        applied = await thereAndBack(ended, story, working);
        return ended.result;
      },
    });
    return { ...(applied ?? notBegun(JSON.stringify(end))), totalMs: performance.now() - began };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function thereAndBack(
  ended: EndedRun,
  story: Story,
  working: (says: string) => void,
): Promise<Omit<Applied, 'totalMs'>> {
  const steps = [...story.steps];
  working('probing all that was reached');
  const verified = await ended.check();
  const there = { kind: 'applied', steps, ended: endText(ended.result), verified, timeScale } as const;
  const began = performance.now();
  working('taking it all back');
  const result = await ended.rollBack('the demo shows the way back');
  const ms = performance.now() - began;
  working('probing and comparing everything with what it was');
  const back = {
    ended: endText(result),
    changes: story.undone,
    ms,
    verified: await ended.check(),
    ...((await ended.changedSinceStart?.()) ?? { things: 0, differences: ['nothing was compared'] }),
  };
  return { ...there, back };
}

function endText(result: RunResult): string {
  return result.kind === 'paused' ? `paused: ${result.because}` : result.kind;
}

function notBegun(says: string): Omit<Applied, 'totalMs'> {
  const verified = { judged: [], elsewhere: [], leftOut: [], clients: emptyClients, isGood: false, says };
  return { kind: 'applied', steps: [], ended: `not begun: ${says}`, verified, timeScale };
}

const emptyClients = { asPredicted: 0, otherwise: 0, notChecked: 0, why: [] };

/** The records of a run as steps with their times. */
class Story {
  readonly steps: AppliedStep[] = [];
  undone = 0;
  /** Of the gate at hand. */
  probes = 0;
  readonly #changes: ReadonlyMap<string, PlannedChange>;
  readonly #stages: ReadonlyMap<string, string>;
  #last = performance.now();

  constructor(plan: Plan) {
    this.#changes = new Map(plan.stages.flatMap((s) => s.changes.map((c) => [c.id, c] as const)));
    this.#stages = new Map(plan.stages.map((s) => [s.id, s.title]));
  }

  record(entry: Entry): void {
    const ms = performance.now() - this.#last;
    if (entry.kind === 'verified' && entry.direction === 'back') this.undone += 1;
    const step = this.#stepOf(entry, ms);
    if (step !== undefined) this.steps.push(step);
    if (step !== undefined || entry.kind === 'run') this.#last = performance.now();
  }

  #stepOf(entry: Entry, ms: number): AppliedStep | undefined {
    if (entry.kind === 'gate') {
      const says = entry.passed ? `${this.probes} probes as predicted` : entry.says;
      return { kind: 'gate', stage: this.#stages.get(entry.stage) ?? '', says, ms };
    }
    if (entry.kind !== 'verified' || entry.direction === 'back') return undefined;
    const change = this.#changes.get(entry.change);
    if (change === undefined) return undefined;
    const { title, through } = change;
    return change.change.kind === 'wait'
      ? { kind: 'wait', title, ms }
      : { kind: 'change', title, through, ms };
  }
}

/** Nobody is asked: the lab is there to be tried. */
function hooksOf(story: Story, working: (says: string) => void): RunHooks {
  return {
    clock: { now: () => new Date().toISOString(), sleep: (ms) => sleep(ms).then(() => true) },
    operator: { confirm: async () => 'go-on', decide: async () => 'roll-back' },
    watcher: { record: (entry) => story.record(entry), trying: () => {} },
    working: (says) => {
      story.probes = Number(/\((\d+) of \d+ probes\)/.exec(says)?.[1] ?? story.probes);
      if (says.startsWith('bringing') || says.startsWith('taking the baseline')) working(says);
    },
    agree: async () => true,
    doByHand: async () => 'stop',
  };
}
