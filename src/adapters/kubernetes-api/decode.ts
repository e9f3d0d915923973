/* Answers of the Kubernetes API: objects, and Status objects with their causes. Wrong shapes are undefined, never thrown. */
import type { OwnedField } from './api.ts';

export type Json = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mapOf(value: unknown): Json {
  return isMap(value) ? value : {};
}

export function mapsOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** undefined: no JSON object. */
export function decodeJson(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export interface Status {
  readonly reason: string;
  readonly message: string;
  readonly owned: readonly OwnedField[];
}

export function statusOf(value: Json): Status {
  const causes = mapsOf(mapOf(value.details).causes);
  const owned = causes
    .filter((c) => c.reason === 'FieldManagerConflict')
    .map((c) => ({ field: textOf(c.field), says: textOf(c.message) }));
  return { reason: textOf(value.reason), message: textOf(value.message), owned };
}

/** The object of a decoded answer, if it is of this kind and has a version to compare with. */
export function isObjectOf(value: Json, kind: string): boolean {
  return value.kind === kind && textOf(mapOf(value.metadata).resourceVersion) !== '';
}

export function versionOf(object: Json): string {
  return textOf(mapOf(object.metadata).resourceVersion);
}
