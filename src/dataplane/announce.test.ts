/* The announcer read from an estate: gaps, releases, other programs. The election itself is held by the vectors. */
import { describe, expect, it } from 'vitest';
import { readerOver, writeOf } from '#estate/estate.ts';
import { ip } from '#net/ip.ts';
import type { Parts } from '#test/exact/home.ts';
import {
  advertisement,
  announcing,
  gapIn,
  node,
  nodeNames,
  pool,
  readHome,
  service,
  slice,
  vip,
} from '#test/exact/home.ts';
import { announcerOf } from './announce.ts';

const ask = (parts: Parts = {}, ...gaps: Parameters<typeof gapIn>[]) =>
  announcerOf(
    readHome(
      parts,
      gaps.map((g) => gapIn(...g)),
    ),
    vip,
  );

/** By sha256 of `name#10.0.20.200`, computed elsewhere. */
const order = ['k8s-node3', 'k8s-node2', 'k8s-node1'];

describe('announcerOf', () => {
  it('elects one node, and says who would take over', () => {
    expect(ask()).toMatchObject({
      nodes: ['k8s-node3'],
      candidates: order,
      services: ['home/apps/edge'],
      rule: 'MetalLB 0.15.2: layer 2 election by sha256(node#ip)',
    });
    expect(ask()?.because.map((e) => e.file)).toEqual([
      'service.yaml',
      'pool.yaml',
      'l2Advertisement.yaml',
      'announcing.yaml',
    ]);
    expect(ask()?.gap).toBeUndefined();
  });

  it('knows no address that no Service has', () => {
    expect(announcerOf(readHome(), ip('10.0.20.201'))).toBeUndefined();
    expect(announcerOf(readHome({}, [gapIn('service')]), ip('10.0.30.1'))).toBeUndefined();
  });

  it('does not deny an address of a pool where Services were not read', () => {
    expect(announcerOf(readHome({}, [gapIn('service')]), ip('10.0.20.201'))).toMatchObject({
      nodes: [],
      gap: { id: 'unread/service' },
    });
  });

  it('does not decide between two clusters that have the same VIP', () => {
    const rivals = [service('edge'), service('edge', { cluster: 'away' })];
    expect(ask({ service: rivals })?.gap?.id).toMatch(/^vip-conflict\/10.0.20.200/);
  });

  it('elects once for Services that share the address', () => {
    const two = [service('edge', { sharingKey: 'k' }), service('quic', { sharingKey: 'k' })];
    const slices = [slice('edge', ['k8s-node1']), slice('quic', ['k8s-node2'])];
    expect(ask({ service: two, endpointSlice: slices })?.nodes).toEqual(['k8s-node3']);
    const local = two.map((s) => ({ ...s, externalPolicy: 'local' as const }));
    expect(ask({ service: local, endpointSlice: slices })).toMatchObject({
      nodes: ['k8s-node1', 'k8s-node2'],
      says: expect.stringMatching(/different nodes/),
    });
    expect(ask({ service: local, endpointSlice: [slices[0] ?? slice('x', [])] })?.nodes).toEqual([
      'k8s-node1',
    ]);
  });

  it('hashes the first address of a dual-stack Service', () => {
    const dual = service('edge', {
      vips: [
        { ip: ip('10.0.20.201'), ipMode: 'VIP' },
        { ip: vip, ipMode: 'VIP' },
      ],
    });
    const alone = service('edge', { vips: [{ ip: ip('10.0.20.201'), ipMode: 'VIP' }] });
    const other = announcerOf(readHome({ service: [alone] }), ip('10.0.20.201'));
    expect(ask({ service: [dual] })?.candidates).toEqual(other?.candidates);
    expect(ask({ service: [dual] })?.candidates).not.toEqual(order);
  });

  it.each([
    ['in no pool', { pool: [pool('home', ['10.0.21.0/24'])] }],
    ['without an endpoint', { endpointSlice: [] }],
    ['without an advertisement', { l2Advertisement: [] }],
    ['advertised for another pool', { l2Advertisement: [advertisement('x', { pools: ['away'] })] }],
    ['where nothing announces', { announcing: [announcing({ program: 'none' })] }],
    ['where no speaker runs', { announcing: [announcing({ speakerNodes: [] })] }],
  ] as const)('%s: nobody', (_name, parts) => {
    const answer = ask(parts as Parts);
    expect(answer).toMatchObject({ nodes: [], candidates: [] });
    expect(answer?.gap).toBeUndefined();
  });

  it('resolves node selectors and pool selectors', () => {
    const labelled = nodeNames.map((n) =>
      node(n, { labels: { role: n === 'k8s-node1' ? 'edge' : 'worker' } }),
    );
    const ads = [
      advertisement('edge', {
        poolSelectors: [{ matchLabels: { use: 'home' } }],
        nodeSelectors: [{ matchLabels: { role: 'edge' } }],
      }),
    ];
    const pools = [pool('home', ['10.0.20.200-10.0.20.209'], { labels: { use: 'home' } })];
    expect(ask({ node: labelled, l2Advertisement: ads, pool: pools })?.candidates).toEqual(['k8s-node1']);
    expect(ask({ node: labelled, l2Advertisement: ads })?.candidates).toEqual([]);
  });

  it('says who announces, and why nobody does', () => {
    expect(ask()?.says).toBe('k8s-node3 announces it, first of 3 by MetalLB’s election');
    expect(ask({ endpointSlice: [] })?.says).toBe('no node may announce it');
    expect(ask({ announcing: [announcing({ program: 'cilium' })] })?.because.map((e) => e.file)).toEqual([
      'service.yaml',
      'announcing.yaml',
    ]);
    expect(ask({}, ['node'])?.because.map((e) => e.file)).toEqual(['service.yaml']);
  });

  it('names the class that MetalLB does not serve', () => {
    const classed = ask({ service: [service('edge', { loadBalancerClass: 'x/y' })] });
    expect(classed?.gap).toMatchObject({
      what: 'apps/edge has class x/y, which MetalLB does not serve',
      expected: 'class none',
    });
    const other = ask({ announcing: [announcing({ loadBalancerClass: 'a/b' })] });
    expect(other?.gap).toMatchObject({
      what: 'apps/edge has class none, which MetalLB does not serve',
      expected: 'class a/b',
    });
  });

  it('follows a change of the nodes with the same advertisement', () => {
    const ads = [advertisement('edge', { nodeSelectors: [{ matchLabels: { role: 'edge' } }] })];
    const edge = (name: string) =>
      nodeNames.map((n) => node(n, { labels: n === name ? { role: 'edge' } : {} }));
    expect(ask({ l2Advertisement: ads, node: edge('k8s-node1') })?.nodes).toEqual(['k8s-node1']);
    expect(ask({ l2Advertisement: ads, node: edge('k8s-node2') })?.nodes).toEqual(['k8s-node2']);
  });

  it('sees a node that comes to the same advertisement', () => {
    const two = readHome({ node: [node('k8s-node1'), node('k8s-node2')] });
    expect(announcerOf(two, vip)?.nodes).toEqual(['k8s-node2']);
    const three = readerOver(two, [writeOf(two, 'node', node('k8s-node3'))]);
    expect(announcerOf(three, vip)?.nodes).toEqual(['k8s-node3']);
  });

  it('takes the speaker of a node that is not Ready for gone, unless there is no memberlist', () => {
    const down = nodeNames.map((n) => node(n, { isReady: n !== 'k8s-node3' }));
    expect(ask({ node: down })?.nodes).toEqual(['k8s-node2']);
    const without = [announcing({ isMemberlistDisabled: true })];
    expect(ask({ node: down, announcing: without })?.nodes).toEqual(['k8s-node3']);
  });
});

