/* The systems of a run: those that sightline.yaml names, with this machine's probes. */

import type { Snapshot } from './load-snapshot.ts';
import { localProbers } from './local-probers.ts';
import type { RunSystems, SystemsOf } from './run-core.ts';

export interface SystemsOptions {
  /** The estate in the lab instead of the real one. */
  readonly isLab: boolean;
  /** Vantage point at which this machine stands; found by its addresses where not given. */
  readonly from?: string;
  readonly working: (says: string) => void;
}

export function systemsFor(options: SystemsOptions): SystemsOf {
  return async (snapshot, plan) => {
    if (!options.isLab) return realSystems(snapshot, options);
    options.working('bringing the estate up in the lab');
    const { labSystems } = await import('./lab-systems.ts');
    return labSystems(snapshot, plan);
  };
}

async function realSystems(snapshot: Snapshot, { from }: SystemsOptions): Promise<RunSystems> {
  return { actuators: [], probers: await localProbers(snapshot, from) };
}
