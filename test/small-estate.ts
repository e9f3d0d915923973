/* A small house for tests of plans and proofs: one ingress on a shared address, a database beside it, a firewall, a tunnel. */
import { type Estate, makeEstate } from '#estate/estate.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';

export interface SmallHouse {
  readonly apps?: readonly string[];
  readonly nodes?: number;
  readonly ingressNodes?: readonly number[];
  /** The tunnel dials the shared address instead of the Service's name. */
  readonly tunnelByAddress?: boolean;
  /** A second zone that names the shared address. */
  readonly secondZone?: boolean;
  readonly ttlSeconds?: number;
  readonly poolLast?: string;
  /** The address as a literal instead of an alias in the firewall's forwards. */
  readonly literalForward?: boolean;
  /** The chart that made the ingress, with its pinned version. */
  readonly chart?: { readonly chart: string; readonly version: string; readonly atomic?: boolean };
  /** The ingress has its address without asking for it, and to itself. */
  readonly isUnasked?: boolean;
  readonly more?: readonly Fact[];
}

const at = { file: 'test' };
const any = { kind: 'any' } as const;
const shared = ip('10.0.20.200');

/** The estate; everything is healthy in it. */
export function smallHouse(options: SmallHouse = {}): Estate {
  const facts: Fact[] = [
    ...cluster(options),
    ...names(options),
    ...firewall(options),
    ...people(),
    ...tunnel(options),
    ...(options.more ?? []),
  ];
  return makeEstate(facts);
}

export function of<K extends Kind>(kind: K, value: Kinds[K], owner?: Fact['owner']): Fact {
  return fact(kind, value, at, owner) as unknown as Fact;
}

export function smallService(
  name: string,
  ports: readonly number[],
  more: Partial<Kinds['service']> = {},
): Fact {
  return of('service', {
    cluster: 'home',
    namespace: name,
    name,
    type: 'LoadBalancer',
    labels: {},
    annotations: {},
    selector: { app: name },
    ports: ports.map((port) => ({ name: `p${port}`, port, protocol: 'tcp', targetPort: port })),
    clusterIps: [ip(`10.96.0.${name.length + ((ports[0] ?? 0) % 200)}`)],
    externalIps: [],
    externalPolicy: 'cluster',
    internalPolicy: 'cluster',
    ipFamilies: [4],
    ipFamilyPolicy: 'SingleStack',
    sourceRanges: [],
    requestedIps: shared,
    sharingKey: 'shared',
    allocateNodePorts: true,
    vips: [{ ip: shared, ipMode: 'VIP' }],
    ...more,
  });
}

/** Pods of an application on nodes, and the slice that lists them. */
export function smallPods(name: string, ports: readonly number[], nodes: readonly number[]): readonly Fact[] {
  const pods = nodes.map((n, i) =>
    of('pod', {
      cluster: 'home',
      namespace: name,
      name: `${name}-${i}`,
      labels: { app: name },
      node: `n${n}`,
      ips: [ip(`10.10.${n}.${10 + i + name.length}`)],
      hostNetwork: false,
      isReady: true,
      phase: 'Running',
      containers: [],
      hostAliases: [],
      ownedBy: `ReplicaSet/${name}`,
    }),
  );
  const slice = of('endpointSlice', {
    cluster: 'home',
    namespace: name,
    name: `${name}-x`,
    service: name,
    family: 4,
    ports: ports.map((port) => ({ name: `p${port}`, port, protocol: 'tcp' })),
    endpoints: nodes.map((n, i) => ({
      addresses: [ip(`10.10.${n}.${10 + i + name.length}`)],
      node: `n${n}`,
      ready: true,
      serving: true,
      terminating: false,
      pod: `${name}/${name}-${i}`,
    })),
  });
  return [...pods, slice];
}

function cluster(options: SmallHouse): readonly Fact[] {
  const nodes = Array.from({ length: options.nodes ?? 3 }, (_, i) => `n${i + 1}`);
  const ingressNodes = options.ingressNodes ?? [1, 2];
  const isAlone = options.isUnasked === true;
  const own = ip('10.0.20.219');
  return [
    ...nodes.map((name, i) => of('node', smallNode(name, i))),
    ...ingressService(options),
    ...smallPods('traefik', [443], ingressNodes),
    smallService('db', [5432], isAlone ? { requestedIps: own, vips: [{ ip: own, ipMode: 'VIP' }] } : {}),
    ...smallPods('db', [5432], [1, 2]),
    of('pool', {
      cluster: 'home',
      namespace: 'metallb-system',
      name: 'default',
      labels: {},
      ranges: [{ first: shared, last: ip(options.poolLast ?? '10.0.20.220') }],
      autoAssign: true,
      avoidBuggyIps: false,
    }),
    of('l2Advertisement', {
      cluster: 'home',
      name: 'default',
      pools: ['default'],
      poolSelectors: [],
      nodeSelectors: [],
      serviceSelectors: [],
      interfaces: [],
      preferredNodes: [],
    }),
    of('announcing', {
      cluster: 'home',
      program: 'metallb',
      version: '0.14.9',
      ignoreExcludeLabel: false,
      speakerNodes: nodes,
    }),
    of('ingress', {
      cluster: 'home',
      namespace: 'traefik',
      name: 'traefik',
      program: 'traefik',
      podLabels: { app: 'traefik' },
      listeners: [],
    }),
    of('repository', { id: 'infra', type: 'terraform', path: 'source/infra', applies: 'manual', owns: [] }),
    of('protectedEndpoint', {
      name: 'state',
      service: 'db/db',
      port: 5432,
      protocol: 'tcp',
      from: ['lan'],
      why: 'nothing can be applied without it',
    }),
  ];
}

