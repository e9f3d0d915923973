/* What every reader of one DNS server's folder shares. */
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Kind } from '#estate/kinds.ts';

export interface Found {
  readonly facts: Fact[];
  readonly gaps: Gap[];
}

export interface Missing {
  readonly server: string;
  readonly file: string;
  readonly line?: number | undefined;
  readonly what: string;
  readonly kinds?: readonly Kind[];
  readonly expected?: string;
}

export const zoneKinds: readonly Kind[] = ['recordSet', 'zone'];

/** A gap of one place in a file; its id is the place. */
export function missing({ server, file, line, what, kinds, expected }: Missing): Gap {
  return {
    id: `${server}/${file.split('/').slice(2).join('/')}${line === undefined ? '' : `:${line}`}`,
    system: server,
    kinds: kinds ?? zoneKinds,
    what: printable(what),
    ...(expected !== undefined && { expected }),
    evidence: { file, ...(line !== undefined && { line }) },
  };
}

export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
