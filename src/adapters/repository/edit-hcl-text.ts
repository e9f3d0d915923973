/* How a value is written in HCL, laid out as `terraform fmt` would: two spaces, `=` of neighbouring lines under each other. */
import { type EditValue, isObject } from './edit.ts';

export interface Layout {
  /** White space before the line that the value begins on. */
  readonly indent: string;
  readonly newline: string;
  /** true: everything on one line. */
  readonly inline: boolean;
}

export function hclValue(value: EditValue, layout: Layout): string {
  if (typeof value === 'string') return hclString(value);
  if (Array.isArray(value))
    return `[${value.map((v) => hclValue(v, { ...layout, inline: true })).join(', ')}]`;
  if (!isObject(value)) return String(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  if (layout.inline)
    return `{ ${entries.map(([k, v]) => `${hclKey(k)} = ${hclValue(v, layout)}`).join(', ')} }`;
  const inner = { ...layout, indent: `${layout.indent}  ` };
  return `{${layout.newline}${hclEntries(entries, inner)}${layout.newline}${layout.indent}}`;
}

/** Lines of an object's elements, without the last line feed. */
function hclEntries(entries: readonly (readonly [string, EditValue])[], layout: Layout): string {
  const written = entries.map(([k, v]) => ({ key: hclKey(k), value: hclValue(v, layout) }));
  const widths = widthsOfRuns(written.map((w) => ({ length: w.key.length, isLong: w.value.includes('\n') })));
  return written
    .map((w, i) => `${layout.indent}${w.key.padEnd(widths[i] ?? 0)} = ${w.value}`)
    .join(layout.newline);
}

/** Lines in a row are aligned; an element of several lines ends the row and stands by itself. */
function widthsOfRuns(
  items: readonly { readonly length: number; readonly isLong: boolean }[],
): readonly number[] {
  const widths: number[] = [];
  for (let i = 0; i < items.length; ) {
    let j = i;
    while (j < items.length && !items[j]?.isLong) j += 1;
    const widest = Math.max(0, ...items.slice(i, j).map((x) => x.length));
    for (; i < j; i++) widths.push(widest);
    if (i < items.length) {
      widths.push(items[i]?.length ?? 0);
      i += 1;
    }
  }
  return widths;
}

export function hclKey(key: string): string {
  return /^[A-Za-z_][\w-]*$/.test(key) ? key : hclString(key);
}

export function hclString(text: string): string {
  return `"${escapeHcl(text)}"`;
}

/** Inside of a quoted string: no template, no line feed, no quote gets through. */
export function escapeHcl(text: string): string {
  return text
    .replace(/\\/g, '\\\\')
    .replace(/"/g, '\\"')
    .replace(/\r/g, '\\r')
    .replace(/\n/g, '\\n')
    .replace(/\t/g, '\\t')
    .replace(/(\$|%)\{/g, '$1$1{');
}
