/*
 * Helm releases as a cluster states them: the chart label of what a release made, Helm's own records (only their labels
 * are read), and the objects by which k3s, Flux and Argo CD ask for a release.
 */
import { type Fact, fact } from '#estate/fact.ts';
import type { HelmRelease } from '#estate/repository.ts';
import type { Cluster } from './cluster.ts';
import type { KubeObject } from './object.ts';
import { given, mapAt, textAt } from './raw.ts';

/** Adds a `helmRelease` for each release that anything in the cluster speaks of. */
export function helmReleases(cluster: Cluster): void {
  const byId = new Map<string, Fact<'helmRelease'>>();
  const add = (f: Fact<'helmRelease'> | undefined) => {
    if (f === undefined) return;
    const known = byId.get(f.key);
    byId.set(f.key, known === undefined ? f : { ...known, value: joined(known.value, f.value) });
  };
  for (const kind of ['HelmChart', 'HelmRelease', 'Application']) {
    for (const o of cluster.others.get(kind) ?? []) add(declared(o));
  }
  for (const o of cluster.workloads) add(fromLabels(o));
  for (const o of cluster.releases) add(fromRecord(o));
  cluster.facts.push(...byId.values());
}

function joined(a: HelmRelease, b: HelmRelease): HelmRelease {
  const chart = a.chart === '' ? b.chart : a.chart;
  const deployed = a.deployedChartVersion ?? b.deployedChartVersion;
  return { ...b, ...a, chart, ...given('deployedChartVersion', deployed) };
}

function release(
  o: KubeObject,
  namespace: string,
  name: string,
  rest: Pick<HelmRelease, 'chart'> & Partial<HelmRelease>,
): Fact<'helmRelease'> {
  const value = { cluster: o.cluster, namespace, name, waits: undefined, atomic: undefined, ...rest };
  return fact('helmRelease', value, o.evidence, o.owner);
}

/** `helm.sh/chart: traefik-39.0.5` on something that says which release it belongs to. */
function fromLabels(o: KubeObject): Fact<'helmRelease'> | undefined {
  const name = o.annotations['meta.helm.sh/release-name'];
  const label = /^(.+?)-v?(\d+\.\d+\.\d+.*)$/.exec(o.labels['helm.sh/chart'] ?? '');
  if (name === undefined || label === null) return undefined;
  const namespace = o.annotations['meta.helm.sh/release-namespace'] ?? o.namespace;
  return release(o, namespace, name, { chart: label[1] ?? '', ...given('deployedChartVersion', label[2]) });
}

/** A Secret or ConfigMap of Helm's: its name and status stand in labels; superseded revisions do not count. */
function fromRecord(o: KubeObject): Fact<'helmRelease'> | undefined {
  const name = o.labels.name;
  if (name === undefined || o.labels.status !== 'deployed') return undefined;
  return release(o, o.namespace, name, { chart: '' });
}

function declared(o: KubeObject): Fact<'helmRelease'> | undefined {
  if (o.kind === 'HelmChart') {
    const namespace = textAt(o.spec, 'targetNamespace') ?? o.namespace;
    return release(o, namespace, o.name, {
      chart: textAt(o.spec, 'chart') ?? '',
      ...given('chartVersion', textAt(o.spec, 'version')),
      ...given('repository', textAt(o.spec, 'repo')),
    });
  }
  return o.kind === 'HelmRelease' ? fluxRelease(o) : argoRelease(o);
}

function fluxRelease(o: KubeObject): Fact<'helmRelease'> {
  const chart = mapAt(mapAt(o.spec, 'chart'), 'spec');
  const namespace = textAt(o.spec, 'targetNamespace') ?? o.namespace;
  return release(o, namespace, textAt(o.spec, 'releaseName') ?? o.name, {
    chart: textAt(chart, 'chart') ?? '',
    ...given('chartVersion', textAt(chart, 'version')),
    ...given('repository', textAt(mapAt(chart, 'sourceRef'), 'name')),
  });
}

function argoRelease(o: KubeObject): Fact<'helmRelease'> | undefined {
  const source = mapAt(o.spec, 'source');
  const chart = textAt(source, 'chart');
  if (chart === undefined) return undefined;
  const namespace = textAt(mapAt(o.spec, 'destination'), 'namespace') ?? o.namespace;
  return release(o, namespace, textAt(mapAt(source, 'helm'), 'releaseName') ?? o.name, {
    chart,
    ...given('chartVersion', textAt(source, 'targetRevision')),
    ...given('repository', textAt(source, 'repoURL')),
  });
}
