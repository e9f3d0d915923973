/* Finds a place in HCL: through blocks, objects, yamlencode({...}), lists of values, `set` blocks and heredocs. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Node, Parser, Tree } from 'web-tree-sitter';
import { Refusal } from './edit.ts';
import { hasYamlPath } from './edit-yaml.ts';

/** Where a place ended. */
export type Slot =
  /** There: `item` is the attribute, element or `set` block that holds it. */
  | { readonly kind: 'value'; readonly value: Node; readonly item: Node; readonly container: Node }
  /** Not there: `rest` would be added to the object or body. */
  | { readonly kind: 'missing'; readonly container: Node; readonly rest: readonly string[] }
  /** In the YAML of a heredoc. */
  | {
      readonly kind: 'heredoc';
      readonly heredoc: Node;
      readonly rest: readonly string[];
      readonly has: boolean;
    };

export interface Found {
  readonly slot: Slot;
  readonly remarks: readonly string[];
}

let parser: Promise<Parser> | undefined;

/** The syntax tree; refuses what does not parse. The caller deletes it. */
export async function parseTree(text: string): Promise<Tree> {
  parser ??= loadParser();
  const tree = (await parser).parse(text);
  if (tree === null) throw new Refusal('it is no HCL');
  if (!tree.rootNode.hasError) return tree;
  const at = firstError(tree.rootNode).startIndex;
  tree.delete();
  throw new Refusal('it does not parse as HCL', at);
}

async function loadParser(): Promise<Parser> {
  const { Language, Parser } = await import('web-tree-sitter');
  await Parser.init();
  const grammar = import.meta.resolve('@tree-sitter-grammars/tree-sitter-hcl/tree-sitter-terraform.wasm');
  const made = new Parser();
  made.setLanguage(await Language.load(await readFile(fileURLToPath(grammar))));
  return made;
}

function firstError(node: Node): Node {
  const child = node.children.find((c) => c?.hasError || c?.isError || c?.isMissing);
  return child ? firstError(child) : node;
}

/** The place in the resource; refuses when the resource or the place is there twice, or hidden in an expression. */
export function findSlot(text: string, root: Node, resource: string, path: readonly string[]): Found {
  const remarks: string[] = [];
  return { slot: inBody(text, resourceBody(root, resource), path, remarks), remarks };
}

export function named(node: Node): readonly Node[] {
  return node.namedChildren.filter((c) => c !== null);
}

function resourceBody(root: Node, resource: string): Node {
  const body = named(root).find((c) => c.type === 'body') ?? root;
  if (resource === '') return body;
  const found = blocksOf(body).filter((b) => resourceName(labelsOf(b)) === resource);
  const [only] = found;
  if (only === undefined) throw new Refusal(`there is no ${resource}`);
  if (found.length > 1) throw new Refusal(`${resource} is there ${found.length} times`, found[1]?.startIndex);
  return bodyOf(only);
}

function resourceName(labels: readonly string[]): string {
  return (labels[0] === 'resource' ? labels.slice(1) : labels).join('.');
}

function blocksOf(body: Node): readonly Node[] {
  return named(body).filter((c) => c.type === 'block');
}

function labelsOf(block: Node): readonly string[] {
  return named(block)
    .filter((p) => p.type === 'identifier' || p.type === 'string_lit')
    .map((p) => p.text.replace(/^"|"$/g, ''));
}

/** An empty block has no body node: then the block itself stands for it. */
function bodyOf(block: Node): Node {
  return named(block).find((p) => p.type === 'body') ?? block;
}

function inBody(text: string, body: Node, path: readonly string[], remarks: string[]): Slot {
  const [name = '', ...rest] = path;
  const set = name === 'values' ? setSlot(body, rest) : undefined;
  if (set !== undefined) return set;
  const attributes = named(body).filter((c) => c.type === 'attribute' && named(c)[0]?.text === name);
  const blocks = blocksOf(body).filter((b) => labelsOf(b).join('.') === name);
  if (attributes.length + blocks.length > 1) {
    throw new Refusal(
      `${name} is there ${attributes.length + blocks.length} times`,
      (attributes[1] ?? blocks[1])?.startIndex,
    );
  }
  const [attribute] = attributes;
  const value = attribute && named(attribute)[1];
  if (attribute && value) return inExpression({ text, remarks }, value, rest, attribute, body);
  const [block] = blocks;
  if (block && rest.length > 0) return inBody(text, bodyOf(block), rest, remarks);
  if (block) throw new Refusal(`${name} is a block, not a value`, block.startIndex);
  return { kind: 'missing', container: body, rest: path };
}

