/*
 * Who would write an object again: read from the marks that Argo CD, Flux and Helm leave, and from the field managers
 * (Terraform's Kubernetes provider writes as `Terraform` or `HashiCorp`, kubectl under names that begin with `kubectl`).
 */
import type { Owner } from '#estate/evidence.ts';
import type { Labels } from '#estate/kubernetes.ts';
import { isMap, listAt, type Raw } from './raw.ts';

/** The owner nearest to the source: GitOps before Helm before Terraform before a person; undefined: nothing says. */
export function ownerOf(metadata: Raw, labels: Labels, annotations: Labels): Owner | undefined {
  const managers = managersOf(metadata);
  return (
    argoCd(labels, annotations) ??
    flux(labels) ??
    helm(labels, annotations) ??
    terraform(labels, managers) ??
    controller(metadata) ??
    person(managers)
  );
}

function argoCd(labels: Labels, annotations: Labels): Owner | undefined {
  const name =
    annotations['argocd.argoproj.io/tracking-id']?.split(':', 1)[0] ?? labels['argocd.argoproj.io/instance'];
  return name === undefined ? undefined : { kind: 'argo-cd', name };
}

function flux(labels: Labels): Owner | undefined {
  for (const toolkit of ['helm', 'kustomize']) {
    const name = labels[`${toolkit}.toolkit.fluxcd.io/name`];
    const namespace = labels[`${toolkit}.toolkit.fluxcd.io/namespace`];
    if (name !== undefined)
      return { kind: 'flux', name: namespace === undefined ? name : `${namespace}/${name}` };
  }
  return undefined;
}

function helm(labels: Labels, annotations: Labels): Owner | undefined {
  const release = annotations['meta.helm.sh/release-name'];
  const namespace = annotations['meta.helm.sh/release-namespace'];
  if (release !== undefined)
    return { kind: 'helm', name: namespace === undefined ? release : `${namespace}/${release}` };
  const isHelm = labels['app.kubernetes.io/managed-by'] === 'Helm' || labels.heritage === 'Helm';
  const instance = labels['app.kubernetes.io/instance'] ?? labels.release;
  return isHelm && instance !== undefined ? { kind: 'helm', name: instance } : undefined;
}

function terraform(labels: Labels, managers: readonly string[]): Owner | undefined {
  const manager = managers.find((m) => /terraform|^hashicorp$|opentofu/i.test(m));
  if (manager !== undefined) return { kind: 'terraform', name: manager };
  const by = labels['app.kubernetes.io/managed-by'];
  return by !== undefined && /^(terraform|opentofu)$/i.test(by) ? { kind: 'terraform', name: by } : undefined;
}

function controller(metadata: Raw): Owner | undefined {
  for (const ref of listAt(metadata, 'ownerReferences')) {
    if (isMap(ref) && ref.controller === true && typeof ref.name === 'string')
      return { kind: 'controller', name: `${String(ref.kind)}/${ref.name}` };
  }
  return undefined;
}

function person(managers: readonly string[]): Owner | undefined {
  const manager = managers.find((m) => m.startsWith('kubectl'));
  return manager === undefined ? undefined : { kind: 'live', name: manager };
}

/** Managers of the object itself, not of its status. */
function managersOf(metadata: Raw): readonly string[] {
  return listAt(metadata, 'managedFields').flatMap((m) =>
    isMap(m) && typeof m.manager === 'string' && m.subresource !== 'status' ? [m.manager] : [],
  );
}
