/* What every converter of one config.xml shares: whose it is, and where facts and gaps are put. */
import type { Evidence, Gap } from '#estate/evidence.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';
import { printable } from './decode.ts';
import type { XmlElement } from './xml.ts';

export interface Box {
  readonly firewall: string;
  readonly file: string;
  readonly root: XmlElement;
  readonly facts: Fact[];
  readonly gaps: Gap[];
}

/** Place of an element: `object` is its path with its index, such as `nat/rule[3]` (0-based, as in the file). */
export function place(box: Box, element: XmlElement | undefined, object: string, field?: string): Evidence {
  return {
    file: box.file,
    ...(element && { line: element.line }),
    object,
    ...(field !== undefined && { field }),
  };
}

export function add<K extends Kind>(
  box: Box,
  kind: K,
  value: Kinds[K],
  element: XmlElement,
  object: string,
): void {
  box.facts.push(fact(kind, value, place(box, element, object)));
}

export interface Missing {
  /** Distinguishes it within the file; part of the gap's id. */
  readonly about: string;
  readonly what: string;
  readonly kinds: readonly Kind[];
  readonly expected?: string;
  readonly element?: XmlElement;
  readonly object?: string;
}

export function miss(box: Box, missing: Missing): void {
  const { about, what, kinds, expected, element, object } = missing;
  box.gaps.push({
    id: `firewall/${box.firewall}/${printable(about)}`,
    system: `firewall/${box.firewall}`,
    kinds,
    what: printable(what),
    ...(expected !== undefined && { expected }),
    evidence: place(box, element, object ?? about),
  });
}

/** A text from the file as it may stand in a sentence: short and printable. */
export function quoted(text: string | undefined): string {
  return JSON.stringify(printable((text ?? '').slice(0, 80)));
}
