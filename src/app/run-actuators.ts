/*
 * What writes a plan's changes: APIs, checkouts of repositories, and a person for all that only an export can show. The
 * same for real systems and for those of a lab; only the places differ.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Actuator, Observed } from '#apply/actuator.ts';
import { SightlineError } from '#estate/error.ts';
import type { Reader } from '#estate/estate.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import { snapshotTexts } from './artifacts.ts';
import { checkoutEdits } from './checkout-edits.ts';
import { personFor } from './person.ts';
import { planHash } from './plan-file.ts';
import { type BuiltSystems, buildActuators } from './systems.ts';
import { handActuators } from './wire.ts';

/** Where a run writes, and who does what only a person can. */
export interface Places {
  /** Folder of the snapshot: its files, and where paths in sightline.yaml start. */
  readonly snapshot: string;
  /** The estate, with the access to its systems as it is to be used. */
  readonly reader: Reader;
  /** Folders of checkouts, by the repository's id. */
  readonly checkouts: Readonly<Record<string, string>>;
  /** The owners' own commands are run after an edit; else a person is left to. */
  readonly runsCommands: boolean;
  /** Added to the environment of owners' commands. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Folder of what edits of files replace. */
  readonly kept: string;
  /** Folder in which new exports of systems are expected. */
  readonly exports: string;
  /** Told of commands that only read. */
  readonly working?: (says: string) => void;
  /** false: somebody else makes the changes of this system, though the plan gives them to a person. */
  readonly leavesToPerson?: (system: string) => boolean;
  /** A diff or a command is shown, under the title of its change; whether it may be. */
  readonly agree: (title: string, shown: string) => Promise<boolean>;
  /** A person is asked to make the change; from the second time on with what is still seen. */
  readonly byHand: (
    change: PlannedChange,
    instructions: string,
    stillSeen?: string,
  ) => Promise<'done' | 'stop'>;
}

/** Actuators in the order in which they are asked. */
export async function actuatorsFor(plan: Plan, proof: Proved, places: Places): Promise<readonly Actuator[]> {
  const { actuators: apis, left } = await buildActuators(places.reader, places.snapshot);
  const files = await repositories(plan, places, apis);
  const person = await personFor(plan, proof, places);
  return [...files, ...apis, ...(person ? [person] : []), ...left.flatMap(unreachable)];
}

/** Access that is configured and does not suffice: preflight says why, instead of that nothing is configured. */
function unreachable({ system, why, isFault }: BuiltSystems['left'][number]): readonly Actuator[] {
  if (!isFault) return [];
  const says = `${system} cannot be written as sightline.yaml has it: ${why}`;
  return [
    {
      name: 'unreachable',
      can: (asked) => asked === system,
      preflight: async () => [says],
      observe: async () => ({ kind: 'unreachable', says }),
      write: async () => ({ kind: 'refused', says, hint: 'mend systems in sightline.yaml, then resume' }),
    },
  ];
}

/** One actuator for all checkouts; none where no checkout is named. */
async function repositories(
  plan: Plan,
  places: Places,
  apis: readonly Actuator[],
): Promise<readonly Actuator[]> {
  const { checkouts, runsCommands, environment } = places;
  if (Object.keys(checkouts).length === 0) return [];
  await checkCheckouts(checkouts, places.reader);
  const { repositoryActuator } = await handActuators();
  const edits = await checkoutEdits(plan, places.reader, await snapshotTexts(places.snapshot), {
    checkout: (id) => (checkouts[id] === undefined ? undefined : resolve(checkouts[id])),
    runsCommands,
  });
  const live = (change: PlannedChange) => seenLive(change, apis);
  const actuator = repositoryActuator({
    edits,
    runFolder: resolve(places.kept, planHash(plan).slice(0, 16)),
    mayGoOn: ({ title, diff, command }) =>
      places.agree(title, command === undefined ? diff : `${diff}$ ${command}`),
    ...(environment && { environment }),
    ...(runsCommands && { live }),
  });
  return [actuator];
}

/** A name or a folder that is mistaken would look like a file that somebody changed. */
async function checkCheckouts(checkouts: Places['checkouts'], reader: Reader): Promise<void> {
  const known = reader.all('repository').map((f) => f.value.id);
  for (const [id, path] of Object.entries(checkouts)) {
    if (!known.includes(id))
      throw new SightlineError('wrong-use', `--checkout ${id}=${path}: there is no repository ${id}`, {
        hint: known.length === 0 ? 'sightline.yaml names none (repositories)' : `known: ${known.join(', ')}`,
      });
    const isFolder = await stat(path).then(
      (s) => s.isDirectory(),
      () => false,
    );
    if (!isFolder) throw new SightlineError('wrong-use', `--checkout ${id}=${path}: that is no folder`);
  }
}

/** What the APIs show of the settings that an owner's apply writes; settings that none can see do not count. */
async function seenLive(change: PlannedChange, apis: readonly Actuator[]): Promise<Observed | undefined> {
  if (change.change.kind !== 'set') return { kind: 'before' };
  let seen: Observed | undefined;
  for (const setting of change.change.settings) {
    const system = systemOf(setting.of, setting.id);
    const api = system === undefined ? undefined : apis.find((a) => a.can(system, setting));
    if (api === undefined || system === undefined) continue;
    const one = await api.observe({
      ...change,
      through: { by: 'api', system },
      change: { kind: 'set', settings: [setting] },
    });
    if (one.kind === 'other' || one.kind === 'unreachable') return one;
    if (seen === undefined || one.kind === 'before') seen = one;
  }
  return seen;
}

const inClusters = new Set(['service', 'workload', 'middleware', 'pool', 'ingress', 'helmRelease']);

/** Ids of cluster objects begin with the cluster's name. */
function systemOf(kind: string, id: string): string | undefined {
  return inClusters.has(kind) ? `cluster/${id.split('/')[0]}` : undefined;
}
