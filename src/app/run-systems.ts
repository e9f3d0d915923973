/*
 * The systems of a run: APIs that sightline.yaml names, checkouts of repositories that the command names, and a person
 * for all that only an export can show. `--lab` takes a copy of the estate instead.
 */
import { resolve } from 'node:path';
import type { Actuator, Observed } from '#apply/actuator.ts';
import { type Reader, readerOf } from '#estate/estate.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import { instruct } from '#report/artifacts/instruct.ts';
import { blocksToMarkdown } from '#report/runbook/blocks-markdown.ts';
import { artifactInput, snapshotTexts } from './artifacts.ts';
import { checkoutEdits } from './checkout-edits.ts';
import { clientLogOf } from './client-log.ts';
import type { Snapshot } from './load-snapshot.ts';
import { localProbers } from './local-probers.ts';
import { planHash } from './plan-file.ts';
import { exportFolder, ReadBack } from './read-back.ts';
import type { RunHooks, RunSystems, SystemsOf } from './run-core.ts';
import { buildActuators } from './systems.ts';
import { handActuators } from './wire.ts';

export interface SystemsOptions {
  /** The estate in the lab instead of the real one. */
  readonly isLab: boolean;
  /** Vantage point at which this machine stands; found by its addresses where not given. */
  readonly from?: string;
  /** Folders of the user's checkouts, by the repository's id. */
  readonly checkouts?: Readonly<Record<string, string>>;
  /** The owners' own commands are run after an edit; else a person is left to. */
  readonly runsCommands?: boolean;
  readonly hooks: RunHooks;
}

/** Folders beside the runs: new exports of systems, and what edits of files replace. */
const exportsFolder = '.sightline/read-back';
const keptFolder = '.sightline/kept';

export function systemsFor(options: SystemsOptions): SystemsOf {
  return async (snapshot, plan, proof) => {
    if (!options.isLab) return realSystems(snapshot, plan, proof, options);
    options.hooks.working('bringing the estate up in the lab');
    const { labSystems } = await import('./lab-systems.ts');
    return labSystems(snapshot, plan);
  };
}

async function realSystems(
  snapshot: Snapshot,
  plan: Plan,
  proof: Proved,
  options: SystemsOptions,
): Promise<RunSystems> {
  const reader = readerOf(snapshot.estate);
  const { actuators } = await buildActuators(reader, snapshot.root);
  const files = await repositories({ snapshot, reader, plan, options, apis: actuators });
  const person = needsPerson(plan) ? [await byHand(snapshot, reader, plan, proof, options)] : [];
  const probers = await localProbers(snapshot, options.from);
  const clientLog = await clientLogOf(snapshot);
  return { actuators: [...files, ...actuators, ...person], probers, clientLog };
}

function needsPerson(plan: Plan): boolean {
  return plan.stages.some((s) => s.changes.some((c) => c.through.system.startsWith('firewall/')));
}

interface Repositories {
  readonly snapshot: Snapshot;
  readonly reader: Reader;
  readonly plan: Plan;
  readonly options: SystemsOptions;
  readonly apis: readonly Actuator[];
}

/** One actuator for all checkouts; none where no checkout is named. */
async function repositories({
  snapshot,
  reader,
  plan,
  options,
  apis,
}: Repositories): Promise<readonly Actuator[]> {
  const { checkouts = {}, runsCommands = false, hooks } = options;
  if (Object.keys(checkouts).length === 0) return [];
  const { repositoryActuator } = await handActuators();
  const edits = await checkoutEdits(plan, reader, await snapshotTexts(snapshot.root), {
    checkout: (id) => (checkouts[id] === undefined ? undefined : resolve(checkouts[id])),
    runsCommands,
  });
  const live = (change: PlannedChange) => seenLive(change, apis);
  const actuator = repositoryActuator({
    edits,
    runFolder: resolve(keptFolder, planHash(plan).slice(0, 16)),
    mayGoOn: async ({ diff, command }) => hooks.agree(command === undefined ? diff : `${diff}\n$ ${command}`),
    ...(runsCommands && { live }),
  });
  return [actuator];
}

/** What the APIs show of the settings that an owner's apply writes; settings that none can see do not count. */
async function seenLive(change: PlannedChange, apis: readonly Actuator[]): Promise<Observed> {
  if (change.change.kind !== 'set') return { kind: 'before' };
  let isAfter = true;
  for (const setting of change.change.settings) {
    const system = systemOf(setting.of, setting.id);
    const api = system === undefined ? undefined : apis.find((a) => a.can(system, setting));
    if (api === undefined || system === undefined) continue;
    const seen = await api.observe({
      ...change,
      through: { by: 'api', system },
      change: { kind: 'set', settings: [setting] },
    });
    if (seen.kind === 'other' || seen.kind === 'unreachable') return seen;
    if (seen.kind === 'before') isAfter = false;
  }
  return { kind: isAfter ? 'after' : 'before' };
}

const inClusters = new Set(['service', 'workload', 'middleware', 'pool', 'ingress', 'helmRelease']);

/** Ids of cluster objects begin with the cluster's name. */
function systemOf(kind: string, id: string): string | undefined {
  return inClusters.has(kind) ? `cluster/${id.split('/')[0]}` : undefined;
}

/** Firewalls: the person changes them, and saves an export that shows it. */
async function byHand(
  snapshot: Snapshot,
  reader: Reader,
  plan: Plan,
  proof: Proved,
  { hooks }: SystemsOptions,
): Promise<Actuator> {
  const { operatorActuator } = await handActuators();
  const readBack = new ReadBack(resolve(exportsFolder), reader);
  const input = await artifactInput(plan, proof, reader, await snapshotTexts(snapshot.root));
  const observe = (change: PlannedChange) => readBack.observe(change);
  const planned = new Map(plan.stages.flatMap((s) => s.changes).map((c) => [c.id, c]));
  return operatorActuator({
    seeing: (system) => (system.startsWith('firewall/') ? observe : undefined),
    instructions: (change) => {
      const isForward = JSON.stringify(planned.get(change.id)?.change) === JSON.stringify(change.change);
      const { make, check } = instruct(input, change.id, isForward ? 'forward' : 'back');
      const where = exportFolder(exportsFolder, change.through.system);
      return `${blocksToMarkdown([...make, ...check])}\n\nThen save its configuration (config.xml) into ${where}/, so that it can be seen.`;
    },
    ask: (change, instructions, stillSeen) =>
      hooks.doByHand(change.title, stillSeen === undefined ? instructions : `Not yet: ${stillSeen}.`),
  });
}
