/*
 * JSON with the line of every object and array, so that a fact from a JSON export can name its line.
 * Accepts what JSON.parse accepts; nesting is bounded so that a hostile file cannot exhaust the stack.
 */

export interface JsonDocument {
  readonly value: unknown;
  /** 1-based line where the object or array starts; undefined for anything not from this document. */
  lineOf(node: unknown): number | undefined;
}

export interface JsonProblem {
  readonly line: number;
  readonly what: string;
}

const deepest = 200;

/** The document, or where it stops being JSON. */
export function parseJsonLines(text: string): JsonDocument | JsonProblem {
  const value = tryParse(text);
  if (value === undefined) return { line: lineOfError(text), what: 'this is not JSON' };
  const starts = linesOfContainers(text);
  if (starts === undefined) return { line: 1, what: `nested deeper than ${deepest}` };
  const lines = new WeakMap<object, number>();
  assignLines(value.json, starts, lines);
  return {
    value: value.json,
    lineOf: (node) => (typeof node === 'object' && node !== null ? lines.get(node) : undefined),
  };
}

export function isJsonProblem(document: JsonDocument | JsonProblem): document is JsonProblem {
  return 'what' in document;
}

/** The value as an object with string keys; undefined if it is none. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function tryParse(text: string): { json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** Start lines of all containers in document order; undefined: nested too deep. Only for text that is JSON. */
function linesOfContainers(text: string): readonly number[] | undefined {
  const lines: number[] = [];
  let line = 1;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10) line++;
    else if (c === 34) i = endOfString(text, i);
    else if (c === 123 || c === 91) {
      lines.push(line);
      if (++depth > deepest) return undefined;
    } else if (c === 125 || c === 93) depth--;
  }
  return lines;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charCodeAt(i) !== 34) i += text.charCodeAt(i) === 92 ? 2 : 1;
  return i;
}

/*
 * Walks the value in the order of the text. Numeric keys and repeated keys change that order in JavaScript objects:
 * then lines after them are off, which costs precision of evidence but no fact.
 */
function assignLines(root: unknown, starts: readonly number[], lines: WeakMap<object, number>): void {
  let next = 0;
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    lines.set(node, starts[next++] ?? 1);
    for (const child of Array.isArray(node) ? node : Object.values(node)) visit(child);
  };
  visit(root);
}

function lineOfError(text: string): number {
  try {
    JSON.parse(text);
  } catch (error) {
    const at = /position (\d+)/.exec(String(error));
    if (at !== null) return text.slice(0, Number(at[1])).split('\n').length;
  }
  return text.trimEnd().split('\n').length;
}
