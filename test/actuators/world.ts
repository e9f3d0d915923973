/* A small estate of stand-ins, the actuators that write it, and a plan over all of them: for tests of runs that go wrong. */

import { cloudflareDnsActuator, tunnelActuator } from '#adapters/cloudflare/index.ts';
import { kubernetesActuator } from '#adapters/kubernetes-api/index.ts';
import type { RepositoryWorld } from '#adapters/repository/actuate.ts';
import { technitiumActuator } from '#adapters/technitium/index.ts';
import type { Actuator } from '#apply/actuator.ts';
import { type CloudflareStandIn, startCloudflare } from '#lab/stand-ins/cloudflare.ts';
import type { FaultChooser } from '#lab/stand-ins/faults.ts';
import { type Json, type KubernetesStandIn, startKubernetes } from '#lab/stand-ins/kubernetes.ts';
import { startTechnitium, type TechnitiumStandIn } from '#lab/stand-ins/technitium.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import { service } from '#test/estates.ts';
import { apiChange, waitOf } from '#test/planned.ts';
import { type Checkout, checkoutActuator, documentsChange, startCheckout, valuesChange } from './checkout.ts';

/** What a process needs to reach the stand-ins; the tokens are in the environment under these names. */
export interface Places {
  readonly kubernetes: string;
  /** '' without TLS. */
  readonly ca: string;
  readonly technitium: string;
  readonly cloudflare: string;
  /** Folder of a checkout; checkout.ts. */
  readonly checkout: string;
}

export const tokenNames = {
  kubernetes: 'TEST_KUBERNETES',
  technitium: 'TEST_TECHNITIUM',
  cloudflare: 'TEST_CLOUDFLARE',
} as const;

export interface World {
  readonly kubernetes: KubernetesStandIn;
  readonly technitium: TechnitiumStandIn;
  readonly cloudflare: CloudflareStandIn;
  readonly checkout: Checkout;
  readonly places: Places;
  /** Everything that they hold, but for versions, times, serials. */
  state(): string;
  setFault(chooser: FaultChooser | undefined): void;
  stop(): Promise<void>;
}

const fields = (manager: string, fieldsV1: unknown) => ({
  manager,
  operation: 'Update',
  apiVersion: 'v1',
  fieldsType: 'FieldsV1',
  fieldsV1,
  time: '2026-01-01T00:00:00Z',
});
const spec = {
  type: 'LoadBalancer',
  externalTrafficPolicy: 'Cluster',
  internalTrafficPolicy: 'Cluster',
  allocateLoadBalancerNodePorts: true,
  clusterIP: '10.96.0.9',
  clusterIPs: ['10.96.0.9'],
  ipFamilies: ['IPv4'],
  ipFamilyPolicy: 'SingleStack',
  sessionAffinity: 'None',
  selector: { app: 'traefik' },
  ports: [
    { name: 'websecure', port: 443, protocol: 'TCP', targetPort: 'websecure', nodePort: 30_067 },
    { name: 'websecure-http3', port: 443, protocol: 'UDP', targetPort: 'websecure-http3', nodePort: 30_032 },
  ],
};
const annotationFields = { 'f:metallb.io/loadBalancerIPs': {}, 'f:metallb.io/allow-shared-ip': {} };

/** Objects as they are at the start. */
export const objects: readonly unknown[] = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'traefik',
      namespace: 'traefik',
      uid: 'u-1',
      annotations: { 'metallb.io/loadBalancerIPs': '10.0.20.200', 'metallb.io/allow-shared-ip': 'shared' },
      managedFields: [
        fields('kubectl-edit', {
          'f:metadata': { 'f:annotations': annotationFields },
          'f:spec': { 'f:externalTrafficPolicy': {}, 'f:type': {} },
        }),
      ],
    },
    spec,
    status: { loadBalancer: {} },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'app',
      namespace: 'traefik',
      uid: 'u-2',
      managedFields: [
        {
          ...fields('kubectl-edit', { 'f:spec': { 'f:template': { 'f:spec': { 'f:hostAliases': {} } } } }),
          apiVersion: 'apps/v1',
        },
      ],
    },
    spec: {
      template: {
        spec: {
          hostAliases: [{ ip: '10.0.20.200', hostnames: ['git.example.org'] }],
          containers: [{ name: 'app', args: ['--token=FAKE-in-the-cluster'] }],
        },
      },
    },
  },
];
const ingress = [
  { hostname: 'blog.example.org', service: 'https://10.0.20.200:443', originRequest: { noTLSVerify: true } },
  { hostname: 'git.example.org', service: 'https://10.0.20.200:443' },
  { service: 'http_status:404' },
];
const zone = { id: 'z1', name: 'example.org' };