function ingressService({ chart, isUnasked }: SmallHouse): readonly Fact[] {
  const asking = smallService('traefik', [443]);
  const { requestedIps, sharingKey, ...unasked } = asking.value as Kinds['service'];
  const plain: Fact = isUnasked ? of('service', unasked) : asking;
  if (chart === undefined) return [plain];
  const release = of('helmRelease', {
    cluster: 'home',
    namespace: 'traefik',
    name: 'traefik',
    chart: chart.chart,
    chartVersion: chart.version,
    deployedChartVersion: chart.version,
    waits: chart.atomic ?? false,
    atomic: chart.atomic ?? false,
  });
  return [{ ...plain, owner: { kind: 'helm', name: 'traefik' } }, release];
}

function smallNode(name: string, i: number): Kinds['node'] {
  return {
    cluster: 'home',
    name,
    labels: {},
    annotations: {},
    internalIps: [ip(`10.0.20.10${i + 1}`)],
    podCidrs: [prefix(`10.10.${i + 1}.0/24`)],
    isReady: true,
    isNetworkUnavailable: false,
    isSchedulable: true,
  };
}

function names(options: SmallHouse): readonly Fact[] {
  const apps = options.apps ?? ['photos', 'forge'];
  const zones = options.secondZone ? ['example.org', 'example.lan'] : ['example.org'];
  const ttlSeconds = options.ttlSeconds ?? 300;
  const hosts = (app: string) => zones.map((z) => `${app}.${z}`);
  return [
    ...zones.flatMap((z) => [
      record('dns/inside', z, z, 'A', shared, ttlSeconds),
      of('zone', { server: 'dns/inside', name: dnsName(z), minimumTtlSeconds: 300, isPublic: false }),
      ...apps.map((a) => record('dns/inside', z, `${a}.${z}`, 'CNAME', z, ttlSeconds)),
    ]),
    of('zone', {
      server: 'dns/public',
      name: dnsName('example.org'),
      minimumTtlSeconds: 300,
      isPublic: true,
    }),
    ...apps.map((a) => record('dns/public', 'example.org', `${a}.example.org`, 'A', '203.0.113.10', 300)),
    ...apps.map((a) =>
      of('route', {
        cluster: 'home',
        from: 'IngressRoute',
        namespace: a,
        name: a,
        match: { hosts: hosts(a), isComplete: true },
        entryPoints: [],
        middlewares: [],
        backend: { service: `${a}/${a}`, port: 80 },
        priority: 0,
        tls: true,
      }),
    ),
    of('resolver', {
      id: 'inside',
      program: 'technitium',
      serves: ['dns/inside'],
      forwardsTo: 'public',
      cache: { serveStaleSeconds: 0 },
    }),
    of('resolver', { id: 'public', program: 'public', serves: ['dns/public'] }),
    of('durations', { operatorMinutes: 10, maxStaleSeconds: 600 }),
  ];
}

function record(
  server: string,
  zone: string,
  name: string,
  type: 'A' | 'CNAME',
  value: string,
  ttlSeconds: number,
) {
  return of('recordSet', {
    server,
    zone: dnsName(zone),
    name: dnsName(name),
    type,
    ttlSeconds,
    values: [value],
  });
}

function firewall(options: SmallHouse): readonly Fact[] {
  return [
    of('firewall', {
      name: 'fw',
      product: 'pfsense',
      outboundNat: 'automatic',
      reflection: 'disable',
      reflectionSnat: false,
      isIpv6Allowed: true,
    }),
    of('alias', { firewall: 'fw', name: 'nginx', type: 'host', entries: [shared], descr: '' }),
    of('publicAddress', { ip: ip('203.0.113.10'), firewall: 'fw', interface: 'wan', through: [] }),
    smallForward(0, 443, options.literalForward ? shared : 'nginx'),
  ];
}

export function smallForward(position: number, port: number, target: string): Fact {
  return of('portForward', {
    firewall: 'fw',
    position,
    interface: 'wan',
    isEnabled: true,
    isException: false,
    match: {
      family: 4,
      protocol: 'tcp',
      source: any,
      sourcePort: any,
      destination: any,
      destinationPort: { kind: 'range', range: { first: port, last: port } },
    },
    target,
    reflection: 'default',
    associatedRule: '',
    descr: '',
  });
}

function people(): readonly Fact[] {
  const clients = (text: string) => [ip(text)];
  return [
    of('vantagePoint', {
      id: 'internet',
      kind: 'internet',
      clients: clients('198.51.100.20'),
      networks: [],
      resolver: 'public',
    }),
    of('vantagePoint', {
      id: 'lan',
      kind: 'lan',
      clients: clients('192.168.1.20'),
      networks: [prefix('192.168.1.0/24')],
      resolver: 'inside',
    }),
  ];
}

function tunnel(options: SmallHouse): readonly Fact[] {
  const service = options.tunnelByAddress
    ? `https://${shared}:443`
    : 'https://traefik.traefik.svc.cluster.local:443';
  return [
    of('vantagePoint', {
      id: 'edge',
      kind: 'tunnel-edge',
      clients: [ip('198.51.100.61')],
      networks: [],
      tunnel: 'home',
    }),
    of('tunnel', { name: 'home', isRemotelyManaged: true }),
    of('tunnelRule', { tunnel: 'home', position: 0, service, noTlsVerify: true }),
  ];
}
