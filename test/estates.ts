/*
 * The estate that tests of the walk share: three nodes on 10.0.20.0/24, Traefik and a database on 10.0.20.200, a
 * pfSense, a split-horizon server, a tunnel, CrowdSec. `homeWith` changes it fact by fact: a later fact of a key wins.
 */
import { type Estate, makeEstate, type Reader, readerOf } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import { type Fact, type FactKey, fact, keyOf } from '#estate/fact.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';

export const vip = ip('10.0.20.200');
export const client = ip('198.51.100.7');
export const wan = ip('203.0.113.10');
export const lanClient = ip('192.168.1.20');
export const nearClient = ip('10.0.20.50');

/** A fact with evidence that names it. */
export function stated<K extends Kind>(kind: K, value: Kinds[K]): Fact<K> {
  return fact(kind, value, { file: `${kind}.yaml`, object: keyOf(kind, value) });
}

export interface Changes {
  readonly add?: readonly Fact[];
  readonly without?: readonly FactKey[];
  readonly gaps?: readonly Gap[];
}

/** The home estate with facts added (or replaced) and taken away. */
export function homeWith(changes: Changes = {}): Estate {
  const facts = [...homeFacts(), ...(changes.add ?? [])].filter((f) => !changes.without?.includes(f.key));
  return makeEstate(facts, changes.gaps ?? []);
}

export function homeReader(changes: Changes = {}): Reader {
  return readerOf(homeWith(changes));
}

export function homeFacts(): readonly Fact[] {
  return [
    ...clusterFacts(),
    ...ingressFacts(),
    ...firewallFacts(),
    ...dnsFacts(),
    ...edgeFacts(),
    ...toldFacts(),
  ];
}

const any = { kind: 'any' } as const;
const base = { labels: {}, annotations: {} } as const;

export function node(n: number, more: Partial<Kinds['node']> = {}): Fact<'node'> {
  return stated('node', {
    ...base,
    cluster: 'home',
    name: `k8s-node${n}`,
    internalIps: [ip(`10.0.20.10${n}`)],
    podCidrs: [prefix(`10.10.${n}.0/24`)],
    isReady: true,
    isNetworkUnavailable: false,
    isSchedulable: true,
    ...more,
  });
}

export function service(name: string, more: Partial<Kinds['service']> = {}): Fact<'service'> {
  const [namespace = '', short = ''] = name.split('/');
  return stated('service', {
    ...base,
    cluster: 'home',
    namespace,
    name: short,
    type: 'ClusterIP',
    selector: { app: short },
    ports: [],
    clusterIps: [],
    externalIps: [],
    externalPolicy: 'cluster',
    internalPolicy: 'cluster',
    ipFamilies: [4],
    ipFamilyPolicy: 'SingleStack',
    sourceRanges: [],
    allocateNodePorts: true,
    vips: [],
    ...more,
  });
}

/** Endpoints as `pod address, node number`; pods are named after the Service and the node. */
export function slice(
  name: string,
  endpoints: readonly (readonly [string, number])[],
  ports: Kinds['endpointSlice']['ports'],
): Fact<'endpointSlice'> {
  const [namespace = '', short = ''] = name.split('/');
  return stated('endpointSlice', {
    cluster: 'home',
    namespace,
    name: `${short}-1`,
    service: short,
    family: 4,
    ports,
    endpoints: endpoints.map(([address, n]) => ({
      addresses: [ip(address)],
      node: `k8s-node${n}`,
      ready: true,
      serving: true,
      terminating: false,
      pod: `${namespace}/${short}-${n}`,
    })),
  });
}

export function pod(name: string, address: string, n: number, more: Partial<Kinds['pod']> = {}): Fact<'pod'> {
  const [namespace = '', short = ''] = name.split('/');
  return stated('pod', {
    cluster: 'home',
    namespace,
    name: short,
    labels: { app: short.replace(/-\d+$/, '') },
    node: `k8s-node${n}`,
    ips: [ip(address)],
    hostNetwork: false,
    isReady: true,
    phase: 'Running',
    containers: [],
    hostAliases: [],
    ...more,
  });
}

export const traefikPorts: Kinds['service']['ports'] = [
  { name: 'web', port: 80, protocol: 'tcp', targetPort: 8000, nodePort: 30_080 },
  { name: 'websecure', port: 443, protocol: 'tcp', targetPort: 8443, nodePort: 30_443 },
  { name: 'websecure-http3', port: 443, protocol: 'udp', targetPort: 8443, nodePort: 30_444 },
];

