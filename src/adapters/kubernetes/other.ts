/* Objects that are only searched for references: the leaves that state an address or a host name, with their paths. */
import { type Fact, fact } from '#estate/fact.ts';
import type { OtherObject } from '#estate/kubernetes.ts';
import { isSecretName, redactText } from '#estate/secret.ts';
import type { KubeObject } from './object.ts';
import { isMap, type Raw } from './raw.ts';

type Leaf = OtherObject['leaves'][number];

const maxLeaves = 500;
const maxVisits = 20_000;
const maxLength = 4_000;
const stating =
  /\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}:[0-9a-f]{0,4}:[0-9a-f:.]*|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z]{2,}/i;

/** undefined: it states nothing. Where an object has more than is kept, `isCut` says so. */
export function otherObject(o: KubeObject): { fact: Fact<'otherObject'> | undefined; isCut: boolean } {
  const { leaves, isCut } = leavesOf(withoutMetadata(o.raw));
  const own = Object.entries(o.annotations).filter(([, v]) => stating.test(v));
  const all = [
    ...leaves,
    ...own.slice(0, 50).map(([k, value]) => ({ path: `metadata.annotations.${k}`, value })),
  ];
  if (all.length === 0) return { fact: undefined, isCut };
  const value: OtherObject = {
    cluster: o.cluster,
    apiVersion: o.apiVersion,
    type: o.kind,
    ...(o.namespace !== '' && { namespace: o.namespace }),
    name: o.name,
    leaves: all,
  };
  return { fact: fact('otherObject', value, o.evidence, o.owner), isCut };
}

function withoutMetadata(raw: Raw): Raw {
  const { metadata: _, apiVersion: __, kind: ___, managedFields: ____, ...rest } = raw;
  return rest;
}

/** Walks shared parts again each time they are met, but no more than so many values in all. */
function leavesOf(raw: Raw): { leaves: readonly Leaf[]; isCut: boolean } {
  const leaves: Leaf[] = [];
  let visits = 0;
  const visit = (value: unknown, path: string, name: string): void => {
    if (++visits > maxVisits || leaves.length >= maxLeaves || path.length > 1_000) return;
    if (typeof value === 'string') {
      if (value.length <= maxLength && !isSecretName(name) && stating.test(value))
        leaves.push({ path, value: redactText(value) });
    } else if (Array.isArray(value)) for (const [i, v] of value.entries()) visit(v, `${path}[${i}]`, name);
    else if (isMap(value))
      for (const [k, v] of Object.entries(value)) visit(v, path === '' ? k : `${path}.${k}`, k);
  };
  visit(raw, '', '');
  return { leaves, isCut: visits > maxVisits || leaves.length >= maxLeaves };
}
