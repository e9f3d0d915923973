/* The world of a rehearsal's run: the lab's actuators, a journal in memory, a clock, an operator who always goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry, JournalStore } from '#apply/journal.ts';
import type { Order, RunWorld } from '#apply/run-world.ts';
import type { VantagePoint } from '#estate/settings.ts';
import { labActuators } from '#lab/estate/actuators.ts';
import type { EstateLab } from '#lab/estate/estate-lab.ts';
import { startPointOf } from '#lab/estate/start-points.ts';
import { observe } from './lab-observe.ts';

/** The runner is gone: thrown in the middle of a run, which its journal survives. */
export class RunnerCrash extends Error {}

export interface RehearsalWorldParts {
  readonly lab: EstateLab;
  /** What the gates ask for. */
  readonly name: string;
  readonly timeScale: number;
  /** Waited for before each write and before each of the plan's waits: a fault may hold the run. */
  readonly beforeWrite: () => Promise<void>;
  readonly onEntry: (entry: Entry) => void;
  readonly onTrying: (says: string) => void;
  readonly interrupt: () => Order | undefined;
}

export function rehearsalWorld(parts: RehearsalWorldParts): RunWorld {
  const { lab } = parts;
  return {
    actuators: labActuators({
      store: lab.store,
      names: lab.names,
      rollout: lab.rollout,
      before: parts.beforeWrite,
    }),
    journal: memoryJournal(),
    clock: {
      now: () => new Date().toISOString(),
      sleep: (ms) => parts.beforeWrite().then(() => sleep(ms, true)),
    },
    operator: { confirm: async () => 'go-on', decide: async () => 'roll-back' },
    gates: { check: () => checkGates(parts) },
    watcher: { record: parts.onEntry, trying: parts.onTrying },
    interrupt: parts.interrupt,
    policy: { tries: 3, firstPauseMs: 50, settleMs: 20_000, timeScale: parts.timeScale },
  };
}

function memoryJournal(): JournalStore {
  let text = '';
  return {
    read: async () => text,
    append: async (line) => {
      text += line;
    },
    drop: async (tail) => {
      text = text.slice(0, text.length - tail.length);
    },
  };
}

/** The application answers from every vantage point that asks for names; tried again while controllers still work. */
async function checkGates({
  lab,
  name,
}: RehearsalWorldParts): Promise<{ readonly passed: boolean; readonly says: string }> {
  await lab.controllers.settled();
  const { reader } = lab.store;
  const points = reader
    .all('vantagePoint')
    .map((v) => v.value)
    .filter((v) => v.kind !== 'tunnel-edge' && startPointOf(reader, v.id)?.resolver !== undefined)
    .filter((v) => !isLost(lab, v));
  const answers = await Promise.all(points.map((v) => answersFrom(lab, v.id, name)));
  const silent = points.filter((_, at) => !answers[at]).map((v) => v.id);
  const says =
    silent.length === 0
      ? `${name} answers from ${points.length} vantage points`
      : `${name} does not answer from ${silent.join(', ')}`;
  return { passed: silent.length === 0, says };
}

/** Nobody asks from a node that is gone. */
function isLost({ store: { reader }, controllers }: EstateLab, v: VantagePoint): boolean {
  const pod = v.pod === undefined ? undefined : reader.get('pod', `${v.cluster}/${v.pod}`)?.value;
  const node = v.node ?? pod?.node;
  return node !== undefined && controllers.lost.has(node);
}

async function answersFrom(lab: EstateLab, from: string, name: string): Promise<boolean> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const flow = {
      from,
      family: 4 as const,
      to: { name: name as never },
      port: 443,
      protocol: 'tcp' as const,
    };
    const { verdict, status = 200 } = await observe(lab, flow, { protocol: 'http1', timeoutMs: 2500 });
    if (verdict === 'not-built' || (verdict === 'delivered' && status < 400)) return true;
    await sleep(500);
  }
  return false;
}
