/* Finds a place in the tree of a YAML document, with the refusals for what cannot be edited there. */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import { Refusal } from './edit.ts';

export type Target =
  | {
      readonly kind: 'there';
      readonly pair: Pair<Node, Node | null>;
      readonly map: YAMLMap;
      /** Pair whose value is `map`, where it has one. */
      readonly parent?: Pair<Node, Node | null>;
      readonly path: readonly (string | number)[];
    }
  | {
      readonly kind: 'missing';
      readonly map: YAMLMap;
      readonly rest: readonly string[];
      readonly path: readonly (string | number)[];
    }
  | { readonly kind: 'item'; readonly node: Node; readonly path: readonly (string | number)[] };

export interface In {
  readonly text: string;
  readonly shift: number;
}

/** Where the path ends: there, missing from a map, or an element of a list. */
export function find(at: In, root: Node, names: readonly string[]): Target {
  let node: Node = root;
  let parent: Pair<Node, Node | null> | undefined;
  const path: (string | number)[] = [];
  for (let i = 0; i < names.length; ) {
    const name = names[i] ?? '';
    const where = names.slice(0, i).join('.') || 'the document';
    if (isAlias(node))
      throw new Refusal(`${where} is an alias: change it at its anchor`, startOf(node) + at.shift);
    if (isSeq(node)) {
      const item = itemOf(startOf(node) + at.shift, node.items as Node[], name, names.slice(i));
      path.push(item.index);
      node = item.node;
      parent = undefined;
      if (item.isNumbered) i += 1;
      if (i === names.length) return { kind: 'item', node, path };
      continue;
    }
    if (!isMap(node)) throw new Refusal(`${where} is no map`, startOf(node) + at.shift);
    const pair = pairOf(at, node, name);
    if (pair === undefined) return { kind: 'missing', map: node, rest: names.slice(i), path };
    path.push(name);
    i += 1;
    if (i === names.length) return { kind: 'there', pair, map: node, path, ...(parent && { parent }) };
    if (pair.value === null || isNull(pair.value))
      throw new Refusal(`${name} is empty`, startOf(pair.key) + at.shift);
    parent = pair;
    node = pair.value;
  }
  throw new Refusal('the path is empty');
}

function itemOf(offset: number, items: readonly Node[], name: string, rest: readonly string[]) {
  if (/^\d+$/.test(name)) {
    const node = items[Number(name)];
    if (node === undefined) throw new Refusal(`the list has no element ${name}`, offset);
    return { node, index: Number(name), isNumbered: true };
  }
  const having = items.flatMap((node, index) => (isMap(node) && node.hasIn(rest) ? [{ node, index }] : []));
  const [only] = having;
  if (only === undefined || having.length > 1) {
    throw new Refusal(`${rest.join('.')} is in ${having.length} elements of the list`, offset);
  }
  return { ...only, isNumbered: false };
}

function pairOf(at: In, map: YAMLMap, name: string): Pair<Node, Node | null> | undefined {
  const pairs = (map.items as Pair<Node, Node | null>[]).filter(
    (p) => isScalar(p.key) && String(p.key.value) === name,
  );
  if (pairs.length > 1)
    throw new Refusal(`${name} is there ${pairs.length} times`, startOf(pairs[1]?.key ?? map) + at.shift);
  return pairs[0];
}

export function isNull(node: Node): boolean {
  return isScalar(node) && node.value === null;
}

export function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