/** Starts the stand-ins and puts their tokens into the environment. */
export async function startWorld(): Promise<World> {
  const kubernetes = await startKubernetes({ objects, tls: false });
  const technitium = await startTechnitium({
    records: [
      {
        zone: 'example.org',
        name: 'example.org',
        type: 'A',
        ttl: 300,
        comments: 'the ingress',
        rData: { ipAddress: '10.0.20.200' },
      },
      {
        zone: 'example.org',
        name: 'vpn.example.org',
        type: 'A',
        ttl: 3600,
        rData: { ipAddress: '10.0.20.200' },
      },
    ],
    apps: {
      'Split Horizon': {
        enableAddressTranslation: true,
        groups: [
          { name: 'house', enabled: true, externalToInternalTranslation: { '203.0.113.10': '10.0.20.200' } },
        ],
      },
    },
  });
  const cloudflare = await startCloudflare({
    account: 'acc',
    tunnel: 'tun',
    config: { ingress, 'warp-routing': { enabled: false } },
    zone,
    records: [
      {
        id: 'r1',
        name: 'direct.example.org',
        type: 'A',
        content: '203.0.113.10',
        ttl: 1,
        proxied: false,
        comment: 'kept',
      },
    ],
  });
  const checkout = startCheckout();
  process.env[tokenNames.kubernetes] = kubernetes.token;
  process.env[tokenNames.technitium] = technitium.token;
  process.env[tokenNames.cloudflare] = cloudflare.token;
  const all = [kubernetes, technitium, cloudflare];
  return {
    kubernetes,
    technitium,
    cloudflare,
    checkout,
    places: {
      kubernetes: kubernetes.url,
      ca: kubernetes.ca ?? '',
      technitium: technitium.url,
      cloudflare: cloudflare.url,
      checkout: checkout.folder,
    },
    state: () => stateOf(kubernetes, technitium, cloudflare, checkout),
    setFault: (chooser) => {
      for (const one of all) one.setFault(chooser);
    },
    stop: async () => {
      await Promise.all(all.map((one) => one.stop()));
      checkout.stop();
    },
  };
}

function stateOf(
  kubernetes: KubernetesStandIn,
  technitium: TechnitiumStandIn,
  cloudflare: CloudflareStandIn,
  checkout: Checkout,
): string {
  const timeless = (o: Json) => {
    // who owns which field is held to the byte by the actuator's own tests; an undo whose answer is lost leaves more there
    const { resourceVersion, generation, uid, creationTimestamp, managedFields, ...metadata } =
      o.metadata as Json;
    const { clusterIP, clusterIPs, healthCheckNodePort, ...rest } = (o.spec ?? {}) as Json;
    const given = o.kind === 'Service' && metadata.name !== 'traefik' ? rest : o.spec;
    return { ...o, metadata, spec: given };
  };
  const state = {
    objects: kubernetes.objects().map(timeless),
    records: technitium.records().map(({ expiryTtl, ...r }) => r),
    app: technitium.app('Split Horizon'),
    tunnel: cloudflare.config().config,
    public: cloudflare.records(),
    checkout: checkout.state(),
  };
  return JSON.stringify(sorted(state), undefined, 1)
    .replace(/"time": "[^"]*"/g, '"time": ""')
    .replace(/"nodePort": (?!30067|30032)\d+/g, '"nodePort": 0');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([k, v]) => [k, sorted(v)]));
}

