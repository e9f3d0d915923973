/*
 * A zone file as entries (RFC 1035, section 5.1): words, quoted strings, parentheses that join lines, comments.
 * An entry knows its line, whether it began with a blank (same owner as before) and its trailing comment.
 */

export interface Word {
  readonly text: string;
  readonly isQuoted: boolean;
}

export interface Entry {
  readonly line: number;
  readonly startsBlank: boolean;
  readonly words: readonly Word[];
  readonly comment: string;
}

const longestEntry = 10_000;

interface Scan {
  words: Word[];
  comment: string;
  line: number;
  startsBlank: boolean;
  depth: number;
}

/** Entries in order; an entry that never closes its parenthesis ends with the file. */
export function* entriesOf(text: string): Generator<Entry> {
  let open: Scan | undefined;
  let number = 0;
  for (const line of text.split(/\r\n|\r|\n/)) {
    number++;
    open ??= { words: [], comment: '', line: number, startsBlank: /^[ \t]/.test(line), depth: 0 };
    scanLine(line, open);
    if (open.depth > 0 && open.words.length < longestEntry) continue;
    if (open.words.length > 0) yield entryOf(open);
    open = undefined;
  }
  if (open !== undefined && open.words.length > 0) yield entryOf(open);
}

function entryOf({ line, startsBlank, words, comment }: Scan): Entry {
  return { line, startsBlank, words, comment: comment.trim() };
}

const token = /[ \t]+|;(.*)|([()])|"((?:[^"\\]|\\.)*)"?|((?:[^ \t;()"\\]|\\.)+)|\\/gsy;

function scanLine(line: string, scan: Scan): void {
  token.lastIndex = 0;
  for (let found = token.exec(line); found !== null; found = token.exec(line)) {
    const [, comment, bracket, quoted, word] = found;
    if (comment !== undefined) scan.comment += `${comment} `;
    else if (bracket === '(') scan.depth++;
    else if (bracket === ')') scan.depth = Math.max(0, scan.depth - 1);
    else if (quoted !== undefined) addQuoted(scan, quoted, line[found.index - 1]);
    else if (word !== undefined) scan.words.push({ text: word, isQuoted: false });
    if (token.lastIndex >= line.length) return;
  }
}

/** `alpn="h3,h2"` is one word: a quote right behind `=` belongs to it. */
function addQuoted(scan: Scan, text: string, before: string | undefined): void {
  const last = scan.words.at(-1);
  if (before !== '=' || last === undefined || last.isQuoted) scan.words.push({ text, isQuoted: true });
  else scan.words[scan.words.length - 1] = { text: last.text + text, isQuoted: false };
}
