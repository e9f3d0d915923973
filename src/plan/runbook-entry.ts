/* The entry about the address and its policy that the user's own runbooks gain, where there is a folder of runbooks. */
import type { Reader } from '#estate/estate.ts';
import type { Mention } from '#estate/repository.ts';
import { because, createdSetting, type DraftChange } from './draft.ts';
import type { Unmet } from './goal.ts';
import { type Move, slug } from './repoint.ts';

const isRunbook = /(^|\/)runbooks?\//;

/** Unmet while no runbook says whose the new address is; nothing where nobody keeps runbooks. */
export function entryUnmet(reader: Reader, start: Reader, move: Move): readonly Unmet[] {
  const path = entryPath(start, move);
  if (path === undefined || reader.by('mention', 'file', path.file).length > 0) return [];
  const { namespace, name } = move.service.value;
  const says = `no runbook says what ${move.to} is and who answers there`;
  return [{ code: 'documents', says, change: entryChange(path, move, `${namespace}/${name}`, says) }];
}

interface EntryPath {
  readonly file: string;
  readonly system: string;
}

/** Beside the runbooks that are there. */
function entryPath(start: Reader, move: Move): EntryPath | undefined {
  const there = start
    .all('mention')
    .map((f) => f.value)
    .filter((m) => m.syntax === 'markdown' && isRunbook.test(m.file))
    .sort((a, b) => (a.file < b.file ? -1 : 1))[0];
  if (there === undefined) return undefined;
  const folder = there.file.replace(/[^/]*$/, '');
  return { file: `${folder}${move.service.value.name}-lb-address.md`, system: there.system };
}

function entryChange({ file, system }: EntryPath, move: Move, service: string, says: string): DraftChange {
  const value: Mention = {
    system,
    file,
    line: 1,
    start: 0,
    end: move.to.length,
    ip: move.to,
    text: move.to,
    context: `${service} has ${move.to} to itself`,
    syntax: 'markdown',
  };
  return {
    id: `entry-${slug(file.split('/').at(-1) ?? file)}`,
    title: `Add a runbook entry for ${move.to}: ${file}`,
    phase: 'finish',
    change: { kind: 'set', settings: [createdSetting('mention', value)] },
    through: { by: 'operator', system },
    because: because(says, 'documents'),
  };
}
