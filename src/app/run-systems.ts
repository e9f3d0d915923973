/*
 * The systems of a run: APIs that sightline.yaml names, checkouts of repositories that the command names, and a person
 * for all that only an export can show. `--lab` takes a copy of the estate, with all of its systems, instead.
 */
import { resolve } from 'node:path';
import type { RunReach } from '#apply/journal.ts';
import { readerOf } from '#estate/estate.ts';
import type { Plan } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import { clientLogOf } from './client-log.ts';
import type { Snapshot } from './load-snapshot.ts';
import { localProbers } from './local-probers.ts';
import { actuatorsFor } from './run-actuators.ts';
import type { RunHooks, RunSystems, SystemsOf } from './run-core.ts';

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
  return async (snapshot, plan, proof, reach = {}) => {
    if (!options.isLab) return realSystems(snapshot, plan, proof, asBegun(options, reach));
    options.hooks.working('bringing the estate up in the lab, with all of its systems');
    const { labSystems } = await import('./lab-systems.ts');
    return labSystems(snapshot, plan, proof, options.hooks);
  };
}

/** What is not said now is as when the run began. */
function asBegun(options: SystemsOptions, reach: RunReach): SystemsOptions {
  const from = options.from ?? reach.from;
  return {
    ...options,
    ...(from !== undefined && { from }),
    checkouts: { ...reach.checkouts, ...options.checkouts },
    runsCommands: options.runsCommands === true || reach.runsCommands === true,
  };
}

/** For the journal. */
export function reachFrom({ isLab, from, checkouts = {}, runsCommands }: SystemsOptions): RunReach {
  const folders = Object.entries(checkouts).map(([id, path]) => [id, resolve(path)] as const);
  return {
    ...(isLab && { isLab }),
    ...(from !== undefined && { from }),
    ...(folders.length > 0 && { checkouts: Object.fromEntries(folders) }),
    ...(runsCommands === true && { runsCommands }),
  };
}

async function realSystems(
  snapshot: Snapshot,
  plan: Plan,
  proof: Proved,
  { checkouts = {}, runsCommands = false, hooks, from }: SystemsOptions,
): Promise<RunSystems> {
  const actuators = await actuatorsFor(plan, proof, {
    snapshot: snapshot.root,
    reader: readerOf(snapshot.estate),
    checkouts,
    runsCommands,
    kept: keptFolder,
    exports: exportsFolder,
    working: hooks.working,
    agree: hooks.agree,
    byHand: (change, instructions, stillSeen) =>
      hooks.doByHand(change.title, stillSeen === undefined ? instructions : `Not yet: ${stillSeen}.`),
  });
  return {
    actuators,
    probers: await localProbers(snapshot, from),
    clientLog: await clientLogOf(snapshot),
  };
}
