/*
 * Edits HCL at one place: a value replaced, an attribute or element added or taken away. The text is parsed again
 * afterwards, and every other value and comment must be what it was.
 */
import type { Node } from 'web-tree-sitter';
import {
  commentRemark,
  type Edit,
  type EditDraft,
  type EditValue,
  edited,
  indentAt,
  isObject,
  lineEnd,
  lineStart,
  newlineOf,
  type Place,
  Refusal,
  type Splice,
  segmentsOf,
  spliced,
  wrapped,
} from './edit.ts';
import { escapeHcl, hclKey, hclValue } from './edit-hcl-text.ts';
import {
  elementsOf,
  type Found,
  findSlot,
  heredocBody,
  named,
  parseTree,
  type Slot,
  unwrapped,
} from './edit-hcl-tree.ts';
import { yamlDraft } from './edit-yaml.ts';
import { parseHcl } from './hcl.ts';
import type { Parsed } from './leaf.ts';

/** Sets the place to the value, adds it where it is missing, or takes it away (undefined). */
export function editHcl(text: string, place: Place, value: EditValue | undefined): Promise<Edit> {
  return edited(text, async () => {
    const path = segmentsOf(place.path);
    if (path === undefined) throw new Refusal(`${String(place.path)} is no path`);
    const tree = await parseTree(text);
    try {
      const found = findSlot(text, tree.rootNode, place.resource ?? '', path);
      const draft = draftOf(text, found, value);
      const { slot } = found;
      if (slot.kind === 'heredoc') await mustKeepOutside(text, draft.splice, heredocBody(text, slot.heredoc));
      else await mustOnlyChange(text, draft.splice, value);
      return { splice: draft.splice, remarks: [...found.remarks, ...draft.remarks] };
    } finally {
      tree.delete();
    }
  });
}

