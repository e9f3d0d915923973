/* Services, their pods and slices, and the ingress of a made estate. */
import type { Service, ServicePort } from '#estate/kubernetes.ts';
import { type Family, type Ip, ip } from '#net/ip.ts';
import { type Prefix, prefix } from '#net/prefix.ts';
import { cluster, type Draft, host, neighbour, podIp } from './differential-estates.ts';

interface Plan {
  readonly name: string;
  readonly ports: readonly ServicePort[];
  readonly isIngress: boolean;
}

const echoes: readonly Plan[] = [
  {
    name: 'game',
    isIngress: false,
    ports: [{ name: 'game', port: 7000, protocol: 'udp', targetPort: 7001, nodePort: 30700 }],
  },
  {
    name: 'mail',
    isIngress: false,
    ports: [{ name: 'smtp', port: 25, protocol: 'tcp', targetPort: 2525, nodePort: 30025 }],
  },
  {
    name: 'turn',
    isIngress: false,
    ports: [
      { name: 'tcp', port: 3478, protocol: 'tcp', targetPort: 3478, nodePort: 30478 },
      { name: 'udp', port: 3478, protocol: 'udp', targetPort: 3478, nodePort: 30479 },
    ],
  },
];

const web: Plan = {
  name: 'web',
  isIngress: true,
  ports: [
    { name: 'web', port: 80, protocol: 'tcp', targetPort: 8000, nodePort: 30080 },
    { name: 'websecure', port: 443, protocol: 'tcp', targetPort: 8443, nodePort: 30443 },
    { name: 'http3', port: 443, protocol: 'udp', targetPort: 8443, nodePort: 30444 },
  ],
};

/** The Services with their addresses, as facts too. */
export function serviceFacts(draft: Draft): readonly Service[] {
  const { chance } = draft;
  applicationFacts(draft);
  const plans = [web, ...echoes.filter(() => chance.is(0.6))];
  const isShared = chance.is(0.4);
  ingressFacts(draft);
  return plans.map((plan, at) => {
    podFacts(draft, plan, at);
    const service = makeService(draft, plan, at, isShared);
    draft.add('service', service);
    return service;
  });
}

function makeService({ chance, hasV6 }: Draft, plan: Plan, at: number, isShared: boolean): Service {
  const isDual = hasV6 && chance.is(0.6);
  const families: readonly Family[] = isDual ? [4, 6] : [4];
  const n = isShared ? 0 : at;
  const ranges = chance.is(0.2) ? sourceRanges(chance.below(3)) : [];
  const vips: Ip[] = [ip(`10.0.20.${200 + n}`), ...(isDual ? [ip(`2001:db8:20::${200 + n}`)] : [])];
  return {
    cluster,
    namespace: 'apps',
    name: plan.name,
    type: 'LoadBalancer',
    labels: { app: plan.name },
    annotations: {},
    selector: { app: plan.name },
    ports: plan.ports,
    clusterIps: families.map((f) => ip(f === 4 ? `10.96.0.${at + 10}` : `fd00:96::${at + 10}`)),
    externalIps: chance.is(0.1) ? [ip(`10.0.20.${150 + at}`)] : [],
    externalPolicy: isShared ? 'cluster' : chance.one(['cluster', 'local'] as const),
    internalPolicy: chance.is(0.1) ? 'local' : 'cluster',
    ipFamilies: families,
    ipFamilyPolicy: isDual ? 'RequireDualStack' : 'SingleStack',
    sourceRanges: ranges,
    ...(chance.is(0.15) && { sessionAffinitySeconds: 10_800 }),
    requestedIps: vips.join(','),
    ...(isShared && { sharingKey: 'shared' }),
    allocateNodePorts: true,
    vips: vips.map((one) => ({ ip: one, ipMode: 'VIP' as const })),
  };
}

function sourceRanges(which: number): readonly Prefix[] {
  const all = [
    ['198.51.100.0/24', '2001:db8:5e::/48'],
    ['192.168.1.0/24', '10.0.20.1/32'],
    [`${neighbour}/32`, '10.244.0.0/16'],
  ];
  return (all[which] ?? []).map((text) => prefix(text));
}

