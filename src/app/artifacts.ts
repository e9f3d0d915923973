/* What a plan becomes for a person: the runbook, patches, rollbacks, checks and documents, as files of one folder. */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SightlineError } from '#estate/error.ts';
import { type Reader, readerOf } from '#estate/estate.ts';
import { redactText } from '#estate/secret.ts';
import type { PlannedChange, SetChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { ProofResult, Proved } from '#proof/result.ts';
import type { ArtifactFile } from '#report/artifacts/blocks.ts';
import type {
  ArtifactInput,
  DocumentDiff,
  FileDiff,
  MissingDiff,
  SectionDiff,
} from '#report/artifacts/context.ts';
import { artifactFiles } from '#report/artifacts/files.ts';
import { moveOf } from '#report/artifacts/move.ts';
import type { Snapshot } from './load-snapshot.ts';
import { proveSnapshot } from './plan.ts';
import { parseProof, planText, proofText } from './plan-file.ts';
import { openPlan } from './prove.ts';
import { fileEditing, openSnapshotFiles } from './wire.ts';

/** Where the files of the snapshot are read; undefined: not there. */
export type ReadText = (file: string) => Promise<string | undefined>;

export interface ArtifactQuestion {
  readonly plan: string;
  /** Default: PLAN.proof.json or proof.json beside the plan; where there is none the plan is proved now. */
  readonly proof?: string;
}

/** Reads the plan, its proof and its snapshot. Throws where they do not fit together, or the plan is not proved. */
export async function loadArtifactInput(question: ArtifactQuestion): Promise<ArtifactInput> {
  const { plan, snapshot } = await openPlan(question.plan);
  const proof = await proofOf(question, plan, snapshot);
  if (proof.kind !== 'proved') {
    throw new SightlineError(
      'not-proved',
      `the plan is ${proof.kind}: there is no runbook for what may break`,
      {
        hint: `sightline prove ${question.plan} shows why`,
      },
    );
  }
  const texts = await snapshotTexts(snapshot.root);
  return artifactInput(plan, proof, readerOf(snapshot.estate), texts);
}

async function proofOf(
  { plan: path, proof }: ArtifactQuestion,
  plan: Plan,
  snapshot: Snapshot,
): Promise<ProofResult> {
  const beside = [path.replace(/(\.json)?$/, '.proof.json'), join(dirname(path), 'proof.json')];
  for (const file of proof === undefined ? beside : [proof]) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return parseProof(text, file, plan);
  }
  if (proof === undefined) return proveSnapshot(snapshot, plan);
  throw new SightlineError('wrong-use', `no proof can be read from ${proof}`);
}

/** Files of the snapshot as text, a variant's before its base's. */
export async function snapshotTexts(folder: string): Promise<ReadText> {
  const open = await openSnapshotFiles(folder);
  return async (file) =>
    open.files
      .find((f) => f.path === file)
      ?.text()
      .catch(() => undefined);
}

/** Everything that the renderers need: the edits of files are computed here, because parsing them is an adapter's work. */
export async function artifactInput(
  plan: Plan,
  proof: Proved,
  reader: Reader,
  read: ReadText,
): Promise<ArtifactInput> {
  const { files, missing } = await fileDiffs(plan, reader, read);
  return {
    plan,
    proof,
    reader,
    files,
    missing,
    documents: await documentDiffs(plan, reader, read),
    sections: await sectionDiffs(plan, reader, read),
  };
}

/** Every file of the folder: the artifacts, plan.json and proof.json. */
export function allFiles(input: ArtifactInput): readonly ArtifactFile[] {
  const { plan, proof } = input;
  const own = [
    { path: 'plan.json', text: planText(plan) },
    { path: 'proof.json', text: proofText(plan, proof) },
  ];
  return [...artifactFiles(input), ...own].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Writes all artifacts into the folder; files of an earlier run of the same kind are taken away. */
export async function writeArtifacts(folder: string, input: ArtifactInput): Promise<readonly ArtifactFile[]> {
  const files = allFiles(input);
  for (const old of ['patches', 'rollback', 'documents'])
    await rm(join(folder, old), { recursive: true, force: true });
  for (const file of files) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.text);
    if (file.isExecutable) await chmod(path, 0o755);
  }
  return files;
}

