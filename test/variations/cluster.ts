/* What nodes do: Services, NodePorts, host ports, pods, pod networks, announcers. */
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { node, pod, service, slice, stated, traefik, traefikPorts, vip } from '#test/estates.ts';
import { at, lost, type Variation, web } from './variation.ts';

const container = (ports: Kinds['pod']['containers'][number]['ports']) => ({
  name: 'c',
  image: 'i',
  args: [],
  env: {},
  ports,
});
const proxy = (more: Partial<Kinds['serviceProxy']> = {}) =>
  stated('serviceProxy', {
    cluster: 'home',
    program: 'kube-proxy',
    mode: 'iptables',
    version: '1.34.1',
    clusterCidrs: [prefix('10.10.0.0/16')],
    serviceCidrs: [prefix('10.96.0.0/12')],
    detectLocalMode: 'ClusterCIDR',
    masqueradeAll: false,
    strictArp: false,
    ...more,
  });
const network = (
  program: Kinds['podNetwork']['program'],
  encapsulation: Kinds['podNetwork']['encapsulation'],
  mtu?: number,
) => stated('podNetwork', { cluster: 'home', program, encapsulation, ...(mtu !== undefined && { mtu }) });
const announcing = (more: Partial<Kinds['announcing']>) =>
  stated('announcing', {
    cluster: 'home',
    program: 'metallb',
    version: '0.15.2',
    ignoreExcludeLabel: false,
    speakerNodes: ['k8s-node1', 'k8s-node2', 'k8s-node3'],
    ...more,
  });
const local = traefik({ externalPolicy: 'local', healthCheckNodePort: 31_111 });
const everybody = ['internet', 'lan', 'near', 'node', 'pod'];
const to = (address: string, port: number, froms: readonly string[] = ['near', 'node', 'pod']) =>
  froms.map((from) => at(address, { from, port }));
const clusterVariation = (name: string, add: readonly Fact[], more: Partial<Variation> = {}): Variation => ({
  name,
  add,
  flows: [
    ...everybody.map((from) => at('10.0.20.200', { from })),
    web(),
    at('10.96.0.80', { from: 'pod' }),
    at('10.96.0.80', { from: 'node' }),
  ],
  ...more,
});

