/*
 * What a change of a plan means for the files of a repository: its stated settings, the values of its chart, a pinned
 * version, mentions of an address. The places are looked for by resource and path in the text as it is now.
 */

import type { Reader } from '#estate/estate.ts';
import type { StatedSetting } from '#estate/repository.ts';
import type { SetChange, Setting, SettingOf } from '#plan/change.ts';
import { type EditValue, type Place, Refusal } from './edit.ts';
import { middlewareEdits, publishedServiceEdits } from './object-edits.ts';
import { serviceEdits } from './service-edits.ts';

/** One file as it was and as the change leaves it. */
export interface FileChange {
  /** Path in the snapshot: `source/infra/stacks/x/main.tf`. */
  readonly file: string;
  readonly before: string;
  readonly after: string;
  readonly remarks: readonly string[];
  /** The file is made by the change. */
  readonly isNew?: boolean;
}

export type FileChanges =
  | { readonly ok: true; readonly files: readonly FileChange[] }
  | { readonly ok: false; readonly file: string; readonly line?: number; readonly says: string };

/** Text of a file of the snapshot or of the checkout; undefined: not there. */
export type ReadText = (file: string) => Promise<string | undefined>;

/** One place to be written; `isOptional`: nothing to do where it is not there. */
export interface WantedEdit {
  readonly file: string;
  readonly place: Place;
  readonly value: EditValue | undefined;
  readonly isOptional?: boolean;
  /** The whole text of a file that is not there yet; `place` says nothing then. */
  readonly made?: string;
}

/** Kinds of facts that files hold; all others are the effect of applying them. */
export const inFiles: ReadonlySet<string> = new Set(['statedSetting', 'mention', 'helmRelease']);

/** The files that the change edits, in the order in which it names them. Writes nothing. */
export async function fileChangesOf(change: SetChange, reader: Reader, read: ReadText): Promise<FileChanges> {
  const texts = new Map<string, { before: string; now: string; remarks: string[] }>();
  const wanted = wantedEdits(change, reader);
  if ('says' in wanted) return { ok: false, ...wanted };
  const made: FileChange[] = [];
  for (const edit of wanted) {
    if (edit.made !== undefined) {
      if ((await read(edit.file)) !== undefined)
        return { ok: false, file: edit.file, says: 'a file of this name is there already' };
      made.push({ file: edit.file, before: '', after: edit.made, remarks: [], isNew: true });
      continue;
    }
    const file = texts.get(edit.file) ?? (await opened(edit.file, read));
    if (file === undefined) return { ok: false, file: edit.file, says: 'the file is not there' };
    texts.set(edit.file, file);
    const done = await apply(edit, file.now);
    if (!done.ok && edit.isOptional) continue;
    if (!done.ok)
      return { ok: false, file: edit.file, says: done.says, ...(done.line && { line: done.line }) };
    file.now = done.text;
    file.remarks.push(...done.remarks);
  }
  const files = [...texts].map(([file, t]) => ({ file, before: t.before, after: t.now, remarks: t.remarks }));
  return { ok: true, files: [...files.filter((f) => f.before !== f.after), ...made] };
}

async function opened(file: string, read: ReadText) {
  const text = await read(file);
  return text === undefined ? undefined : { before: text, now: text, remarks: [] as string[] };
}

async function apply(edit: WantedEdit, text: string) {
  const { file, place, value } = edit;
  if (place.path === 'line') return editMention(text, place, value);
  if (/\.(tf|hcl|tfvars|tofu)$/.test(file))
    return (await import('./edit-hcl.ts')).editHcl(text, place, value);
  const { editJson, editYaml } = await import('./edit-yaml.ts');
  if (/\.ya?ml$/.test(file)) return editYaml(text, place, value);
  if (/\.json$/.test(file)) return editJson(text, place, value);
  return { ok: false as const, says: 'files of this kind are not edited by Sightline' };
}

/** Mentions are replaced on the line that they were read from; `resource` is that line, value the new text. */
async function editMention(text: string, place: Place, value: EditValue | undefined) {
  const { editLine } = await import('./edit-markdown.ts');
  const [line = '', find = ''] = (place.resource ?? '').split('\u0000');
  return editLine(text, Number(line), find, String(value ?? ''));
}

