/* Which converter reads which kind. Pure: one object in, facts out; a wrong shape is thrown as WrongShape. */
import type { Fact } from '#estate/fact.ts';
import { kindsOfHold } from '#estate/holds.ts';
import type { Kind } from '#estate/kinds.ts';
import type { Cluster } from './cluster.ts';
import { heldLease } from './leases.ts';
import { bgpAdvertisement, l2Advertisement, l2Status, pool } from './metallb.ts';
import { middleware } from './middleware.ts';
import { configMap, namespace, node } from './nodes.ts';
import type { KubeObject } from './object.ts';
import { otherObject } from './other.ts';
import { httpRoutes, ingressRoutes, traefikRoutes } from './routes.ts';
import { endpointSlice, service } from './services.ts';
import { disruptionBudget, pod, workload } from './workloads.ts';

type Convert = (o: KubeObject, cluster: Cluster) => readonly Fact[];

/** Read for conclusions about the cluster besides their references. */
const concluding = new Set([
  ...[
    'IPPool',
    'FelixConfiguration',
    'Installation',
    'CiliumLoadBalancerIPPool',
    'CiliumL2AnnouncementPolicy',
  ],
  ...['HelmChart', 'HelmRelease', 'Application'],
]);

/** States nothing about addresses, or is made and remade by controllers. */
const skipped = new Set([
  ...['Event', 'ReplicaSet', 'ControllerRevision', 'ConfigurationState', 'CustomResourceDefinition'],
  ...['ClusterRole', 'Role', 'ClusterRoleBinding', 'RoleBinding', 'ServiceAccount', 'PodMetrics', 'Job'],
]);

const converters: Readonly<Record<string, Convert>> = {
  Service: (o, c) => keep(c.services, service(o)),
  'discovery.k8s.io/EndpointSlice': (o) => some(endpointSlice(o)),
  Endpoints: (o, c) => later(c.oldEndpoints, o),
  Pod: (o, c) => keep(c.pods, pod(o)),
  Node: (o, c) => keep(c.nodes, node(o)),
  Namespace: (o) => [namespace(o)],
  ConfigMap: (o, c) => (o.labels.owner === 'helm' ? later(c.releases, o) : keep(c.configMaps, configMap(o))),
  Secret: (o, c) => (o.labels.owner === 'helm' ? later(c.releases, o) : []),
  'policy/PodDisruptionBudget': (o) => [disruptionBudget(o)],
  'apps/Deployment': workloads,
  'apps/DaemonSet': workloads,
  'apps/StatefulSet': workloads,
  'batch/CronJob': (o) => [workload(o)],
  'networking.k8s.io/Ingress': (o) => ingressRoutes(o),
  'traefik.io/IngressRoute': (o) => traefikRoutes(o),
  'traefik.io/IngressRouteTCP': (o) => traefikRoutes(o),
  'traefik.io/IngressRouteUDP': (o) => traefikRoutes(o),
  'traefik.io/Middleware': (o, c) => keep(c.middlewares, middleware(o)),
  'gateway.networking.k8s.io/HTTPRoute': (o) => httpRoutes(o),
  'coordination.k8s.io/Lease': (o, c) => later(c.leases, heldLease(o)),
  'metallb.io/IPAddressPool': (o) => [pool(o)],
  'metallb.io/L2Advertisement': (o) => [l2Advertisement(o)],
  'metallb.io/BGPAdvertisement': (o) => [bgpAdvertisement(o)],
  'metallb.io/ServiceL2Status': (o) => some(l2Status(o)),
};

/** Facts of one object; what it means for the cluster as a whole is kept in `cluster`. */
export function convert(o: KubeObject, cluster: Cluster): readonly Fact[] {
  const converter = converters[keyOfKind(o)];
  if (converter !== undefined) return converter(o, cluster);
  if (skipped.has(o.kind)) return [];
  if (concluding.has(o.kind)) cluster.others.set(o.kind, [...(cluster.others.get(o.kind) ?? []), o]);
  const { fact, isCut } = otherObject(o);
  if (isCut)
    cluster.gaps.push({
      id: `cut:${o.cluster}/${o.evidence.object}`,
      system: `cluster/${o.cluster}`,
      kinds: ['otherObject'],
      what: `${o.evidence.object} is larger than what is searched for references`,
      evidence: o.evidence,
    });
  return fact === undefined ? [] : [fact];
}

/** Kinds of facts that may go missing with a broken object. */
export function kindsLostWith(kind: string): readonly Kind[] {
  return kindsOfHold(kind) ?? ['otherObject'];
}

/** Group and kind, without the version; Traefik's older group counts as its present one. */
function keyOfKind(o: KubeObject): string {
  const slash = o.apiVersion.indexOf('/');
  if (slash < 0) return o.kind;
  const group = o.apiVersion.slice(0, slash);
  const known = { 'traefik.containo.us': 'traefik.io', extensions: 'networking.k8s.io' }[group] ?? group;
  return `${known}/${o.kind}`;
}

function workloads(o: KubeObject, cluster: Cluster): readonly Fact[] {
  const f = workload(o);
  cluster.workloads.push(o);
  return [f];
}

function keep<F extends Fact>(list: F[], f: F): readonly Fact[] {
  list.push(f);
  return [f];
}

function later<T>(list: T[], o: T): readonly Fact[] {
  list.push(o);
  return [];
}

function some(f: Fact | undefined): readonly Fact[] {
  return f === undefined ? [] : [f];
}
