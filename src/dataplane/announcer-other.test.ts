/* Announcers other than MetalLB: nodes' own addresses, and the holders of Leases. */
import { describe, expect, it } from 'vitest';
import type { Kinds } from '#estate/kinds.ts';
import type { Announcing } from '#estate/metallb.ts';
import { ip } from '#net/ip.ts';
import { announcing, gapIn, node, nodeNames, type Parts, readHome, service, vip } from '#test/exact/home.ts';
import { announcerOf } from './announce.ts';

const ask = (parts: Parts, gaps: Parameters<typeof gapIn> = [], at = vip) =>
  announcerOf(readHome(parts, gaps.length > 0 ? [gapIn(...gaps)] : []), at);

const lease = (name: string, holder: string, change: Partial<Kinds['lease']> = {}): Kinds['lease'] => ({
  cluster: 'home',
  namespace: 'kube-system',
  name,
  holder,
  isExpired: false,
  ...change,
});

function lacking(key: keyof Announcing, all: readonly Announcing[]): readonly Announcing[] {
  return all.map((a) => {
    const { [key]: _, ...rest } = a;
    return rest as Announcing;
  });
}

const on = (address: string, change: Parameters<typeof service>[1] = {}) =>
  service('edge', { vips: [{ ip: ip(address), ipMode: 'VIP' }], ...change });

describe('k3s ServiceLB', () => {
  const klipper = [announcing({ program: 'klipper', version: '0.4.13' })];

  it('each node answers for its own address, and nobody takes it over', () => {
    const own = ip('10.0.20.102');
    expect(ask({ announcing: klipper, service: [on(own)] }, [], own)).toMatchObject({
      nodes: ['k8s-node2'],
      candidates: ['k8s-node2'],
      services: ['home/apps/edge'],
      rule: 'k3s ServiceLB',
      says: '10.0.20.102 is k8s-node2’s own address, and k3s ServiceLB announces no other',
    });
    const because = ask({ announcing: klipper, service: [on(own)] }, [], own)?.because;
    expect(because?.map((e) => e.file)).toEqual(['service.yaml', 'node.yaml', 'announcing.yaml']);
  });

  it('an address that no node of the cluster shows: unknown', () => {
    const what = expect.stringMatching(/10\.0\.20\.200 is not the InternalIP of one/);
    expect(ask({ announcing: klipper })).toMatchObject({
      nodes: [],
      gap: { id: 'announcer-klipper/home', what, evidence: { file: 'announcing.yaml' } },
    });
    const away = { announcing: klipper, node: [node('k8s-node1', { cluster: 'away', internalIps: [vip] })] };
    expect(ask(away)?.gap?.id).toBe('announcer-klipper/home');
    expect(ask({ announcing: klipper, node: [] }, ['node'])?.gap?.id).toBe('unread/node');
  });
});

