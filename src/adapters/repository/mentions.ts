/* Every address and every in-cluster Service name in a text, with its line, offsets, syntax and the path around it. */
import { addressesAt, lineOf, lineStarts } from '#adapters/addresses.ts';
import type { Mention } from '#estate/repository.ts';
import type { Ip } from '#net/ip.ts';
import type { Leaf, Parsed } from './leaf.ts';

const serviceName = /(?<![\w.-])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.[a-z0-9-]+\.svc(?:\.[a-z0-9-]+)*(?![\w-])/g;
const maxMentions = 20_000;

export interface Text {
  readonly system: string;
  readonly file: string;
  readonly text: string;
  readonly syntax: Mention['syntax'];
}

/** Ordered by offset. */
export function mentionsIn(of: Text, parsed?: Parsed): readonly Mention[] {
  const found: Found[] = [...addressesAt(of.text), ...services(of.text)].sort((a, b) => a.start - b.start);
  const lines = lineStarts(of.text);
  return found.slice(0, maxMentions).map((f) => {
    const leaf = leafAt(parsed?.leaves ?? [], f.start);
    const isComment = leaf === undefined && isIn(parsed?.comments ?? [], f.start);
    const path =
      leaf && [leaf.resource, leaf.path].filter((p) => p !== '').join(leaf.path.startsWith('[') ? '' : '.');
    return {
      system: of.system,
      file: of.file,
      line: lineOf(lines, f.start),
      start: f.start,
      end: f.start + f.text.length,
      ...(f.ip !== undefined && { ip: f.ip }),
      text: f.text,
      syntax: isComment ? 'comment' : of.syntax,
      ...(of.syntax === 'markdown' && { context: lineAround(of.text, f.start) }),
      ...(path !== undefined && path !== '' && { path }),
    };
  });
}

function lineAround(text: string, offset: number): string {
  const end = text.indexOf('\n', offset);
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, end < 0 ? text.length : end);
  return line.trim().slice(0, 240);
}

interface Found {
  readonly start: number;
  readonly text: string;
  readonly ip?: Ip;
}

function services(text: string): readonly Found[] {
  return [...text.matchAll(serviceName)].map((m) => ({ start: m.index, text: m[0] }));
}

/** Leaves come in order of their offsets, except heredocs, which do as well inside. */
function leafAt(leaves: readonly Leaf[], offset: number): Leaf | undefined {
  return leaves.find((l) => l.start <= offset && offset < l.end);
}

function isIn(stretches: Parsed['comments'], offset: number): boolean {
  return stretches.some((s) => s.start <= offset && offset < s.end);
}
