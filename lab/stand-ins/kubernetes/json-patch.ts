/* RFC 6902 on a copy of a document. Throws where an operation does not fit, a failed test included. */
import { canonical, copy, isMap, type Json } from './json.ts';
import { rejected } from './status.ts';

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

export function jsonPatch(document: Json, operations: unknown): Json {
  if (!Array.isArray(operations)) throw rejected();
  const holder: Json = { root: copy(document) };
  for (const operation of operations as readonly Operation[]) perform(holder, operation);
  if (!isMap(holder.root)) throw rejected();
  return holder.root;
}

function perform(holder: Json, { op, path, from, value }: Operation): void {
  switch (op) {
    case 'test':
      if (canonical(valueAt(holder, path)) !== canonical(value)) throw rejected();
      return;
    case 'add':
      put(holder, path, copy(value), true);
      return;
    case 'replace':
      valueAt(holder, path);
      put(holder, path, copy(value), false);
      return;
    case 'remove':
      take(holder, path);
      return;
    case 'move':
      put(holder, path, take(holder, from ?? ''), true);
      return;
    case 'copy':
      put(holder, path, copy(valueAt(holder, from ?? '')), true);
      return;
    default:
      throw rejected();
  }
}

function tokens(path: string): readonly string[] {
  if (path !== '' && !path.startsWith('/')) throw rejected();
  const parts = path.split('/').slice(1);
  return ['root', ...parts.map((p) => p.replaceAll('~1', '/').replaceAll('~0', '~'))];
}

function parentOf(holder: Json, path: string): { parent: Json | unknown[]; key: string } {
  const parts = tokens(path);
  let parent: unknown = holder;
  for (const part of parts.slice(0, -1)) parent = child(parent, part);
  if (!isMap(parent) && !Array.isArray(parent)) throw rejected();
  return { parent, key: parts.at(-1) ?? '' };
}

function child(parent: unknown, key: string): unknown {
  const value = Array.isArray(parent)
    ? parent[indexOf(parent, key)]
    : isMap(parent)
      ? parent[key]
      : undefined;
  if (value === undefined) throw rejected();
  return value;
}

function indexOf(list: readonly unknown[], key: string): number {
  const index = Number(key);
  if (!/^(0|[1-9]\d*)$/.test(key) || index >= list.length) throw rejected();
  return index;
}

function valueAt(holder: Json, path: string): unknown {
  const { parent, key } = parentOf(holder, path);
  return child(parent, key);
}

function put(holder: Json, path: string, value: unknown, isInsert: boolean): void {
  const { parent, key } = parentOf(holder, path);
  if (!Array.isArray(parent)) parent[key] = value;
  else if (!isInsert) parent[indexOf(parent, key)] = value;
  else if (key === '-') parent.push(value);
  else if (Number(key) === parent.length) parent.push(value);
  else parent.splice(indexOf(parent, key), 0, value);
}

function take(holder: Json, path: string): unknown {
  const { parent, key } = parentOf(holder, path);
  const value = child(parent, key);
  if (Array.isArray(parent)) parent.splice(indexOf(parent, key), 1);
  else delete parent[key];
  return value;
}