function draftOf(text: string, { slot }: Found, value: EditValue | undefined): EditDraft {
  switch (slot.kind) {
    case 'value': {
      const splice = value === undefined ? removal(text, slot) : replacement(text, slot, value);
      return { splice, remarks: commentRemark(text, splice.start, /#|\/\//) };
    }
    case 'missing':
      if (value === undefined)
        throw new Refusal(`${slot.rest.join('.')} is not there`, slot.container.startIndex);
      return { splice: addition(text, slot.container, slot.rest, value), remarks: [] };
    case 'heredoc':
      return inHeredoc(text, slot, value);
    default:
      return slot satisfies never;
  }
}

type ValueSlot = Extract<Slot, { kind: 'value' }>;

function replacement(text: string, slot: ValueSlot, value: EditValue): Splice {
  const inner = unwrapped(slot.value);
  const isKnown = ['string_lit', 'quoted_template', 'numeric_lit', 'bool_lit', 'null_lit', 'object', 'tuple'];
  if (!isKnown.includes(inner.type) || inner.descendantsOfType('template_interpolation').length > 0) {
    throw new Refusal(
      `the value is the expression ${inner.text.slice(0, 60)}: change it where it comes from`,
      inner.startIndex,
    );
  }
  const indent = /^[ \t]*/.exec(text.slice(lineStart(text, slot.item.startIndex)))?.[0] ?? '';
  const put = hclValue(value, { indent, newline: newlineOf(text), inline: !isObject(value) });
  return { start: inner.startIndex, end: inner.endIndex, text: put };
}

/** Whole lines where the item has them for itself; else the item with one of its commas. */
function removal(text: string, { item, container }: ValueSlot): Splice {
  const start = lineStart(text, item.startIndex);
  const end = lineEnd(text, item.endIndex);
  const before = text.slice(start, item.startIndex);
  const after = text.slice(item.endIndex, end);
  const isAlone = /^\s*$/.test(before) && /^\s*,?\s*((#|\/\/).*)?$/.test(after);
  if (isAlone) return { start, end: nextLine(text, end), text: '' };
  if (container.type === 'body') throw new Refusal('it shares its line with something else', item.startIndex);
  const comma = /^\s*,[ \t]*/.exec(text.slice(item.endIndex))?.[0];
  if (comma !== undefined) return { start: item.startIndex, end: item.endIndex + comma.length, text: '' };
  const previous = /,?[ \t]*$/.exec(text.slice(0, item.startIndex))?.[0] ?? '';
  return {
    start: item.startIndex - (previous.startsWith(',') ? previous.length : 0),
    end: item.endIndex,
    text: '',
  };
}

function nextLine(text: string, end: number): number {
  const feed = text.indexOf('\n', end);
  return feed < 0 ? text.length : feed + 1;
}

function addition(text: string, container: Node, rest: readonly string[], value: EditValue): Splice {
  const [name = '', ...inner] = rest;
  if (container.type === 'object') return addElement(text, container, name, wrapped(inner, value));
  if (name === 'values' && inner.length > 0)
    return addAttribute(text, container, name, wrapped(inner, value), true);
  if (inner.length > 0)
    throw new Refusal(`there is no block ${name} to put ${inner.join('.')} into`, container.startIndex);
  return addAttribute(text, container, name, value, false);
}

function addElement(text: string, object: Node, name: string, value: EditValue): Splice {
  const newline = newlineOf(text);
  const last = elementsOf(object).at(-1);
  const open = object.startIndex + 1;
  const close = object.endIndex - 1;
  const outer = /^[ \t]*/.exec(text.slice(lineStart(text, object.startIndex)))?.[0] ?? '';
  const lineLayout = (indent: string) => ({ indent, newline, inline: false });
  if (last === undefined) {
    if (text.slice(open, close).trim() !== '')
      throw new Refusal('the object holds only comments', object.startIndex);
    const indent = `${outer}  `;
    const item = `${hclKey(name)} = ${hclValue(value, lineLayout(indent))}`;
    return { start: open, end: close, text: `${newline}${indent}${item}${newline}${outer}` };
  }
  const lastLine = lineEnd(text, last.endIndex);
  if (!object.text.includes('\n') || lastLine >= close) {
    const item = `${hclKey(name)} = ${hclValue(value, { ...lineLayout(''), inline: true })}`;
    return { start: last.endIndex, end: last.endIndex, text: `, ${item}` };
  }
  const indent = indentAt(text, last.startIndex);
  const written = hclValue(value, lineLayout(indent));
  const item = `${paddedKey(text, last, name, written)} = ${written}`;
  const hasComma = /^\s*,/.test(text.slice(last.endIndex, lastLine));
  const usesCommas = elementsOf(object).some((e) => /^[ \t]*,/.test(text.slice(e.endIndex)));
  const kept = text.slice(last.endIndex, lastLine);
  const between = usesCommas && !hasComma ? `,${kept}` : kept;
  return {
    start: last.endIndex,
    end: lastLine,
    text: `${between}${newline}${indent}${item}${hasComma ? ',' : ''}`,
  };
}

/** The key, with the spaces that put its `=` under that of the line above; values of several lines stand for themselves. */
function paddedKey(text: string, above: Node, name: string, value: string): string {
  const key = hclKey(name);
  if (above.text.includes('\n') || value.includes('\n')) return key;
  const sign = /^[^=:]*?\s*(?==|:)/.exec(text.slice(above.startIndex, above.endIndex))?.[0] ?? '';
  return key.padEnd(sign.trimEnd() === sign ? sign.length : sign.length - 1);
}

/** After the first row of one-line attributes; a chart's version behind the chart. */
function addAttribute(text: string, body: Node, name: string, value: EditValue, isValues: boolean): Splice {
  const newline = newlineOf(text);
  const attributes = named(body).filter((c) => c.type === 'attribute');
  const chart = attributes.find((a) => name === 'version' && named(a)[0]?.text === 'chart');
  const anchor = chart ?? lastOfFirstRow(text, attributes);
  if (anchor === undefined)
    throw new Refusal('there is no attribute beside which it could stand', body.startIndex);
  const indent = indentAt(text, anchor.startIndex);
  const written = hclValue(value, { indent, newline, inline: !isObject(value) });
  const line = `${paddedKey(text, anchor, name, written)} = ${isValues ? `[yamlencode(${written})]` : written}`;
  const at = lineEnd(text, anchor.endIndex);
  return { start: at, end: at, text: `${newline}${isValues ? newline : ''}${indent}${line}` };
}

function lastOfFirstRow(text: string, attributes: readonly Node[]): Node | undefined {
  let last: Node | undefined;
  for (const a of attributes) {
    if (last !== undefined && text.slice(last.endIndex, a.startIndex).split('\n').length > 2) break;
    if (a.text.includes('\n') && last !== undefined) break;
    last = a;
  }
  return last;
}

/** The YAML between a heredoc's markers is edited as YAML; a value must not become a template there. */
function inHeredoc(
  text: string,
  slot: Extract<Slot, { kind: 'heredoc' }>,
  value: EditValue | undefined,
): EditDraft {
  const { start, end } = heredocBody(text, slot.heredoc);
  const inner = yamlDraft(text.slice(start, end), { path: slot.rest }, value, 'yaml', start);
  const put = inner.splice.text.replace(/(\$|%)\{/g, '$1$1{');
  return {
    splice: { start: inner.splice.start + start, end: inner.splice.end + start, text: put },
    remarks: inner.remarks,
  };
}

/** Parses again: outside the spliced place every value and every comment is as before, inside is what was asked for. */
async function mustOnlyChange(text: string, splice: Splice, value: EditValue | undefined): Promise<void> {
  const is = await mustKeepOutside(text, splice, splice);
  const newEnd = splice.start + splice.text.length;
  const put = is.leaves.filter((l) => within(l, splice.start, newEnd)).map((l) => l.value);
  const isThere = (value === undefined ? [] : leavesOf(value)).every((e) => put.includes(e));
  if (!isThere || (value === undefined && put.length > 0)) {
    throw new Refusal('the value does not read back as it was written', splice.start);
  }
}

/** What was parsed after the splice; refuses where anything outside the stretch differs. */
async function mustKeepOutside(
  text: string,
  splice: Splice,
  stretch: { readonly start: number; readonly end: number },
): Promise<Parsed> {
  const after = spliced(text, splice);
  (await parseTree(after)).delete();
  const [was, is] = [await parseHcl(text), await parseHcl(after)];
  const kept = (p: Parsed, end: number) =>
    JSON.stringify([
      p.leaves
        .filter((l) => !within(l, stretch.start, end))
        .map((l) => [l.resource, l.path, l.value, l.isLiteral]),
      p.comments.filter((c) => !within(c, stretch.start, end)).length,
    ]);
  const newEnd = stretch.end + after.length - text.length;
  if (kept(was, stretch.end) !== kept(is, newEnd)) {
    throw new Refusal('the edit would change something else, too', splice.start);
  }
  return is;
}

function within(item: { readonly start: number; readonly end: number }, start: number, end: number): boolean {
  return item.start >= start && item.end <= end && end > start;
}

/** Texts that the parser must find, as HCL escapes them. */
function leavesOf(value: EditValue): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  if (isObject(value)) return Object.values(value).flatMap(leavesOf);
  return [escapeHcl(String(value))];
}
