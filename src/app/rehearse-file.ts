/* A plan file rehearsed: read, bound to its snapshot, proved again, carried out in the lab. */
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { messageOf, SightlineError } from '#estate/error.ts';
import type { LabUnavailable } from '#lab/kernel/availability.ts';
import type { Plan } from '#plan/plan.ts';
import type { Rehearsal } from '#report/rehearsal.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { proveSnapshot } from './plan.ts';
import { type RehearsalOptions, rehearse } from './rehearse.ts';

export interface RehearsePlanOptions extends RehearsalOptions {
  /** Folder of the snapshot; the one that the plan names where not given. */
  readonly snapshot?: string;
}

/** Throws SightlineError where the plan is none, or is not proved for the snapshot as it is. */
export async function rehearsePlanFile(
  file: string,
  options: RehearsePlanOptions,
): Promise<Rehearsal | LabUnavailable> {
  const plan = await readPlan(file);
  const snapshot = await loadSnapshot(options.snapshot ?? (await folderOf(file, plan)));
  const proof = proveSnapshot(snapshot, plan);
  if (proof.kind !== 'proved')
    throw new SightlineError('not-proved', `the plan is ${proof.kind} for this snapshot`, {
      hint: 'Only a proved plan is carried out, in the lab too. sightline prove says why.',
    });
  return rehearse(snapshot, plan, proof, options);
}

async function readPlan(file: string): Promise<Plan> {
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as Partial<Plan>;
    if (value.format === 1 && Array.isArray(value.stages)) return value as Plan;
  } catch (cause) {
    throw new SightlineError('no-plan', `${file}: ${messageOf(cause)}`, {
      hint: 'Give a plan.json that sightline plan wrote.',
      cause,
    });
  }
  throw new SightlineError('no-plan', `${file} is no plan`, {
    hint: 'Give a plan.json that sightline plan wrote.',
  });
}

/** As written in the plan: from here, or beside the plan's file. */
async function folderOf(file: string, plan: Plan): Promise<string> {
  const told = plan.snapshot.path;
  if (isAbsolute(told)) return told;
  const isHere = await readFile(join(told, 'snapshot.json')).then(
    () => true,
    () => false,
  );
  return isHere ? told : join(dirname(file), told);
}
