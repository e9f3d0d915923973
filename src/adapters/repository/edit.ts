/*
 * Edits by position: one place of a text is replaced, everything else stays byte for byte. What cannot be found without
 * doubt is refused with its line and why; nothing is ever guessed.
 */

/** What is written at a place; undefined takes the place away. */
export type EditValue =
  | string
  | number
  | boolean
  | null
  | readonly EditValue[]
  | { readonly [key: string]: EditValue };

/** Where: `resource` as the reader names it (`helm_release.traefik`, `Service ns/name`), `path` as `a.b["c.d/e"].f`. */
export interface Place {
  readonly resource?: string;
  readonly path: string | readonly string[];
}

export interface Splice {
  /** UTF-16 offsets. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Edited {
  readonly ok: true;
  readonly text: string;
  /** 1-based, in the old text. */
  readonly line: number;
  /** What a person should look at: a comment that may no longer hold, a file that may override the value. */
  readonly remarks: readonly string[];
}

export interface Refused {
  readonly ok: false;
  readonly says: string;
  /** 1-based; undefined: the whole file. */
  readonly line?: number;
}

export type Edit = Edited | Refused;

/** Thrown inside an editor only; its public functions turn it into a Refused. */
export class Refusal extends Error {
  readonly at: number | undefined;
  constructor(says: string, at?: number) {
    super(says);
    this.at = at;
  }
}

/** Runs an editor; a Refusal becomes a value with its line. */
export async function edited(text: string, make: () => Promise<EditDraft> | EditDraft): Promise<Edit> {
  try {
    const { splice, remarks } = await make();
    return { ok: true, text: spliced(text, splice), line: lineAt(text, splice.start), remarks };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return {
      ok: false,
      says: error.message,
      ...(error.at !== undefined && { line: lineAt(text, error.at) }),
    };
  }
}

export interface EditDraft {
  readonly splice: Splice;
  readonly remarks: readonly string[];
}

export function spliced(text: string, { start, end, text: put }: Splice): string {
  return text.slice(0, start) + put + text.slice(end);
}

/** 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Offset of the line feed that ends the line, or the end of the text. */
export function lineEnd(text: string, offset: number): number {
  const at = text.indexOf('\n', offset);
  const end = at < 0 ? text.length : at;
  return text[end - 1] === '\r' && end > offset ? end - 1 : end;
}

/** The line feed that this text uses. */
export function newlineOf(text: string): '\n' | '\r\n' {
  return /\r\n/.test(text) ? '\r\n' : '\n';
}

/** White space at the beginning of the line. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? '';
}

/** `a.b["c.d/e"][0].f` as its names; undefined: it cannot be read. */
export function segmentsOf(path: Place['path']): readonly string[] | undefined {
  if (typeof path !== 'string') return path;
  const segments: string[] = [];
  const part = /\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|(?:^|\.)([^.[\]"]+)/gy;
  while (part.lastIndex < path.length) {
    const match = part.exec(path);
    if (match === null) return undefined;
    segments.push(
      match[1] !== undefined ? (JSON.parse(`"${match[1]}"`) as string) : (match[2] ?? match[3] ?? ''),
    );
  }
  return segments.length > 0 ? segments : undefined;
}

/** The names as one value: a value wrapped in objects for all but the first of them. */
export function wrapped(names: readonly string[], value: EditValue): EditValue {
  return names.reduceRight<EditValue>((inner, name) => ({ [name]: inner }), value);
}

export function isObject(value: EditValue): value is { readonly [key: string]: EditValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A comment on the line of the place or right above it: it may no longer hold. */
export function commentRemark(text: string, offset: number, mark: RegExp): readonly string[] {
  const start = lineStart(text, offset);
  const above = start > 0 ? text.slice(lineStart(text, start - 1), start - 1) : '';
  const own = text.slice(offset, lineEnd(text, offset));
  const found = [above.trim(), own.trim()].filter((line, i) =>
    i === 0 ? startsComment(line, mark) : mark.test(line),
  );
  return found.length === 0
    ? []
    : [`line ${lineAt(text, offset)}: read the comment beside it again: ${found[0]?.slice(0, 120)}`];
}

function startsComment(line: string, mark: RegExp): boolean {
  return line.search(mark) === 0;
}