type Problem = { readonly file: string; readonly says: string };

function wantedEdits(change: SetChange, reader: Reader): readonly WantedEdit[] | Problem {
  const all: WantedEdit[] = [];
  try {
    for (const setting of change.settings) all.push(...editsOf(setting, reader));
    const stated = new Set(all.map((e) => `${e.file}|${String(e.place.path)}`));
    for (const setting of change.settings) {
      const derived = objectEdits(setting, change, reader);
      all.push(...derived.filter((e) => !stated.has(`${e.file}|${String(e.place.path)}`)));
    }
    return all;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { file: 'plan', says: error.message };
  }
}

/** Edits for objects whose fields no stated setting of the plan carries. */
function objectEdits(setting: Setting, change: SetChange, reader: Reader): readonly WantedEdit[] {
  if (setting.of === 'service') return serviceEdits(setting, reader, isByChart(change));
  if (setting.of === 'middleware') return middlewareEdits(setting, reader);
  return setting.of === 'ingress' ? publishedServiceEdits(setting, reader) : [];
}

/** The change states the chart's own second Service; any other new Service is a file of its own. */
function isByChart(change: SetChange): boolean {
  return change.settings.some(
    (s) => s.of === 'statedSetting' && additional.test((s.after ?? s.before)?.path ?? ''),
  );
}

const additional = /additionalServices/;

function editsOf(setting: Setting, reader: Reader): readonly WantedEdit[] {
  switch (setting.of) {
    case 'statedSetting':
      return statedEdit(setting, reader);
    case 'helmRelease':
      return versionEdit(setting, reader);
    case 'mention':
      return mentionEdit(setting, reader);
    default:
      return [];
  }
}

function statedEdit(setting: SettingOf<'statedSetting'>, reader: Reader): readonly WantedEdit[] {
  const fact = reader.get('statedSetting', setting.id)?.value;
  const made = setting.after ?? setting.before;
  const at: Partial<StatedSetting> | null = fact ?? made;
  if (at?.file === undefined || at.path === undefined)
    throw new Refusal(`the plan names no file for ${setting.id}`);
  // a second Service of a chart is written from the Service itself, which says all that it needs
  if (additional.test(at.path) && fact === undefined) return [];
  const value = setting.after?.value;
  const isGone = setting.after === null || (value === '' && setting.before?.value !== '');
  const place = { resource: at.resource ?? '', path: at.path };
  const now = isAddressList(at.path) ? (value ?? '').split(', ') : typed(value ?? '', fact?.value);
  return [{ file: at.file, place, value: isGone ? undefined : now }];
}

/** The addresses of a pool are a list in every file. */
function isAddressList(path: string): boolean {
  return /(^|\.)addresses$/.test(path);
}

/** A number or truth value stays one. */
function typed(value: string, was: string | undefined): EditValue {
  if (was === undefined) return value;
  if (/^(true|false)$/.test(was) && /^(true|false)$/.test(value)) return value === 'true';
  return /^\d+$/.test(was) && /^\d+$/.test(value) ? Number(value) : value;
}

function versionEdit(setting: SettingOf<'helmRelease'>, reader: Reader): readonly WantedEdit[] {
  const [, namespace, name] = setting.id.split('/');
  const stated = reader
    .all('statedSetting')
    .find(
      (f) =>
        f.value.resource.startsWith('helm_release.') && f.value.path === 'name' && f.value.value === name,
    );
  if (stated === undefined) throw new Refusal(`no file states the release ${namespace}/${name}`);
  const { file, resource } = stated.value;
  const value = setting.after?.chartVersion;
  return [{ file, place: { resource, path: 'version' }, value }];
}

function mentionEdit(setting: SettingOf<'mention'>, reader: Reader): readonly WantedEdit[] {
  const fact = reader.get('mention', setting.id)?.value;
  const was = setting.before?.text;
  const put = setting.after?.text;
  if (fact === undefined || was === undefined || put === undefined)
    throw new Refusal(`the plan names no text for ${setting.id}`);
  return [{ file: fact.file, place: { resource: `${fact.line}\u0000${was}`, path: 'line' }, value: put }];
}
