/* The lab's own election and allocation against hashes and cases that the documentation gives; the model is not asked. */
import { describe, expect, test } from 'vitest';
import { makeEstate, readerOf } from '#estate/estate.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';
import type { Service } from '#estate/kubernetes.ts';
import { type Ip, ip } from '#net/ip.ts';
import { allocate } from './metallb-allocate.ts';
import { announcerOf } from './metallb-elect.ts';

const evidence = { file: 'test' };
const names = ['k8s-node1', 'k8s-node2', 'k8s-node3', 'k8s-node4', 'k8s-node5'];

function makeFact<K extends Kind>(kind: K, value: Kinds[K]): Fact {
  return fact(kind, value, evidence);
}

function service(name: string, fields: Partial<Service> = {}): Service {
  return {
    cluster: 'home',
    namespace: 'apps',
    name,
    type: 'LoadBalancer',
    labels: { app: name },
    annotations: {},
    selector: { app: name },
    ports: [{ port: 443, protocol: 'tcp', targetPort: 443 }],
    clusterIps: [ip('10.96.0.10')],
    externalIps: [],
    externalPolicy: 'cluster',
    internalPolicy: 'cluster',
    ipFamilies: [4],
    ipFamilyPolicy: 'SingleStack',
    sourceRanges: [],
    allocateNodePorts: true,
    vips: [],
    ...fields,
  };
}

function at(address: string): Service['vips'] {
  return [{ ip: ip(address), ipMode: 'VIP' }];
}

function readerWith(services: readonly Service[], podNodes: readonly string[] = names, version = '0.15.3') {
  const slices = services.map((s) =>
    makeFact('endpointSlice', {
      cluster: 'home',
      namespace: 'apps',
      name: `${s.name}-a`,
      service: s.name,
      family: 4,
      ports: [{ port: 443, protocol: 'tcp' }],
      endpoints: podNodes.map((node, n) => ({ addresses: [ip(`10.10.0.${n + 1}`)], node, ready: true })),
    }),
  );
  const nodes = names.map((name) =>
    makeFact('node', {
      cluster: 'home',
      name,
      labels: {},
      annotations: {},
      internalIps: [],
      podCidrs: [],
      isReady: true,
      isNetworkUnavailable: false,
      isSchedulable: true,
    }),
  );
  const ad = {
    cluster: 'home',
    name: 'all',
    pools: [],
    poolSelectors: [],
    nodeSelectors: [],
    serviceSelectors: [],
    interfaces: [],
    preferredNodes: [],
  };
  const pool = {
    cluster: 'home',
    namespace: 'metallb-system',
    name: 'default',
    labels: {},
    ranges: [{ first: ip('10.0.20.200'), last: ip('10.0.20.220') }],
    autoAssign: true,
    avoidBuggyIps: false,
  };
  const announcing = { cluster: 'home', program: 'metallb' as const, version, ignoreExcludeLabel: false };
  return readerOf(
    makeEstate([
      ...nodes,
      ...slices,
      ...services.map((s) => makeFact('service', s)),
      makeFact('l2Advertisement', ad),
      makeFact('pool', pool),
      makeFact('announcing', announcing),
    ]),
  );
}

describe('announcerOf', () => {
  const none: ReadonlySet<string> = new Set();
  test.each([
    {
      name: 'the shared address of the founding design',
      vip: '10.0.20.200',
      policy: 'cluster',
      pods: names,
      wins: 'k8s-node3',
    },
    {
      name: 'its own address, Local, among the nodes with a pod',
      vip: '10.0.20.203',
      policy: 'local',
      pods: ['k8s-node2', 'k8s-node4', 'k8s-node5'],
      wins: 'k8s-node4',
    },
    {
      name: 'its own address, if the pods were ignored',
      vip: '10.0.20.203',
      policy: 'cluster',
      pods: ['k8s-node2'],
      wins: 'k8s-node1',
    },
    { name: 'no endpoint at all', vip: '10.0.20.203', policy: 'cluster', pods: [], wins: undefined },
  ] as const)('$name', ({ vip, policy, pods, wins }) => {
    const traefik = service('traefik', { externalPolicy: policy, vips: at(vip) });
    expect(announcerOf(readerWith([traefik], pods), traefik, none)).toBe(wins);
  });

  test('a lost node is passed over for the next', () => {
    const traefik = service('traefik', { externalPolicy: 'local', vips: at('10.0.20.203') });
    const reader = readerWith([traefik], ['k8s-node2', 'k8s-node4', 'k8s-node5']);
    expect(announcerOf(reader, traefik, new Set(['k8s-node4']))).toBe('k8s-node5');
  });
});

describe('allocate', () => {
  const shared = { sharingKey: 'shared', requestedIps: '10.0.20.200' };
  const postgres = service('postgres', {
    ...shared,
    vips: at('10.0.20.200'),
    ports: [{ port: 5432, protocol: 'tcp', targetPort: 5432 }],
  });
  const cases: readonly {
    readonly name: string;
    readonly wants: Service;
    readonly gets: readonly string[];
  }[] = [
    {
      name: 'shares with an equal key and other ports',
      wants: service('web', shared),
      gets: ['10.0.20.200'],
    },
    {
      name: 'Local beside Cluster is refused',
      wants: service('web', { ...shared, externalPolicy: 'local' }),
      gets: [],
    },
    { name: 'another key is refused', wants: service('web', { ...shared, sharingKey: 'other' }), gets: [] },
    {
      name: 'the same port is refused',
      wants: service('web', { ...shared, ports: postgres.ports }),
      gets: [],
    },
    { name: 'without a wish the first free address', wants: service('web'), gets: ['10.0.20.201'] },
    {
      name: 'with the key the first that can be shared',
      wants: service('web', { sharingKey: 'shared' }),
      gets: ['10.0.20.200'],
    },
    { name: 'outside of every pool', wants: service('web', { requestedIps: '10.0.20.99' }), gets: [] },
    {
      name: 'what it has is kept',
      wants: service('web', { vips: at('10.0.20.210') }),
      gets: ['10.0.20.210'],
    },
  ];
  test.each(cases)('$name', ({ wants, gets }) => {
    const got: readonly Ip[] = allocate(readerWith([postgres, wants]), wants);
    expect(got).toEqual(gets);
  });
});
