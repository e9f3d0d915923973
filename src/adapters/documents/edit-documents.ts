/* Documents after a move: the lines that have to follow, and the lines that a person has to read. */
import { type DocumentMove, lineAfter } from './statements.ts';

export interface DocumentChange {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  /** Lines (1-based, of the old text) that state the old address and were left alone because they are not clear. */
  readonly unclear: readonly { readonly line: number; readonly text: string; readonly why: string }[];
}

/** The document after the move; `after` equals `before` where nothing has to follow. */
export function documentAfter(file: string, text: string, move: DocumentMove): DocumentChange {
  const unclear: { line: number; text: string; why: string }[] = [];
  const newline = /\r\n/.test(text) ? '\r\n' : '\n';
  let inCode = false;
  const lines = text.split('\n').flatMap((raw, i) => {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (/^\s*(```|~~~)/.test(line)) inCode = !inCode;
    const result = lineAfter(line, move);
    if (result.kind === 'same') return [raw];
    if (result.kind === 'unclear' || inCode) {
      const why = result.kind === 'unclear' ? result.why : 'it stands in an example';
      unclear.push({ line: i + 1, text: line, why });
      return [raw];
    }
    const end = raw.endsWith('\r') ? '\r' : '';
    return [`${result.text}${end}`, ...(result.added === undefined ? [] : [`${result.added}${end}`])];
  });
  return { file, before: text, after: lines.join(newline === '\r\n' ? '\n' : newline), unclear };
}
