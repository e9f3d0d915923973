/*
 * Small YAML files with the line of every map and list. Aliases are bounded by the library, size here: for files that
 * people write by hand, not for exports of a cluster.
 */
import { isCollection, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { JsonDocument, JsonProblem } from './json-lines.ts';

const largest = 4 * 1024 * 1024;

/** All documents of the text, or the first problem and its line. */
export function parseYamlLines(text: string): readonly JsonDocument[] | JsonProblem {
  if (text.length > largest) return { line: 1, what: `the file is larger than ${largest} characters` };
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: counter, maxAliasCount: 100 } as object);
  const read: JsonDocument[] = [];
  for (const document of 'empty' in documents ? [] : documents) {
    const error = document.errors[0];
    if (error !== undefined)
      return { line: error.linePos?.[0].line ?? 1, what: error.message.split('\n')[0] ?? '' };
    const lines: number[] = [];
    visit(document, (_, node) => {
      if (isCollection(node)) lines.push(counter.linePos(node.range?.[0] ?? 0).line);
    });
    try {
      read.push(withLines(document.toJS({ maxAliasCount: 100 }), lines));
    } catch {
      return { line: 1, what: 'its aliases expand to too much' };
    }
  }
  return read;
}

/** Collections in document order; an alias repeats one that has its line already. */
function withLines(value: unknown, starts: readonly number[]): JsonDocument {
  const lines = new Map<unknown, number>();
  let next = 0;
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || lines.has(node)) return;
    lines.set(node, starts[next++] ?? 1);
    for (const child of Array.isArray(node) ? node : Object.values(node)) walk(child);
  };
  walk(value);
  return { value, lineOf: (node) => lines.get(node) };
}
