/*
 * Who owns the fields that a patch touches, from managedFields. A field of Helm, Terraform or a GitOps controller, or of
 * anybody's server-side apply, is not written here: its owner would put it back.
 */
import type { Operation } from './api.ts';
import { isMap, type Json, mapOf, mapsOf, textOf } from './decode.ts';
import { valueAt } from './diff.ts';

export const ownManager = 'sightline';

export interface FieldOwner {
  readonly manager: string;
  readonly operation: string;
  /** `.spec.externalTrafficPolicy`. */
  readonly field: string;
}

const puttingBack =
  /^(helm|terraform|hashicorp|opentofu|pulumi|argocd|argo-cd|kustomize-controller|helm-controller|flux|fleet|k3s|rke2|deploy@|crossplane)/i;

/** Owners of the fields below the paths, without ourselves and without owners of the status. */
export function ownersOf(object: Json, paths: readonly (readonly string[])[]): readonly FieldOwner[] {
  const entries = mapsOf(mapOf(object.metadata).managedFields).filter((m) => m.subresource === undefined);
  return entries.flatMap((entry) => {
    const manager = textOf(entry.manager);
    if (manager === ownManager) return [];
    return paths
      .filter((path) => holds(entry.fieldsV1, path))
      .map((path) => ({ manager, operation: textOf(entry.operation), field: `.${path.join('.')}` }));
  });
}

/** Those that would write it again. */
export function revertersAmong(owners: readonly FieldOwner[]): readonly FieldOwner[] {
  return owners.filter((o) => o.operation === 'Apply' || puttingBack.test(o.manager));
}

/** Whether the set holds the field, something below it, or all around it as one value. */
function holds(fields: unknown, path: readonly string[]): boolean {
  let node: unknown = fields;
  for (const [i, key] of path.entries()) {
    if (!isMap(node)) return false;
    const next = node[`f:${key}`];
    if (next === undefined) return i > 0 && Object.keys(node).length === 0;
    node = next;
  }
  return true;
}

/** Paths that a patch writes, without the tests: the deepest maps, lists as a whole. */
export function pathsOf(operations: readonly Operation[]): readonly (readonly string[])[] {
  return operations
    .filter((o) => o.op !== 'test')
    .map((o) =>
      o.path
        .split('/')
        .slice(1)
        .map((k) => k.replaceAll('~1', '/').replaceAll('~0', '~')),
    )
    .map(upToList)
    .filter((path) => path[0] !== 'metadata' || path[1] !== 'resourceVersion');
}

/** A list is one value for us, whatever of it changes. */
function upToList(path: readonly string[]): readonly string[] {
  const at = path.findIndex((k) => /^(\d+|-)$/.test(k));
  return at < 0 ? path : path.slice(0, at);
}

/** A configuration with just these fields of the object, to ask the server by a dry run who owns them. */
export function onlyFields(object: Json, paths: readonly (readonly string[])[]): Json {
  const { name, namespace } = mapOf(object.metadata);
  const base = { apiVersion: object.apiVersion, kind: object.kind, metadata: { name, namespace } };
  return paths.reduce<Json>((made, path) => {
    const value = valueAt(object, path);
    return value === undefined ? made : put(made, path, value);
  }, base);
}

function put(object: Json, path: readonly string[], value: unknown): Json {
  const [key = '', ...rest] = path;
  return { ...object, [key]: rest.length === 0 ? value : put(mapOf(object[key]), rest, value) };
}
