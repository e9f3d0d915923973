/* What the fact of a Service says and what stands in its manifest: everything but what the server fills in. */
import { describe, expect, it } from 'vitest';
import { type NewService, serviceManifest } from './service-manifest.ts';

const plain: NewService = {
  namespace: 'web',
  name: 'edge-lb',
  type: 'LoadBalancer',
  ports: [{ port: 443, protocol: 'udp', targetPort: 'quic' }],
  externalPolicy: 'local',
};
const specOf = (more: Partial<NewService>) => serviceManifest({ ...plain, ...more }).spec;
const annotationsOf = (more: Partial<NewService>) =>
  serviceManifest({ ...plain, ...more }).metadata.annotations;

describe('serviceManifest', () => {
  it('says nothing that is not said', () => {
    expect(serviceManifest(plain)).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'edge-lb', namespace: 'web' },
      spec: {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        ports: [{ port: 443, protocol: 'UDP', targetPort: 'quic' }],
      },
    });
  });

  it.each<[string, Partial<NewService>, object]>([
    [
      'ranges that may come in',
      { sourceRanges: ['192.0.2.0/24'] as never },
      { loadBalancerSourceRanges: ['192.0.2.0/24'] },
    ],
    ['a class', { loadBalancerClass: 'metallb' }, { loadBalancerClass: 'metallb' }],
    ['an address by spec', { loadBalancerIp: '192.0.2.9' }, { loadBalancerIP: '192.0.2.9' }],
    ['no node ports', { allocateNodePorts: false }, { allocateLoadBalancerNodePorts: false }],
    ['a policy inside', { internalPolicy: 'local' }, { internalTrafficPolicy: 'Local' }],
    [
      'both families',
      { ipFamilyPolicy: 'PreferDualStack', ipFamilies: [6, 4] },
      { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] },
    ],
    [
      'affinity',
      { sessionAffinitySeconds: 9 },
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 9 } } },
    ],
    [
      'a node port',
      { ports: [{ port: 80, protocol: 'tcp', targetPort: 80, nodePort: 30_080 }] },
      { ports: [{ port: 80, protocol: 'TCP', targetPort: 80, nodePort: 30_080 }] },
    ],
  ])('keeps %s', (_, more, says) => {
    expect(specOf(more)).toMatchObject(says);
  });

  it('leaves out what the server fills in, and what it refuses', () => {
    const ordinary = {
      internalPolicy: 'cluster',
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: [4],
      sourceRanges: [],
      externalIps: [],
      allocateNodePorts: true,
    } as const;
    expect(specOf(ordinary)).toEqual(specOf({}));
    expect(specOf({ type: 'ClusterIP', allocateNodePorts: false })).not.toHaveProperty(
      'externalTrafficPolicy',
    );
    expect(specOf({ type: 'ClusterIP', allocateNodePorts: false })).not.toHaveProperty(
      'allocateLoadBalancerNodePorts',
    );
  });

  it.each<[string, Record<string, string>, object]>([
    ['none there: the present one', {}, { 'metallb.io/loadBalancerIPs': '192.0.2.9' }],
    [
      'the old one of MetalLB',
      { 'metallb.universe.tf/address-pool': 'p' },
      { 'metallb.universe.tf/loadBalancerIPs': '192.0.2.9' },
    ],
    [
      'the one that is there',
      { 'lbipam.cilium.io/ips': '192.0.2.1' },
      { 'lbipam.cilium.io/ips': '192.0.2.9' },
    ],
  ])('asks for an address by the spelling in use: %s', (_, annotations, says) => {
    expect(annotationsOf({ annotations, requestedIps: '192.0.2.9' })).toEqual({ ...annotations, ...says });
  });
});
