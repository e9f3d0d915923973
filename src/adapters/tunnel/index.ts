/* Reads tunnel/<name>.json, tunnel/<name>.yaml, and config.yaml or JSON inside tunnel/<name>/. */
import { parseJsonLines } from '../json-lines.ts';
import { type Discovery, type SnapshotFile, type Source, systemOf } from '../source.ts';
import { parseYamlLines } from '../yaml-lines.ts';
import { convertTunnel, unreadable } from './convert.ts';

const pattern = /^tunnel\/[^/]+(?:\/[^/]+)?\.(json|ya?ml)$/;

export const tunnel = {
  name: 'tunnel',
  matches: (path) => pattern.test(path),
  discover: async (files) => {
    const read = await Promise.all(files.map(readTunnel));
    return { facts: read.flatMap((d) => d.facts), gaps: read.flatMap((d) => d.gaps) };
  },
} satisfies Source;

async function readTunnel(file: SnapshotFile): Promise<Discovery> {
  const at = { name: (systemOf(file.path) ?? '').slice('tunnel/'.length), file: file.path };
  try {
    return parse(at, await file.text());
  } catch (error) {
    return { facts: [], gaps: [unreadable(at, error instanceof Error ? error.message : String(error))] };
  }
}

function parse(at: { name: string; file: string }, text: string): Discovery {
  const isLocal = !at.file.endsWith('.json');
  const read = isLocal ? parseYamlLines(text) : parseJsonLines(text);
  if ('what' in read) return { facts: [], gaps: [unreadable(at, read.what, read.line)] };
  const document = 'value' in read ? read : read[0];
  if (document === undefined) return { facts: [], gaps: [unreadable(at, 'it is empty')] };
  return convertTunnel({ ...at, isLocal, value: document.value, lineOf: (node) => document.lineOf(node) });
}
