/*
 * Merge patch (RFC 7396) and strategic merge patch (apimachinery strategicpatch): items of keyed lists are merged by ONE
 * key. For Service ports that is `port`, so 443/TCP and 443/UDP fold into one, as in the real server (kubernetes#105610).
 */
import { copy, isMap, type Json } from './json.ts';
import { mergeKey } from './resources.ts';

/** RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return copy(patch);
  const merged: Json = isMap(target) ? copy(target) : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

/** `kind` begins the path by which keyed lists are known. */
export function strategicMerge(target: Json, patch: Json, path: readonly string[]): Json {
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  const merged: Json = copy(target);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    if (value === null) delete merged[key];
    else merged[key] = mergedValue(merged[key], value, [...path, key]);
  }
  return merged;
}

function mergedValue(target: unknown, patch: unknown, path: readonly string[]): unknown {
  if (Array.isArray(patch)) {
    const key = mergeKey(path);
    return key === undefined
      ? copy(patch)
      : mergedList(Array.isArray(target) ? target : [], patch, key, path);
  }
  return isMap(patch) ? strategicMerge(isMap(target) ? target : {}, patch, path) : patch;
}

function mergedList(
  target: readonly unknown[],
  patch: readonly unknown[],
  key: string,
  path: readonly string[],
): readonly unknown[] {
  const merged = copy(target) as unknown[];
  for (const item of patch.filter(isMap)) {
    const at = merged.findIndex((m) => isMap(m) && m[key] === item[key]);
    if (item.$patch === 'delete') {
      if (at >= 0) merged.splice(at, 1);
    } else if (at < 0) merged.push(withoutDirectives(item));
    else merged[at] = strategicMerge(merged[at] as Json, item, [...path, `[${String(item[key])}]`]);
  }
  return merged;
}

function withoutDirectives(value: Json): Json {
  return Object.fromEntries(Object.entries(copy(value)).filter(([k]) => !k.startsWith('$')));
}
