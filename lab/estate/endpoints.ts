/*
 * EndpointSlices from Pods, as the EndpointSlice controller makes them: every pod that a Service's selector matches, with
 * its conditions and its own numbers for named target ports. Slices of Services without selector are somebody else's.
 */
import type { Reader } from '#estate/estate.ts';
import type { Endpoint, EndpointSlice, Pod, Service, ServicePort } from '#estate/kubernetes.ts';
import { type Family, familyOf } from '#net/ip.ts';

/** The slices that the controller keeps for a Service: one for each family and each set of port numbers. */
export function slicesFor(reader: Reader, service: Service): readonly EndpointSlice[] {
  const { selector } = service;
  if (!selector || Object.keys(selector).length === 0) return [];
  const pods = reader
    .by('pod', 'cluster', service.cluster)
    .map((p) => p.value)
    .filter((p) => p.namespace === service.namespace && isSelected(p, selector) && isListed(p));
  return service.ipFamilies.flatMap((family) => {
    const groups = Map.groupBy(
      pods.filter((p) => hasFamily(p, family)),
      (p) => portsKey(service, p),
    );
    return [...groups.values()].map((group, at) => sliceOf(service, family, at, group));
  });
}

export function isSelected(pod: Pod, selector: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([key, value]) => pod.labels[key] === value);
}

/** Number of a Service's target port at a pod; undefined: the pod names no such port. */
export function targetPortAt(port: ServicePort, pod: Pod): number | undefined {
  const { targetPort } = port;
  if (typeof targetPort === 'number') return targetPort;
  const named = pod.containers
    .flatMap((c) => c.ports)
    .find((p) => p.name === targetPort && p.protocol === port.protocol);
  return named?.containerPort;
}

function sliceOf(service: Service, family: Family, at: number, pods: readonly Pod[]): EndpointSlice {
  const [first] = pods;
  const ports = service.ports.flatMap((p) => {
    const port = first && targetPortAt(p, first);
    return port === undefined
      ? []
      : [{ ...(p.name !== undefined && { name: p.name }), port, protocol: p.protocol }];
  });
  return {
    cluster: service.cluster,
    namespace: service.namespace,
    name: `${service.name}-lab-${family}-${at}`,
    service: service.name,
    family,
    ports,
    endpoints: pods.map((p) => endpointOf(p, family)),
  };
}

function endpointOf(pod: Pod, family: Family): Endpoint {
  const isTerminating = pod.phase === 'Terminating';
  return {
    addresses: pod.ips.filter((ip) => familyOf(ip) === family).slice(0, 1),
    ...(pod.node !== undefined && { node: pod.node }),
    ready: pod.isReady && !isTerminating,
    serving: pod.isReady,
    terminating: isTerminating,
    pod: `${pod.namespace}/${pod.name}`,
  };
}

function isListed(pod: Pod): boolean {
  return pod.phase === 'Running' || pod.phase === 'Terminating' || pod.phase === 'Pending';
}

function hasFamily(pod: Pod, family: Family): boolean {
  return pod.ips.some((ip) => familyOf(ip) === family);
}

function portsKey(service: Service, pod: Pod): string {
  return service.ports.map((p) => targetPortAt(p, pod)).join();
}