interface At {
  readonly text: string;
  readonly remarks: string[];
}

function inExpression(at: At, expression: Node, path: readonly string[], item: Node, container: Node): Slot {
  if (path.length === 0) return { kind: 'value', value: expression, item, container };
  const inner = unwrapped(expression);
  if (inner.type === 'object') return inObject(at, inner, path);
  if (inner.type === 'tuple') return inTuple(at, inner, path, item, container);
  if (inner.type === 'heredoc_template') return inHeredoc(at.text, inner, path);
  if (inner.type === 'function_call') return inCall(at, inner, path, item, container);
  throw new Refusal(
    `${path.join('.')} is inside the expression ${inner.text.slice(0, 60)}`,
    inner.startIndex,
  );
}

function inObject(at: At, object: Node, path: readonly string[]): Slot {
  const [name = '', ...rest] = path;
  const elements = elementsOf(object).filter((e) => keyOf(e) === name);
  if (elements.length > 1)
    throw new Refusal(`${name} is there ${elements.length} times`, elements[1]?.startIndex);
  const [element] = elements;
  const value = element?.childForFieldName('val');
  if (!element || !value) return { kind: 'missing', container: object, rest: path };
  return inExpression(at, value, rest, element, object);
}

/** yamlencode and jsonencode are their argument; merge is the last of its arguments that has the place. */
function inCall(at: At, call: Node, path: readonly string[], item: Node, container: Node): Slot {
  const [name, args] = named(call);
  const list = args === undefined ? [] : named(args);
  const encodes = name?.text === 'yamlencode' || name?.text === 'jsonencode';
  if (encodes && list.length === 1 && list[0]) return inExpression(at, list[0], path, item, container);
  if (name?.text === 'merge') return inCandidates(at, list, path, item, container);
  throw new Refusal(`${path.join('.')} is inside ${call.text.slice(0, 60)}`, call.startIndex);
}

function inTuple(at: At, tuple: Node, path: readonly string[], item: Node, container: Node): Slot {
  const list = named(tuple).filter((c) => c.type === 'expression');
  const [index = '', ...rest] = path;
  if (!/^\d+$/.test(index)) return inCandidates(at, list, path, item, container);
  const element = list[Number(index)];
  if (element === undefined) throw new Refusal(`the list has no element ${index}`, tuple.startIndex);
  return inExpression(at, element, rest, element, tuple);
}

/** Of several values (Helm merges them, the last wins) the one that has the place, or where it fits best. */
function inCandidates(
  at: At,
  list: readonly Node[],
  path: readonly string[],
  item: Node,
  container: Node,
): Slot {
  const slots: Slot[] = [];
  for (const one of list) {
    try {
      slots.push(inExpression(at, one, path, item, container));
    } catch (error) {
      if (!(error instanceof Refusal) || !isOpaque(one)) throw error;
      at.remarks.push(
        `${one.text.slice(0, 60)} is not read here: look whether it states ${path.join('.')}, too`,
      );
    }
  }
  const there = slots.filter((s) => s.kind === 'value' || (s.kind === 'heredoc' && s.has));
  if (there.length > 1)
    throw new Refusal(`${path.join('.')} is stated ${there.length} times`, container.startIndex);
  const best = there[0] ?? deepest(slots);
  if (best === undefined)
    throw new Refusal(`${path.join('.')} is only known when it runs`, container.startIndex);
  return best;
}

/** A file or a variable, whose content is not here. */
function isOpaque(expression: Node): boolean {
  const inner = unwrapped(expression);
  return inner.type !== 'object' && inner.type !== 'tuple' && inner.type !== 'heredoc_template';
}

function deepest(slots: readonly Slot[]): Slot | undefined {
  const left = (s: Slot) => (s.kind === 'value' ? 0 : s.rest.length);
  const sorted = [...slots].sort((a, b) => left(a) - left(b));
  const [first, second] = sorted;
  if (first && second && left(first) === left(second)) {
    throw new Refusal('there are several values to which it could be added');
  }
  return first;
}

