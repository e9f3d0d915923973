/*
 * What the API server makes of a Service before it stores it (kubernetes v1.34, pkg/registry/core/service and
 * pkg/apis/core/validation): defaults, allocated addresses and ports, fields that do not fit its type, and refusals.
 */
import { copy, isMap, type Json, listOf, mapOf, need, textOf } from './json.ts';
import type { Cause } from './status.ts';

/** What is in use, and the ranges to allocate from. */
export interface Allocations {
  clusterIp(): string;
  nodePort(): number;
  isNodePortFree(port: number): boolean;
}

/** The Service with defaults, and without what its type does not have; `live` undefined: it is new. */
export function defaultService(next: Json, live: Json | undefined): Json {
  const service = copy(next);
  const spec = need(service, 'spec');
  defaults(spec);
  dropForType(spec, mapOf(live?.spec));
  return service;
}

/** The same with what the server allocates; owners of fields are recorded before, so nobody owns that. */
export function allocateService(next: Json, live: Json | undefined, allocations: Allocations): Json {
  const service = copy(next);
  const spec = need(service, 'spec');
  if (live !== undefined) keepAllocated(spec, mapOf(live.spec));
  if (validateService(service, live).length === 0) allocate(spec, allocations);
  if (live === undefined) service.status = { loadBalancer: {} };
  return service;
}

function defaults(spec: Json): void {
  spec.type ??= 'ClusterIP';
  spec.sessionAffinity ??= 'None';
  for (const port of portsOf(spec)) {
    port.protocol ??= 'TCP';
    port.targetPort ??= port.port;
  }
  if (spec.type === 'ExternalName') return;
  spec.internalTrafficPolicy ??= 'Cluster';
  if (isExternal(spec)) spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  spec.ipFamilies ??= ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
}

/** patchAllocatedValues: what the client left out stays as it was given. */
function keepAllocated(spec: Json, old: Json): void {
  if (needsClusterIp(spec) && needsClusterIp(old)) {
    spec.clusterIP ??= old.clusterIP;
    spec.clusterIPs ??= old.clusterIPs;
  }
  if (isExternal(spec) && isExternal(old)) {
    for (const port of portsOf(spec)) port.nodePort ??= samePort(old, port)?.nodePort;
    if (needsHealthPort(spec) && needsHealthPort(old)) spec.healthCheckNodePort ??= old.healthCheckNodePort;
  }
}

function samePort(spec: Json, port: Json): Json | undefined {
  return portsOf(spec).find((p) => p.port === port.port && (p.protocol ?? 'TCP') === port.protocol);
}

/** dropTypeDependentFields: cleared where the type needs them no longer and the client did not set them. */
function dropForType(spec: Json, old: Json): void {
  const dropUnchanged = (field: string) => {
    if (JSON.stringify(spec[field]) === JSON.stringify(old[field])) delete spec[field];
  };
  if (isExternal(old) && !isExternal(spec)) {
    for (const port of portsOf(spec)) {
      if (port.nodePort === samePort(old, port)?.nodePort) delete port.nodePort;
    }
    dropUnchanged('externalTrafficPolicy');
  }
  if (needsHealthPort(old) && !needsHealthPort(spec)) dropUnchanged('healthCheckNodePort');
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    dropUnchanged('allocateLoadBalancerNodePorts');
    dropUnchanged('loadBalancerClass');
  }
}

function allocate(spec: Json, allocations: Allocations): void {
  if (needsClusterIp(spec) && spec.clusterIP === undefined && listOf(spec.clusterIPs).length === 0) {
    spec.clusterIP = allocations.clusterIp();
  }
  if (spec.clusterIP === undefined) spec.clusterIP = listOf(spec.clusterIPs)[0];
  if (spec.clusterIP !== undefined) spec.clusterIPs ??= [spec.clusterIP];
  if (spec.clusterIP === undefined) delete spec.clusterIP;
  const wantsPorts = spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts === true;
  for (const port of portsOf(spec)) {
    if (isExternal(spec) && wantsPorts) port.nodePort ??= allocations.nodePort();
    if (port.nodePort === undefined) delete port.nodePort;
  }
  if (needsHealthPort(spec)) spec.healthCheckNodePort ??= allocations.nodePort();
}

/** What is wrong with it; empty: it may be stored. */
export function validateService(
  service: Json,
  live: Json | undefined,
  allocations?: Allocations,
): readonly Cause[] {
  const spec = mapOf(service.spec);
  return [
    ...portProblems(spec),
    ...typeProblems(spec),
    ...(live === undefined ? [] : immutable(spec, mapOf(live.spec))),
    ...(allocations === undefined ? [] : takenPorts(spec, mapOf(live?.spec), allocations)),
  ];
}