export const clusterVariations: readonly Variation[] = [
  clusterVariation('as it is', []),
  clusterVariation('policy Local on the shared address', [local]),
  clusterVariation('endpoints on one node', [
    slice('traefik/traefik', [['10.10.3.5', 3]], [{ name: 'websecure', port: 8443, protocol: 'tcp' }]),
    pod('traefik/traefik-3', '10.10.3.5', 3),
  ]),
  clusterVariation('an endpoint in the host network', [
    slice(
      'traefik/traefik',
      [
        ['10.0.20.103', 3],
        ['10.0.20.102', 2],
      ],
      [{ name: 'websecure', port: 8443, protocol: 'tcp' }],
    ),
  ]),
  clusterVariation('an endpoint that dials itself', [
    slice('traefik/traefik', [['10.10.1.33', 1]], [{ name: 'websecure', port: 8443, protocol: 'tcp' }]),
  ]),
  clusterVariation('no endpoint', [
    slice('traefik/traefik', [], [{ name: 'websecure', port: 8443, protocol: 'tcp' }]),
  ]),
  clusterVariation('source ranges', [traefik({ sourceRanges: [prefix('192.168.1.0/24')] })]),
  clusterVariation('session affinity', [traefik({ sessionAffinitySeconds: 10_800 })]),
  clusterVariation('a VIP that leaves the node', [traefik({ vips: [{ ip: vip, ipMode: 'Proxy' }] })]),
  ...(['iptables', 'nftables', 'ipvs'] as const).map((mode) =>
    clusterVariation(`kube-proxy in mode ${mode}`, [proxy({ mode, masqueradeAll: true }), local]),
  ),
  clusterVariation('kube-proxy of unknown mode', [proxy({ mode: 'unknown' })]),
  clusterVariation('Cilium in its place', [proxy({ program: 'cilium' })]),
  ...(
    [
      ['calico', 'none'],
      ['calico', 'vxlan'],
      ['flannel', 'vxlan'],
      ['flannel', 'none'],
      ['bridge', 'none'],
      ['bridge', 'vxlan'],
      ['unknown', 'unknown'],
    ] as const
  ).map(([program, encapsulation]) =>
    clusterVariation(`pod network ${program} ${encapsulation}`, [network(program, encapsulation, 1450)]),
  ),
  clusterVariation('a narrow pod network', [network('calico', 'none', 1300)], {
    flows: [web(), web({ protocol: 'udp' }), at('10.0.20.200', { from: 'lan', protocol: 'udp' })],
  }),
  clusterVariation('a pod network of which no frame size is told', [network('calico', 'none')]),
  ...(['cilium', 'kube-vip', 'klipper', 'unknown', 'none'] as const).map((program) =>
    clusterVariation(`announced by ${program}`, [announcing({ program })]),
  ),
  ...(['k8s-node1', 'k8s-node3'] as const).map((holder) =>
    clusterVariation(`announced by kube-vip from ${holder}`, [
      announcing({ program: 'kube-vip', version: '1.0.1', means: ['lease'], commonLease: 'plndr-svcs-lock' }),
      stated('lease', {
        cluster: 'home',
        namespace: 'kube-system',
        name: 'plndr-svcs-lock',
        holder,
        isExpired: false,
      }),
    ]),
  ),
  clusterVariation('speakers that are not known', [
    stated('announcing', {
      cluster: 'home',
      program: 'metallb',
      version: '0.15.2',
      ignoreExcludeLabel: false,
    }),
  ]),
  clusterVariation('another class', [traefik({ loadBalancerClass: 'other' })]),
  clusterVariation('no speaker', [announcing({ speakerNodes: [] })]),
  clusterVariation('an announcing node that is missing', [announcing({ speakerNodes: ['k8s-node9'] })]),
  ...(
    [
      'service',
      'endpointSlice',
      'pod',
      'node',
      'serviceProxy',
      'podNetwork',
      'announcing',
      'pool',
      'l2Advertisement',
      'bgpAdvertisement',
    ] as const
  ).map((kind) =>
    clusterVariation(`a gap: ${kind}`, [], {
      gaps: [lost(kind, 'cluster/home')],
      flows: [
        web(),
        at('10.0.20.205', { from: 'near' }),
        at('10.0.20.101', { from: 'near', port: 22 }),
        at('10.96.0.99', { from: 'pod' }),
        at('10.10.3.7', { from: 'pod', port: 2283 }),
        at('10.10.3.99', { from: 'pod' }),
        at('10.0.20.200', { from: 'node', port: 9999 }),
        at('10.0.20.77', { from: 'near' }),
      ],
    }),
  ),
  clusterVariation('node facts that are missing', [], {
    without: ['node:home/k8s-node3'],
    flows: [web(), at('192.0.2.80', { from: 'node' })],
  }),
  clusterVariation('the asking node is missing', [], {
    without: ['node:home/k8s-node1'],
    flows: [web({ from: 'node' }), at('192.0.2.80', { from: 'node' }), at('192.0.2.80', { from: 'pod' })],
  }),
  {
    name: 'ports of nodes: NodePorts, host ports, health checks, none',
    add: [
      local,
      pod('apps/host-1', '10.0.20.102', 2, {
        hostNetwork: true,
        containers: [
          container([
            { containerPort: 9100, protocol: 'tcp' },
            { containerPort: 9101, protocol: 'udp' },
          ]),
        ],
      }),
      pod('apps/port-1', '10.10.2.40', 2, {
        containers: [
          container([{ containerPort: 8080, hostPort: 9080, protocol: 'tcp' }]),
          container([{ containerPort: 8443, hostPort: 8443, protocol: 'tcp' }]),
        ],
      }),
      pod('apps/quiet-1', '10.10.2.41', 2, {
        containers: [container([{ containerPort: 9999, protocol: 'tcp' }])],
      }),
    ],
    flows: [30_443, 31_111, 9100, 9101, 9080, 8080, 8443, 9999, 22]
      .flatMap((port) => to('10.0.20.102', port))
      .concat(
        at('10.0.20.102', { from: 'near', port: 9101, protocol: 'udp' }),
        at('10.0.20.102', { from: 'near', port: 31_111, protocol: 'udp' }),
      ),
  },
  {
    name: 'health checks under nftables',
    add: [local, proxy({ mode: 'nftables' })],
    flows: to('10.0.20.102', 31_111),
  },
  {
    name: 'pods by their own address, and addresses that look like one',
    add: [pod('apps/hosted-3', '10.0.20.103', 3, { hostNetwork: true })],
    flows: [
      ...to('10.10.3.7', 2283),
      ...to('10.10.1.33', 80),
      ...to('10.10.3.99', 80),
      ...to('10.0.20.103', 443),
      at('10.10.3.7', { from: 'lan', port: 2283 }),
    ],
  },
  {
    name: 'addresses of Services that serve no such port',
    add: [
      service('apps/ext', {
        externalIps: [ip('10.0.20.66')],
        ports: [{ port: 80, protocol: 'tcp', targetPort: 80 }],
      }),
      slice('apps/ext', [['10.10.3.7', 3]], [{ port: 80, protocol: 'tcp' }]),
    ],
    flows: [
      ...to('10.0.20.200', 9999),
      ...to('10.96.0.80', 9999),
      ...to('10.96.7.7', 80),
      ...to('10.0.20.66', 80),
      ...to('10.0.20.66', 81),
      ...to('10.0.20.205', 443),
    ],
  },
  {
    name: 'the same under nftables',
    add: [proxy({ mode: 'nftables' })],
    flows: [...to('10.0.20.200', 9999), ...to('10.96.0.80', 9999), ...to('10.96.7.7', 80)],
  },
  {
    name: 'two Services that claim one address and port',
    add: [
      service('apps/rival', {
        type: 'LoadBalancer',
        ports: traefikPorts,
        clusterIps: [ip('10.96.0.99')],
        vips: [{ ip: vip, ipMode: 'VIP' }],
        sharingKey: 'shared',
      }),
    ],
    flows: [web(), ...to('10.0.20.200', 443)],
  },
  {
    name: 'Services on an address that elect different nodes',
    add: [
      local,
      service('dbaas/postgresql-lb', {
        type: 'LoadBalancer',
        externalPolicy: 'local',
        ports: [{ port: 5432, protocol: 'tcp', targetPort: 5432, nodePort: 30_432 }],
        clusterIps: [ip('10.96.0.54')],
        vips: [{ ip: vip, ipMode: 'VIP' }],
        sharingKey: 'shared',
      }),
    ],
    flows: [web(), ...to('10.0.20.200', 5432)],
  },
  {
    name: 'another cluster with the same addresses',
    add: [
      stated('node', { ...node(1).value, cluster: 'away', name: 'far', internalIps: [ip('10.0.20.150')] }),
      stated('pod', { ...pod('apps/far-1', '10.10.3.7', 3).value, cluster: 'away', node: 'far' }),
      stated('service', {
        ...service('apps/far').value,
        cluster: 'away',
        clusterIps: [ip('10.96.9.9')],
        externalIps: [ip('10.0.20.67')],
        ports: [{ port: 80, protocol: 'tcp', targetPort: 80 }],
      }),
    ],
    flows: [
      ...to('10.10.3.7', 2283),
      ...to('10.96.9.9', 80),
      ...to('10.0.20.67', 80),
      ...to('10.0.20.150', 80),
    ],
  },
  {
    name: 'a VIP in two clusters',
    add: [stated('service', { ...traefik().value, cluster: 'away' })],
    flows: [web()],
  },
  {
    name: 'nodes with an address of one family, of none',
    add: [node(1, { internalIps: [] }), node(2, { internalIps: [ip('fd00::102')] })],
    flows: [
      at('192.0.2.80', { from: 'pod' }),
      at('192.0.2.80', { from: 'pod/home/traefik/traefik-2' }),
      web({ from: 'node' }),
      web(),
    ],
  },
];