function inHeredoc(text: string, heredoc: Node, path: readonly string[]): Slot {
  const { start, end } = heredocBody(text, heredoc);
  return { kind: 'heredoc', heredoc, rest: path, has: hasYamlPath(text.slice(start, end), path) };
}

/** Offsets of the lines between the two markers of a heredoc. */
export function heredocBody(text: string, heredoc: Node): { readonly start: number; readonly end: number } {
  const start = text.indexOf('\n', heredoc.startIndex) + 1;
  const last = heredoc.text.trimEnd();
  const end = text.lastIndexOf('\n', heredoc.startIndex + last.length - 1) + 1;
  return { start, end: Math.max(start, end) };
}

/** The value of a `set` block (or of an element of the list `set`) with this name: it wins over `values`. */
function setSlot(body: Node, path: readonly string[]): Slot | undefined {
  const wanted = path.join('\u0000');
  const found = setsOf(body).filter((s) => s.name.join('\u0000') === wanted);
  const [only] = found;
  if (only === undefined) return undefined;
  if (found.length > 1)
    throw new Refusal(`set ${path.join('.')} is there ${found.length} times`, found[1]?.item.startIndex);
  return { kind: 'value', value: only.value, item: only.item, container: only.container };
}

interface SetEntry {
  readonly name: readonly string[];
  readonly value: Node;
  readonly item: Node;
  readonly container: Node;
}

function setsOf(body: Node): readonly SetEntry[] {
  const blocks = blocksOf(body).filter((b) => /^set(_sensitive)?$/.test(labelsOf(b)[0] ?? ''));
  const inBlocks = blocks.flatMap((b) => setEntry(attributesOf(bodyOf(b)), b, body));
  const list = named(body).find((c) => c.type === 'attribute' && named(c)[0]?.text === 'set');
  const tuple = list && named(list)[1] && unwrapped(named(list)[1] as Node);
  const elements = tuple?.type === 'tuple' ? named(tuple).filter((c) => c.type === 'expression') : [];
  const inList = elements.flatMap((e) => {
    const object = unwrapped(e);
    if (object.type !== 'object' || tuple === undefined) return [];
    const fields = new Map(
      elementsOf(object).map((x) => [keyOf(x) ?? '', x.childForFieldName('val') ?? undefined]),
    );
    return setEntry(fields, e, tuple);
  });
  return [...inBlocks, ...inList];
}

function setEntry(
  fields: ReadonlyMap<string, Node | undefined>,
  item: Node,
  container: Node,
): readonly SetEntry[] {
  const name = fields.get('name');
  const value = fields.get('value');
  return name && value ? [{ name: helmName(name.text), value, item, container }] : [];
}

function attributesOf(body: Node): ReadonlyMap<string, Node | undefined> {
  const list = named(body).filter((c) => c.type === 'attribute');
  return new Map(list.map((a) => [named(a)[0]?.text ?? '', named(a)[1]]));
}

/** `"service.annotations.metallb\\.io/x"`: HCL's escapes first, then Helm's: a dot behind a backslash does not divide. */
function helmName(text: string): readonly string[] {
  const name = text.replace(/^"|"$/g, '').replace(/\\\\/g, '\\');
  return (name.match(/(?:\\.|[^.\\])+/g) ?? []).map((part) => part.replace(/\\(.)/g, '$1'));
}

export function elementsOf(object: Node): readonly Node[] {
  return named(object).filter((c) => c.type === 'object_elem');
}

/** Key of an element; undefined: computed. */
export function keyOf(element: Node): string | undefined {
  const key = element.childForFieldName('key')?.text;
  return key === undefined || key.startsWith('(') ? undefined : key.replace(/^"|"$/g, '');
}

/** The node behind `expression`, `collection_value`, `template_expr`, `literal_value` and parentheses. */
export function unwrapped(node: Node): Node {
  const list = named(node);
  const [only] = list;
  const isShell = ['expression', 'collection_value', 'template_expr', 'literal_value'].includes(node.type);
  return isShell && list.length === 1 && only ? unwrapped(only) : node;
}
