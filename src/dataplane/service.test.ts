/* The service proxy read from an estate: evidence, gaps and releases. Its rules are held by the vectors. */
import { describe, expect, it } from 'vitest';
import type { ReadKey } from '#estate/estate.ts';
import { recordingReader } from '#estate/estate.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import type { Parts } from '#test/exact/home.ts';
import { client, gapIn, node, nodeNames, proxy, readHome, service, slice, vip } from '#test/exact/home.ts';
import { keepingReader } from '#test/keeping-reader.ts';
import { decideService } from './service.ts';
import type { Packet } from './trace.ts';

const at = { cluster: 'home', node: 'k8s-node1' };
const outside = { isPod: false, isLocalProcess: false };
const packet = (change: Partial<Packet> = {}): Packet => ({
  source: client,
  destination: vip,
  port: 443,
  protocol: 'tcp',
  ...change,
});
const decide = (parts: Parts = {}, change: Partial<Packet> = {}, ...gaps: Parameters<typeof gapIn>[]) =>
  decideService(
    readHome(
      parts,
      gaps.map((g) => gapIn(...g)),
    ),
    at,
    packet(change),
    outside,
  );

describe('decideService', () => {
  it('says where a packet may go, who chose, and on what that rests', () => {
    const answer = decide();
    expect(answer).toMatchObject({
      verdict: 'dnat',
      service: 'home/apps/edge',
      port: { name: 'web', port: 443 },
      masquerades: true,
      rule: 'kube-proxy v1.33.4 (iptables): vip',
    });
    expect(answer.endpoints).toEqual([
      {
        cluster: 'home',
        service: 'home/apps/edge',
        ip: '10.42.1.5',
        port: 8443,
        node: 'k8s-node1',
        pod: 'home/apps/edge-k8s-node1',
      },
      {
        cluster: 'home',
        service: 'home/apps/edge',
        ip: '10.42.2.5',
        port: 8443,
        node: 'k8s-node2',
        pod: 'home/apps/edge-k8s-node2',
      },
    ]);
    expect(answer.because.map((e) => e.file)).toEqual([
      'service.yaml',
      'endpointSlice.yaml',
      'serviceProxy.yaml',
    ]);
    expect(answer.hairpins).toBeUndefined();
  });

  it('tells which endpoint is masqueraded because it is the client', () => {
    const answer = decide({}, { source: ip('10.42.1.5'), destination: ip('10.43.0.10') });
    expect(answer).toMatchObject({ masquerades: false, hairpins: [{ ip: '10.42.1.5' }] });
  });

  it('leaves alone what no Service has, whoever makes the rules', () => {
    expect(decide({ serviceProxy: [] }, { destination: ip('10.0.20.9') }).verdict).toBe('none');
    expect(decide({}, { port: 80 }).verdict).toBe('none');
  });

  it('does not look at Services of another cluster', () => {
    expect(decide({ service: [service('edge', { cluster: 'away' })] }).verdict).toBe('none');
  });

  it('names the health check port', () => {
    const local = service('edge', { externalPolicy: 'local', healthCheckNodePort: 32000 });
    const answer = decide({ service: [local] }, { destination: ip('10.0.20.101'), port: 32000 });
    expect(answer).toMatchObject({
      verdict: 'none',
      healthCheck: { service: 'home/apps/edge', isAccepted: true },
    });
    expect(
      decide({ service: [{ ...local, externalPolicy: 'cluster' }] }, { port: 32000 }).healthCheck,
    ).toBeUndefined();
    expect(
      decide({ service: [{ ...local, type: 'NodePort' }] }, { port: 32000 }).healthCheck,
    ).toBeUndefined();
  });

  it('explains a reject of the nftables check on ClusterIPs', () => {
    const answer = decide(
      { serviceProxy: [proxy({ mode: 'nftables' })] },
      { destination: ip('10.43.0.10'), port: 80 },
    );
    expect(answer).toMatchObject({
      verdict: 'reject',
      rule: 'kube-proxy v1.33.4 (nftables): cluster-ips-check',
    });
  });

  it('marks what was not checked against a kernel', () => {
    expect(decide({ serviceProxy: [proxy({ mode: 'ipvs' })] }).rule).toMatch(/not checked against a kernel/);
  });

  it('says why a packet is not let through', () => {
    const local = service('edge', { externalPolicy: 'local' });
    const far = [slice('edge', ['k8s-node2'])];
    const ranged = service('edge', { sourceRanges: [prefix('203.0.113.0/24')] });
    expect(decide({ endpointSlice: [] }).cause).toBe('no-endpoint');
    expect(decide({ service: [local], endpointSlice: far }).cause).toBe('no-local-endpoint');
    expect(decide({ service: [ranged] }).cause).toBe('source-ranges');
    const elsewhere = { destination: ip('10.43.0.10'), port: 80 };
    expect(decide({ serviceProxy: [proxy({ mode: 'nftables' })] }, elsewhere).cause).toBe('not-served');
    expect(decide().cause).toBeUndefined();
  });

  it('takes a process of the node for the node', () => {
    const local = service('edge', { externalPolicy: 'local' });
    const reader = readHome({ service: [local], endpointSlice: [slice('edge', ['k8s-node2'])] });
    const answer = decideService(reader, at, packet({ source: ip('10.0.20.200') }), {
      ...outside,
      isLocalProcess: true,
    });
    expect(answer).toMatchObject({ verdict: 'dnat', masquerades: true });
    expect(decide({ service: [local], endpointSlice: [slice('edge', ['k8s-node2'])] }).verdict).toBe('drop');
  });

  it('does not decide between two Services that claim the same', () => {
    const twins = ['edge', 'twin'].map((n) => service(n, { vips: [], externalIps: [vip] }));
    const answer = decide({ service: twins });
    expect(answer).toMatchObject({
      verdict: 'unknown',
      gap: { id: 'service-conflict/10.0.20.200:443/home' },
    });
  });

  it('gives no rule to headless and external-name Services', () => {
    expect(decide({ service: [service('edge', { clusterIps: [] })] }).verdict).toBe('none');
    expect(decide({ service: [service('edge', { type: 'ExternalName' })] }).verdict).toBe('none');
  });
});

