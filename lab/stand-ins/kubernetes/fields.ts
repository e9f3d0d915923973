/*
 * Sets of fields as managedFields hold them (FieldsV1): which fields an object has, how two objects differ, and the same
 * as the nested text that the API server writes. A path is its elements joined by line feeds: f:NAME, k:{KEY}, v:VALUE.
 */
import { canonical, isMap, type Json } from './json.ts';
import { applyKeys, isAtomicMap, keyDefaults } from './resources.ts';

/** Path → canonical text of the value; items of keyed lists stand there themselves as ''. */
export type Fields = Map<string, string>;

const separator = '\n';
/** Never owned by anybody (fieldmanager: stripMeta). */
const stripped =
  /^(f:apiVersion|f:kind|f:metadata\nf:(name|namespace|creationTimestamp|selfLink|uid|clusterName|generation|managedFields|resourceVersion|deletionTimestamp|deletionGracePeriodSeconds))(\n|$)/;

/** Every field of the object that can have an owner. */
export function fieldsOf(object: Json): Fields {
  const found: Fields = new Map();
  visit(object, [], [String(object.kind)], found);
  for (const path of found.keys()) if (stripped.test(path)) found.delete(path);
  return found;
}

function visit(value: unknown, path: readonly string[], place: readonly string[], found: Fields): void {
  if (isMap(value) && !isAtomicMap(place) && Object.keys(value).length > 0) {
    for (const [key, v] of Object.entries(value)) {
      if (v !== undefined) visit(v, [...path, `f:${key}`], [...place, key], found);
    }
    return;
  }
  const keys = Array.isArray(value) ? applyKeys(place) : undefined;
  if (keys === undefined) {
    found.set(path.join(separator), canonical(value));
    return;
  }
  for (const item of (value as readonly unknown[]).filter(isMap)) {
    const element = keyElement(item, keys);
    found.set([...path, element].join(separator), '');
    visit(item, [...path, element], [...place, `[${element}]`], found);
  }
}

/** `k:{"port":443,"protocol":"TCP"}`. */
export function keyElement(item: Json, keys: readonly string[]): string {
  return `k:${canonical(Object.fromEntries(keys.map((k) => [k, item[k] ?? keyDefaults[k]])))}`;
}

export interface Compared {
  readonly written: ReadonlySet<string>;
  readonly removed: ReadonlySet<string>;
}

/** Fields that were added or changed, and those that are gone. */
export function compare(before: Json, after: Json): Compared {
  const old = fieldsOf(before);
  const now = fieldsOf(after);
  const written = [...now].filter(([path, value]) => old.get(path) !== value).map(([path]) => path);
  return { written: new Set(written), removed: new Set([...old.keys()].filter((path) => !now.has(path))) };
}

/** The set as FieldsV1. */
export function toFieldsV1(set: ReadonlySet<string>): Json {
  const root: Json = {};
  for (const path of [...set].sort()) {
    let node = root;
    for (const element of path.split(separator)) {
      node[element] ??= {};
      node = node[element] as Json;
    }
    node['.'] = {};
  }
  return withoutLoneDots(root);
}

/** A node with nothing below it is a field itself; only one with children says so by a dot. */
function withoutLoneDots(node: Json): Json {
  const keys = Object.keys(node);
  if (keys.length === 1 && keys[0] === '.') return {};
  return Object.fromEntries(
    keys.sort().map((key) => [key, key === '.' ? {} : withoutLoneDots(node[key] as Json)]),
  );
}

/** The set that a FieldsV1 says. */
export function fromFieldsV1(fields: unknown): Set<string> {
  const set = new Set<string>();
  const walk = (node: unknown, path: readonly string[]): void => {
    if (!isMap(node)) return;
    const keys = Object.keys(node);
    if (path.length > 0 && (keys.length === 0 || keys.includes('.'))) set.add(path.join(separator));
    for (const key of keys) if (key !== '.') walk(node[key], [...path, keyed(key)]);
  };
  walk(fields, []);
  return set;
}

/** Keys of items in one order of their own fields. */
function keyed(element: string): string {
  return element.startsWith('k:') ? `k:${canonical(JSON.parse(element.slice(2)))}` : element;
}

/** `.spec.ports[port=443,protocol="TCP"].targetPort`, as conflicts name a field. */
export function fieldText(path: string): string {
  return path
    .split(separator)
    .map((element) => {
      if (!element.startsWith('k:')) return `.${element.slice(2)}`;
      const key = Object.entries(JSON.parse(element.slice(2)) as Json);
      return `[${key.map(([k, v]) => `${k}=${JSON.stringify(v)}`).join(',')}]`;
    })
    .join('');
}

/** Removes the field from the object, and what is empty after that of keyed lists and maps. */
export function removeField(object: Json, path: string): void {
  const elements = path.split(separator);
  let node: unknown = object;
  for (const element of elements.slice(0, -1)) node = below(node, element);
  const last = elements.at(-1) ?? '';
  if (isMap(node)) delete node[last.slice(2)];
  else if (Array.isArray(node)) {
    const at = node.indexOf(below(node, last));
    if (at >= 0) node.splice(at, 1);
  }
}

function below(node: unknown, element: string): unknown {
  if (isMap(node)) return node[element.slice(2)];
  if (!Array.isArray(node)) return undefined;
  const wanted = JSON.parse(element.slice(2)) as Json;
  return node.find(
    (item) => isMap(item) && keyElement(item, Object.keys(wanted)) === `k:${canonical(wanted)}`,
  );
}
