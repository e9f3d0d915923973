/*
 * What snapshot.json can say that a file holds completely, and the kinds of facts that come from it. What no complete
 * file holds is a gap of these kinds, not an absence. Kinds that are concluded from several objects hang on each of them.
 */
import type { Kind } from './kinds.ts';

const cluster = {
  Service: ['service'],
  EndpointSlice: ['endpointSlice'],
  Endpoints: ['endpointSlice'],
  Pod: ['pod', 'announcing'],
  Node: ['node', 'serviceProxy', 'podNetwork'],
  Namespace: ['namespace'],
  PodDisruptionBudget: ['disruptionBudget'],
  Deployment: ['workload', 'ingress', 'announcing', 'helmRelease'],
  DaemonSet: ['workload', 'ingress', 'announcing', 'serviceProxy', 'podNetwork', 'helmRelease'],
  StatefulSet: ['workload', 'ingress', 'helmRelease'],
  CronJob: ['workload'],
  Ingress: ['route'],
  IngressRoute: ['route'],
  IngressRouteTCP: ['route'],
  IngressRouteUDP: ['route'],
  HTTPRoute: ['route'],
  Gateway: ['route'],
  IngressClass: ['ingress'],
  Middleware: ['middleware'],
  ConfigMap: ['configMap', 'serviceProxy', 'podNetwork', 'nameRule', 'resolver', 'ingress'],
  IPAddressPool: ['pool'],
  L2Advertisement: ['l2Advertisement'],
  BGPAdvertisement: ['bgpAdvertisement'],
  ServiceL2Status: ['l2Status'],
  IPPool: ['podNetwork'],
  Lease: ['lease'],
  HelmRelease: ['helmRelease'],
  OtherObject: ['otherObject'],
} as const satisfies Record<string, readonly Kind[]>;

const elsewhere = {
  FirewallConfig: [
    'firewall',
    'firewallInterface',
    'gateway',
    'staticRoute',
    'alias',
    'portForward',
    'filterRule',
    'outboundNatRule',
    'virtualIp',
    'dhcpRange',
    'nameRule',
    'resolver',
  ],
  Zone: ['recordSet', 'zone', 'dnsView'],
  SplitHorizonApp: ['translation', 'dnsView'],
  ResolverSettings: ['resolver', 'nameRule'],
  TunnelConfig: ['tunnel', 'tunnelRule'],
  CrowdsecAllowlists: ['banAllowlist'],
  CrowdsecDecisions: ['banDecision'],
  CrowdsecBouncers: ['bouncer'],
  CrowdsecParserWhitelist: ['banAllowlist'],
  CrowdsecParsers: ['banEngine'],
  AccessLog: ['accessLog', 'logCount'],
  NodeFile: ['mention'],
  Repository: ['mention', 'statedSetting', 'helmRelease'],
  Documents: ['mention'],
  Settings: [
    'vantagePoint',
    'resolver',
    'publicAddress',
    'unmanagedHop',
    'protectedEndpoint',
    'protectedPeople',
    'monitor',
    'acceptedGap',
    'repository',
    'systemAccess',
    'durations',
    'intendedRefusal',
    'ownInvariant',
  ],
} as const satisfies Record<string, readonly Kind[]>;

const table: Readonly<Record<string, readonly Kind[]>> = { ...cluster, ...elsewhere };

/** What a whole snapshot of one system holds, by the folder of the system. What is not here is never asked for. */
export const expectedHolds: Readonly<Record<string, readonly string[]>> = {
  cluster: [
    ...['Service', 'EndpointSlice', 'Pod', 'Node', 'Namespace', 'PodDisruptionBudget', 'Deployment'],
    ...['DaemonSet', 'StatefulSet', 'ConfigMap', 'Ingress', 'IngressRoute', 'IngressRouteTCP'],
    ...['IngressRouteUDP', 'HTTPRoute', 'Middleware', 'IPAddressPool', 'L2Advertisement'],
    ...['BGPAdvertisement', 'ServiceL2Status'],
  ],
  firewall: ['FirewallConfig'],
  dns: ['Zone', 'SplitHorizonApp'],
  tunnel: ['TunnelConfig'],
  crowdsec: [
    ...['CrowdsecAllowlists', 'CrowdsecDecisions', 'CrowdsecBouncers', 'CrowdsecParserWhitelist'],
    'CrowdsecParsers',
  ],
  log: ['AccessLog'],
  node: ['NodeFile'],
  source: ['Repository'],
};

/** Kinds of facts that come from what is held; `Zone:example.org` counts as `Zone`. undefined: no such word. */
export function kindsOfHold(hold: string): readonly Kind[] | undefined {
  const word = hold.split(':', 1)[0] ?? '';
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

/** Kinds of facts of several; without any, all that a system in that folder can give. */
export function kindsOfHolds(holds: readonly string[], folder?: string): readonly Kind[] {
  const words = holds.length > 0 ? holds : (expectedHolds[folder ?? ''] ?? []);
  return [...new Set(words.flatMap((h) => kindsOfHold(h) ?? []))];
}

/** Every word that snapshot.json may use in `holds`. */
export function allHolds(): readonly string[] {
  return Object.keys(table);
}
