/*
 * Programs other than MetalLB that give out or announce VIPs. Their rules are not modelled; each is named, so that the
 * answer says what it lacks instead of applying MetalLB's rule.
 */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { Announcing } from '#estate/metallb.ts';
import { clusterGap } from './cluster-gap.ts';

const others: Readonly<Record<Exclude<Announcing['program'], 'metallb' | 'none'>, string>> = {
  cilium: 'Cilium announces addresses by a lease per Service, which the snapshot does not show',
  'kube-vip': 'kube-vip announces addresses from the holder of its lease, which the snapshot does not show',
  klipper: 'k3s ServiceLB takes addresses of the nodes that run its pods and announces none itself',
  unknown: 'the program that announces addresses is not one that Sightline knows',
};

/** undefined: MetalLB does it, or nothing does; its own rules decide. */
export function announcerGap(
  reader: Reader,
  cluster: string,
  announcing: Fact<'announcing'> | undefined,
  services: readonly { readonly value: Service }[],
): Gap | undefined {
  if (announcing === undefined) return reader.gap('announcing', `cluster/${cluster}`);
  const { program } = announcing.value;
  if (program === 'none') return undefined;
  if (program === 'metallb') return foreignClass(announcing, services);
  return clusterGap(
    `announcer-${program}`,
    cluster,
    ['announcing'],
    others[program],
    'MetalLB in layer 2 mode',
    announcing.evidence,
  );
}

/** MetalLB is left to Services of its own class, or of none where it has none. */
export function isOfClass(announcing: Announcing, service: Service): boolean {
  return service.loadBalancerClass === announcing.loadBalancerClass;
}

function foreignClass(
  announcing: Fact<'announcing'>,
  services: readonly { readonly value: Service }[],
): Gap | undefined {
  const other = services.find((s) => !isOfClass(announcing.value, s.value))?.value;
  if (other === undefined) return undefined;
  return clusterGap(
    `load-balancer-class/${other.namespace}/${other.name}`,
    announcing.value.cluster,
    ['announcing'],
    `${other.namespace}/${other.name} has class ${other.loadBalancerClass ?? 'none'}, which MetalLB does not serve`,
    `class ${announcing.value.loadBalancerClass ?? 'none'}`,
    announcing.evidence,
  );
}