/** Traefik's Service: policy Cluster on the shared address, unless told otherwise. */
export function traefik(more: Partial<Kinds['service']> = {}): Fact<'service'> {
  return service('traefik/traefik', {
    type: 'LoadBalancer',
    ports: traefikPorts,
    clusterIps: [ip('10.96.0.80')],
    vips: [{ ip: vip, ipMode: 'VIP' }],
    sharingKey: 'shared',
    ...more,
  });
}

/** Traefik moved to a policy and address of its own, with a pod on each of the nodes. */
export function localTraefik(address = '10.0.20.203'): readonly Fact[] {
  return [traefik({ externalPolicy: 'local', vips: [{ ip: ip(address), ipMode: 'VIP' }] })];
}

const slicePorts = [
  { name: 'web', port: 8000, protocol: 'tcp' },
  { name: 'websecure', port: 8443, protocol: 'tcp' },
  { name: 'websecure-http3', port: 8443, protocol: 'udp' },
] as const;

function clusterFacts(): readonly Fact[] {
  return [
    node(1),
    node(2),
    node(3),
    traefik(),
    slice(
      'traefik/traefik',
      [
        ['10.10.1.5', 1],
        ['10.10.2.5', 2],
      ],
      slicePorts,
    ),
    pod('traefik/traefik-1', '10.10.1.5', 1),
    pod('traefik/traefik-2', '10.10.2.5', 2),
    service('dbaas/postgresql-lb', {
      type: 'LoadBalancer',
      ports: [{ port: 5432, protocol: 'tcp', targetPort: 5432, nodePort: 30_432 }],
      clusterIps: [ip('10.96.0.54')],
      vips: [{ ip: vip, ipMode: 'VIP' }],
      sharingKey: 'shared',
    }),
    slice('dbaas/postgresql-lb', [['10.10.2.9', 2]], [{ port: 5432, protocol: 'tcp' }]),
    pod('dbaas/postgresql-lb-2', '10.10.2.9', 2),
    service('apps/immich', {
      ports: [{ name: 'http', port: 80, protocol: 'tcp', targetPort: 2283 }],
      clusterIps: [ip('10.96.0.90')],
    }),
    slice('apps/immich', [['10.10.3.7', 3]], [{ name: 'http', port: 2283, protocol: 'tcp' }]),
    pod('apps/immich-3', '10.10.3.7', 3),
    pod('apps/cron-1', '10.10.1.33', 1),
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
    }),
    stated('podNetwork', { cluster: 'home', program: 'calico', encapsulation: 'none', mtu: 1500 }),
    stated('announcing', {
      cluster: 'home',
      program: 'metallb',
      version: '0.15.2',
      ignoreExcludeLabel: false,
      speakerNodes: ['k8s-node1', 'k8s-node2', 'k8s-node3'],
    }),
    stated('pool', {
      cluster: 'home',
      namespace: 'metallb-system',
      name: 'default',
      labels: {},
      ranges: [{ first: ip('10.0.20.200'), last: ip('10.0.20.220') }],
      autoAssign: true,
      avoidBuggyIps: false,
    }),
    stated('l2Advertisement', {
      cluster: 'home',
      name: 'default',
      pools: ['default'],
      poolSelectors: [],
      nodeSelectors: [],
      serviceSelectors: [],
      interfaces: [],
      preferredNodes: [],
    }),
  ];
}

const nobody = { from: [], everyone: false } as const;

/** Traefik the program: websecure on 8443 with HTTP/3, advertised as 443 unless told otherwise. */
export function ingress(
  secure: Partial<Kinds['ingress']['listeners'][number]> = {},
  more: Partial<Kinds['ingress']> = {},
): Fact<'ingress'> {
  return stated('ingress', {
    cluster: 'home',
    namespace: 'traefik',
    name: 'traefik',
    program: 'traefik',
    version: '3.7.5',
    podLabels: { app: 'traefik' },
    listeners: [
      {
        name: 'web',
        port: 8000,
        protocol: 'tcp',
        tls: false,
        forwardedHeaders: nobody,
        redirectsTo: 'websecure',
        middlewares: [],
      },
      {
        name: 'websecure',
        port: 8443,
        protocol: 'tcp',
        tls: true,
        http3: { advertisedPort: 443 },
        forwardedHeaders: nobody,
        middlewares: [],
        ...secure,
      },
    ],
    accessLog: { format: 'json', keepsHeaders: false },
    ...more,
  });
}