/** The actuators of all places; `files`: what goes wrong at the checkout. */
export function actuatorsFor(
  places: Places,
  timeoutMs = 10_000,
  files: Partial<RepositoryWorld> = {},
): readonly Actuator[] {
  const cloudflare = { url: places.cloudflare, credential: `env:${tokenNames.cloudflare}`, timeoutMs };
  return [
    kubernetesActuator({
      cluster: 'home',
      url: places.kubernetes,
      ...(places.ca !== '' && { ca: places.ca }),
      credential: `env:${tokenNames.kubernetes}`,
      timeoutMs,
    }),
    technitiumActuator({
      system: 'dns/technitium',
      url: places.technitium,
      credential: `env:${tokenNames.technitium}`,
      timeoutMs,
    }),
    tunnelActuator({ ...cloudflare, name: 'home', account: 'acc', tunnel: 'tun' }),
    cloudflareDnsActuator({ ...cloudflare, system: 'dns/cloudflare' }),
    checkoutActuator(places.checkout, files),
  ];
}

const change = (id: string, system: string, ...settings: unknown[]) => apiChange(id, system, settings);
const { value: second } = service('traefik/traefik-lb', {
  type: 'LoadBalancer',
  selector: { app: 'traefik' },
  ports: [
    { name: 'websecure', port: 443, protocol: 'tcp', targetPort: 'websecure' },
    { name: 'websecure-http3', port: 443, protocol: 'udp', targetPort: 'websecure-http3' },
  ],
  externalPolicy: 'local',
  requestedIps: '10.0.20.203',
});
const tunnelRule = (position: string) => ({
  of: 'tunnelRule',
  id: `home/${position}`,
  before: { service: 'https://10.0.20.200:443' },
  after: { service: 'https://traefik.traefik.svc.cluster.local:443' },
});
const wait = waitOf('wait', 1, 'caches', 'dns');

/** Changes of every actuator, in the order of a move. */
export const changes: readonly PlannedChange[] = [
  change('tunnel', 'tunnel/home', tunnelRule('00000'), tunnelRule('00001')),
  change('second-service', 'cluster/home', {
    of: 'service',
    id: 'home/traefik/traefik-lb',
    before: null,
    after: second,
  }),
  change('ttl', 'dns/technitium', {
    of: 'recordSet',
    id: 'dns/technitium||example.org|example.org|A',
    before: { ttlSeconds: 300 },
    after: { ttlSeconds: 60 },
  }),
  wait,
  change('record', 'dns/technitium', {
    of: 'recordSet',
    id: 'dns/technitium||example.org|example.org|A',
    before: { values: ['10.0.20.200'] },
    after: { values: ['10.0.20.203'] },
  }),
  change('translation', 'dns/technitium', {
    of: 'translation',
    id: 'dns/technitium|house|203.0.113.10',
    before: { to: '10.0.20.200' },
    after: { to: '10.0.20.203' },
  }),
  change('public-record', 'dns/cloudflare', {
    of: 'recordSet',
    id: 'dns/cloudflare||example.org|direct.example.org|A',
    before: { values: ['203.0.113.10'], ttlSeconds: 300 },
    after: { values: ['203.0.113.11'], ttlSeconds: 60 },
  }),
  valuesChange,
  change('aliases', 'cluster/home', {
    of: 'workload',
    id: 'home/traefik/Deployment/app',
    before: { hostAliases: [{ ip: '10.0.20.200', names: ['git.example.org'] }] },
    after: { hostAliases: [{ ip: '10.0.20.203', names: ['git.example.org'] }] },
  }),
  change('retire-first', 'cluster/home', {
    of: 'service',
    id: 'home/traefik/traefik',
    before: { type: 'LoadBalancer', requestedIps: '10.0.20.200', sharingKey: 'shared' },
    after: { type: 'ClusterIP' },
  }),
  documentsChange,
];

/** The changes as a plan of three stages with gates. */
export function planOf(all: readonly PlannedChange[] = changes): Plan {
  const cut = (from: number, to: number) => all.slice(from, to);
  const stages = [cut(0, 2), cut(2, 5), cut(5, all.length)]
    .filter((s) => s.length > 0)
    .map((own, i) => ({
      id: `s${i}`,
      title: `stage ${i}`,
      changes: own,
      gates: [{ kind: 'probes', says: 'all' }],
    }));
  return { format: 1, stages } as unknown as Plan;
}
