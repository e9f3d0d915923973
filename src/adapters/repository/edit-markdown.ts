/* Edits Markdown and other prose: words on one line, a row of a table, an entry under a heading. Nothing is laid out anew. */
import { type Edit, edited, lineEnd, newlineOf, Refusal } from './edit.ts';

/** Replaces `find` on the line (1-based); refused when it stands there not once. */
export function editLine(text: string, line: number, find: string, put: string): Promise<Edit> {
  return edited(text, () => {
    const start = offsetOf(text, line);
    const whole = text.slice(start, lineEnd(text, start));
    const at = whole.indexOf(find);
    if (find === '' || at < 0) throw new Refusal(`${JSON.stringify(find)} is not on the line`, start);
    if (whole.indexOf(find, at + 1) >= 0)
      throw new Refusal(`${JSON.stringify(find)} is on the line more than once`, start);
    return { splice: { start: start + at, end: start + at + find.length, text: put }, remarks: [] };
  });
}

/** Replaces the mention at its offsets; refused when another text stands there now. */
export function editAt(text: string, start: number, find: string, put: string): Promise<Edit> {
  return edited(text, () => {
    const found = text.slice(start, start + find.length);
    if (found !== find)
      throw new Refusal(`${JSON.stringify(found)} stands where ${JSON.stringify(find)} was`, start);
    return { splice: { start, end: start + find.length, text: put }, remarks: [] };
  });
}

/** A line put in behind the line (1-based). */
export function addLineAfter(text: string, line: number, put: string): Promise<Edit> {
  return edited(text, () => {
    const at = lineEnd(text, offsetOf(text, line));
    return { splice: { start: at, end: at, text: `${newlineOf(text)}${put}` }, remarks: [] };
  });
}

function offsetOf(text: string, line: number): number {
  let at = 0;
  for (let n = 1; n < line; n++) {
    const feed = text.indexOf('\n', at);
    if (feed < 0) throw new Refusal(`there is no line ${line}`);
    at = feed + 1;
  }
  return at;
}
