/* The middlewares of a request in order: the listener's, then the route's, chains taken apart (a loop ends). */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { missing } from './way.ts';

export interface Middlewares {
  readonly inOrder: readonly Fact<'middleware'>[];
  readonly gap?: Gap;
}

/** Middlewares by `ns/name`; one that is not found leaves a gap. */
export function middlewaresOf(reader: Reader, cluster: string, names: readonly string[]): Middlewares {
  const inOrder: Fact<'middleware'>[] = [];
  let gap = reader.gap('middleware', `cluster/${cluster}`);
  const visit = (name: string, above: readonly string[]) => {
    if (above.includes(name)) return;
    const found = reader.get('middleware', `${cluster}/${name}`);
    if (!found)
      gap ??= missing(
        `middleware/${cluster}/${name}`,
        'middleware',
        `middleware ${name} is not in the snapshot`,
        `cluster/${cluster}`,
      );
    else if (found.value.rule.kind !== 'chain') inOrder.push(found);
    else
      for (const part of found.value.rule.of) visit(qualified(part, found.value.namespace), [...above, name]);
  };
  for (const name of names) visit(name, []);
  return { inOrder, ...(gap && { gap }) };
}

function qualified(name: string, namespace: string): string {
  return name.includes('/') ? name : `${namespace}/${name}`;
}
