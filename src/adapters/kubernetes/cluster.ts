/* What several objects of one cluster say together, kept while its files are read. */
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Kind } from '#estate/kinds.ts';
import type { HeldLease } from './leases.ts';
import type { KubeObject } from './object.ts';

export interface Cluster {
  readonly name: string;
  readonly facts: Fact[];
  readonly gaps: Gap[];
  /** Deployments, DaemonSets and StatefulSets as they came. */
  readonly workloads: KubeObject[];
  readonly pods: Fact<'pod'>[];
  readonly nodes: Fact<'node'>[];
  readonly configMaps: Fact<'configMap'>[];
  readonly services: Fact<'service'>[];
  readonly middlewares: Fact<'middleware'>[];
  readonly oldEndpoints: KubeObject[];
  /** Objects of other kinds that conclusions need: IPPool, FelixConfiguration, Installation, Cilium's pools … */
  readonly others: Map<string, KubeObject[]>;
  readonly leases: HeldLease[];
  /** Helm's own records of its releases: metadata only. */
  readonly releases: KubeObject[];
  /** Whether a file that is there holds all objects of the kind. */
  has(kind: string): boolean;
}

export function newCluster(name: string, has: (kind: string) => boolean): Cluster {
  return {
    name,
    facts: [],
    gaps: [],
    workloads: [],
    pods: [],
    nodes: [],
    configMaps: [],
    services: [],
    middlewares: [],
    oldEndpoints: [],
    others: new Map(),
    leases: [],
    releases: [],
    has,
  };
}

/** Says that something about the whole cluster could not be concluded. */
export function clusterGap(
  cluster: Cluster,
  id: string,
  kinds: readonly Kind[],
  what: string,
  expected: string,
): Gap {
  return { id: `${id}:cluster/${cluster.name}`, system: `cluster/${cluster.name}`, kinds, what, expected };
}

export function configMapNamed(
  cluster: Cluster,
  name: string,
  namespace?: string,
): Fact<'configMap'> | undefined {
  return cluster.configMaps.find(
    (c) => c.value.name === name && (namespace === undefined || c.value.namespace === namespace),
  );
}
