/* YAML with limits: few aliases, shallow nesting, and the line of an error. The parser is loaded when first needed. */

export type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string; readonly line: number };

const limits = { maxAliases: 100, maxDepth: 100, maxTotalMergeKeys: 1_000 } as const;

type Load = (text: string, options: object) => unknown;
let load: Load | undefined;

export async function loadYamlParser(): Promise<void> {
  load ??= (await import('js-yaml')).load as Load;
}

/** One document; loadYamlParser() must have been awaited. */
export function parseYamlNow(text: string): Parsed {
  if (load === undefined) throw new TypeError('the YAML parser is not loaded');
  try {
    return { ok: true, value: load(text, limits) };
  } catch (error) {
    const at = error as { reason?: string; message?: string; mark?: { line?: number } };
    return { ok: false, reason: at.reason ?? at.message ?? 'no YAML', line: (at.mark?.line ?? 0) + 1 };
  }
}

export async function parseYaml(text: string): Promise<Parsed> {
  await loadYamlParser();
  return parseYamlNow(text);
}