describe('other ways to announce', () => {
  it.each(['cilium', 'kube-vip', 'klipper', 'unknown'] as const)('%s: unknown, and named', (program) => {
    expect(ask({ announcing: [announcing({ program })] })).toMatchObject({
      nodes: [],
      gap: { id: `announcer-${program}/home`, evidence: { file: 'announcing.yaml' } },
    });
  });

  it('a class that MetalLB does not serve: unknown', () => {
    const classed = [service('edge', { loadBalancerClass: 'example.org/lb' })];
    expect(ask({ service: classed })?.gap?.id).toBe('load-balancer-class/apps/edge/home');
    expect(
      ask({ service: classed, announcing: [announcing({ loadBalancerClass: 'example.org/lb' })] })?.nodes,
    ).toEqual(['k8s-node3']);
    expect(ask({ announcing: [announcing({ loadBalancerClass: 'example.org/lb' })] })?.gap).toBeDefined();
  });

  it('nothing known about the program: unknown', () => {
    expect(ask({ announcing: [] })?.gap?.id).toBe('announcer-unknown/home');
    expect(ask({ announcing: [] }, ['announcing'])?.gap?.id).toBe('unread/announcing');
  });

  it('speakers not known: unknown, unless there is no memberlist', () => {
    const { speakerNodes: _, ...unseen } = announcing();
    expect(ask({ announcing: [unseen] })?.gap?.id).toBe('metallb-speakers/home');
    expect(ask({ announcing: [{ ...unseen, isMemberlistDisabled: true }] })?.nodes).toEqual(['k8s-node3']);
  });

  it('a selector that Kubernetes refuses: unknown', () => {
    const bad = { matchExpressions: [{ key: 'a', operator: 'In' as const, values: [] }] };
    const ads = [advertisement('x', { preferredNodes: [{ weight: 1, selector: bad }] })];
    expect(ask({ l2Advertisement: ads })?.gap?.id).toBe('metallb-selector/home');
  });
});