describe('gaps', () => {
  it.each([
    ['Cilium', [proxy({ program: 'cilium' })], 'service-proxy-cilium/home'],
    ['a program not known', [proxy({ program: 'unknown' })], 'service-proxy-unknown/home'],
    ['no fact about it', [], 'service-proxy-unknown/home'],
  ])('%s makes the rules: unknown', (_name, serviceProxy, id) => {
    expect(decide({ serviceProxy })).toMatchObject({ verdict: 'unknown', gap: { id } });
  });

  it('slices not read: unknown, and the Service is still named', () => {
    expect(decide({}, {}, ['endpointSlice'])).toMatchObject({
      verdict: 'unknown',
      service: 'home/apps/edge',
      gap: { id: 'unread/endpointSlice' },
    });
  });

  it('Services not read: what was found stands, what was not is unknown', () => {
    expect(decide({}, {}, ['service']).verdict).toBe('dnat');
    expect(decide({}, { protocol: 'udp' }, ['service']).verdict).toBe('unknown');
    expect(decide({}, { destination: ip('10.0.20.9') }, ['service']).verdict).toBe('unknown');
  });

  it('Services not read, and nobody known to make rules: unknown', () => {
    const answer = decide({ serviceProxy: [] }, { destination: ip('10.0.20.9') }, ['service']);
    expect(answer).toMatchObject({ verdict: 'unknown', gap: { id: 'unread/service' } });
  });

  it('a node not read: unknown only if it is the one asked about', () => {
    expect(decide({ node: [] }, {}, ['node'])).toMatchObject({
      verdict: 'unknown',
      gap: { id: 'unread/node' },
    });
    expect(decide({}, {}, ['node']).verdict).toBe('dnat');
  });

  it('settings not read: unknown only where they decide', () => {
    expect(decide({}, {}, ['serviceProxy']).verdict).toBe('dnat');
    const fromPod = { source: ip('10.42.1.9'), destination: ip('10.43.0.10') };
    expect(decide({}, fromPod, ['serviceProxy'])).toMatchObject({
      verdict: 'unknown',
      gap: { id: 'unread/serviceProxy' },
    });
    expect(decide({ serviceProxy: [] }, {}, ['serviceProxy'])).toMatchObject({
      gap: { id: 'unread/serviceProxy' },
    });
  });

  it('settings not read: the mode may be another too', () => {
    const wrongPort = { destination: ip('10.43.0.10'), port: 80 };
    expect(decide({}, wrongPort).verdict).toBe('none');
    expect(decide({}, wrongPort, ['serviceProxy']).verdict).toBe('unknown');
  });

  it('names the program that is missing', () => {
    expect(decide({ serviceProxy: [proxy({ program: 'cilium' })] }).says).toMatch(/Cilium/);
    expect(decide({ serviceProxy: [] }).says).toMatch(/not known which program/);
  });

  it('says what of kube-proxy is missing', () => {
    const { version: _, ...unversioned } = proxy({ mode: 'nftables' });
    const toPort = { destination: ip('10.43.0.10'), port: 80 };
    expect(decide({ serviceProxy: [unversioned] }, toPort).says).toMatch(/^the version of kube-proxy/);
    expect(decide({ serviceProxy: [proxy({ mode: 'unknown' })] }, toPort).says).toMatch(
      /^the mode of kube-proxy/,
    );
  });

  it('an unknown answer rests on the gap’s own evidence', () => {
    const answer = decide({ serviceProxy: [proxy({ program: 'cilium' })] });
    expect(answer.because.map((e) => e.file)).toEqual(['serviceProxy.yaml', 'service.yaml']);
    expect(decide({}, {}, ['endpointSlice']).because.map((e) => e.file)).toEqual(['service.yaml']);
  });

  it('a gap of another system or kind changes nothing', () => {
    expect(decide({}, {}, ['portForward', 'podNetwork']).verdict).toBe('dnat');
  });
});