export function route(name: string, host: string, more: Partial<Kinds['route']> = {}): Fact<'route'> {
  return stated('route', {
    cluster: 'home',
    from: 'IngressRoute',
    namespace: 'apps',
    name,
    match: { hosts: [host], isComplete: true },
    entryPoints: ['websecure'],
    middlewares: [],
    backend: { service: 'apps/immich', port: 80 },
    priority: 0,
    tls: true,
    ...more,
  });
}

export function middleware(name: string, rule: Kinds['middleware']['rule']): Fact<'middleware'> {
  return stated('middleware', { cluster: 'home', namespace: 'traefik', name, rule });
}

function ingressFacts(): readonly Fact[] {
  return [
    ingress(),
    route('immich', 'immich.example.org'),
    route('proxied', 'proxied.example.org'),
    stated('banEngine', { system: 'crowdsec/lapi', version: '1.6.8', readsAddressFrom: 'ClientHost' }),
    stated('banAllowlist', {
      system: 'crowdsec/lapi',
      name: 'crowdsecurity/whitelists',
      layer: 'parser',
      ranges: [prefix('10.0.0.0/8'), prefix('172.16.0.0/12'), prefix('192.168.0.0/16')],
      other: [],
    }),
  ];
}

export function box(more: Partial<Kinds['firewall']> = {}): Fact<'firewall'> {
  return stated('firewall', {
    name: 'pfsense',
    product: 'pfsense',
    outboundNat: 'automatic',
    reflection: 'disable',
    reflectionSnat: false,
    isIpv6Allowed: true,
    ...more,
  });
}

export function iface(
  name: string,
  address: string,
  network: string,
  more: Partial<Kinds['firewallInterface']> = {},
): Fact<'firewallInterface'> {
  return stated('firewallInterface', {
    firewall: 'pfsense',
    name,
    descr: name.toUpperCase(),
    device: name,
    isEnabled: true,
    isWan: name === 'wan',
    ipv4: { ip: ip(address), network: prefix(network) },
    isDynamic: false,
    blocksPrivate: name === 'wan',
    ...more,
  });
}

export const anyMatch: Kinds['filterRule']['match'] = {
  family: 'both',
  protocol: 'any',
  source: any,
  sourcePort: any,
  destination: any,
  destinationPort: any,
};

/** A port forward of WAN `port` to the target; its filter rule is "pass". */
export function forward(
  position: number,
  port: number,
  more: Partial<Kinds['portForward']> = {},
): Fact<'portForward'> {
  return stated('portForward', {
    firewall: 'pfsense',
    position,
    interface: 'wan',
    isEnabled: true,
    isException: false,
    match: {
      ...anyMatch,
      family: 4,
      protocol: 'tcp/udp',
      destination: { kind: 'interface', name: 'wan', part: 'address', not: false },
      destinationPort: { kind: 'range', range: { first: port, last: port } },
    },
    target: 'nginx',
    reflection: 'default',
    associatedRule: 'pass',
    descr: `web ${port}`,
    ...more,
  });
}

export function rule(
  position: number,
  interfaces: readonly string[],
  more: Partial<Kinds['filterRule']> = {},
): Fact<'filterRule'> {
  return stated('filterRule', {
    firewall: 'pfsense',
    position,
    interfaces,
    isFloating: false,
    isQuick: true,
    direction: 'in',
    isEnabled: true,
    action: 'pass',
    match: anyMatch,
    descr: `rule ${position}`,
    ...more,
  });
}

export function alias(
  name: string,
  entries: readonly string[],
  type: Kinds['alias']['type'] = 'host',
): Fact<'alias'> {
  return stated('alias', { firewall: 'pfsense', name, type, entries, descr: '' });
}

function firewallFacts(): readonly Fact[] {
  return [
    box(),
    iface('wan', '203.0.113.10', '203.0.113.0/24'),
    iface('lan', '192.168.1.1', '192.168.1.0/24'),
    iface('opt1', '10.0.20.1', '10.0.20.0/24'),
    stated('gateway', {
      firewall: 'pfsense',
      name: 'WANGW',
      interface: 'wan',
      ip: ip('203.0.113.1'),
      isDefault: true,
      family: 4,
    }),
    alias('nginx', ['10.0.20.200']),
    forward(0, 443),
    forward(1, 80),
    rule(10, ['lan']),
    rule(11, ['opt1']),
  ];
}