describe('gaps', () => {
  it.each(['l2Advertisement', 'bgpAdvertisement', 'node', 'announcing'] as const)(
    '%s not read: unknown',
    (kind) => {
      expect(ask({}, [kind])?.gap?.id).toBe(`unread/${kind}`);
    },
  );

  it('pools not read: unknown only if none of the known ones has the address', () => {
    expect(ask({}, ['pool'])?.nodes).toEqual(['k8s-node3']);
    expect(ask({ pool: [] }, ['pool'])?.gap?.id).toBe('unread/pool');
  });

  it('slices not read: unknown unless one serving endpoint is enough', () => {
    expect(ask({}, ['endpointSlice'])?.nodes).toEqual(['k8s-node3']);
    expect(ask({ endpointSlice: [] }, ['endpointSlice'])?.gap?.id).toBe('unread/endpointSlice');
    expect(ask({ service: [service('edge', { externalPolicy: 'local' })] }, ['endpointSlice'])?.gap?.id).toBe(
      'unread/endpointSlice',
    );
  });

  it('kinds that the election does not look at change nothing', () => {
    expect(ask({}, ['pod', 'service', 'serviceProxy'])?.nodes).toEqual(['k8s-node3']);
  });
});

describe('releases', () => {
  const labelled = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' };
  const excluded = nodeNames.map((n) => node(n, { labels: n === 'k8s-node3' ? labelled : {} }));
  const offline = nodeNames.map((n) => node(n, { isNetworkUnavailable: n === 'k8s-node3' }));
  const selecting = [advertisement('x', { serviceSelectors: [{ matchLabels: { app: 'dns' } }] })];
  const preferring = [
    advertisement('x', {
      preferredNodes: [
        { weight: 1, selector: {} },
        { weight: 9, selector: { matchLabels: { a: 'b' } } },
      ],
    }),
  ];
  const preferred = nodeNames.map((n) => node(n, { labels: n === 'k8s-node1' ? { a: 'b' } : {} }));
  const unversioned = (change = {}) => {
    const { version: _, ...rest } = announcing(change);
    return rest;
  };

  it.each([
    ['NetworkUnavailable', '0.13.9', { node: offline }, 'k8s-node3'],
    ['NetworkUnavailable', '0.13.10', { node: offline }, 'k8s-node2'],
    ['the exclusion label', '0.13.12', { node: excluded }, 'k8s-node3'],
    ['the exclusion label', '0.14.2', { node: excluded }, 'k8s-node2'],
    ['service selectors', '0.15.3', { l2Advertisement: selecting }, 'k8s-node3'],
    ['service selectors', '0.16.0', { l2Advertisement: selecting }, undefined],
    ['preferred nodes', '0.16.1', { l2Advertisement: preferring, node: preferred }, 'k8s-node3'],
    ['preferred nodes', '0.17.0', { l2Advertisement: preferring, node: preferred }, 'k8s-node1'],
  ] as const)('%s in %s', (_name, version, parts, winner) => {
    const answer = ask({ ...(parts as Parts), announcing: [announcing({ version })] });
    expect(answer?.nodes).toEqual(winner === undefined ? [] : [winner]);
    const open = ask({ ...(parts as Parts), announcing: [unversioned()] });
    expect(open?.gap?.id).toBe('metallb-version/home');
  });

  it.each([
    ['0.14.3', 'k8s-node2'],
    ['0.14.4', 'k8s-node3'],
  ])('the exclusion label ignored in %s', (version, winner) => {
    expect(
      ask({ node: excluded, announcing: [announcing({ version, ignoreExcludeLabel: true })] })?.nodes,
    ).toEqual([winner]);
  });

  it('sharing with a selector is refused since 0.16 only', () => {
    const parts = {
      l2Advertisement: [advertisement('x', { serviceSelectors: [{}] })],
      service: [service('edge', { sharingKey: 'k' })],
    };
    expect(ask({ ...parts, announcing: [announcing({ version: '0.15.3' })] })?.nodes).toEqual(['k8s-node3']);
    expect(ask({ ...parts, announcing: [announcing({ version: '0.16.0' })] })?.nodes).toEqual([]);
  });

  it('no memberlist before 0.15: nobody', () => {
    expect(
      ask({ announcing: [announcing({ version: '0.14.9', isMemberlistDisabled: true })] })?.nodes,
    ).toEqual([]);
    expect(
      ask({ announcing: [announcing({ version: '0.15.0', isMemberlistDisabled: true })] })?.nodes,
    ).toEqual(['k8s-node3']);
  });

  it('an unknown release that makes no difference is no gap', () => {
    expect(ask({ announcing: [unversioned()] })).toMatchObject({
      nodes: ['k8s-node3'],
      rule: 'MetalLB any version: layer 2 election by sha256(node#ip)',
    });
  });
});
