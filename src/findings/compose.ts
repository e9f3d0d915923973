/* Small words for writing findings: defaults, subjects, and places as evidence. */
import type { Evidence } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Claim, Finding } from './finding.ts';

/** What every rule has to say itself. */
export type Said = Pick<
  Finding,
  'code' | 'severity' | 'subject' | 'title' | 'cause' | 'claims' | 'refutedBy' | 'advice'
> &
  Partial<Pick<Finding, 'certainty' | 'gaps' | 'effectOf'>> & {
    readonly affects?: Partial<Finding['affects']>;
  };

/** The finding, established and without gaps unless said otherwise. */
export function finding(said: Said): Finding {
  return {
    certainty: 'established',
    gaps: [],
    ...said,
    affects: { services: [], names: [], flows: [], ...said.affects },
  };
}

/** One claim; its places may be facts or evidence. */
export function claim(says: string, ...places: readonly (Fact | Evidence | undefined)[]): Claim {
  return {
    says,
    evidence: places.flatMap((p) => (p === undefined ? [] : 'evidence' in p ? [p.evidence] : [p])),
  };
}

/** The fact's place with the field that matters. */
export function at(fact: Fact, field: string, value?: string): Evidence {
  return { ...fact.evidence, field, ...(value !== undefined && { value }) };
}

/** `cluster/ns/name` → `ns/name`. */
export function short(id: string): string {
  return id.split('/').slice(1).join('/');
}

/** `Service ns/name`. */
export function serviceText(service: { readonly namespace: string; readonly name: string }): string {
  return `Service ${service.namespace}/${service.name}`;
}

/** Identity of a namespaced object. */
export function idOf(o: {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${o.cluster}/${o.namespace}/${o.name}`;
}

/** `a, b, c and 4 more`. */
export function list(items: readonly string[], most = 6): string {
  const more = items.length - most;
  return more > 0 ? `${items.slice(0, most).join(', ')} and ${more} more` : items.join(', ');
}

/** `a node`, `3 nodes`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
