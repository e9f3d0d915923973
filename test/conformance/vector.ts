/* A vector file: an array of groups, each with its whole set-up and the cases to hold the model to. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface Group {
  readonly suite: string;
  readonly test: string;
  readonly phase?: string;
  /** Releases that the expectation holds for; absent: the newest. */
  readonly versions?: string;
  readonly setup: JsonObject;
  readonly cases: readonly Case[];
}

export interface Case {
  readonly id: string;
  readonly name: string;
  readonly expect: JsonObject;
  /** The whole case, for suites that keep their question in it. */
  readonly all: JsonObject;
}

/** What the model says to one case. */
export interface Answer {
  readonly isRight: boolean;
  readonly got: unknown;
}

/** Throws with the reason if the value is no vector file. */
export function parseGroups(value: unknown): readonly Group[] {
  if (!Array.isArray(value) || value.length === 0) throw new Error('not an array of groups, or an empty one');
  return value.map((g: JsonObject) => {
    const cases = arrayOf(g.cases ?? g.flows ?? null)
      .map(asObject)
      .map(parseCase);
    if (cases.length === 0) throw new Error(`group ${text(g.test)} has no cases`);
    return {
      suite: text(g.suite),
      test: text(g.test),
      ...(typeof g.phase === 'string' && { phase: g.phase }),
      ...(typeof g.versions === 'string' && { versions: g.versions }),
      setup: asObject(g.setup ?? null),
      cases,
    };
  });
}

function parseCase(c: JsonObject): Case {
  return { id: text(c.id), name: text(c.name), expect: asObject(c.expect ?? null), all: c };
}

export function asObject(value: Json | undefined): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new Error(`not an object: ${JSON.stringify(value)}`);
  }
  return value as JsonObject;
}

/** null and undefined: an empty list. */
export function arrayOf(value: Json | undefined): readonly Json[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`not a list: ${JSON.stringify(value)}`);
  return value as readonly Json[];
}

export function texts(value: Json | undefined): readonly string[] {
  return arrayOf(value).map(text);
}

export function text(value: Json | undefined): string {
  if (typeof value !== 'string') throw new Error(`not a text: ${JSON.stringify(value)}`);
  return value;
}

export function maybeText(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Nested field by path; undefined where a step is missing. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path) {
    if (here === null || typeof here !== 'object' || Array.isArray(here)) return undefined;
    here = (here as JsonObject)[step];
  }
  return here;
}

/** Equal as JSON, whatever the order of keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  return stable(a) === stable(b);
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) =>
    v !== null && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  );
}
