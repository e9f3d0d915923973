/* sightline.yaml as entries with their lines. Each problem says file, line and column, and what would have been right. */
import { isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { durationsSchema, type Entry, listSections, type Section, settingsSchema } from './schema.ts';

export interface Problem {
  readonly section: string;
  readonly line: number;
  readonly column: number;
  readonly what: string;
}

export interface Placed<T> {
  readonly value: T;
  readonly line: number;
  /** Path in the file, such as `protected.endpoints[2]`. */
  readonly field: string;
}

export interface Decoded {
  readonly entries: { readonly [S in Section]: readonly Placed<Entry<S>>[] };
  readonly durations: Placed<z.infer<typeof durationsSchema>> | undefined;
  readonly problems: readonly Problem[];
}

const maxAliases = 50;

export function decodeSettings(text: string): Decoded {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const file = new File(counter, document);
  for (const e of document.errors) file.problemAt(e.pos[0], '', `${e.message}`);
  const raw = document.errors.length > 0 ? undefined : file.value();
  file.checkTop(raw);
  const entries = Object.fromEntries(
    (Object.keys(listSections) as Section[]).map((s) => [s, file.list(s, raw)]),
  ) as unknown as Decoded['entries'];
  return { entries, durations: file.durations(raw), problems: file.problems };
}

class File {
  readonly problems: Problem[] = [];
  readonly #counter: LineCounter;
  readonly #document: ReturnType<typeof parseDocument>;

  constructor(counter: LineCounter, document: ReturnType<typeof parseDocument>) {
    this.#counter = counter;
    this.#document = document;
  }

  value(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: maxAliases });
    } catch {
      this.problemAt(0, '', `more than ${maxAliases} aliases`);
      return undefined;
    }
  }

  /** Names at the top and in the three sections of sections; everything below is checked entry by entry. */
  checkTop(raw: unknown): void {
    if (raw === undefined) return;
    if (!isObject(raw)) {
      this.problemAt(0, '', 'expected keys such as vantagePoints');
      return;
    }
    if (raw.format !== 1) this.problem(['format'], 'format', 'expected format: 1');
    this.#unknownKeys(raw, [], Object.keys(settingsSchema.shape));
    this.#unknownKeys(raw.exposure, ['exposure'], ['publicAddresses']);
    this.#unknownKeys(raw.protected, ['protected'], ['endpoints', 'people']);
    this.#unknownKeys(raw.names, ['names'], ['direct']);
  }

  list<S extends Section>(section: S, raw: unknown): readonly Placed<Entry<S>>[] {
    const path = section.split('.');
    const value = path.reduce<unknown>((v, k) => (isObject(v) ? v[k] : undefined), raw);
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.problem(path, section, `${section}: expected a list`);
      return [];
    }
    return value.flatMap((entry, i) => {
      const read = this.#entry(listSections[section], entry, [...path, i], section);
      return read === undefined ? [] : [{ ...read, value: read.value as Entry<S> }];
    });
  }

  durations(raw: unknown): Decoded['durations'] {
    const value = isObject(raw) ? raw.durations : undefined;
    if (value === undefined) return undefined;
    const read = this.#entry(durationsSchema, value, ['durations'], 'durations');
    return read as Decoded['durations'];
  }

  #entry(schema: z.ZodType, value: unknown, path: Path, section: string): Placed<unknown> | undefined {
    const result = schema.safeParse(value);
    const field = pathText(path);
    if (result.success) return { value: result.data, line: this.#place(path).line, field };
    for (const issue of result.error.issues) this.#issue(issue, schema, path, section);
    return undefined;
  }

  #issue(issue: z.core.$ZodIssue, schema: z.ZodType, path: Path, section: string): void {
    const at = [...path, ...issue.path.filter((p) => typeof p !== 'symbol')];
    if (issue.code !== 'unrecognized_keys') {
      this.problem(at, section, `${pathText(at)}: ${messageOf(issue)}`);
      return;
    }
    const known = issue.path.length === 0 && 'shape' in schema ? Object.keys(schema.shape as object) : [];
    for (const key of issue.keys) this.problem([...at, key], section, unknownKey([...at, key], key, known));
  }

  #unknownKeys(value: unknown, path: Path, known: readonly string[]): void {
    if (!isObject(value)) return;
    for (const key of Object.keys(value)) {
      const at = [...path, key];
      if (!known.includes(key)) this.problem(at, String(path[0] ?? ''), unknownKey(at, key, known));
    }
  }

  problem(path: Path, section: string, what: string): void {
    this.problems.push({ section, ...this.#place(path), what });
  }

  problemAt(offset: number, section: string, what: string): void {
    const { line, col } = this.#counter.linePos(offset);
    this.problems.push({
      section,
      line: Math.max(1, line),
      column: Math.max(1, col),
      what: what.split('\n')[0] ?? '',
    });
  }

  /** Place of the key where there is one, else of the value, else of the nearest thing around it. */
  #place(path: Path): { line: number; column: number } {
    for (let length = path.length; length >= 0; length--) {
      const offset = this.#offset(path.slice(0, length));
      if (offset !== undefined) {
        const { line, col } = this.#counter.linePos(offset);
        return { line, column: col };
      }
    }
    return { line: 1, column: 1 };
  }

  #offset(path: Path): number | undefined {
    const parent = path.length === 0 ? undefined : this.#document.getIn(path.slice(0, -1), true);
    if (isMap(parent)) {
      const pair = parent.items.find((p) => isScalar(p.key) && p.key.value === path.at(-1));
      if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0];
    }
    const node = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    return isNode(node) ? (node as Node).range?.[0] : undefined;
  }
}

type Path = readonly (string | number)[];

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pathText(path: Path): string {
  return path.map((p, i) => (typeof p === 'number' ? `[${p}]` : i === 0 ? p : `.${p}`)).join('');
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `expected one of ${issue.values.map(String).join(', ')}`;
  return issue.message.replace(/^Invalid input: /, '');
}

function unknownKey(path: Path, key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return `${pathText(path)}: no such key${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** The known word with the fewest edits, if they are few for its length. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((k) => ({ k, d: distance(word.toLowerCase(), k.toLowerCase()) }));
  ranked.sort((a, b) => a.d - b.d);
  const best = ranked[0];
  return best !== undefined && best.d <= Math.max(2, Math.floor(word.length / 3)) ? best.k : undefined;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
