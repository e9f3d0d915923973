/*
 * Which files the run without options holds, and which tests may notice a mutant of which file. The exact part (service
 * proxy, MetalLB, connection tracking) has tables and properties of its own; the walk's files have the walks.
 */

const exactParts =
  /^src\/dataplane\/(kube-proxy\/|metallb\/|conntrack\/|service\.|announce|allocate\.|masquerade\.|version\.|cluster-gap\.)/;
const exactTests =
  /^(test\/conformance\/|src\/dataplane\/(kube-proxy|metallb|conntrack|service|announce|allocate|masquerade|version|exact))/;

/** Files of the walk without an open survivor; those of the others were not all looked at, and only `--all` tries them. */
const heldWalk: ReadonlySet<string> = new Set([
  'src/dataplane/gaps.ts',
  'src/dataplane/k3s-service-lb.ts',
  'src/dataplane/resolution.ts',
]);

export type Part = 'exact' | 'walk';

export function partOf(file: string): Part {
  return exactParts.test(file) ? 'exact' : 'walk';
}

export function isHeld(file: string): boolean {
  return partOf(file) === 'exact' || heldWalk.has(file);
}

/** Leaving tests out can only make a survivor of what they would notice, never the other way round. */
export function mayNotice(part: Part, test: string): boolean {
  return exactTests.test(test) === (part === 'exact');
}
