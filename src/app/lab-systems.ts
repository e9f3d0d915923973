/*
 * The estate in the lab as the systems of a run: the same adapters as for real systems, over APIs, checkouts and a person of
 * the lab, whose writes the lab's kernel follows; and probes from the lab's own hosts.
 */
import type { Actuator } from '#apply/actuator.ts';
import { SightlineError } from '#estate/error.ts';
import { type Reader, readerOf, readerOver, writeOf } from '#estate/estate.ts';
import { mergeFacts } from '#estate/merge.ts';
import { labActuators } from '#lab/estate/actuators.ts';
import { type EstateLab, startEstateLab } from '#lab/estate/estate-lab.ts';
import type { ReferenceKind } from '#lab/live/credentials.ts';
import type { NativeFiles } from '#lab/live/follower.ts';
import { type LiveEstate, startLiveEstate } from '#lab/live/live-estate.ts';
import { differences } from '#lab/live/state.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import { labProber } from './lab-prober.ts';
import type { Snapshot } from './load-snapshot.ts';
import { exportFolder } from './read-back.ts';
import { scaleFor } from './rehearse-scale.ts';
import { actuatorsFor } from './run-actuators.ts';
import type { RunHooks, RunSystems } from './run-core.ts';
import { inMemory, openSnapshotFiles, snapshotSources } from './wire.ts';

/** Names that are probed in a lab, one of each class among them: all are served by the same few programs there. */
const mostNames = 4;
/** The lab answers in milliseconds, unless the machine is busy. */
const pace = { timeoutMs: 4000, silentMs: 700, parallel: 8 };

export interface LabPace {
  /** Factor on waits and TTLs; such that waits take some seconds where not given. */
  readonly timeScale?: number;
  readonly mostNames?: number;
  /** How systems name their credentials, in turn; files where not given. */
  readonly references?: readonly ReferenceKind[];
}

/** Brings the estate up. Throws SightlineError `no-lab` where no lab can be. */
export async function labSystems(
  snapshot: Snapshot,
  plan: Plan,
  proof: Proved,
  hooks: RunHooks,
  options: LabPace = {},
): Promise<RunSystems> {
  const timeScale = options.timeScale ?? scaleFor(plan);
  const [lab, files] = await Promise.all([
    startEstateLab(snapshot.estate, { timeScale }),
    textFiles(snapshot.root),
  ]);
  if (lab.kind === 'unavailable') throw new SightlineError('no-lab', lab.reason, { hint: lab.hint });
  const { references = ['file'] } = options;
  const live = await startLiveEstate({ lab, files, read: readNative, references }).catch(
    async (error: unknown) => {
      await lab.down();
      throw error;
    },
  );
  const close = async () => {
    await live.stop();
    await lab.down();
  };
  try {
    const actuators = await overLab({ snapshot, plan, proof, hooks, lab, live });
    const start = live.state();
    return {
      actuators,
      probers: { at: (vantagePoint) => labProber(lab, live, vantagePoint) },
      policy: { timeScale, firstPauseMs: 50, settleMs: 20_000 },
      mostNames: options.mostNames ?? mostNames,
      pace,
      changedSinceStart: async () => {
        await live.settled();
        return { things: start.size, differences: differences(start, live.state()) };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Parts {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  readonly proof: Proved;
  readonly hooks: RunHooks;
  readonly lab: EstateLab;
  readonly live: LiveEstate;
}

async function overLab({ snapshot, plan, proof, hooks, lab, live }: Parts): Promise<readonly Actuator[]> {
  const exports = `${live.folder}/exports`;
  const byHand = async (change: PlannedChange, instructions: string): Promise<'done' | 'stop'> => {
    const { system } = change.through;
    const deed = await live.operator.follow(
      system.replace(/^firewall\//, ''),
      instructions,
      exportFolder(exports, system),
    );
    if (deed.kind === 'done') hooks.working(`the lab's operator did ${deed.steps} steps on ${system}`);
    else hooks.working(`the lab's operator stopped: ${deed.says}`);
    return deed.kind === 'done' ? 'done' : 'stop';
  };
  const real = await actuatorsFor(plan, proof, {
    snapshot: snapshot.root,
    reader: withAccess(readerOf(snapshot.estate), live),
    checkouts: live.checkouts,
    runsCommands: true,
    environment: live.environment,
    kept: `${live.folder}/kept`,
    exports,
    leavesToPerson: (system) => system.startsWith('firewall/'),
    agree: hooks.agree,
    byHand,
  });
  // what no stand-in has goes straight into the lab's store
  return [...real, ...labActuators({ store: lab.store, names: lab.names, rollout: lab.rollout })];
}

/** The systems are reached in the lab, and only there. */
function withAccess(reader: Reader, live: LiveEstate): Reader {
  const inLab = new Set(live.access.map((a) => a.system));
  const others = reader
    .all('systemAccess')
    .map((a) => a.value)
    .filter((a) => !inLab.has(a.system));
  const closed = others.map((a) => ({ system: a.system, writes: 'none' as const, needs: [] }));
  return readerOver(
    reader,
    [...live.access, ...closed].map((access) => writeOf(reader, 'systemAccess', access)),
  );
}

async function textFiles(root: string): Promise<ReadonlyMap<string, string>> {
  const { files } = await openSnapshotFiles(root);
  const wanted = files.filter((f) => /^(cluster|dns|tunnel|firewall|source)\//.test(f.path));
  const texts = await Promise.all(wanted.map(async (f) => [f.path, await f.text().catch(() => '')] as const));
  return new Map(texts);
}

/** Native files through the sources of a snapshot. */
async function readNative(files: NativeFiles) {
  const { memoryContext, memoryFile } = await inMemory();
  const open = Object.entries(files).map(([path, text]) => memoryFile(path, text));
  const facts = [];
  for (const source of await snapshotSources()) {
    const own = open.filter((f) => source.matches(f.path));
    if (own.length > 0) facts.push(...(await source.discover(own, memoryContext(open))).facts);
  }
  return mergeFacts(facts).facts;
}
