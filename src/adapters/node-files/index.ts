/*
 * Reads files of nodes and other machines from node/<name>/**: containerd's hosts.toml, /etc/hosts, and any other text
 * that states an address. Only places are kept, never the files.
 */
import { lineStarts } from '#adapters/addresses.ts';
import { type Discovery, type SnapshotFile, type Source, systemOf } from '#adapters/source.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import type { Gap } from '#estate/evidence.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { Mention } from '#estate/repository.ts';
import { addressPlaces } from './places.ts';

export const nodeFilesSource = {
  name: 'node-files',
  matches: (path) => /^node\/[^/]+\/.+/.test(path),
  discover,
} satisfies Source;

const maxFile = 4 * 1024 * 1024;

async function discover(files: readonly SnapshotFile[]): Promise<Discovery> {
  const facts: Fact[] = [];
  const gaps: Gap[] = [];
  for (const file of files) {
    try {
      if (file.bytes > maxFile) gaps.push(gapOf(file, `${file.path} has more than ${maxFile} bytes`));
      else facts.push(...mentions(file, await file.text()));
    } catch (error) {
      if (!(error instanceof SightlineError)) throw error;
      gaps.push(gapOf(file, messageOf(error)));
    }
  }
  return { facts, gaps };
}

function gapOf(file: SnapshotFile, what: string): Gap {
  const system = systemOf(file.path);
  return {
    id: `unreadable:${file.path}`,
    ...(system !== undefined && { system }),
    kinds: ['mention'],
    what,
    expected: 'a text file in UTF-8',
    evidence: { file: file.path },
  };
}

function mentions(file: SnapshotFile, text: string): readonly Fact[] {
  const system = systemOf(file.path) ?? '';
  const syntax = syntaxOf(file.path);
  const starts = lineStarts(text);
  return addressPlaces(text, starts, syntax).map((p) => {
    const value: Mention = { system, file: file.path, ...p };
    const field = p.path === undefined ? {} : { field: p.path };
    return fact('mention', value, { file: file.path, line: p.line, ...field });
  });
}

function syntaxOf(path: string): Mention['syntax'] {
  if (path.endsWith('.toml')) return 'toml';
  if (/(^|[/_.])hosts$/.test(path)) return 'hosts';
  return /\.ya?ml$/.test(path) ? 'yaml' : 'text';
}
