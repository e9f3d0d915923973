/*
 * Which files the run without options holds, and which tests may notice a mutant of which file. The exact part (service
 * proxy, MetalLB, connection tracking) has tables and properties of its own; the walk's files have the walks.
 */

const exactParts =
  /^src\/dataplane\/(kube-proxy\/|metallb\/|conntrack\/|service\.|announce|allocate\.|masquerade\.|version\.|cluster-gap\.)/;
const exactTests =
  /^(test\/conformance\/|src\/dataplane\/(kube-proxy|metallb|conntrack|service|announce|allocate|masquerade|version|exact))/;

/** Files whose survivors were not all looked at; `--all` tries them too. */
const notHeld = /^$/;

export type Part = 'exact' | 'walk';

export function partOf(file: string): Part {
  return exactParts.test(file) ? 'exact' : 'walk';
}

export function isHeld(file: string): boolean {
  return !notHeld.test(file);
}

/** Leaving tests out can only make a survivor of what they would notice, never the other way round. */
export function mayNotice(part: Part, test: string): boolean {
  return exactTests.test(test) === (part === 'exact');
}
