/* Which program announces, by what means, and which Leases nodes hold. */
import { describe, expect, it } from 'vitest';
import { discover, valuesOf } from '#test/memory-files.ts';
import { kubernetesSource } from './index.ts';

const read = async (...objects: readonly object[]) => {
  const text = objects.map((o) => JSON.stringify(o)).join('\n---\n');
  return discover(kubernetesSource, { 'cluster/home/x.yaml': text });
};

const announcingOf = async (...objects: readonly object[]) =>
  valuesOf((await read(...objects)).facts, 'announcing')[0];

const node = (name: string) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } });

const config = (data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'cilium-config', namespace: 'kube-system' },
  data,
});

const policy = (name: string, loadBalancerIPs: boolean) => ({
  apiVersion: 'cilium.io/v2alpha1',
  kind: 'CiliumL2AnnouncementPolicy',
  metadata: { name },
  spec: { loadBalancerIPs },
});

const pool = { apiVersion: 'cilium.io/v2', kind: 'CiliumLoadBalancerIPPool', metadata: { name: 'a' } };

describe('Cilium', () => {
  const layer2 = { 'enable-l2-announcements': 'true' };
  const bgp = { 'enable-bgp-control-plane': 'true' };

  it.each([
    ['leases', [config(layer2), policy('a', true)], ['lease']],
    ['BGP', [config(bgp)], ['routes']],
    ['both', [config({ ...layer2, ...bgp }), policy('a', true)], ['lease', 'routes']],
    ['neither', [config({ 'enable-l2-announcements': 'false' }), pool], []],
    ['leases without a policy', [config(layer2)], undefined],
    [
      'a policy without LoadBalancer addresses',
      [config(layer2), policy('a', true), policy('b', false)],
      undefined,
    ],
    ['no settings', [pool], undefined],
  ] as const)('%s', async (_name, objects, means) => {
    const value = await announcingOf(...objects);
    expect(value?.program).toBe('cilium');
    expect(value?.means).toEqual(means);
  });
});

describe('kube-vip', () => {
  const daemon = (env: Record<string, string>) => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'kube-vip', namespace: 'kube-system' },
    spec: {
      selector: { matchLabels: { app: 'kube-vip' } },
      template: {
        metadata: { labels: { app: 'kube-vip' } },
        spec: {
          containers: [
            {
              name: 'kube-vip',
              image: 'ghcr.io/kube-vip/kube-vip:v1.0.1',
              env: Object.entries({ svc_enable: 'true', ...env }).map(([name, value]) => ({ name, value })),
            },
          ],
        },
      },
    },
  });
  const arp = { vip_arp: 'true' };

  it.each([
    ['each its lease', { ...arp, svc_election: 'true' }, { means: ['lease'] }],
    [
      'one lease for all',
      { ...arp, vip_leaderelection: 'true' },
      { means: ['lease'], commonLease: 'plndr-svcs-lock' },
    ],
    [
      'a lease named by its variable',
      { ...arp, vip_leaderelection: 'true', svc_leasename: 'edges' },
      { means: ['lease'], commonLease: 'edges' },
    ],
    [
      'each its lease, though one is named',
      { ...arp, svc_election: 'true', svc_leasename: 'edges' },
      { means: ['lease'] },
    ],
    ['BGP', { bgp_enable: 'true' }, { means: ['routes'] }],
    ['routes', { vip_routingtable: 'true', svc_election: 'true' }, { means: ['routes'] }],
    ['WireGuard', { vip_wireguard: 'true' }, { means: ['routes'] }],
    ['ARP and BGP', { ...arp, svc_election: 'true', bgp_enable: 'true' }, { means: ['lease', 'routes'] }],
    ['no leader told', arp, {}],
    ['nothing told', { vip_leaderelection: 'true' }, {}],
    [
      'a class',
      { ...arp, svc_election: 'true', lb_class_only: 'true' },
      { means: ['lease'], loadBalancerClass: 'kube-vip.io/kube-vip-class' },
    ],
    [
      'a class of its own name',
      { ...arp, svc_election: 'true', lb_class_only: 'true', lb_class_name: 'example.org/vip' },
      { means: ['lease'], loadBalancerClass: 'example.org/vip' },
    ],
    ['a class not asked for', { ...arp, svc_election: 'true', lb_class_name: 'x' }, { means: ['lease'] }],
  ] as const)('%s', async (_name, env, expected) => {
    expect(await announcingOf(daemon(env))).toEqual({
      cluster: 'home',
      program: 'kube-vip',
      version: '1.0.1',
      ignoreExcludeLabel: false,
      ...expected,
    });
  });
});

describe('Leases', () => {
  const lease = (name: string, spec: object, namespace = 'kube-system') => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace },
    spec,
  });
  const held = (holderIdentity: string, second: string) => ({
    holderIdentity,
    leaseDurationSeconds: 15,
    renewTime: `2026-10-03T08:00:${second}.123456Z`,
  });

  it('keeps those that a node holds, and says which were not renewed in time', async () => {
    const { facts, gaps } = await read(
      node('node-a'),
      node('node-b'),
      lease('fresh', held('node-a', '25')),
      lease('just', held('node-b', '15')),
      lease('late', held('node-b', '14')),
      lease('process', held('node-a_1c7f', '29')),
      lease('free', held('', '29')),
      lease('bare', { holderIdentity: 'node-a' }),
      lease('never', {}),
      lease('node-a', held('node-a', '30'), 'kube-node-lease'),
    );
    expect(gaps.filter((g) => g.kinds.includes('lease'))).toEqual([]);
    expect(valuesOf(facts, 'lease').map((l) => [l.name, l.holder, l.isExpired])).toEqual([
      ['fresh', 'node-a', false],
      ['just', 'node-b', false],
      ['late', 'node-b', true],
      ['bare', 'node-a', true],
    ]);
    const [first] = facts.filter((f) => f.kind === 'lease');
    expect(first).toMatchObject({
      key: 'lease:home/kube-system/fresh',
      evidence: { file: 'cluster/home/x.yaml', object: 'Lease kube-system/fresh' },
    });
  });

  it('a time that is none costs that Lease only, and is named', async () => {
    const { facts, gaps } = await read(
      node('node-a'),
      lease('broken', { holderIdentity: 'node-a', renewTime: 'soon' }),
      lease('fine', held('node-a', '25')),
    );
    expect(valuesOf(facts, 'lease').map((l) => l.name)).toEqual(['fine']);
    expect(gaps.find((g) => g.kinds.includes('lease'))?.what).toMatch(
      /Lease kube-system\/broken: spec\.renewTime/,
    );
  });
});
