/*
 * plan.json and proof.json: written so that they read back as the same plan, read with every mistake named by its
 * place, and compared with the snapshot that the plan was made from.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import { messageOf, SightlineError } from '#estate/error.ts';
import { canonical } from '#estate/fingerprint.ts';
import { sha256 } from '#net/sha256.ts';
import type { Fingerprint, Plan } from '#plan/plan.ts';
import type { ProofResult } from '#proof/result.ts';
import { wrongPlaces } from './fact-schema/wrong.ts';
import type { Snapshot } from './load-snapshot.ts';
import { linesOf, placeText } from './plan-places.ts';
import { planFormat, planSchema, proofSchema } from './plan-schema.ts';

export interface ProofFile {
  readonly format: 1;
  /** Hash of the plan that was proved. */
  readonly plan: string;
  readonly proof: ProofResult;
}

/** Hash of a plan, whatever the order of its fields; a run and a proof name their plan by it. */
export function planHash(plan: Plan): string {
  return sha256(canonical(JSON.parse(JSON.stringify(plan))));
}

export async function writePlan(path: string, plan: Plan): Promise<void> {
  await write(path, planText(plan));
}

export function planText(plan: Plan): string {
  return `${JSON.stringify(plan, null, 2)}\n`;
}

export async function readPlan(path: string): Promise<Plan> {
  return parsePlan(await read(path, 'plan'), path);
}

/** The plan of a text. Throws SightlineError `bad-plan` that names every wrong place (at most five). */
export function parsePlan(text: string, path: string): Plan {
  return checked(planSchema, text, path, 'plan') as unknown as Plan;
}

export async function writeProof(path: string, plan: Plan, proof: ProofResult): Promise<void> {
  await write(path, proofText(plan, proof));
}

export function proofText(plan: Plan, proof: ProofResult): string {
  const file: ProofFile = { format: planFormat, plan: planHash(plan), proof };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** The proof of a text. Throws SightlineError `bad-plan` where it is none, or of another plan. */
export function parseProof(text: string, path: string, plan: Plan): ProofResult {
  const file = checked(proofSchema, text, path, 'proof') as unknown as ProofFile;
  if (file.plan !== planHash(plan)) {
    throw new SightlineError('bad-plan', `${path} proves another plan`, {
      hint: 'prove the plan again: sightline prove PLAN',
    });
  }
  return file.proof;
}

/** Folder of the plan's snapshot: as the plan says it, else beside the plan's file. Throws `no-snapshot`. */
export async function snapshotFolderOf(plan: Plan, planPath: string): Promise<string> {
  const here = resolve(plan.snapshot.path);
  const beside = resolve(dirname(planPath), plan.snapshot.path);
  for (const folder of [here, beside]) {
    for (const manifest of ['snapshot.json', 'variant.json'])
      if (await isThere(join(folder, manifest))) return folder;
  }
  throw new SightlineError(
    'no-snapshot',
    `the plan was made from ${plan.snapshot.path}, which is not there`,
    {
      hint: 'run it from the folder where the plan was made, or make the plan again',
    },
  );
}

export interface Moved {
  readonly files: readonly string[];
  readonly objects: readonly string[];
}

/** What is no longer as the plan was made from it; undefined: nothing moved. */
export function moved(plan: Plan, snapshot: Snapshot): Moved | undefined {
  const { files, objects } = plan.snapshot.fingerprint;
  const now = Object.fromEntries(snapshot.files.map((f) => [f.path, f.sha256]));
  const changedFiles = differing(files, (path) => now[path]);
  const added = Object.keys(files).length === 0 ? [] : Object.keys(now).filter((path) => !(path in files));
  const changedObjects = differing(objects, (key) =>
    snapshot.fingerprint.objects.get(key as `service:${string}`),
  );
  const allFiles = [...changedFiles, ...added].sort();
  if (allFiles.length === 0 && changedObjects.length === 0) return undefined;
  return { files: allFiles, objects: changedObjects };
}

/** Throws SightlineError `plan-moved` where the snapshot is another one than the plan was made from. */
export function refuseIfMoved(plan: Plan, snapshot: Snapshot): void {
  const found = moved(plan, snapshot);
  if (found === undefined) return;
  const what = [...found.objects, ...found.files];
  const shown = what.slice(0, 5).join(', ');
  const more = what.length > 5 ? ` and ${what.length - 5} more` : '';
  throw new SightlineError(
    'plan-moved',
    `the snapshot is no longer what the plan was made from: ${shown}${more}`,
    {
      hint: 'make the plan again: sightline plan',
    },
  );
}

function differing(was: Fingerprint['files'], now: (key: string) => string | undefined): readonly string[] {
  return Object.entries(was)
    .filter(([key, hash]) => now(key) !== hash)
    .map(([key]) => key)
    .sort();
}

async function isThere(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}

async function read(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new SightlineError('wrong-use', `no ${what} can be read from ${path}: ${messageOf(cause)}`, {
      hint: 'sightline plan SNAPSHOT --move NAMESPACE/SERVICE --out plan.json writes one',
      cause,
    });
  }
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600 });
  } catch (cause) {
    throw new SightlineError('unwritable', `${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

function checked(schema: z.ZodType, text: string, path: string, what: string): unknown {
  const value = json(text, path, what);
  const format = (value as { readonly format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > planFormat) {
    throw new SightlineError('bad-plan', `${path} has format ${format}`, {
      hint: 'a newer Sightline wrote it: use that version',
    });
  }
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return value;
  const { lineOf } = linesOf(text);
  const wrong = wrongPlaces(result.error).map(({ place, says }) => {
    const line = lineOf(place);
    return `${line === undefined ? '' : `line ${line}: `}${placeText(place) || 'the whole'}: ${says}`;
  });
  throw new SightlineError('bad-plan', `${path} is no ${what}: ${wrong.slice(0, 5).join('; ')}`, {
    hint: wrong.length > 5 ? `and ${wrong.length - 5} more places` : `what a ${what} holds: docs/commands.md`,
  });
}

function json(text: string, path: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const says = messageOf(cause);
    const line = /\(line \d+/.test(says) ? '' : `line ${text.split('\n').length}: `;
    throw new SightlineError('bad-plan', `${path} is no ${what}: ${line}${says}`, {
      hint: 'a plan is JSON as sightline plan --out writes it, or YAML as a person writes it',
      cause,
    });
  }
}
