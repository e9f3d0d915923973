/* Kinds of facts that whole stages rest on, for rules that walk flows or ask whom an endpoint sees. */
import type { Kind } from '#estate/kinds.ts';

/** What decides which node's address stands in for clients. */
export const maskKinds: readonly Kind[] = [
  ...([
    'service',
    'endpointSlice',
    'node',
    'pod',
    'ingress',
    'serviceProxy',
    'podNetwork',
    'announcing',
  ] as const),
  ...(['pool', 'l2Advertisement', 'bgpAdvertisement'] as const),
];

/** Everything that a walk from a vantage point to an application may read. */
export const walkKinds: readonly Kind[] = [
  ...maskKinds,
  ...([
    'vantagePoint',
    'resolver',
    'recordSet',
    'zone',
    'dnsView',
    'translation',
    'nameRule',
    'publicAddress',
  ] as const),
  ...([
    'firewall',
    'firewallInterface',
    'gateway',
    'staticRoute',
    'alias',
    'portForward',
    'filterRule',
  ] as const),
  ...([
    'outboundNatRule',
    'virtualIp',
    'unmanagedHop',
    'route',
    'middleware',
    'tunnel',
    'tunnelRule',
  ] as const),
];