export function record(
  server: string,
  name: string,
  type: 'A' | 'AAAA' | 'CNAME' | 'NS' | 'TXT',
  values: readonly string[],
  more: Partial<Kinds['recordSet']> = {},
): Fact<'recordSet'> {
  return stated('recordSet', {
    server,
    zone: dnsName('example.org'),
    name: dnsName(name),
    type,
    ttlSeconds: 300,
    values,
    ...more,
  });
}

export function zone(server: string, name: string, isPublic: boolean, view?: string): Fact<'zone'> {
  return stated('zone', { server, name: dnsName(name), isPublic, ...(view && { view }) });
}

function dnsFacts(): readonly Fact[] {
  return [
    zone('dns/cloudflare', 'example.org', true),
    record('dns/cloudflare', 'immich.example.org', 'A', ['203.0.113.10'], { isProxied: false }),
    record('dns/cloudflare', 'proxied.example.org', 'CNAME', ['0b1c2d3e.cfargotunnel.com'], {
      isProxied: true,
    }),
    zone('dns/technitium', 'example.org', false),
    record('dns/technitium', 'example.org', 'A', ['10.0.20.200']),
    record('dns/technitium', '*.example.org', 'CNAME', ['example.org']),
    stated('resolver', {
      id: 'technitium',
      program: 'technitium',
      address: ip('10.0.20.201'),
      serves: ['dns/technitium'],
    }),
    stated('resolver', {
      id: 'coredns',
      program: 'coredns',
      address: ip('10.96.0.10'),
      serves: ['cluster/home'],
      forwardsTo: 'technitium',
    }),
  ];
}

function edgeFacts(): readonly Fact[] {
  return [
    stated('tunnel', {
      name: 'home',
      isRemotelyManaged: true,
      version: 41,
      connector: 'home/cloudflared/cloudflared',
    }),
    tunnelRule(0, 'proxied.example.org', 'https://traefik.traefik.svc.cluster.local:443'),
    tunnelRule(9, undefined, 'http_status:404'),
    stated('workload', {
      ...base,
      cluster: 'home',
      type: 'Deployment',
      namespace: 'cloudflared',
      name: 'cloudflared',
      selector: { matchLabels: { app: 'cloudflared' } },
      podLabels: { app: 'cloudflared' },
      containers: [],
      hostAliases: [],
      spread: 'none',
    }),
    pod('cloudflared/cloudflared-3', '10.10.3.20', 3),
  ];
}

export function tunnelRule(
  position: number,
  hostname: string | undefined,
  origin: string,
): Fact<'tunnelRule'> {
  return stated('tunnelRule', {
    tunnel: 'home',
    position,
    service: origin,
    noTlsVerify: true,
    ...(hostname && { hostname }),
  });
}

export function vantage(
  id: string,
  kind: Kinds['vantagePoint']['kind'],
  clients: readonly string[],
  more: Partial<Kinds['vantagePoint']> = {},
): Fact<'vantagePoint'> {
  return stated('vantagePoint', { id, kind, clients: clients.map(ip), networks: [], ...more });
}

function toldFacts(): readonly Fact[] {
  return [
    vantage('internet', 'internet', ['198.51.100.7']),
    vantage('lan', 'lan', ['192.168.1.20'], {
      gateway: 'pfsense',
      networks: [prefix('192.168.1.0/24')],
      resolver: 'technitium',
    }),
    vantage('near', 'lan', ['10.0.20.50'], {
      gateway: 'pfsense',
      networks: [prefix('10.0.20.0/24')],
      resolver: 'technitium',
    }),
    vantage('node', 'node', ['10.0.20.101'], { cluster: 'home', node: 'k8s-node1', resolver: 'technitium' }),
    vantage('pod', 'pod', [], { cluster: 'home', pod: 'apps/cron-1', resolver: 'coredns' }),
    vantage('edge', 'tunnel-edge', ['198.51.100.61'], { tunnel: 'home' }),
    stated('publicAddress', { ip: ip('203.0.113.10'), firewall: 'pfsense', interface: 'wan', through: [] }),
  ];
}