describe('Cilium', () => {
  const name = 'cilium-l2announce-apps-edge';
  const cilium = (change: Partial<Announcing> = {}) => [
    announcing({ program: 'cilium', version: '1.18.1', means: ['lease'], ...change }),
  ];
  const held = (parts: Parts = {}): Parts => ({
    announcing: lacking('speakerNodes', cilium()),
    lease: [lease(name, 'k8s-node2')],
    ...parts,
  });

  it('the node that holds the lease, with or without endpoints, under either policy', () => {
    for (const externalPolicy of ['cluster', 'local'] as const)
      for (const slices of [undefined, []])
        expect(
          ask(
            held({
              service: [service('edge', { externalPolicy })],
              ...(slices && { endpointSlice: slices }),
            }),
          ),
        ).toMatchObject({
          nodes: ['k8s-node2'],
          candidates: ['k8s-node2'],
          rule: 'Cilium 1.18.1: the holder of the lease',
          says: `k8s-node2 announces it: it held the lease ${name} when the snapshot was taken`,
        });
    expect(ask(held())?.because.map((e) => e.file)).toEqual([
      'service.yaml',
      'lease.yaml',
      'announcing.yaml',
    ]);
    expect(ask(held({ announcing: lacking('version', cilium()) }))?.rule).toMatch(/^Cilium any version/);
  });

  it('one lease for each Service on the address', () => {
    const two = [service('edge'), service('quic')];
    const other = lease('cilium-l2announce-apps-quic', 'k8s-node1');
    expect(ask(held({ service: two, lease: [lease(name, 'k8s-node2'), other] }))).toMatchObject({
      nodes: ['k8s-node1', 'k8s-node2'],
      says: 'the Services on it have leases held by different nodes: k8s-node1, k8s-node2',
    });
    const same = { ...other, holder: 'k8s-node2' };
    expect(ask(held({ service: two, lease: [lease(name, 'k8s-node2'), same] }))?.nodes).toEqual([
      'k8s-node2',
    ]);
    expect(ask(held({ service: two }))?.gap?.what).toMatch(/cilium-l2announce-apps-quic/);
  });

  it.each([
    [
      'without the lease',
      { lease: [] },
      /lease cilium-l2announce-apps-edge, and no node is known to hold it/,
    ],
    [
      'with that of another cluster',
      { lease: [lease(name, 'k8s-node2', { cluster: 'away' })] },
      /no node is/,
    ],
    [
      'with two of the name',
      { lease: [lease(name, 'k8s-node2'), lease(name, 'k8s-node2', { namespace: 'cilium' })] },
      /no node is known/,
    ],
    [
      'expired',
      { lease: [lease(name, 'k8s-node2', { isExpired: true })] },
      /had not renewed it in time: who/,
    ],
    [
      'held by a node not known',
      { lease: [lease(name, 'k8s-node9')] },
      /held by k8s-node9, which is not Ready/,
    ],
    ['held by a node not Ready', { node: nodeNames.map((n) => node(n, { isReady: false })) }, /is not Ready/],
    ['with BGP too', { announcing: cilium({ means: ['lease', 'routes'] }) }, /by a lease and by BGP/],
    ['with BGP alone', { announcing: cilium({ means: ['routes'] }) }, /the router chooses which node/],
    ['with neither', { announcing: cilium({ means: [] }) }, /no way of announcing is switched on/],
    ['means not known', { announcing: lacking('means', cilium()) }, /is not in the snapshot/],
    [
      'of a class for BGP',
      { service: [service('edge', { loadBalancerClass: 'io.cilium/bgp-control-plane' })] },
      /^Cilium: it tells routers/,
    ],
    [
      'of another class',
      { service: [service('edge', { loadBalancerClass: 'example.org/lb' })] },
      /class example\.org\/lb, which is left to another/,
    ],
  ] as [string, Parts, RegExp][])('%s: unknown, and named', (_name, parts, why) => {
    const answer = ask(held(parts));
    expect(answer).toMatchObject({ nodes: [], candidates: [], gap: { id: 'announcer-cilium/home' } });
    expect(answer?.gap?.what).toMatch(why);
    expect(answer?.gap?.kinds).toEqual(
      /lease cilium/.test(`${answer?.gap?.what}`) ? ['announcing', 'lease'] : ['announcing'],
    );
  });

  it('says what to collect', () => {
    expect(ask(held({ lease: [] }))?.gap?.expected).toBe(
      `kubectl get leases.coordination.k8s.io -A -o yaml, with ${name} in it`,
    );
    expect(ask(held({ lease: [] }), ['lease'])?.gap?.id).toBe('unread/lease');
  });

  it('a class for layer 2 leaves BGP out', () => {
    const classed = [service('edge', { loadBalancerClass: 'io.cilium/l2-announcer' })];
    const both = cilium({ means: ['lease', 'routes'] });
    expect(ask(held({ service: classed, announcing: both }))?.nodes).toEqual(['k8s-node2']);
    expect(ask(held({ service: classed }))?.nodes).toEqual(['k8s-node2']);
  });

  it('does not listen to what is said to kube-vip', () => {
    const told = [service('edge', { annotations: { 'kube-vip.io/ignore': 'true' } })];
    expect(ask(held({ service: told }))?.nodes).toEqual(['k8s-node2']);
  });

  it('IPv6 depends on the release: unknown', () => {
    const six = ip('2001:db8::200');
    expect(ask(held({ service: [on(six)] }), [], six)?.gap?.what).toMatch(/NDP/);
  });
});

