/* The EndpointSlice controller, for Services that a plan makes, deletes, or gives other ports or another selector. */
import { type Reader, readerOver, removalOf, type Write, writeOf } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import { kindTable } from '#estate/kind-table.ts';
import type { EndpointSlice, Pod, Service, ServicePort } from '#estate/kubernetes.ts';
import { familyOf } from '#net/ip.ts';
import type { Move } from './settle.ts';

/** The slices of Services whose endpoints differ from before, remade from the pods that match. */
export function slicesMove(before: Reader, after: Reader): Move | undefined {
  const writes = [...goneServices(before, after), ...changedServices(before, after)];
  return writes.length === 0 ? undefined : { writes, says: 'endpoints follow the Service' };
}

function goneServices(before: Reader, after: Reader): readonly Write[] {
  return before.all('service').flatMap((f) => {
    const id = kindTable.service.id(f.value);
    return after.get('service', id) === undefined ? removals(after, id) : [];
  });
}

function changedServices(before: Reader, after: Reader): readonly Write[] {
  return after.all('service').flatMap((f) => {
    const id = kindTable.service.id(f.value);
    const was = before.get('service', id);
    if (f.value.selector === undefined) return [];
    if (was !== undefined && (was === f || choosing(was.value) === choosing(f.value))) return [];
    const gone = removals(after, id);
    return [...gone, ...makes(readerOver(after, gone), f.value)];
  });
}

function choosing(service: Service): string {
  return canonical([service.selector ?? null, service.ports, service.ipFamilies]);
}

function removals(reader: Reader, service: string): readonly Write[] {
  return reader
    .by('endpointSlice', 'service', service)
    .map((f) => removalOf(reader, 'endpointSlice', kindTable.endpointSlice.id(f.value)));
}

function makes(reader: Reader, service: Service): readonly Write[] {
  const pods = reader.by('pod', 'cluster', service.cluster).filter((p) => isChosen(p, service));
  return service.ipFamilies.map((family) =>
    writeOf(
      reader,
      'endpointSlice',
      sliceOf(
        service,
        family,
        pods.map((p) => p.value),
      ),
    ),
  );
}

function isChosen(pod: Fact<'pod'>, service: Service): boolean {
  const { namespace, labels, phase } = pod.value;
  if (namespace !== service.namespace || phase === 'Succeeded' || phase === 'Failed') return false;
  return Object.entries(service.selector ?? {}).every(([k, v]) => labels[k] === v);
}

function sliceOf(service: Service, family: 4 | 6, pods: readonly Pod[]): EndpointSlice {
  const endpoints = pods.flatMap((pod) => {
    const addresses = pod.ips.filter((ip) => familyOf(ip) === family);
    if (addresses.length === 0) return [];
    const conditions = { ready: pod.isReady, serving: pod.isReady, terminating: false };
    return [
      {
        addresses,
        ...(pod.node && { node: pod.node }),
        ...conditions,
        pod: `${pod.namespace}/${pod.name}`,
      },
    ];
  });
  return {
    cluster: service.cluster,
    namespace: service.namespace,
    name: `${service.name}-ipv${family}`,
    service: service.name,
    family,
    ports: service.ports.map((port) => slicePort(port, pods)),
    endpoints,
  };
}

function slicePort(port: ServicePort, pods: readonly Pod[]): EndpointSlice['ports'][number] {
  const number = typeof port.targetPort === 'number' ? port.targetPort : namedPort(port, pods);
  return {
    ...(port.name !== undefined && { name: port.name }),
    ...(number !== undefined && { port: number }),
    protocol: port.protocol,
  };
}

function namedPort(port: ServicePort, pods: readonly Pod[]): number | undefined {
  const ports = pods.flatMap((p) => p.containers.flatMap((c) => c.ports));
  return ports.find((p) => p.name === port.targetPort && p.protocol === port.protocol)?.containerPort;
}