function portProblems(spec: Json): readonly Cause[] {
  const ports = portsOf(spec);
  const causes: Cause[] = [];
  const isHeadless = spec.clusterIP === 'None';
  if (ports.length === 0 && spec.type !== 'ExternalName' && !isHeadless)
    causes.push({ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.ports' });
  ports.forEach((port, i) => {
    const field = `spec.ports[${i}]`;
    const before = ports.slice(0, i);
    if (!isPort(port.port))
      causes.push(wrong(`${field}.port`, port.port, 'must be between 1 and 65535, inclusive'));
    if (!['TCP', 'UDP', 'SCTP'].includes(textOf(port.protocol)))
      causes.push({
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: "${String(port.protocol)}"`,
        field: `${field}.protocol`,
      });
    if (ports.length > 1 && textOf(port.name) === '')
      causes.push({ reason: 'FieldValueRequired', message: 'Required value', field: `${field}.name` });
    if (port.name !== undefined && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(textOf(port.name)))
      causes.push(wrong(`${field}.name`, port.name, 'a lowercase RFC 1123 label'));
    if (textOf(port.name) !== '' && before.some((p) => p.name === port.name))
      causes.push(duplicate(`${field}.name`, port.name));
    if (before.some((p) => p.port === port.port && p.protocol === port.protocol))
      causes.push(duplicate(field, port));
    const target = port.targetPort;
    if (
      typeof target === 'number'
        ? !isPort(target)
        : !/^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(textOf(target))
    )
      causes.push(wrong(`${field}.targetPort`, target, 'must be a port or the name of one'));
  });
  return causes;
}

function typeProblems(spec: Json): readonly Cause[] {
  const causes: Cause[] = [];
  if (!['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'].includes(textOf(spec.type)))
    causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: "${String(spec.type)}"`,
      field: 'spec.type',
    });
  const policy = spec.externalTrafficPolicy;
  if (policy !== undefined && !isExternal(spec))
    causes.push(
      wrong('spec.externalTrafficPolicy', policy, 'may only be set for externally-accessible services'),
    );
  if (policy !== undefined && policy !== 'Local' && policy !== 'Cluster')
    causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: "${String(policy)}"`,
      field: 'spec.externalTrafficPolicy',
    });
  if (spec.healthCheckNodePort !== undefined && !needsHealthPort(spec))
    causes.push(
      wrong(
        'spec.healthCheckNodePort',
        spec.healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    );
  if (!isExternal(spec) && portsOf(spec).some((p) => p.nodePort !== undefined))
    causes.push({
      reason: 'FieldValueForbidden',
      message: "Forbidden: may not be used when `type` is 'ClusterIP'",
      field: 'spec.ports[0].nodePort',
    });
  if (spec.type !== 'LoadBalancer' && spec.loadBalancerClass !== undefined)
    causes.push({
      reason: 'FieldValueForbidden',
      message: "Forbidden: may only be used when `type` is 'LoadBalancer'",
      field: 'spec.loadBalancerClass',
    });
  return causes;
}

function immutable(spec: Json, old: Json): readonly Cause[] {
  const causes: Cause[] = [];
  const [ip, was] = [
    listOf(spec.clusterIPs)[0] ?? spec.clusterIP,
    listOf(old.clusterIPs)[0] ?? old.clusterIP,
  ];
  if (needsClusterIp(spec) && needsClusterIp(old) && was !== undefined && ip !== was)
    causes.push(wrong('spec.clusterIPs[0]', listOf(spec.clusterIPs), 'may not change once set'));
  if (
    spec.type === 'LoadBalancer' &&
    old.type === 'LoadBalancer' &&
    spec.loadBalancerClass !== old.loadBalancerClass
  )
    causes.push(wrong('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'));
  if (needsHealthPort(spec) && needsHealthPort(old) && spec.healthCheckNodePort !== old.healthCheckNodePort)
    causes.push(wrong('spec.healthCheckNodePort', spec.healthCheckNodePort, 'field is immutable'));
  return causes;
}

function takenPorts(spec: Json, old: Json, allocations: Allocations): readonly Cause[] {
  const mine = new Set([...portsOf(old).map((p) => p.nodePort), old.healthCheckNodePort]);
  return portsOf(spec).flatMap((p, i) => {
    const port = p.nodePort;
    if (typeof port !== 'number' || mine.has(port)) return [];
    const field = `spec.ports[${i}].nodePort`;
    if (port < 30_000 || port > 32_767)
      return [
        wrong(
          field,
          port,
          'provided port is not in the valid range. The range of valid ports is 30000-32767',
        ),
      ];
    return allocations.isNodePortFree(port) ? [] : [wrong(field, port, 'provided port is already allocated')];
  });
}

export function portsOf(spec: Json): Json[] {
  return listOf(spec.ports).filter(isMap);
}

function isExternal(spec: Json): boolean {
  return spec.type === 'LoadBalancer' || spec.type === 'NodePort';
}

function needsClusterIp(spec: Json): boolean {
  return spec.type !== undefined && spec.type !== 'ExternalName';
}

function needsHealthPort(spec: Json): boolean {
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

function isPort(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

function wrong(field: string, value: unknown, why: string): Cause {
  return {
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${JSON.stringify(value) ?? 'null'}: ${why}`,
    field,
  };
}

function duplicate(field: string, value: unknown): Cause {
  return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(value)}`, field };
}
