/*
 * Edits YAML and JSON at one place by the parser's own offsets; layout, quotes and comments elsewhere stay as they are.
 * The documents are parsed again afterwards and must differ in that place only.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import {
  commentRemark,
  type Edit,
  type EditDraft,
  type EditValue,
  edited,
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
import { documentsOf, mustOnlyChange } from './edit-yaml-check.ts';
import { find, isNull, startOf, type Target } from './edit-yaml-find.ts';
import { inlineYaml, yamlKey, yamlScalar, yamlValue } from './edit-yaml-text.ts';

type Syntax = 'yaml' | 'json';

/** Sets the place to the value, adds it where it is missing, or takes it away (undefined). */
export function editYaml(text: string, place: Place, value: EditValue | undefined): Promise<Edit> {
  return edited(text, () => yamlDraft(text, place, value, 'yaml', 0));
}

/** The same for JSON, which stays JSON. */
export function editJson(text: string, place: Place, value: EditValue | undefined): Promise<Edit> {
  return edited(text, () => {
    mustBeJson(text, 'it is no JSON');
    const draft = yamlDraft(text, place, value, 'json', 0);
    mustBeJson(spliced(text, draft.splice), 'the edit would break the JSON');
    return draft;
  });
}

/** Whether the YAML states something at the path. */
export function hasYamlPath(text: string, path: readonly string[]): boolean {
  const [document, second] = parseAllDocuments(text, { prettyErrors: false });
  if (document === undefined || second !== undefined || document.errors.length > 0) return false;
  return document.getIn(path) !== undefined;
}

