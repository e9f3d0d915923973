/* Where in a plan's text something is wrong: the line of a place, and its name. */
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import type { Place } from './fact-schema/wrong.ts';

/** Line of the node at the place, or of its nearest parent; undefined: the text is empty. */
export type LineOf = (place: Place) => number | undefined;

/** Lines of YAML, and of JSON, which is YAML too. */
export function linesOf(text: string): { readonly document: Document; readonly lineOf: LineOf } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf: LineOf = (place) => {
    for (let length = place.length; length >= 0; length--) {
      const node = document.getIn(place.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  };
  return { document, lineOf };
}

/** `stages[0].changes[1].id`. */
export function placeText(place: Place): string {
  return place
    .map((p) => (typeof p === 'number' ? `[${p}]` : `.${String(p)}`))
    .join('')
    .replace(/^\./, '');
}
