/*
 * Whether texts state what a change says that they shall: counted, file by file, since an edit by hand moves everything
 * that comes after it.
 */
import type { Observed } from '#apply/actuator.ts';
import type { Reader } from '#estate/estate.ts';
import type { SettingOf } from '#plan/change.ts';

export interface TextsNow {
  readonly start: Reader;
  readonly now: Reader;
  /** Files that were read anew; of others the snapshot speaks. */
  readonly paths: ReadonlySet<string>;
}

type Mentioned = SettingOf<'mention'>;

/** A file's text as an edit finds it and leaves it. */
export interface TextEdit {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** Whether the lines of the edits are there: what else changed in a file does not matter. Files that are not there count as ''. */
export function editsSeen(texts: ReadonlyMap<string, string>, edits: readonly TextEdit[]): Observed {
  const seen = edits.map((edit) => editSeen(texts.get(edit.file) ?? '', edit));
  if (seen.every((s) => s === 'after')) return { kind: 'after' };
  if (seen.every((s) => s === 'before')) return { kind: 'before' };
  const open = edits.filter((_, i) => seen[i] !== 'after').map((e) => e.file);
  return { kind: 'other', says: `not as the diff says: ${open.join(', ')}` };
}

function editSeen(text: string, { before, after }: TextEdit): 'before' | 'after' | 'other' {
  const lines = linesOf(text);
  const [old, wanted] = [linesOf(before), linesOf(after)];
  const gone = [...old].filter((l) => !wanted.has(l));
  const added = [...wanted].filter((l) => !old.has(l));
  if (gone.every((l) => !lines.has(l)) && added.every((l) => lines.has(l))) return 'after';
  if (gone.every((l) => lines.has(l)) && added.every((l) => !lines.has(l))) return 'before';
  return 'other';
}

function linesOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/\r?\n/).filter((l) => l.trim() !== ''));
}

export function mentionsSeen(texts: TextsNow, settings: readonly Mentioned[]): Observed {
  const files = [...new Set(settings.map((s) => fileOf(texts, s)))];
  const seen = files.map((file) =>
    fileSeen(
      texts,
      file,
      settings.filter((s) => fileOf(texts, s) === file),
    ),
  );
  const bad = seen.find((s) => s.kind === 'other');
  if (bad !== undefined) return bad;
  if (seen.every((s) => s.kind === 'after')) return { kind: 'after' };
  if (seen.every((s) => s.kind === 'before')) return { kind: 'before' };
  return {
    kind: 'other',
    says: `not done yet: ${files.filter((_, i) => seen[i]?.kind === 'before').join(', ')}`,
  };
}

function fileOf({ start }: TextsNow, { id, before, after }: Mentioned): string {
  return start.get('mention', id)?.value.file ?? before?.file ?? after?.file ?? '';
}

function fileSeen(texts: TextsNow, file: string, settings: readonly Mentioned[]): Observed {
  const { start, now, paths } = texts;
  const isUndo = settings.every((s) => isBack(start, s));
  const [unmade, made] = isUndo ? (['after', 'before'] as const) : (['before', 'after'] as const);
  if (!paths.has(file)) {
    const isNew = settings.every((s) => s[unmade] === null);
    return isNew || countsIn(start, file).size > 0 ? { kind: unmade } : { kind: 'before' };
  }
  const [was, is] = [countsIn(start, file), countsIn(now, file)];
  const changed = settings.flatMap((s) => [
    { text: s[unmade]?.text, by: -1 },
    { text: s[made]?.text, by: 1 },
  ]);
  const texts0 = [...new Set(changed.flatMap((c) => c.text ?? []))];
  const expected = (text: string) =>
    (was.get(text) ?? 0) + changed.filter((c) => c.text === text).reduce((sum, c) => sum + c.by, 0);
  if (texts0.every((t) => (is.get(t) ?? 0) === expected(t))) return { kind: made };
  if (texts0.every((t) => (is.get(t) ?? 0) === (was.get(t) ?? 0))) return { kind: unmade };
  const counts = texts0.map((t) => `${t} ${is.get(t) ?? 0} times instead of ${expected(t)}`);
  return { kind: 'other', says: `${file} states ${counts.join(', ')}` };
}

/** The change takes back what an earlier one wrote: its `after` is how the snapshot has it. */
function isBack(start: Reader, { id, before, after }: Mentioned): boolean {
  const text = start.get('mention', id)?.value.text;
  if (text === undefined) return after === null && before !== null;
  return after?.text === text && before?.text !== text;
}

function countsIn(reader: Reader, file: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { value } of reader.all('mention'))
    if (value.file === file) counts.set(value.text, (counts.get(value.text) ?? 0) + 1);
  return counts;
}
