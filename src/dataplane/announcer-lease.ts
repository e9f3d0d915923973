/*
 * Cilium’s and kube-vip’s Leases: which one a Service is announced by, and when it is not announced by one at all.
 * Sources: cilium pkg/l2announcer/l2announcer.go (00cfe9e8), #27976; kube-vip pkg/lease/lease.go (018c5d9f),
 * pkg/manager/worker/common.go (0667b343), pkg/kubevip/annotations.go (00e02827).
 */
import type { Service } from '#estate/kubernetes.ts';
import type { Announcing } from '#estate/metallb.ts';

/** `namespace` undefined: that of the program's own pods, whichever it is. */
export interface LeaseName {
  readonly namespace?: string;
  readonly name: string;
}

const layer2Class = 'io.cilium/l2-announcer';
const routesClass = 'io.cilium/bgp-control-plane';

/** The Lease whose holder announces the Service. */
export function leaseNameOf(announcing: Announcing, service: Service): LeaseName {
  if (announcing.program === 'cilium')
    return { name: `cilium-l2announce-${service.namespace}-${service.name}` };
  const isAlone = service.annotations['kube-vip.io/forcePerServiceElection'] === 'true';
  if (announcing.commonLease !== undefined && !isAlone) return placed(announcing.commonLease);
  const own = service.annotations['kube-vip.io/leaseName'] || `kubevip-${service.name}`;
  return { namespace: service.namespace, ...placed(own) };
}

/** `namespace/name`, or a name alone. */
function placed(text: string): LeaseName {
  const [first = '', second] = text.split('/');
  return second === undefined ? { name: first } : { namespace: first, name: second };
}

/** Why no Lease decides, or not alone; undefined: one does. */
export function routesOf(announcing: Announcing, service: Service): string | undefined {
  const { means, program } = announcing;
  const told = service.loadBalancerClass;
  if (program === 'cilium' && told === routesClass) return byRoutes;
  const isOwn =
    program === 'cilium' ? told === undefined || told === layer2Class : told === announcing.loadBalancerClass;
  if (!isOwn) return `the Service is of class ${told ?? 'none'}, which is left to another program`;
  if (service.annotations['kube-vip.io/ignore'] === 'true' && program === 'kube-vip')
    return 'the Service is to be ignored, so another program announces it';
  if (means === undefined) return 'how it announces, by leases or by routes, is not in the snapshot';
  if (means.length === 0) return 'no way of announcing is switched on in its settings';
  if (!means.includes('lease')) return byRoutes;
  return means.includes('routes') && told !== layer2Class
    ? 'it may announce the address by a lease and by BGP, and the router decides'
    : undefined;
}

const byRoutes = 'it tells routers by BGP or routes, and the router chooses which node receives';
