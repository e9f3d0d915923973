/*
 * What is kept of an object before it is written, for an undo to the byte: the values at the paths that are touched, as
 * they stand, and who owned the fields. No values of pods: what could hold a secret is put back by the plan alone.
 */
import type { ObjectRef } from './api.ts';
import { type Json, mapOf, mapsOf } from './decode.ts';
import { valueAt } from './diff.ts';

export interface Kept {
  readonly ref: ObjectRef;
  /** One with an empty path: the whole object. A missing value: it was absent. */
  readonly values: readonly { readonly path: readonly string[]; readonly value?: unknown }[];
  readonly managedFields: readonly Json[];
}

const format = 1;

/** What is to be kept of the live object, before a write that touches the paths. */
export function keep(ref: ObjectRef, live: Json | undefined, touched: readonly (readonly string[])[]): Kept {
  if (live === undefined) return { ref, values: [], managedFields: [] };
  const values = touched.map((path) => {
    const value = path.length === 0 ? recreatable(live) : valueAt(live, path);
    return value === undefined ? { path } : { path, value };
  });
  const managedFields = mapsOf(mapOf(live.metadata).managedFields).filter((m) => m.subresource === undefined);
  return { ref, values, managedFields };
}

/** Without what only the server can write. */
function recreatable(live: Json): Json {
  const { status: _, ...rest } = live;
  const { uid, resourceVersion, creationTimestamp, generation, managedFields, selfLink, ...metadata } = mapOf(
    live.metadata,
  );
  return { ...rest, metadata };
}

export function keptText(items: readonly Kept[]): string {
  return JSON.stringify({ format, items });
}

/** undefined: not kept by this adapter. */
export function parseKept(text: string | undefined): readonly Kept[] | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as { format?: unknown; items?: unknown };
    return value.format === format && Array.isArray(value.items)
      ? (value.items as readonly Kept[])
      : undefined;
  } catch {
    return undefined;
  }
}

export function keptOf(all: readonly Kept[] | undefined, ref: ObjectRef): Kept | undefined {
  return all?.find(
    (k) => k.ref.kind === ref.kind && k.ref.namespace === ref.namespace && k.ref.name === ref.name,
  );
}
