/*
 * What a plan does to the user's own checkouts, change by change, with the commands that their owner applies them with: the
 * input of the repository's actuator. Computed from the snapshot's texts, so that what is written is what was shown.
 */
import { SightlineError } from '#estate/error.ts';
import type { Reader } from '#estate/estate.ts';
import type { Repository } from '#estate/settings.ts';
import type { PlannedChange, SetChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import { moveOf } from '#report/artifacts/move.ts';
import { applyText, planCommand } from '#report/artifacts/repository.ts';
import type { ReadText } from './artifacts.ts';
import { type CheckoutEdit, type FileChange, fileEditing } from './wire.ts';

export interface CheckoutOptions {
  /** Folder of the user's checkout of a repository, by its id. */
  readonly checkout: (repository: string) => string | undefined;
  /** false: files are edited and the person applies them. */
  readonly runsCommands: boolean;
}

/** By the change's id. Throws where an edit cannot be made without doubt: then a person makes it, and the runbook says how. */
export async function checkoutEdits(
  plan: Plan,
  reader: Reader,
  read: ReadText,
  options: CheckoutOptions,
): Promise<ReadonlyMap<string, CheckoutEdit>> {
  const now = new Map<string, string>();
  const current: ReadText = async (f) => now.get(f) ?? read(f);
  const edits = new Map<string, CheckoutEdit>();
  for (const planned of plan.stages.flatMap((s) => s.changes)) {
    const { change } = planned;
    const repository = repositoryFor(reader, planned);
    if (change.kind !== 'set' || repository === undefined) continue;
    const root = options.checkout(repository.id);
    // no checkout: somebody else makes the edit
    if (root === undefined) continue;
    const files = await filesOf(plan, reader, planned, change, current);
    for (const f of files) now.set(f.file, f.after);
    const below = files.map((f) => ({ ...f, file: f.file.slice(repository.path.length + 1) }));
    edits.set(planned.id, {
      planned,
      root,
      files: below,
      cwd: root,
      ...commands(planned, repository, files, options),
    });
  }
  return edits;
}

/** Of changes through a repository, and of documents that lie in one. */
function repositoryFor(reader: Reader, planned: PlannedChange): Repository | undefined {
  const { repository, system } = planned.through;
  if (repository !== undefined) return reader.get('repository', repository)?.value;
  return reader.all('repository').find((r) => system === r.value.path || system === `source/${r.value.id}`)
    ?.value;
}

async function filesOf(
  plan: Plan,
  reader: Reader,
  planned: PlannedChange,
  change: SetChange,
  read: ReadText,
): Promise<CheckoutEdit['files']> {
  const { documentAfter, fileChangesOf, runbookEntry } = await fileEditing();
  const move = moveOf(plan, reader);
  if (planned.through.by !== 'repository' && move !== undefined) {
    const files = change.settings.flatMap((s) =>
      s.of === 'mention' ? (reader.get('mention', s.id)?.value.file ?? s.after?.file ?? []) : [],
    );
    const changes: CheckoutEdit['files'][number][] = [];
    for (const file of new Set(files)) {
      const before = (await read(file)) ?? '';
      const entry = before === '' ? runbookEntry([file], move) : undefined;
      const { after } = entry?.file === file ? { after: entry.text } : documentAfter(file, before, move);
      if (after !== before)
        changes.push({ file, before, after, remarks: [], ...(entry?.file === file && { isNew: true }) });
    }
    return changes;
  }
  const found = await fileChangesOf(change, reader, read);
  if (found.ok) return found.files;
  throw new SightlineError(
    'no-edit',
    `${planned.title}: ${found.file}${found.line ? `:${found.line}` : ''}: ${found.says}`,
    {
      hint: 'make this edit by hand; the runbook shows how',
    },
  );
}

function commands(
  planned: PlannedChange,
  repository: Repository,
  files: readonly FileChange[],
  { runsCommands }: CheckoutOptions,
) {
  const text = applyText(
    repository.applyCommand,
    files.map((f) => f.file),
  );
  if (!runsCommands || planned.through.by !== 'repository' || text === undefined) return {};
  const plan = planCommand(text);
  // there is nobody to type "yes" to: the command is shown, and asked about, before
  const apply =
    plan === undefined || /-auto-approve/.test(text)
      ? text
      : text.replace(/\bapply\b/, 'apply -auto-approve');
  return {
    apply: ['sh', '-c', apply],
    ...(plan !== undefined && {
      plan: ['sh', '-c', plan.replace(/\bplan\b/, 'plan -detailed-exitcode -input=false')],
    }),
  };
}