/** The splice. `shift` is added to offsets in refusals, for YAML inside another text. */
export function yamlDraft(
  text: string,
  place: Place,
  value: EditValue | undefined,
  syntax: Syntax,
  shift: number,
): EditDraft {
  const path = segmentsOf(place.path);
  if (path === undefined) throw new Refusal(`${String(place.path)} is no path`);
  const documents = documentsOf(text, shift);
  const index = documentIndex(documents, place.resource);
  const root = documents[index]?.contents as Node | null | undefined;
  if (root === null || root === undefined) throw new Refusal('the document is empty', shift);
  const target = find({ text, shift }, root, path);
  const splice = spliceOf(text, target, value, syntax, shift);
  const [first = '', ...inner] = target.kind === 'missing' ? target.rest : [];
  const isMissing = target.kind === 'missing' && value !== undefined;
  const changed = isMissing ? wrapped(inner, value) : value;
  mustOnlyChange({ text, shift }, splice, [index, ...target.path, ...(isMissing ? [first] : [])], changed);
  const isThere = target.kind === 'there';
  return { splice, remarks: isThere ? commentRemark(text, splice.start, /(?<=^|\s)#/) : [] };
}

/** `Service ns/name` finds the object; otherwise there must be one document. */
function documentIndex(documents: readonly Document[], resource: string | undefined): number {
  const isObjectName = resource !== undefined && / /.test(resource);
  if (!isObjectName && documents.length === 1) return 0;
  const found = documents.flatMap((d, i) => (objectName(d) === resource ? [i] : []));
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new Refusal(`${resource ?? 'the document'} is there ${found.length} times`);
  }
  return only;
}

function objectName(document: Document): string | undefined {
  const kind = document.get('kind');
  const name = document.getIn(['metadata', 'name']);
  const namespace = document.getIn(['metadata', 'namespace']);
  if (typeof kind !== 'string' || typeof name !== 'string') return undefined;
  return typeof namespace === 'string' ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;
}

function spliceOf(
  text: string,
  target: Target,
  value: EditValue | undefined,
  syntax: Syntax,
  shift: number,
): Splice {
  if (target.kind === 'item') {
    if (value === undefined)
      throw new Refusal('an element of a list is not taken away', startOf(target.node) + shift);
    return replaced(target.node, value, syntax, shift);
  }
  if (target.kind === 'missing') {
    if (value === undefined)
      throw new Refusal(`${target.rest.join('.')} is not there`, startOf(target.map) + shift);
    return added(text, target.map, target.rest, value, syntax);
  }
  if (value === undefined) return removed(text, target, shift);
  const { key, value: node } = target.pair;
  if (node === null || (isNull(node) && text.slice(node.range?.[0], node.range?.[1]) === '')) {
    const colon = text.indexOf(':', key.range?.[1] ?? 0) + 1;
    const indent = ' '.repeat(startOf(key) - lineStart(text, startOf(key)));
    return { start: colon, end: colon, text: yamlValue(value, indent, newlineOf(text)) };
  }
  if (isObject(value) && isMap(node) && !node.flow)
    throw new Refusal('a map is not replaced as a whole', startOf(node) + shift);
  return replaced(node, value, syntax, shift);
}

function replaced(node: Node, value: EditValue, syntax: Syntax, shift: number): Splice {
  const [start = 0, end = 0] = node.range ?? [];
  if (isAlias(node)) throw new Refusal('the value is an alias: change it at its anchor', start + shift);
  if (!isScalar(node)) {
    if (!(isMap(node) || isSeq(node)) || !node.flow)
      throw new Refusal('the value is a list or map of several lines', start + shift);
    return { start, end, text: syntax === 'json' ? JSON.stringify(value) : inlineYaml(value) };
  }
  const { type } = node as Scalar;
  if (type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED')
    throw new Refusal('the value is a text of several lines', start + shift);
  const put =
    syntax === 'json'
      ? JSON.stringify(value)
      : typeof value === 'object' && value !== null
        ? inlineYaml(value)
        : yamlScalar(value, type);
  return { start, end, text: put };
}

function added(
  text: string,
  map: YAMLMap,
  rest: readonly string[],
  value: EditValue,
  syntax: Syntax,
): Splice {
  const [name = '', ...inner] = rest;
  const put = wrapped(inner, value);
  const last = map.items.at(-1) as Pair<Node, Node | null> | undefined;
  const newline = newlineOf(text);
  if (map.flow) return addedInFlow(text, map, last, name, put, syntax);
  if (last === undefined) throw new Refusal('the map is empty', startOf(map));
  const first = map.items[0] as Pair<Node, Node | null>;
  const indent = ' '.repeat(startOf(first.key) - lineStart(text, startOf(first.key)));
  const at = contentEnd(text, last);
  const line = `${indent}${yamlKey(name)}:${yamlValue(put, indent, newline)}`;
  return { start: at, end: at, text: `${newline}${line}` };
}

function addedInFlow(
  text: string,
  map: YAMLMap,
  last: Pair<Node, Node | null> | undefined,
  name: string,
  value: EditValue,
  syntax: Syntax,
): Splice {
  const item =
    syntax === 'json'
      ? `${JSON.stringify(name)}: ${jsonValue(text, map, value)}`
      : `${yamlKey(name)}: ${inlineYaml(value)}`;
  if (last === undefined) {
    const at = startOf(map) + 1;
    return { start: at, end: at, text: syntax === 'json' ? item : ` ${item} ` };
  }
  const at = last.value?.range?.[1] ?? last.key.range?.[1] ?? 0;
  const isLong = text.slice(startOf(map), startOf(last.key)).includes('\n');
  const indent = text.slice(lineStart(text, startOf(last.key)), startOf(last.key));
  const between = isLong && indent.trim() === '' ? `,${newlineOf(text)}${indent}` : ', ';
  return { start: at, end: at, text: `${between}${item}` };
}

/** Laid out like the rest of the file: on several lines where the map itself is. */
function jsonValue(text: string, map: YAMLMap, value: EditValue): string {
  const first = map.items[0] as Pair<Node> | undefined;
  if (first === undefined || typeof value !== 'object') return JSON.stringify(value);
  const indent = text.slice(lineStart(text, startOf(first.key)), startOf(first.key));
  if (indent.trim() !== '' || !text.slice(startOf(map), startOf(first.key)).includes('\n'))
    return JSON.stringify(value);
  const step = indent.includes('\t') ? '\t' : '  ';
  return JSON.stringify(value, null, step).replaceAll('\n', `${newlineOf(text)}${indent}`);
}

function removed(text: string, target: Extract<Target, { kind: 'there' }>, shift: number): Splice {
  const { pair, map, parent } = target;
  const start = startOf(pair.key);
  if (map.flow) return removedFromFlow(text, map, pair);
  if (map.items.length === 1) {
    if (parent === undefined) throw new Refusal('it is the only entry of its map', start + shift);
    const colon = text.indexOf(':', parent.key.range?.[1] ?? 0) + 1;
    return { start: colon, end: contentEnd(text, pair), text: ' {}' };
  }
  const from = lineStart(text, start);
  if (text.slice(from, start).trim() !== '')
    throw new Refusal('it is the first entry of a list element', start + shift);
  const end = contentEnd(text, pair);
  const feed = text.indexOf('\n', end);
  return { start: from, end: feed < 0 ? text.length : feed + 1, text: '' };
}

function removedFromFlow(text: string, map: YAMLMap, pair: Pair<Node, Node | null>): Splice {
  const start = startOf(pair.key);
  const end = pair.value?.range?.[1] ?? pair.key.range?.[1] ?? start;
  const items = map.items as Pair<Node>[];
  const next = items[items.indexOf(pair as Pair<Node>) + 1];
  if (next !== undefined) return { start, end: startOf(next.key), text: '' };
  const comma = text.lastIndexOf(',', start);
  const previous = items.at(-2);
  return { start: previous === undefined ? start : comma, end, text: '' };
}

/** Offset behind the last character of the entry, with a comment on its last line; before the line feed. */
function contentEnd(text: string, pair: Pair<Node, Node | null>): number {
  let end = lastOffset(pair);
  while (end > 0 && /\s/.test(text[end - 1] ?? '')) end -= 1;
  return lineEnd(text, end);
}

function lastOffset(pair: Pair<Node, Node | null>): number {
  const { key, value } = pair;
  const own = key.range?.[1] ?? 0;
  if (value === null) return own;
  if (isMap(value) && !value.flow) {
    const last = value.items.at(-1) as Pair<Node, Node | null> | undefined;
    return last === undefined ? own : lastOffset(last);
  }
  if (isSeq(value) && !value.flow) {
    const last = value.items.at(-1) as Node | undefined;
    if (isMap(last) && !last.flow) return lastOffset(last.items.at(-1) as Pair<Node, Node | null>);
    return last?.range?.[1] ?? own;
  }
  return Math.max(own, value.range?.[1] ?? own);
}

function mustBeJson(text: string, says: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw new Refusal(says);
  }
}
