/* `prove`: a plan as a file, Sightline's own or a person's, against the snapshot that it was made from. */
import { SightlineError } from '#estate/error.ts';
import type { Plan } from '#plan/plan.ts';
import type { ProveOptions } from '#proof/prove.ts';
import type { ProofResult } from '#proof/result.ts';
import { loadSnapshot, type Snapshot } from './load-snapshot.ts';
import { proveSnapshot } from './plan.ts';
import { readPlan, refuseIfMoved, snapshotFolderOf } from './plan-file.ts';
import { readYamlPlan } from './plan-yaml.ts';

export interface ProveReport {
  readonly format: 1;
  readonly path: string;
  readonly plan: Plan;
  readonly proof: ProofResult;
}

export interface OpenPlan {
  readonly plan: Plan;
  readonly snapshot: Snapshot;
}

export interface ProveQuestion extends ProveOptions {
  /** Another snapshot than the one that a person's plan names. */
  readonly snapshot?: string;
}

/** Proves the plan of the file from nothing. */
export async function provePlanFile(path: string, question: ProveQuestion = {}): Promise<ProveReport> {
  const { snapshot: other, ...options } = question;
  const { plan, snapshot } = await openPlan(path, other);
  return { format: 1, path, plan, proof: timedProof(snapshot, plan, options) };
}

/** A proof from nothing with the time that it took. */
export function timedProof(snapshot: Snapshot, plan: Plan, options?: ProveOptions): ProofResult {
  return timed(() => proveSnapshot(snapshot, plan, options));
}

/** The proof with the time that it took. */
export function timed(proof: () => ProofResult): ProofResult {
  const began = performance.now();
  const result = proof();
  return { ...result, counts: { ...result.counts, elapsedMs: Math.round(performance.now() - began) } };
}

/** The plan and its snapshot. Throws SightlineError `plan-moved` where the snapshot is not the plan's any more. */
export async function openPlan(path: string, other?: string): Promise<OpenPlan> {
  if (/\.ya?ml$/.test(path)) return readYamlPlan(path, other);
  if (other !== undefined) throw ofOneSnapshot(path);
  const plan = await readPlan(path);
  const snapshot = await loadSnapshot(await snapshotFolderOf(plan, path));
  refuseIfMoved(plan, snapshot);
  return { plan, snapshot };
}

function ofOneSnapshot(path: string): SightlineError {
  return new SightlineError('wrong-use', `${path} belongs to the snapshot that it was made from`, {
    hint: 'only a plan that a person wrote in YAML can be proved on another one',
  });
}