describe('releases', () => {
  const terminating = slice('edge', [], {
    endpoints: [
      { addresses: [ip('10.42.1.5')], node: 'k8s-node1', ready: false, serving: true, terminating: true },
    ],
  });

  it.each([
    ['1.25.9', 'reject'],
    ['1.26.0', 'dnat'],
    ['unknown', 'unknown'],
  ])('terminating endpoints with kube-proxy %s: %s', (version, verdict) => {
    expect(decide({ serviceProxy: [proxy({ version })], endpointSlice: [terminating] }).verdict).toBe(
      verdict,
    );
  });

  it('names the version as what is missing, and only where it decides', () => {
    const { version: _, ...unversioned } = proxy();
    const answer = decide({ serviceProxy: [unversioned], endpointSlice: [terminating] });
    expect(answer.gap?.id).toBe('kube-proxy-version/home');
    expect(decide({ serviceProxy: [unversioned] })).toMatchObject({
      verdict: 'dnat',
      rule: 'kube-proxy any version (iptables): vip',
    });
  });

  it('names the mode as what is missing', () => {
    const unknownMode = [proxy({ mode: 'unknown' })];
    expect(decide({ serviceProxy: unknownMode }).verdict).toBe('dnat');
    expect(decide({ serviceProxy: unknownMode }, { destination: ip('10.43.0.10'), port: 80 }).gap?.id).toBe(
      'kube-proxy-mode/home',
    );
  });

  it.each([
    ['1.29.1', 'dnat'],
    ['1.30.0', 'none'],
  ])('ipMode Proxy with kube-proxy %s: %s', (version, verdict) => {
    const proxied = service('edge', { vips: [{ ip: vip, ipMode: 'Proxy' }] });
    expect(decide({ serviceProxy: [proxy({ version })], service: [proxied] }).verdict).toBe(verdict);
  });

  it.each([
    ['1.21.0', 2],
    ['1.22.0', 1],
  ])('internalTrafficPolicy Local with kube-proxy %s: %s endpoints', (version, count) => {
    const local = service('edge', { internalPolicy: 'local' });
    const answer = decide(
      { serviceProxy: [proxy({ version })], service: [local] },
      { destination: ip('10.43.0.10') },
    );
    expect(answer.endpoints).toHaveLength(count);
  });

  it('IPVS rejects a port that a ClusterIP does not serve in every release, and leaves other addresses alone', () => {
    const serviceProxy = [proxy({ version: '1.20.0', mode: 'ipvs' })];
    expect(decide({ serviceProxy }, { destination: ip('10.43.0.10'), port: 80 }).verdict).toBe('reject');
    expect(decide({ serviceProxy }, { destination: ip('10.43.9.9'), port: 80 }).verdict).toBe('none');
  });

  it.each([
    ['1.29.0', 'none'],
    ['1.30.0', 'reject'],
  ])('a port that a ClusterIP does not serve, nftables %s: %s', (version, verdict) => {
    const serviceProxy = [proxy({ version, mode: 'nftables' })];
    expect(decide({ serviceProxy }, { destination: ip('10.43.0.10'), port: 80 }).verdict).toBe(verdict);
  });

  const zones = nodeNames.map((n) => node(n, { labels: { 'topology.kubernetes.io/zone': n } }));
  const hinted = slice('edge', ['k8s-node1', 'k8s-node2']);
  const withHints = (sort: 'zoneHints' | 'nodeHints') => ({
    node: zones,
    endpointSlice: [
      { ...hinted, endpoints: hinted.endpoints.map((e) => ({ ...e, [sort]: [e.node ?? ''] })) },
    ],
  });
  const annotated = (key: string, value: string) => [
    service('edge', { annotations: { [`service.kubernetes.io/${key}`]: value } }),
  ];

  it.each([
    ['zone hints, 1.31', '1.31.0', 'zoneHints', [service('edge')], 1],
    ['zone hints without annotation, 1.30', '1.30.0', 'zoneHints', [service('edge')], 2],
    ['zone hints with annotation, 1.30', '1.30.0', 'zoneHints', annotated('topology-mode', 'Auto'), 1],
    [
      'zone hints with the old annotation, 1.24',
      '1.24.0',
      'zoneHints',
      annotated('topology-aware-hints', 'auto'),
      1,
    ],
    ['zone hints switched off, 1.30', '1.30.0', 'zoneHints', annotated('topology-mode', 'Disabled'), 2],
    [
      'zone hints switched off in small letters',
      '1.30.0',
      'zoneHints',
      annotated('topology-mode', 'disabled'),
      2,
    ],
    ['zone hints with annotation, 1.23', '1.23.0', 'zoneHints', annotated('topology-mode', 'Auto'), 2],
    ['node hints, 1.34', '1.34.0', 'nodeHints', [service('edge')], 1],
    ['node hints, 1.33', '1.33.0', 'nodeHints', [service('edge')], 2],
  ] as const)('%s', (_name, version, sort, services, count) => {
    const answer = decide({ ...withHints(sort), service: services, serviceProxy: [proxy({ version })] });
    expect(answer.endpoints).toHaveLength(count);
  });
});