/** Diffs in the order of the plan, each on top of the ones before; rolled back, each on top of those behind. */
async function fileDiffs(plan: Plan, reader: Reader, read: ReadText) {
  const { fileChangesOf, safeDiff } = await fileEditing();
  const now = new Map<string, string>();
  const files: FileDiff[] = [];
  const missing: MissingDiff[] = [];
  for (const { planned, change } of repositoryChanges(plan, reader)) {
    const note = (file: string, says: string, line?: number) =>
      missing.push({ change: planned.id, file, says, ...(line !== undefined && { line }) });
    const found = await fileChangesOf(change, reader, async (f) => now.get(f) ?? read(f));
    if (!found.ok) note(found.file, found.says, found.line);
    else if (found.files.length === 0) note(planned.through.system, 'no file states what it changes');
    for (const f of found.ok ? found.files : []) {
      now.set(f.file, f.after);
      const path = inRepository(reader, planned, f.file);
      const diff = safeDiff(path, f.before, f.after);
      const undo = safeDiff(path, f.after, f.before);
      if (diff === undefined || undo === undefined)
        note(f.file, 'a line of the edit holds a secret, so no diff is written');
      else files.push({ change: planned.id, file: f.file, diff, undo, remarks: f.remarks });
    }
  }
  return { files, missing };
}

/** What goes through files; a release without any is upgraded by its values. */
function repositoryChanges(
  plan: Plan,
  reader: Reader,
): readonly { readonly planned: PlannedChange; readonly change: SetChange }[] {
  return plan.stages
    .flatMap((s) => s.changes)
    .flatMap((planned) =>
      planned.change.kind === 'set' &&
      planned.through.by === 'repository' &&
      reader.get('repository', planned.through.repository ?? '')?.value.type !== 'helm'
        ? [{ planned, change: planned.change }]
        : [],
    );
}

function inRepository(reader: Reader, planned: PlannedChange, file: string): string {
  const root = reader.get('repository', planned.through.repository ?? '')?.value.path;
  return root !== undefined && file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file;
}

async function documentDiffs(plan: Plan, reader: Reader, read: ReadText): Promise<readonly DocumentDiff[]> {
  const move = moveOf(plan, reader);
  if (move === undefined) return [];
  const { documentAfter, runbookEntry, safeDiff, unifiedDiff } = await fileEditing();
  const paths = documentPaths(reader);
  const diffs: DocumentDiff[] = [];
  for (const file of paths) {
    const text = await read(file);
    if (text === undefined) continue;
    const { after, unclear } = documentAfter(file, text, move);
    if (after === text && unclear.length === 0) continue;
    const path = belowRepository(reader, file);
    diffs.push({
      file,
      diff: safeDiff(path, text, after) ?? '',
      undo: safeDiff(path, after, text) ?? '',
      unclear: unclear.map((u) => ({ ...u, text: redactText(u.text) })),
    });
  }
  const entry = runbookEntry(paths, move);
  if (entry !== undefined && (await read(entry.file)) === undefined) {
    const path = belowRepository(reader, entry.file);
    diffs.push({
      file: entry.file,
      diff: unifiedDiff(path, '', entry.text),
      undo: unifiedDiff(path, entry.text, ''),
      unclear: [],
    });
  }
  return diffs;
}

/** Prose of repositories that mentions an address at all. */
function documentPaths(reader: Reader): readonly string[] {
  const files = reader.all('mention').flatMap((m) => (m.value.syntax === 'markdown' ? [m.value.file] : []));
  return [...new Set(files)].sort();
}

function belowRepository(reader: Reader, file: string): string {
  const roots = reader.all('repository').map((r) => r.value.path);
  const root = roots.find((r) => r !== '' && file.startsWith(`${r}/`));
  return root === undefined ? file : file.slice(root.length + 1);
}

async function sectionDiffs(plan: Plan, reader: Reader, read: ReadText): Promise<readonly SectionDiff[]> {
  const { editConfigXml, unifiedDiff } = await fileEditing();
  const now = new Map<string, string>();
  const diffs: SectionDiff[] = [];
  for (const planned of plan.stages.flatMap((s) => s.changes)) {
    const firewall = /^firewall\/(.+)$/.exec(planned.through.system)?.[1];
    if (firewall === undefined || planned.change.kind !== 'set') continue;
    const file = `firewall/${firewall}/config.xml`;
    const before = now.get(file) ?? (await read(file));
    if (before === undefined) continue;
    const done = await editConfigXml(before, planned.change, reader);
    if (!done.ok) continue;
    now.set(file, done.text);
    const diff = redactText(unifiedDiff('config.xml', before, done.text));
    diffs.push({
      change: planned.id,
      firewall,
      diff,
      undo: redactText(unifiedDiff('config.xml', done.text, before)),
    });
  }
  return diffs;
}
