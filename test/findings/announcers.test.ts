/** Announcers other than MetalLB: who holds a lease, and what k3s ServiceLB does on nodes without a pod. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkEstate } from '#app/check.ts';
import { loadSnapshot } from '#app/load-snapshot.ts';
import { walkAddress } from '#dataplane/path.ts';
import { readerOf } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { root } from '../architecture/project.ts';
import { alias, localTraefik, pod, service, slice, stated, traefik, vip } from '../estates.ts';
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

const onNodes = (...ns: number[]) =>
  traefik({ vips: ns.map((n) => ({ ip: ip(`10.0.20.10${n}`), ipMode: 'VIP' as const })) });
const database = (externalPolicy: 'cluster' | 'local', address = '10.0.20.102') =>
  service('dbaas/postgresql-lb', {
    type: 'LoadBalancer',
    ports: [{ port: 5432, protocol: 'tcp', targetPort: 5432, nodePort: 30_432 }],
    clusterIps: [ip('10.96.0.54')],
    externalPolicy,
    vips: [{ ip: ip(address), ipMode: 'VIP' }],
  });
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
  {
    code: 'klipper-hides-client',
    about: /dbaas\/postgresql-lb/,
    fires: { add: [database('local'), announcing('klipper', nodes(1, 2))] },
    cause: /^At k8s-node1 pods of ServiceLB stand in for the clients of Service dbaas\/postgresql-lb/,
    evidence: ['service:home/dbaas/postgresql-lb'],
    severity: 'warning',
    silent: { add: [database('local'), announcing('klipper', nodes(2))] },
    near: { add: [database('cluster'), announcing('klipper', nodes(1, 2))] },
  },
  {
    code: 'flip-in-place',
    fires: { add: [onNodes(1, 3), announcing('klipper', nodes(1, 2, 3))] },
    cause: /keeps the address of k8s-node1; k8s-node3 would pass connections on by ServiceLB's pods/,
    evidence: ['service:home/traefik/traefik', 'node:home/k8s-node3'],
    severity: 'warning',
    silent: { add: [onNodes(1, 2), announcing('klipper', nodes(1, 2, 3))] },
    near: { add: [at('local', '10.0.20.103'), announcing('klipper', nodes(1, 2, 3))] },
  },
];

testRules(cases);

describe('a node’s own address', () => {
  const lb = [onNodes(1), announcing('klipper', nodes(1, 2, 3))];

  it('is not left for another, so nobody is told of places that state it, nor of a free one', () => {
    const shared = database('cluster', '10.0.20.101');
    const dials = pod('apps/dials-1', '10.10.1.90', 1, {
      hostAliases: [{ ip: ip('10.0.20.101'), names: [dnsName('x.example.org')] }],
    });
    for (const code of ['address-elsewhere', 'address-free']) {
      expect(findingsOf(code, { add: [...lb, shared, dials] })).toEqual([]);
      expect(findingsOf(code, { add: [...lb, shared, dials, announcing('metallb')] })).not.toEqual([]);
    }
  });

  it('client-masked sends clients to nodes with a pod, and promises a plan only where MetalLB is', () => {
    const adviceOf = (add: readonly Fact[]) => findingsOf('client-masked', { add })[0]?.advice.join(' ');
    expect(adviceOf([...lb, alias('nginx', ['10.0.20.101'])])).toMatch(/to Local, and let clients come/);
    expect(adviceOf([])).toMatch(/sightline plan finds/);
    const lease = stated('lease', {
      ...held('k8s-node3').value,
      name: 'kubevip-traefik',
      namespace: 'traefik',
    });
    const kubeVip = [
      traefik({ vips: [{ ip: vip, ipMode: 'VIP' }] }),
      announcing('kube-vip', { means: ['lease'] }),
    ];
    const other = stated('lease', { ...lease.value, name: 'kubevip-postgresql-lb', namespace: 'dbaas' });
    expect(adviceOf([...kubeVip, lease, other])).toMatch(/address of its own .* Local\. /);
  });
});

describe('the example of k3s as it comes', async () => {
  const snapshot = await loadSnapshot(join(root, 'examples/k3s-servicelb'));
  const { findings } = checkEstate(snapshot, 'k3s-servicelb');

  it.each([
    ['client-masked', /traefik on 192\.168\.8\.11 sees its clients as 10\.42\.0\.0/],
    ['klipper-hides-client', /^Service kube-system\/traefik sees nodes/],
    ['klipper-hides-client', /^At pi1, pi3 pods of ServiceLB stand in for the clients of Service pihole/],
    ['flip-in-place', /keeps the address of pi3; pi1, pi2 would pass/],
  ])('%s', (code, title) => {
    const found = findings.filter((f) => f.code === code && title.test(f.title));
    expect(found.map((f) => f.certainty)).toEqual(['established']);
  });

  it.each([
    ['192.168.8.11', '10.42.0.64', 'pod'],
    ['192.168.8.12', '192.168.8.120', 'client'],
  ] as const)('who asks pihole at %s is seen as %s', (address, seen, as) => {
    const [path, other] = walkAddress(readerOf(snapshot.estate), {
      vantage: 'lan',
      family: 4,
      ip: ip(address),
      port: 53,
      protocol: 'udp',
    });
    expect(other).toBeUndefined();
    expect([path?.seenAs, path?.peer.is, path?.disposition]).toEqual([seen, as, 'delivered']);
  });
});

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
