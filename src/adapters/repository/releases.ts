/*
 * Helm releases as Terraform states them. The helm provider waits unless told not to, and a version that is left out
 * means the newest chart at every apply (hashicorp/helm, resource helm_release).
 */
import type { HelmRelease } from '#estate/repository.ts';
import type { Leaf } from './leaf.ts';

/** A release, or the name of one whose namespace or chart is only known when Terraform runs. */
export type Release = { readonly resource: string; readonly start: number } & (
  | { readonly value: Omit<HelmRelease, 'cluster' | 'repository'> }
  | { readonly unknown: string }
);

/** Leaves of all files of one folder, because names are often taken from another resource there. */
export function releasesIn(leaves: readonly Leaf[], around: readonly Leaf[]): readonly Release[] {
  const names = new Set(leaves.map((l) => l.resource).filter((r) => r.startsWith('helm_release.')));
  return [...names].map((resource) => {
    const own = leaves.filter((l) => l.resource === resource);
    return releaseOf(resource, own, around);
  });
}

function releaseOf(resource: string, own: readonly Leaf[], around: readonly Leaf[]): Release {
  const start = own[0]?.start ?? 0;
  const at = (path: string) => own.find((l) => l.path === path);
  const text = (path: string) => resolved(at(path), around);
  const [name, chart] = [text('name'), text('chart')];
  const namespace = at('namespace') === undefined ? 'default' : text('namespace');
  if (name === undefined || chart === undefined || namespace === undefined) {
    const open = [name === undefined && 'name', chart === undefined && 'chart', 'namespace'].find(
      (x) => x !== false,
    );
    return { resource, start, unknown: `${open} of ${resource} is only known when Terraform runs` };
  }
  const version = at('version');
  const atomic = flag(at('atomic'), false);
  return {
    resource,
    start,
    value: {
      namespace,
      name,
      chart,
      ...(version !== undefined && { chartVersion: resolved(version, around) ?? version.value }),
      waits: atomic === true ? true : flag(at('wait'), true),
      atomic,
    },
  };
}

/** undefined: an expression. */
function flag(leaf: Leaf | undefined, fallback: boolean): boolean | undefined {
  if (leaf === undefined) return fallback;
  return leaf.value === 'true' ? true : leaf.value === 'false' ? false : undefined;
}

/** A literal, or the literal that a reference such as kubernetes_namespace.x.metadata[0].name points at. */
function resolved(leaf: Leaf | undefined, around: readonly Leaf[]): string | undefined {
  if (leaf === undefined) return undefined;
  if (leaf.isLiteral) return leaf.value;
  const match = /^(\w+\.\w+)\.(.+)$/.exec(leaf.value);
  const path = match?.[2]?.replace(/\[0\]/g, '');
  const target = around.find((l) => l.resource === match?.[1] && l.path === path && l.isLiteral);
  if (target !== undefined) return target.value;
  const local = /^local\.(\w+)$/.exec(leaf.value)?.[1];
  return around.find((l) => l.resource === 'locals' && l.path === local && l.isLiteral)?.value;
}
