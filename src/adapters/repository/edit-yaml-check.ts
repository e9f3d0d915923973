/* YAML parsed before and after an edit: only the one place may differ. */
import { isDeepStrictEqual } from 'node:util';
import { type Document, parseAllDocuments } from 'yaml';
import { type EditValue, Refusal, type Splice, spliced } from './edit.ts';
import type { In } from './edit-yaml-find.ts';

/** Documents of the text; refuses what does not parse. `shift` is added to the offset of the refusal. */
export function documentsOf(text: string, shift: number): readonly Document[] {
  const documents = parseAllDocuments(text, { prettyErrors: false, intAsBigInt: true });
  const list = 'empty' in documents ? [] : documents;
  const error = list.flatMap((d) => d.errors)[0];
  if (error) throw new Refusal(`it does not parse: ${error.message.split('\n')[0]}`, error.pos[0] + shift);
  return list;
}

/** Parses again: the documents must equal the old ones with the one place set, added or taken away. */
export function mustOnlyChange(
  { text, shift }: In,
  splice: Splice,
  path: readonly (string | number)[],
  value: EditValue | undefined,
): void {
  const was = documentsOf(text, shift).map(contentOf);
  const is = documentsOf(spliced(text, splice), shift).map(contentOf);
  const wanted = structuredClone(was);
  setIn(wanted, path, value);
  if (!isDeepStrictEqual(comparable(is), comparable(wanted))) {
    throw new Refusal('the edit would not change this place alone', splice.start + shift);
  }
}

function contentOf(document: Document): unknown {
  return document.toJS({ maxAliasCount: 10_000 }) as unknown;
}

function setIn(root: unknown, path: readonly (string | number)[], value: EditValue | undefined): void {
  let at = root as Record<string | number, unknown>;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  if (value === undefined) delete at[last];
  else at[last] = value;
}

/** Numbers as text: whole numbers are read as bigint, so that none loses digits. */
function comparable(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'number') return { number: String(value) };
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, comparable(v)]));
}
