/*
 * The resources that the Kubernetes stand-in serves, and how lists in them are keyed (kubernetes/api, listType and
 * patchMergeKey comments of v1.34). The two tables of keys differ for Service ports, as they do in the real server.
 */

export interface Resource {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly hasStatus: boolean;
}

const row = (group: string, version: string, kind: string, plural: string, flags = 'n'): Resource => ({
  group,
  version,
  kind,
  plural,
  isNamespaced: flags.includes('n'),
  hasStatus: flags.includes('s'),
});

const core = [
  row('', 'v1', 'Service', 'services', 'ns'),
  row('', 'v1', 'Node', 'nodes', 's'),
  row('', 'v1', 'Pod', 'pods', 'ns'),
  row('', 'v1', 'ConfigMap', 'configmaps'),
  row('', 'v1', 'Secret', 'secrets'),
  row('', 'v1', 'Namespace', 'namespaces', 's'),
  row('', 'v1', 'Event', 'events'),
  row('', 'v1', 'Endpoints', 'endpoints'),
  row('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
  row('apps', 'v1', 'Deployment', 'deployments', 'ns'),
  row('apps', 'v1', 'DaemonSet', 'daemonsets', 'ns'),
  row('apps', 'v1', 'StatefulSet', 'statefulsets', 'ns'),
  row('apps', 'v1', 'ReplicaSet', 'replicasets', 'ns'),
  row('batch', 'v1', 'CronJob', 'cronjobs', 'ns'),
  row('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets', 'ns'),
  row('coordination.k8s.io', 'v1', 'Lease', 'leases'),
  row('networking.k8s.io', 'v1', 'Ingress', 'ingresses', 'ns'),
  row('networking.k8s.io', 'v1', 'IngressClass', 'ingressclasses', ''),
  row('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
];
const custom = [
  ...['IPAddressPool', 'L2Advertisement', 'BGPAdvertisement', 'BFDProfile'].map((k) =>
    row('metallb.io', 'v1beta1', k, `${k.toLowerCase()}s`, 'ns'),
  ),
  row('metallb.io', 'v1beta1', 'Community', 'communities', 'ns'),
  row('metallb.io', 'v1beta2', 'BGPPeer', 'bgppeers', 'ns'),
  row('metallb.io', 'v1beta1', 'ServiceL2Status', 'servicel2statuses', 'ns'),
  row('metallb.io', 'v1beta1', 'ServiceBGPStatus', 'servicebgpstatuses', 'ns'),
  row('metallb.io', 'v1beta1', 'ConfigurationState', 'configurationstates', 'ns'),
  ...['IngressRoute', 'IngressRouteTCP', 'IngressRouteUDP', 'Middleware', 'MiddlewareTCP'].map((k) =>
    row('traefik.io', 'v1alpha1', k, `${k.toLowerCase()}s`),
  ),
  ...['TLSOption', 'TLSStore', 'ServersTransport', 'TraefikService'].map((k) =>
    row('traefik.io', 'v1alpha1', k, `${k.toLowerCase()}s`),
  ),
  row('gateway.networking.k8s.io', 'v1', 'GatewayClass', 'gatewayclasses', 's'),
  row('gateway.networking.k8s.io', 'v1', 'Gateway', 'gateways', 'ns'),
  row('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes', 'ns'),
];

export const knownResources: readonly Resource[] = [...core, ...custom];

/** The resource of an object that none of the known ones is: as a custom resource's usual names would be. */
export function guessResource(apiVersion: string, kind: string, isNamespaced: boolean): Resource {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const lower = kind.toLowerCase();
  const plural = /(s|x|ch|sh)$/.test(lower)
    ? `${lower}es`
    : lower.replace(/([^aeiou])y$/, '$1ie').concat('s');
  return { group: group ?? '', version: version ?? 'v1', kind, plural, isNamespaced, hasStatus: true };
}

export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** Keys of the items of a list under server-side apply; undefined: the list is one value. */
export function applyKeys(path: readonly string[]): readonly string[] | undefined {
  return keysAt(path, applyTable);
}

/** The one key by which a strategic merge patch finds items; undefined: the list is replaced. */
export function mergeKey(path: readonly string[]): string | undefined {
  return keysAt(path, mergeTable)?.[0];
}

/** Values that a missing key stands for. */
export const keyDefaults: Readonly<Record<string, unknown>> = { protocol: 'TCP' };

type Table = readonly (readonly [RegExp, readonly string[]])[];
const pod = '(?:spec|template\\.spec)';
const applyTable: Table = [
  [/^Service\.spec\.ports$/, ['port', 'protocol']],
  [/\.conditions$/, ['type']],
  [/\.metadata\.ownerReferences$/, ['uid']],
  [new RegExp(`${pod}\\.(init)?[cC]ontainers$`), ['name']],
  [/ontainers\.\*\.env$/, ['name']],
  [/ontainers\.\*\.ports$/, ['containerPort', 'protocol']],
  [/ontainers\.\*\.volumeMounts$/, ['mountPath']],
  [new RegExp(`${pod}\\.(volumes|imagePullSecrets)$`), ['name']],
  [new RegExp(`${pod}\\.hostAliases$`), ['ip']],
];
const mergeTable: Table = [
  // kubernetes/api core/v1/types.go: patchMergeKey=port although listMapKey is port and protocol
  [/^Service\.spec\.ports$/, ['port']],
  [/ontainers\.\*\.ports$/, ['containerPort']],
  ...applyTable.slice(1, 5),
  ...applyTable.slice(6),
];

function keysAt(path: readonly string[], table: Table): readonly string[] | undefined {
  const text = path.map((p) => (p.startsWith('[') ? '*' : p)).join('.');
  return table.find(([pattern]) => pattern.test(text))?.[1];
}

const atomicMaps = [
  /^Service\.spec\.selector$/,
  /^(Deployment|DaemonSet|StatefulSet|ReplicaSet)\.spec\.selector$/,
  /\.labelSelector$/,
  /\.(valueFrom|resourceFieldRef|fieldRef|secretKeyRef|configMapKeyRef)$/,
];

/** Maps that have one owner as a whole. */
export function isAtomicMap(path: readonly string[]): boolean {
  const text = path.map((p) => (p.startsWith('[') ? '*' : p)).join('.');
  return atomicMaps.some((pattern) => pattern.test(text));
}
