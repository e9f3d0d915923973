/* Fields that a kind does not have, for fieldValidation=Strict. Known: Service, ConfigMap, and the metadata of every kind. */
import { isMap, type Json, listOf, mapOf } from './json.ts';

const words = (text: string) => new Set(text.split(' '));
const metadata = words(
  'name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields',
);
const service = words(
  'ports selector clusterIP clusterIPs type externalIPs sessionAffinity loadBalancerIP loadBalancerSourceRanges externalName externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses sessionAffinityConfig ipFamilies ipFamilyPolicy allocateLoadBalancerNodePorts loadBalancerClass internalTrafficPolicy trafficDistribution',
);
const servicePort = words('name protocol appProtocol port targetPort nodePort');

/** Paths as the server names them: `spec.foo`, `spec.ports[0].foo`. */
export function unknownFields(object: Json): readonly string[] {
  const found = beside(mapOf(object.metadata), metadata, 'metadata');
  if (object.kind === 'ConfigMap')
    return [...found, ...beside(object, words('apiVersion kind metadata data binaryData immutable'), '')];
  if (object.kind !== 'Service') return found;
  const spec = mapOf(object.spec);
  const ports = listOf(spec.ports)
    .filter(isMap)
    .flatMap((p, i) => beside(p, servicePort, `spec.ports[${i}]`));
  return [
    ...found,
    ...beside(object, words('apiVersion kind metadata spec status'), ''),
    ...beside(spec, service, 'spec'),
    ...ports,
  ];
}

function beside(value: Json, known: ReadonlySet<string>, path: string): readonly string[] {
  const unknown = Object.keys(value).filter((k) => !known.has(k));
  return unknown.map((k) => (path === '' ? k : `${path}.${k}`));
}
