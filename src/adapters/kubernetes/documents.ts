/*
 * Cuts a file of Kubernetes objects into single objects before anything is parsed, so that a broken one costs only
 * itself and each has its line: YAML documents, the items of a List as kubectl prints them, JSON values and their items.
 */

export interface Piece {
  readonly text: string;
  /** 1-based line in the file. */
  readonly line: number;
  readonly syntax: 'yaml' | 'json';
}

/** The pieces of the file in order; a List in a form that cannot be cut comes back whole. */
export function cutDocuments(text: string): readonly Piece[] {
  return /^\s*[[{]/.test(text) ? cutJson(text) : cutYaml(text);
}

function cutYaml(text: string): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  let line = 1;
  let at = 0;
  let here = 1;
  const close = (end: number) => {
    if (end > start) pieces.push(...cutItems(text.slice(start, end), line));
  };
  while (at < text.length) {
    const end = endOfLine(text, at);
    if (isDocumentMark(text, at, end)) {
      close(at);
      const isDirective = text.startsWith('---', at);
      start = isDirective ? at + 3 : end;
      line = isDirective ? here : here + 1;
    }
    at = end;
    here++;
  }
  close(text.length);
  return pieces;
}

/** `---` or `...` alone or before a space: the end of a document wherever it stands. */
function isDocumentMark(text: string, at: number, end: number): boolean {
  if (!text.startsWith('---', at) && !text.startsWith('...', at)) return false;
  return at + 3 >= end || /\s/.test(text[at + 3] ?? '');
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** The items below a top-level `items:`; what has none, or anything that could be an anchor, stays one piece. */
function cutItems(text: string, line: number): Piece[] {
  if (!/\S/.test(text) || isOnlyComments(text)) return [];
  const items = /^items:[ \t]*(#.*)?\r?\n/m.exec(text);
  if (items === null || !/^kind: ["']?\w*List["']?\s*$/m.test(text)) return [{ text, line, syntax: 'yaml' }];
  const pieces: Piece[] = [];
  let at = items.index + items[0].length;
  let here = line + countLines(text, 0, at);
  const dash = /^( *)- /.exec(text.slice(at, at + 200))?.[1];
  if (dash === undefined) return [{ text, line, syntax: 'yaml' }];
  const mark = `${dash}- `;
  let start = -1;
  let startLine = here;
  while (at < text.length) {
    const end = endOfLine(text, at);
    const isItem = text.startsWith(mark, at);
    if (isItem || isTopLevel(text, at)) {
      if (start >= 0) pieces.push(item(text.slice(start, at), dash.length, startLine));
      if (!isItem) return pieces;
      start = at;
      startLine = here;
    }
    at = end;
    here++;
  }
  if (start >= 0) pieces.push(item(text.slice(start), dash.length, startLine));
  return pieces;
}

function isTopLevel(text: string, at: number): boolean {
  const first = text[at];
  return (
    first !== undefined && first !== ' ' && first !== '-' && first !== '#' && first !== '\n' && first !== '\r'
  );
}

/** The item as a document of its own: its dash becomes a space, so that columns stay. */
function item(text: string, indent: number, line: number): Piece {
  return { text: `${text.slice(0, indent)} ${text.slice(indent + 1)}`, line, syntax: 'yaml' };
}

function isOnlyComments(text: string): boolean {
  return !/^[ \t]*[^#\s]/m.test(text);
}

function countLines(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** Every JSON value at the top, and of a List or array every item, by a scan that knows strings and brackets only. */
function cutJson(text: string): Piece[] {
  const pieces: Piece[] = [];
  const lines = lineCounter(text);
  for (let at = skipSpace(text, 0); at < text.length; ) {
    const end = endOfValue(text, at);
    const items = startOfItems(text, at, end);
    if (items === undefined) pieces.push({ text: text.slice(at, end), line: lines(at), syntax: 'json' });
    else pieces.push(...jsonItems(text, items, end, lines));
    at = skipSpace(text, Math.max(end, at + 1));
  }
  return pieces;
}

function jsonItems(text: string, from: number, to: number, lines: (at: number) => number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = skipSpace(text, from); at < to && text[at] !== ']'; ) {
    const end = endOfValue(text, at);
    pieces.push({ text: text.slice(at, end), line: lines(at), syntax: 'json' });
    at = skipSpace(text, Math.max(end, at + 1));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return pieces;
}

/** Offset behind the `[` of the value's items: of an array itself, or of `"items"` one level down. */
function startOfItems(text: string, at: number, end: number): number | undefined {
  if (text[at] === '[') return at + 1;
  let depth = 0;
  for (let i = at; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === quote) {
      const close = endOfString(text, i);
      if (depth === 1 && close - i === 7 && text.startsWith('"items"', i)) {
        const open = skipSpace(text, skipSpace(text, close) + 1);
        if (text[open] === '[') return open + 1;
      }
      i = close - 1;
    } else if (c === openBrace || c === openBracket) depth++;
    else if (c === closeBrace || c === closeBracket) depth--;
  }
  return undefined;
}

const quote = 34;
const backslash = 92;
const openBrace = 123;
const closeBrace = 125;
const openBracket = 91;
const closeBracket = 93;

/** Offset behind the value that starts there; the end of the text where it is cut off. */
function endOfValue(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === quote) i = endOfString(text, i) - 1;
    else if (c === openBrace || c === openBracket) depth++;
    else if (c === closeBrace || c === closeBracket) depth--;
    else if (depth === 0 && (c === 44 || c === 10)) return i;
    if (depth <= 0 && (c === closeBrace || c === closeBracket)) return i + 1;
  }
  return text.length;
}

function endOfString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === backslash) i++;
    else if (c === quote) return i + 1;
  }
  return text.length;
}

function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && text.charCodeAt(i) <= 32) i++;
  return i;
}

/** Line of an offset; offsets have to come in ascending order. */
function lineCounter(text: string): (at: number) => number {
  let line = 1;
  let from = 0;
  return (at) => {
    line += countLines(text, from, at);
    from = at;
    return line;
  };
}
