/*
 * Programs other than MetalLB that give out or announce VIPs. What of them is not modelled is named, so that the answer
 * says what it lacks instead of applying MetalLB's rule.
 */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { Announcing } from '#estate/metallb.ts';
import { clusterGap } from './cluster-gap.ts';

/** undefined: the program that announces is known, and is not left to another by the class of a Service. */
export function announcerGap(
  reader: Reader,
  cluster: string,
  announcing: Fact<'announcing'> | undefined,
  services: readonly { readonly value: Service }[],
): Gap | undefined {
  if (announcing === undefined) return reader.gap('announcing', `cluster/${cluster}`);
  const { program } = announcing.value;
  if (program === 'metallb') return foreignClass(announcing, services);
  return program === 'unknown'
    ? otherProgram(announcing, 'the program that announces addresses is not one that Sightline knows')
    : undefined;
}

const givers: Partial<Record<Announcing['program'], string>> = {
  cilium: 'Cilium gives addresses out',
  'kube-vip': 'kube-vip’s cloud provider, or an annotation, gives addresses out',
  klipper: 'k3s ServiceLB takes the addresses of the nodes that run its pods',
};

/** undefined: MetalLB gives addresses out, or nothing does; its own rules decide. */
export function allocatorGap(
  reader: Reader,
  cluster: string,
  announcing: Fact<'announcing'> | undefined,
): Gap | undefined {
  if (announcing === undefined) return announcerGap(reader, cluster, announcing, []);
  const says = givers[announcing.value.program];
  return says === undefined
    ? announcerGap(reader, cluster, announcing, [])
    : otherProgram(announcing, `${says}, and how it chooses is not modelled`);
}

function otherProgram(announcing: Fact<'announcing'>, what: string): Gap {
  const { cluster, program } = announcing.value;
  const expected = 'MetalLB in layer 2 mode';
  return clusterGap(`announcer-${program}`, cluster, ['announcing'], what, expected, announcing.evidence);
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