describe('the local detector', () => {
  const toClusterIp = { source: ip('10.42.2.9'), destination: ip('10.43.0.10') };
  const pod = (on: string) => ({
    cluster: 'home',
    namespace: 'apps',
    name: 'p',
    labels: {},
    node: on,
    ips: [ip('10.42.2.9')],
    hostNetwork: false,
    isReady: true,
    phase: 'Running',
    containers: [],
    hostAliases: [],
  });
  const masquerades = (parts: Parts, isPod = true) =>
    decideService(readHome(parts), at, packet(toClusterIp), { isPod, isLocalProcess: false }).masquerades;

  it.each([
    ['the cluster’s pod network', {}, false],
    ['another pod network', { clusterCidrs: [], detectLocalMode: 'ClusterCIDR' }, false],
    ['the node’s pod network', { detectLocalMode: 'NodeCIDR' }, true],
  ])('by %s', (_name, change, expected) => {
    expect(masquerades({ serviceProxy: [proxy(change)] })).toBe(expected);
  });

  it('by interface: a pod of this node, and only if it is one', () => {
    for (const detectLocalMode of ['BridgeInterface', 'InterfaceNamePrefix']) {
      const serviceProxy = [proxy({ detectLocalMode })];
      expect(masquerades({ serviceProxy, pod: [pod('k8s-node1')] })).toBe(false);
      expect(masquerades({ serviceProxy, pod: [pod('k8s-node2')] })).toBe(true);
      expect(masquerades({ serviceProxy, pod: [pod('k8s-node1')] }, false)).toBe(true);
    }
  });

  it('by interface needs no pod network, and a pod of another cluster is none', () => {
    for (const detectLocalMode of ['BridgeInterface', 'InterfaceNamePrefix']) {
      const serviceProxy = [proxy({ detectLocalMode, clusterCidrs: [] })];
      expect(masquerades({ serviceProxy, pod: [{ ...pod('k8s-node1'), cluster: 'away' }] })).toBe(true);
      expect(masquerades({ serviceProxy, pod: [pod('k8s-node1')] })).toBe(false);
    }
  });

  it('by the node’s pod network where the node has none: nobody is known to be a pod', () => {
    const parts = {
      serviceProxy: [proxy({ detectLocalMode: 'NodeCIDR' })],
      node: [node('k8s-node1', { podCidrs: [] })],
    };
    expect(masquerades(parts)).toBe(false);
  });
});

