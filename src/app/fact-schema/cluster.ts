/* Facts of a cluster that a plan may write: Services, pools, workloads, the ingress and what it does for each client. */
import { z } from 'zod';
import {
  family,
  flag,
  ip,
  ips,
  labels,
  place,
  policy,
  port,
  prefixes,
  protocol,
  range,
  type SchemasOf,
  selector,
  text,
  texts,
  trust,
} from './parts.ts';

const servicePort = z.strictObject({
  name: text.exactOptional(),
  port,
  protocol,
  targetPort: z.union([port, text]),
  nodePort: port.exactOptional(),
});
const container = z.strictObject({
  name: text,
  image: text,
  args: texts,
  env: labels,
  ports: z.array(
    z.strictObject({
      name: text.exactOptional(),
      containerPort: port,
      protocol,
      hostPort: port.exactOptional(),
    }),
  ),
});
const depth = z.number().int().min(0);
const amount = z.number().min(0);
const rule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ip-allow-list'), ranges: prefixes, depth }),
  z.strictObject({
    kind: z.literal('rate-limit'),
    average: amount,
    burst: amount,
    periodMs: amount,
    depth,
  }),
  z.strictObject({ kind: z.literal('in-flight'), amount, depth }),
  z.strictObject({
    kind: z.literal('ban-list'),
    plugin: text,
    trustedPeers: prefixes,
    header: text.exactOptional(),
    exemptClients: prefixes.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('chain'), of: texts }),
  z.strictObject({ kind: z.literal('other'), type: text }),
]);
const listener = z.strictObject({
  name: text,
  port,
  protocol,
  tls: flag,
  http3: z.strictObject({ advertisedPort: port.exactOptional() }).exactOptional(),
  forwardedHeaders: trust,
  proxyProtocol: trust.exactOptional(),
  redirectsTo: text.exactOptional(),
  middlewares: texts,
  isDefault: flag.exactOptional(),
});
const named = { cluster: text.min(1), namespace: text.min(1), name: text.min(1) };

export const clusterFields: SchemasOf<
  'service' | 'pool' | 'workload' | 'ingress' | 'middleware' | 'helmRelease'
> = {
  service: {
    ...named,
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']),
    labels,
    annotations: labels,
    selector: labels.optional(),
    ports: z.array(servicePort),
    clusterIps: ips,
    externalIps: ips,
    externalPolicy: policy,
    internalPolicy: policy,
    ipFamilies: z.array(family),
    ipFamilyPolicy: z.enum(['SingleStack', 'PreferDualStack', 'RequireDualStack']),
    sourceRanges: prefixes,
    sessionAffinitySeconds: place.optional(),
    loadBalancerClass: text.optional(),
    loadBalancerIp: text.optional(),
    requestedIps: text.optional(),
    requestedPool: text.optional(),
    sharingKey: text.optional(),
    allocateNodePorts: flag,
    healthCheckNodePort: port.optional(),
    vips: z.array(z.strictObject({ ip, ipMode: z.enum(['VIP', 'Proxy']) })),
    trafficDistribution: text.optional(),
  },
  pool: {
    ...named,
    labels,
    ranges: z.array(range),
    autoAssign: flag,
    avoidBuggyIps: flag,
    serviceAllocation: z
      .strictObject({
        priority: z.number(),
        namespaces: texts,
        namespaceSelectors: z.array(selector),
        serviceSelectors: z.array(selector),
      })
      .optional(),
  },
  workload: {
    ...named,
    type: z.enum(['Deployment', 'DaemonSet', 'StatefulSet', 'CronJob']),
    labels,
    annotations: labels,
    replicas: place.optional(),
    selector,
    podLabels: labels,
    containers: z.array(container),
    hostAliases: z.array(z.strictObject({ ip, names: texts })),
    spread: z.enum(['required', 'preferred', 'none']),
  },
  ingress: {
    ...named,
    program: z.enum(['traefik', 'ingress-nginx', 'caddy', 'haproxy', 'envoy', 'unknown']),
    version: text.optional(),
    chart: text.optional(),
    podLabels: labels,
    listeners: z.array(listener),
    publishedService: text.optional(),
    ingressClass: text.optional(),
    accessLog: z.strictObject({ format: z.enum(['json', 'clf', 'unknown']), keepsHeaders: flag }).optional(),
  },
  middleware: { ...named, rule },
  helmRelease: {
    ...named,
    chart: text,
    chartVersion: text.optional(),
    deployedChartVersion: text.optional(),
    waits: flag.optional(),
    atomic: flag.optional(),
    repository: text.optional(),
  },
};
