/* What every instruction is made from: the plan, the estate, and the edits of files that the caller computed. */
import { type Reader, readerOver } from '#estate/estate.ts';
import type { Repository } from '#estate/settings.ts';
import type { PlannedChange } from '#plan/change.ts';
import { writesOf } from '#plan/patch.ts';
import type { Plan } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import { quote } from './blocks.ts';

/** Edits of one file by one change, as unified diffs with paths below the repository's folder. */
export interface FileDiff {
  readonly change: string;
  /** Path in the snapshot. */
  readonly file: string;
  readonly diff: string;
  readonly undo: string;
  readonly remarks: readonly string[];
}

/** An edit that a person has to make, because the place could not be found without doubt. */
export interface MissingDiff {
  readonly change: string;
  readonly file: string;
  readonly line?: number;
  readonly says: string;
}

export interface DocumentDiff {
  readonly file: string;
  readonly diff: string;
  readonly undo: string;
  readonly unclear: readonly { readonly line: number; readonly text: string; readonly why: string }[];
}

/** Sections of a firewall's configuration, before and after one change. */
export interface SectionDiff {
  readonly change: string;
  readonly firewall: string;
  readonly diff: string;
  readonly undo: string;
}

export interface ArtifactInput {
  readonly plan: Plan;
  readonly proof: Proved;
  readonly reader: Reader;
  readonly files: readonly FileDiff[];
  readonly missing: readonly MissingDiff[];
  readonly documents: readonly DocumentDiff[];
  readonly sections: readonly SectionDiff[];
}

export type Way = 'forward' | 'back';

/** One change on its way forward or back. */
export interface Task {
  readonly input: ArtifactInput;
  readonly planned: PlannedChange;
  /** `03-second-service`: names its files. */
  readonly slug: string;
  readonly way: Way;
}

/** The estate as it is when the change (or, way 'back', its undo) is made: everything before it has been done. */
export function stateAt({ plan, reader }: ArtifactInput, id: string, way: Way): Reader {
  let state = reader;
  for (const planned of plan.stages.flatMap((s) => s.changes)) {
    if (planned.id === id && way === 'forward') break;
    const patched = planned.change.kind === 'set' ? writesOf(state, planned.change) : undefined;
    if (patched?.ok) state = readerOver(state, patched.writes);
    if (planned.id === id) break;
  }
  return state;
}

/** Numbered as they stand in the plan, so that files sort as they are used. */
export function slugOf(plan: Plan, id: string): string {
  const at = plan.stages.flatMap((s) => s.changes).findIndex((c) => c.id === id);
  return `${String(at + 1).padStart(2, '0')}-${id.replace(/[^\w.-]+/g, '-')}`;
}

/** Where a task's file lies. */
export function pathOf({ slug, way }: Task, ending: string): string {
  return `${way === 'forward' ? 'patches' : 'rollback'}/${slug}${ending}`;
}

/** `kubectl --context home`, by the snapshot's own reference to the cluster's credential. */
export function kubectl(reader: Reader, cluster: string): string {
  const credential = reader.get('systemAccess', `cluster/${cluster}`)?.value.credential ?? '';
  const context = /^kubeconfig:(.+)$/.exec(credential)?.[1];
  return context === undefined ? 'kubectl' : `kubectl --context ${quote(context)}`;
}

export function repositoryOf(reader: Reader, planned: PlannedChange): Repository | undefined {
  const { repository } = planned.through;
  return repository === undefined ? undefined : reader.get('repository', repository)?.value;
}

/** `env:NAME` as a variable of the shell, another reference as text: never a value. */
export function credentialOf(reader: Reader, system: string): string | undefined {
  return reader.get('systemAccess', system)?.value.credential;
}
