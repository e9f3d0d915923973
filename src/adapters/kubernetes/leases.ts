/*
 * Leases that a node holds, for programs that announce a VIP from their holder. Those of controllers name a process, not
 * a node, and are left out. Renewal is judged by the newest of all Leases, which nodes renew every few seconds.
 */
import { fact } from '#estate/fact.ts';
import type { Cluster } from './cluster.ts';
import type { KubeObject } from './object.ts';
import { numberAt, textAt, WrongShape } from './raw.ts';

/** A Lease as it came, read. */
export interface HeldLease {
  readonly o: KubeObject;
  readonly holder: string;
  /** Milliseconds since 1970; undefined: never renewed. */
  readonly renewedAt?: number;
  readonly seconds?: number;
}

export function heldLease(o: KubeObject): HeldLease {
  const renewed = textAt(o.spec, 'renewTime');
  const renewedAt = renewed === undefined ? undefined : Date.parse(renewed);
  if (Number.isNaN(renewedAt)) throw new WrongShape('spec.renewTime', 'a time');
  const seconds = numberAt(o.spec, 'leaseDurationSeconds');
  return {
    o,
    holder: textAt(o.spec, 'holderIdentity') ?? '',
    ...(renewedAt !== undefined && { renewedAt }),
    ...(seconds !== undefined && { seconds }),
  };
}

/** Adds `lease` for each that names a node as its holder; kubelets' own tell nothing. */
export function leases(cluster: Cluster): void {
  const nodes = new Set(cluster.nodes.map((n) => n.value.name));
  const newest = cluster.leases.reduce((latest, l) => Math.max(latest, l.renewedAt ?? 0), 0);
  for (const l of cluster.leases) {
    if (l.o.namespace === 'kube-node-lease' || !nodes.has(l.holder)) continue;
    const value = {
      cluster: cluster.name,
      namespace: l.o.namespace,
      name: l.o.name,
      holder: l.holder,
      isExpired: (l.renewedAt ?? 0) + (l.seconds ?? 0) * 1_000 < newest,
    };
    cluster.facts.push(fact('lease', value, l.o.evidence));
  }
}
