/** Announcers other than MetalLB: who holds a lease, and what k3s ServiceLB does on nodes without a pod. */
import { describe, expect, it } from 'vitest';
import { ip } from '#net/ip.ts';
import { localTraefik, slice, stated, traefik } from '../estates.ts';
import { findingsOf, type RuleCase, testRules } from './cases.ts';

const announcing = (program: 'metallb' | 'cilium' | 'kube-vip' | 'klipper', more: object = {}) =>
  stated('announcing', { cluster: 'home', program, ignoreExcludeLabel: false, ...more });
const cilium = (version: string) => announcing('cilium', { version, means: ['lease'] });
const lease = 'lease:home/kube-system/cilium-l2announce-traefik-traefik';
const held = (holder: string) =>
  stated('lease', {
    cluster: 'home',
    namespace: 'kube-system',
    name: 'cilium-l2announce-traefik-traefik',
    holder,
    isExpired: false,
  });
const web = [{ name: 'web', port: 8000, protocol: 'tcp' }] as const;
const everywhere = [
  ...localTraefik(),
  slice(
    'traefik/traefik',
    [
      ['10.10.1.5', 1],
      ['10.10.2.5', 2],
      ['10.10.3.5', 3],
    ],
    web,
  ),
];
const at = (policy: 'cluster' | 'local', address: string) =>
  traefik({ externalPolicy: policy, vips: [{ ip: ip(address), ipMode: 'VIP' }] });
const bgp = traefik({
  externalPolicy: 'local',
  loadBalancerClass: 'io.cilium/bgp-control-plane',
  vips: [{ ip: ip('10.0.20.203'), ipMode: 'VIP' }],
});
const nodes = (...ns: number[]) => ({ speakerNodes: ns.map((n) => `k8s-node${n}`) });

const bgpMode = (more: object = {}) => [
  stated('bgpAdvertisement', {
    cluster: 'home',
    name: 'b',
    pools: [],
    poolSelectors: [],
    nodeSelectors: [],
    ...more,
  }),
  announcing('metallb', { version: '0.15.2', ...nodes(1, 2) }),
];
const layer2 = 'l2Advertisement:home/default' as const;

const cases: readonly RuleCase[] = [
  {
    code: 'nobody-announces',
    fires: {
      add: [...localTraefik(), ...bgpMode(), announcing('metallb', { version: '0.15.2', ...nodes(3) })],
      without: [layer2],
    },
    cause: /no speaker runs on k8s-node1/,
    evidence: ['bgpAdvertisement:home/b', 'announcing:home'],
    severity: 'critical',
    silent: { add: [...localTraefik(), ...bgpMode()], without: [layer2] },
    near: { add: [...localTraefik(), ...bgpMode(), announcing('metallb', nodes(3))] },
  },
  {
    code: 'lease-announcer',
    fires: { add: [...localTraefik(), cilium('1.20.1'), held('k8s-node3')] },
    cause: /^k8s-node3 announces 10\.0\.20\.203 of Service traefik\/traefik and has none of its pods/,
    evidence: ['announcing:home', lease],
    severity: 'critical',
    silent: { add: [...localTraefik(), cilium('1.20.2'), held('k8s-node3')] },
    near: { add: [...localTraefik(), announcing('cilium', { means: ['routes'] }), held('k8s-node3')] },
  },
  {
    code: 'lease-announcer',
    fires: { add: [...localTraefik(), cilium('1.18.1'), held('k8s-node1')] },
    cause: /works only while cilium’s lease is held by one of k8s-node1, k8s-node2/,
    evidence: ['announcing:home', lease],
    severity: 'warning',
    silent: { add: [...everywhere, cilium('1.18.1'), held('k8s-node1')] },
    near: { add: [bgp, cilium('1.18.1'), held('k8s-node3')] },
  },
  {
    code: 'lease-announcer',
    fires: { add: [...localTraefik(), announcing('cilium', { means: ['lease'] })] },
    cause: /works only while cilium’s lease/,
    evidence: ['announcing:home'],
    severity: 'warning',
    certainty: 'unknown',
    silent: { add: [at('cluster', '10.0.20.203'), cilium('1.18.1')] },
    near: { add: [...everywhere, announcing('cilium', { means: ['lease'] })] },
  },
  {
    code: 'klipper-hides-client',
    fires: { add: [at('local', '10.0.20.103'), announcing('klipper')] },
    cause: /^k8s-node3 take connections for .* none of its pods/,
    evidence: ['announcing:home', 'node:home/k8s-node3'],
    severity: 'warning',
    silent: { add: [at('local', '10.0.20.101'), announcing('klipper')] },
    near: { add: [at('local', '10.0.20.101'), announcing('klipper', nodes(1, 2))] },
  },
  {
    code: 'klipper-hides-client',
    fires: { add: [at('local', '10.0.20.101'), announcing('klipper', nodes(1, 2, 3))] },
    cause: /^At k8s-node3 pods of ServiceLB stand in for the clients/,
    evidence: ['announcing:home', 'node:home/k8s-node1'],
    severity: 'warning',
    silent: {},
    near: { add: [at('local', '10.0.20.101'), announcing('klipper', nodes(1))] },
  },
];

testRules(cases);

describe('who carries a Service', () => {
  it('is not asked of k3s ServiceLB, where no node takes an address over', () => {
    expect(
      findingsOf('eligible-nodes', { add: [at('local', '10.0.20.101'), announcing('klipper')] }),
    ).toEqual([]);
  });

  it('is not known for long where a lease decides', () => {
    const found = findingsOf('eligible-nodes', {
      add: [...localTraefik(), cilium('1.18.1'), held('k8s-node1')],
    });
    expect(found.map((f) => [f.certainty, f.gaps.map((g) => g.id)])).toEqual([
      ['unknown', ['takeover/home']],
    ]);
  });

  it('a flip in place is refuted by what the program itself does', () => {
    const [other] = findingsOf('flip-in-place', { add: [at('cluster', '10.0.20.203'), cilium('1.18.1')] });
    expect(other?.refutedBy).not.toMatch(/metallb/);
    const [own] = findingsOf('flip-in-place', {});
    expect(own?.refutedBy).toMatch(/metallb-system/);
  });
});
