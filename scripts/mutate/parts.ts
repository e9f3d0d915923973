/*
 * Which tests may notice a mutant of which file. The exact part (service proxy, MetalLB, connection tracking) has tables
 * and properties of its own; the walk's files have the walks.
 */

const exactParts =
  /^src\/dataplane\/(kube-proxy\/|metallb\/|conntrack\/|service\.|announce|allocate\.|masquerade\.|version\.|cluster-gap\.)/;
const exactTests =
  /^(test\/conformance\/|src\/dataplane\/(kube-proxy|metallb|conntrack|service|announce|allocate|masquerade|version|exact))/;

export type Part = 'exact' | 'walk';

export function partOf(file: string): Part {
  return exactParts.test(file) ? 'exact' : 'walk';
}

/** Leaving tests out can only make a survivor of what they would notice, never the other way round. */
export function mayNotice(part: Part, test: string): boolean {
  return exactTests.test(test) === (part === 'exact');
}