describe('kube-vip', () => {
  const kubeVip = (change: Partial<Announcing> = {}) => [
    announcing({ program: 'kube-vip', version: '1.0.0', means: ['lease'], ...change }),
  ];
  const common = kubeVip({ commonLease: 'plndr-svcs-lock' });
  const note = (key: string, value: string) => [
    service('edge', { annotations: { [`kube-vip.io/${key}`]: value } }),
  ];
  const own = lease('kubevip-edge', 'k8s-node1', { namespace: 'apps' });
  const shared = lease('plndr-svcs-lock', 'k8s-node3', { namespace: 'vips' });

  it.each([
    ['the common lease, wherever it is', { announcing: common }, 'k8s-node3'],
    [
      'a common lease with its namespace',
      { announcing: kubeVip({ commonLease: 'vips/plndr-svcs-lock' }) },
      'k8s-node3',
    ],
    ['a lease of its own', { announcing: kubeVip() }, 'k8s-node1'],
    [
      'one of its own by annotation',
      { announcing: common, service: note('forcePerServiceElection', 'true') },
      'k8s-node1',
    ],
    [
      'not by annotation "false"',
      { announcing: common, service: note('forcePerServiceElection', 'false') },
      'k8s-node3',
    ],
    [
      'a lease named by annotation',
      { announcing: kubeVip(), service: note('leaseName', 'edges') },
      'k8s-node2',
    ],
    [
      'and with a namespace',
      { announcing: kubeVip(), service: note('leaseName', 'vips/plndr-svcs-lock') },
      'k8s-node3',
    ],
    ['not by an empty one', { announcing: kubeVip(), service: note('leaseName', '') }, 'k8s-node1'],
    ['not told to ignore it', { announcing: kubeVip(), service: note('ignore', 'false') }, 'k8s-node1'],
    [
      'of the class that it is left to',
      {
        announcing: kubeVip({ loadBalancerClass: 'example.org/vip' }),
        service: [service('edge', { loadBalancerClass: 'example.org/vip' })],
      },
      'k8s-node1',
    ],
  ] as [string, Parts, string][])('%s', (_name, parts, holder) => {
    const named = lease('edges', 'k8s-node2', { namespace: 'apps' });
    const answer = ask({ lease: [own, shared, named], ...parts });
    expect(answer?.gap).toBeUndefined();
    expect(answer).toMatchObject({ nodes: [holder], rule: 'kube-vip 1.0.0: the holder of the lease' });
  });

  it.each([
    ['the lease of another namespace', { lease: [{ ...own, namespace: 'other' }] }, /no node is known/],
    [
      'no pod of it on the holder',
      { announcing: kubeVip({ speakerNodes: ['k8s-node2'] }) },
      /kube-vip does not run/,
    ],
    ['told to ignore it', { service: note('ignore', 'true') }, /another program announces it/],
    [
      'a class of Cilium',
      { service: [service('edge', { loadBalancerClass: 'io.cilium/bgp-control-plane' })] },
      /left to another program/,
    ],
    ['another class', { service: [service('edge', { loadBalancerClass: 'x' })] }, /of class x/],
    ['no class where one is asked for', { announcing: kubeVip({ loadBalancerClass: 'x' }) }, /of class none/],
    ['BGP', { announcing: kubeVip({ means: ['routes'] }) }, /^kube-vip: it tells routers/],
  ] as [string, Parts, RegExp][])('%s: unknown, and named', (_name, parts, why) => {
    const answer = ask({ announcing: kubeVip(), lease: [own], ...parts });
    expect(answer).toMatchObject({ nodes: [], gap: { id: 'announcer-kube-vip/home' } });
    expect(answer?.gap?.what).toMatch(why);
  });

  it('says what to collect, in the namespace of the Service', () => {
    expect(ask({ announcing: kubeVip() })?.gap?.expected).toBe(
      'kubectl get leases.coordination.k8s.io -n apps -o yaml, with kubevip-edge in it',
    );
  });

  it('answers for IPv6 too, and counts every pod that may run where pods are not known', () => {
    const six = ip('2001:db8::200');
    const parts = { announcing: lacking('speakerNodes', kubeVip()), lease: [own], service: [on(six)] };
    expect(ask(parts, [], six)?.nodes).toEqual(['k8s-node1']);
  });
});
