/*
 * A Service as a manifest for Kubernetes: everything that the fact says, without what the API server fills in by itself. The
 * one place that knows it, for the API, repositories and runbooks alike.
 */
import type { Labels, Service, ServicePort } from './kubernetes.ts';

/** A value of a manifest. */
export type ManifestValue =
  | string
  | number
  | boolean
  | readonly ManifestValue[]
  | { readonly [key: string]: ManifestValue };

export interface ServiceManifest {
  readonly [key: string]: ManifestValue;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly [key: string]: ManifestValue };
  readonly spec: { readonly [key: string]: ManifestValue };
}

/** Annotations by which a Service asks for an address, a pool, a shared address; the one to write where none is there first. */
export const addressAnnotations = {
  requestedIps: [
    'metallb.io/loadBalancerIPs',
    'metallb.universe.tf/loadBalancerIPs',
    'lbipam.cilium.io/ips',
    'io.cilium/lb-ipam-ips',
    'kube-vip.io/loadbalancerIPs',
  ],
  requestedPool: ['metallb.io/address-pool', 'metallb.universe.tf/address-pool'],
  sharingKey: [
    'metallb.io/allow-shared-ip',
    'metallb.universe.tf/allow-shared-ip',
    'lbipam.cilium.io/sharing-key',
    'io.cilium/lb-ipam-sharing-key',
  ],
} as const;

/** The spelling that an object with these annotations uses already, or whose prefix it uses. */
export function spellingIn(annotations: readonly string[], spellings: readonly string[]): string {
  const prefixes = annotations.map((k) => k.split('/')[0]);
  return (
    spellings.find((s) => annotations.includes(s)) ??
    spellings.find((s) => prefixes.includes(s.split('/')[0])) ??
    spellings[0] ??
    ''
  );
}

/** A Service that is to be made; what is not said is left to the server. */
export type NewService = Pick<Service, 'name' | 'namespace' | 'type' | 'ports'> & Partial<Service>;

/** Its cluster address and its addresses are left to the server. */
export function serviceManifest(value: NewService): ServiceManifest {
  const annotations = annotationsOf(value);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: value.name,
      namespace: value.namespace,
      ...(value.labels && isSome(value.labels) && { labels: value.labels }),
      ...(isSome(annotations) && { annotations }),
    },
    spec: {
      type: value.type,
      ...(isExternal(value) && { externalTrafficPolicy: policyName(value.externalPolicy) }),
      ...(value.selector !== undefined && { selector: value.selector }),
      ports: value.ports.map(portOf),
      ...serviceOptions(value),
    },
  };
}

/** Fields of spec that most Services leave as the server fills them: each only where the fact says something else. */
export function serviceOptions(value: NewService): { readonly [key: string]: ManifestValue } {
  const { ipFamilies = [], sourceRanges = [], externalIps = [], sessionAffinitySeconds: seconds } = value;
  const families = value.ipFamilyPolicy ?? 'SingleStack';
  return {
    ...(value.internalPolicy === 'local' && { internalTrafficPolicy: 'Local' }),
    ...(families !== 'SingleStack' && { ipFamilyPolicy: families }),
    ...(ipFamilies[0] === 6 && { ipFamilies: ipFamilies.map((f) => `IPv${f}`) }),
    ...(value.loadBalancerIp !== undefined && { loadBalancerIP: value.loadBalancerIp }),
    ...(value.loadBalancerClass !== undefined && { loadBalancerClass: value.loadBalancerClass }),
    ...(isSome(sourceRanges) && { loadBalancerSourceRanges: sourceRanges }),
    ...(isSome(externalIps) && { externalIPs: externalIps }),
    ...(value.type === 'LoadBalancer' &&
      value.allocateNodePorts === false && { allocateLoadBalancerNodePorts: false }),
    ...(value.trafficDistribution !== undefined && { trafficDistribution: value.trafficDistribution }),
    ...(seconds !== undefined && {
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: seconds } },
    }),
  };
}

/** As Kubernetes writes a traffic policy. */
export function policyName(policy: Service['externalPolicy'] | undefined): string {
  return policy === 'local' ? 'Local' : 'Cluster';
}

/** The server refuses an external policy where nothing comes from outside. */
function isExternal({ type }: NewService): boolean {
  return type === 'LoadBalancer' || type === 'NodePort';
}

function annotationsOf(value: NewService): Labels {
  const there = Object.keys(value.annotations ?? {});
  const asked = (['requestedPool', 'requestedIps', 'sharingKey'] as const).flatMap((field) => {
    const text = value[field];
    return text === undefined ? [] : [[spellingIn(there, addressAnnotations[field]), text] as const];
  });
  return { ...value.annotations, ...Object.fromEntries(asked) };
}

function portOf({ name, port, protocol, targetPort, nodePort }: ServicePort): ManifestValue {
  return {
    ...(name !== undefined && { name }),
    port,
    protocol: protocol.toUpperCase(),
    targetPort,
    ...(nodePort !== undefined && { nodePort }),
  };
}

function isSome(value: object): boolean {
  return Object.keys(value).length > 0;
}
