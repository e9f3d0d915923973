/* What every syntax is reduced to: values with their paths and offsets, and the stretches of the text that are comments. */

/** One value in a text. `start` and `end` are UTF-16 offsets of the value itself, without quotes. */
export interface Leaf {
  /** `helm_release.traefik`, `Service traefik/traefik`, or empty where the syntax knows no such thing. */
  readonly resource: string;
  /** Path inside the resource. */
  readonly path: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
  /** false: an expression that is only known when it runs. */
  readonly isLiteral: boolean;
}

export interface Parsed {
  readonly leaves: readonly Leaf[];
  /** Offsets of comments, ascending. */
  readonly comments: readonly { readonly start: number; readonly end: number }[];
  /** What could not be parsed: message and offset. */
  readonly problem?: { readonly what: string; readonly start: number };
}

/** `a.b`, or `a["b.io/c"]` where the name is more than a word. */
export function joined(path: string, name: string): string {
  if (!/^[\w-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}