/** Pods on some of the nodes, most ready, some ending, now and then none at all. */
function podFacts({ chance, nodes, hasV6, add }: Draft, plan: Plan, at: number): void {
  const where = nodes.map((_, n) => n).filter(() => chance.is(0.55));
  const on = where.length === 0 && chance.is(0.8) ? [chance.below(nodes.length)] : where;
  const states = on.map(() => chance.one(['ready', 'ready', 'ready', 'ready', 'ending', 'unready'] as const));
  const families: readonly Family[] = hasV6 ? [4, 6] : [4];
  on.forEach((n, i) => {
    const state = states[i];
    add('pod', {
      cluster,
      namespace: 'apps',
      name: `${plan.name}-${n}`,
      labels: { app: plan.name },
      node: nodes[n] ?? '',
      ips: families.map((f) => podIp(n, 10 + at, f)),
      hostNetwork: false,
      isReady: state !== 'unready',
      phase: state === 'ending' ? 'Terminating' : 'Running',
      containers: [],
      hostAliases: [],
    });
  });
  for (const family of families)
    add('endpointSlice', {
      cluster,
      namespace: 'apps',
      name: `${plan.name}-${family}`,
      service: plan.name,
      family,
      ports: plan.ports.map((p) => ({
        ...(p.name && { name: p.name }),
        port: Number(p.targetPort),
        protocol: p.protocol,
      })),
      endpoints: on.map((n, i) => ({
        addresses: [podIp(n, 10 + at, family)],
        node: nodes[n] ?? '',
        ready: states[i] === 'ready',
        serving: states[i] !== 'unready',
        terminating: states[i] === 'ending',
        pod: `apps/${plan.name}-${n}`,
      })),
    });
}

/** What stands behind the ingress always answers: the lab's ingress answers for it. */
function applicationFacts({ nodes, add }: Draft): void {
  const base = { cluster, namespace: 'apps', name: 'app', labels: { app: 'app' } };
  const ports = [{ name: 'http', port: 80, protocol: 'tcp' as const, targetPort: 8080 }];
  add('pod', {
    ...base,
    node: nodes[0] ?? '',
    ips: [podIp(0, 60)],
    hostNetwork: false,
    isReady: true,
    phase: 'Running',
    containers: [],
    hostAliases: [],
  });
  add('endpointSlice', {
    cluster,
    namespace: 'apps',
    name: 'app-4',
    service: 'app',
    family: 4,
    ports: [{ name: 'http', port: 8080, protocol: 'tcp' }],
    endpoints: [
      {
        addresses: [podIp(0, 60)],
        node: nodes[0] ?? '',
        ready: true,
        serving: true,
        terminating: false,
        pod: 'apps/app',
      },
    ],
  });
  add('service', {
    ...base,
    type: 'ClusterIP',
    annotations: {},
    selector: { app: 'app' },
    ports,
    clusterIps: [ip('10.96.0.99')],
    externalIps: [],
    externalPolicy: 'cluster',
    internalPolicy: 'cluster',
    ipFamilies: [4],
    ipFamilyPolicy: 'SingleStack',
    sourceRanges: [],
    allocateNodePorts: true,
    vips: [],
  });
}

function ingressFacts({ chance, add }: Draft): void {
  const trust = {
    from: chance.one([[], [prefix('10.0.20.0/24')], [prefix('192.168.1.0/24'), prefix('10.244.0.0/16')]]),
    everyone: chance.is(0.1),
  };
  const listener = { protocol: 'tcp' as const, forwardedHeaders: trust, middlewares: [], isDefault: true };
  const advertised = chance.one([undefined, 443]);
  add('ingress', {
    cluster,
    namespace: 'apps',
    name: 'web',
    program: 'traefik',
    version: '3.6.7',
    podLabels: { app: 'web' },
    listeners: [
      { ...listener, name: 'web', port: 8000, tls: false },
      {
        ...listener,
        name: 'websecure',
        port: 8443,
        tls: true,
        http3: advertised === undefined ? {} : { advertisedPort: advertised },
      },
    ],
    accessLog: { format: 'json', keepsHeaders: false },
  });
  add('route', {
    cluster,
    from: 'IngressRoute',
    namespace: 'apps',
    name: 'app',
    match: { hosts: [host], isComplete: true },
    entryPoints: [],
    middlewares: [],
    backend: { service: 'apps/app', port: 80 },
    priority: 10,
    tls: false,
    routerName: 'app@kubernetescrd',
  });
}