describe('NodePort addresses', () => {
  const second = { node: [node('k8s-node1', { internalIps: [ip('10.0.20.101'), ip('10.0.21.101')] })] };
  it.each([
    [['primary'], 'none'],
    [['10.0.21.0/24'], 'dnat'],
    [['10.0.22.0/24'], 'none'],
    [['2001:db8::/32'], 'dnat'],
    [[], 'dnat'],
  ])('%j on the second address: %s', (nodePortAddresses, verdict) => {
    const serviceProxy = [proxy({ nodePortAddresses })];
    expect(decide({ ...second, serviceProxy }, { destination: ip('10.0.21.101'), port: 31443 }).verdict).toBe(
      verdict,
    );
  });
});

describe('reads', () => {
  it('never scan: only what the packet’s address and port lead to', () => {
    const keys = new Set<ReadKey>();
    decideService(
      recordingReader(readHome(), (k) => keys.add(k)),
      at,
      packet(),
      outside,
    );
    expect([...keys].filter((k) => k.endsWith(':*'))).toEqual([]);
    expect(keys).toContain('service@vip=10.0.20.200');
    expect(keys).toContain('endpointSlice@service=home/apps/edge');
    expect(keys).toContain('gap:endpointSlice');
  });
});

describe('kept parts', () => {
  it('who sends is part of the question', () => {
    const services = [service('edge', { externalPolicy: 'local' })];
    const byBridge = proxy({ detectLocalMode: 'BridgeInterface' });
    const pod = {
      cluster: 'home',
      namespace: 'apps',
      name: 'asker',
      labels: {},
      node: 'k8s-node3',
      ips: [client],
      hostNetwork: false,
      isReady: true,
      phase: 'Running',
      containers: [],
      hostAliases: [],
    } as const;
    const reader = readHome({ service: services, serviceProxy: [byBridge], pod: [pod] });
    const keeping = keepingReader(reader);
    const origins = [
      outside,
      { isPod: true, isLocalProcess: false },
      { isPod: false, isLocalProcess: true },
      outside,
    ];
    const third = { ...at, node: 'k8s-node3' };
    const answers = origins.map((o) => decideService(keeping, third, packet(), o));
    expect(answers).toEqual(origins.map((o) => decideService(reader, third, packet(), o)));
    // Local without an endpoint here: dropped from outside, while pods and the node itself may go anywhere
    expect(answers.map((a) => [a.verdict, a.masquerades])).toEqual([
      ['drop', false],
      ['dnat', false],
      ['dnat', true],
      ['drop', false],
    ]);
  });
});
