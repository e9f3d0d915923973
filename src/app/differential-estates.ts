/*
 * Estates made by chance from a seed, small enough for many labs: every setting that decides a packet's way is drawn,
 * so that model and kernel meet where no example was written. The same seed gives the same estate.
 */
import type { Flow } from '#dataplane/flow.ts';
import { type Estate, makeEstate } from '#estate/estate.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';
import type { Service } from '#estate/kubernetes.ts';
import { type Family, familyOf, type Ip, ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { Chance } from './differential-chance.ts';
import { firewallFacts } from './differential-firewall.ts';
import { serviceFacts } from './differential-services.ts';

export interface MadeEstate {
  readonly seed: number;
  readonly estate: Estate;
  readonly flows: readonly Flow[];
}

/** What the parts of a made estate share. */
export interface Draft {
  readonly chance: Chance;
  readonly nodes: readonly string[];
  readonly hasV6: boolean;
  readonly add: <K extends Kind>(kind: K, value: Kinds[K]) => void;
}

export const cluster = 'lab';
export const publicIp = ip('203.0.113.2');
/** The client that sits in the cluster's own network, where answers may take another way back. */
export const neighbour = ip('10.0.20.90');

export function makeEstateFrom(seed: number): MadeEstate {
  const chance = new Chance(seed);
  const facts: Fact[] = [];
  const add: Draft['add'] = (kind, value) => {
    facts.push(fact(kind, value, { file: `seed-${seed}` }));
  };
  const nodes = Array.from({ length: chance.between(2, 4) }, (_, at) => `n${at + 1}`);
  const draft: Draft = { chance, nodes, hasV6: chance.is(0.35), add };
  clusterFacts(draft);
  const services = serviceFacts(draft);
  const forwarded = firewallFacts(draft, services);
  vantageFacts(draft);
  const estate = makeEstate(facts);
  return { seed, estate, flows: flowsFor(draft, services, forwarded) };
}

export function nodeIp(at: number, family: Family = 4): Ip {
  return ip(family === 4 ? `10.0.20.${at + 11}` : `2001:db8:20::${at + 11}`);
}

export function podIp(node: number, n: number, family: Family = 4): Ip {
  return ip(family === 4 ? `10.244.${node + 1}.${n}` : `fd00:244:${node + 1}::${n}`);
}

function clusterFacts({ chance, nodes, hasV6, add }: Draft): void {
  const network = chance.one([
    { program: 'calico', encapsulation: 'none' },
    { program: 'calico', encapsulation: 'vxlan' },
    { program: 'flannel', encapsulation: 'vxlan' },
    { program: 'bridge', encapsulation: 'none' },
  ] as const);
  const excluded = nodes.length > 2 && chance.is(0.2) ? chance.one(nodes) : undefined;
  nodes.forEach((name, at) => {
    const families: readonly Family[] = hasV6 ? [4, 6] : [4];
    add('node', {
      cluster,
      name,
      labels: {
        rack: at % 2 === 0 ? 'a' : 'b',
        ...(name === excluded && { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }),
      },
      annotations:
        network.program === 'calico' && network.encapsulation === 'vxlan'
          ? { 'projectcalico.org/IPv4VXLANTunnelAddr': `10.244.${at + 1}.200` }
          : {},
      internalIps: families.map((f) => nodeIp(at, f)),
      podCidrs: families.map((f) => prefix(f === 4 ? `10.244.${at + 1}.0/24` : `fd00:244:${at + 1}::/64`)),
      isReady: true,
      isNetworkUnavailable: false,
      isSchedulable: true,
      kubeletVersion: 'v1.34.2',
    });
  });
  add('podNetwork', { cluster, ...network, version: '3.30.4' });
  add('serviceProxy', {
    cluster,
    program: 'kube-proxy',
    mode: chance.one(['nftables', 'iptables'] as const),
    version: '1.34.2',
    clusterCidrs: chance.is(0.85)
      ? [prefix('10.244.0.0/16'), ...(hasV6 ? [prefix('fd00:244::/32')] : [])]
      : [],
    serviceCidrs: [prefix('10.96.0.0/16')],
    masqueradeAll: chance.is(0.1),
    strictArp: false,
  });
  add('announcing', {
    cluster,
    program: 'metallb',
    version: '0.15.3',
    ignoreExcludeLabel: false,
    speakerNodes: nodes,
    isMemberlistDisabled: false,
  });
  poolFacts({ chance, nodes, hasV6, add });
}

function poolFacts({ chance, hasV6, add }: Draft): void {
  add('pool', {
    cluster,
    namespace: 'metallb-system',
    name: 'all',
    labels: {},
    ranges: [
      { first: ip('10.0.20.200'), last: ip('10.0.20.210') },
      ...(hasV6 ? [{ first: ip('2001:db8:20::200'), last: ip('2001:db8:20::210') }] : []),
    ],
    autoAssign: true,
    avoidBuggyIps: false,
  });
  const rack = { matchLabels: { rack: 'a' } };
  add('l2Advertisement', {
    cluster,
    name: 'all',
    pools: ['all'],
    poolSelectors: [],
    nodeSelectors: chance.is(0.2) ? [rack] : [],
    serviceSelectors: [],
    interfaces: [],
    preferredNodes: chance.is(0.2) ? [{ weight: 10, selector: { matchLabels: { rack: 'b' } } }] : [],
  });
}

function vantageFacts({ chance, nodes, hasV6, add }: Draft): void {
  const at = chance.below(nodes.length);
  const both = (four: string, six: string) => (hasV6 ? [ip(four), ip(six)] : [ip(four)]);
  const anywhere = [prefix('0.0.0.0/0'), prefix('::/0')];
  add('vantagePoint', {
    id: 'internet',
    kind: 'internet',
    clients: both('198.51.100.20', '2001:db8:5e::20'),
    networks: anywhere,
  });
  add('vantagePoint', {
    id: 'lan',
    kind: 'lan',
    clients: [ip('192.168.1.20')],
    networks: [prefix('192.168.1.0/24')],
    gateway: 'fw',
  });
  add('vantagePoint', {
    id: 'beside',
    kind: 'lan',
    clients: [neighbour],
    networks: [prefix('10.0.20.0/24')],
    gateway: 'fw',
  });
  add('vantagePoint', {
    id: 'node',
    kind: 'node',
    clients: both(nodeIp(at), nodeIp(at, 6)),
    networks: [prefix('10.0.20.0/24')],
    cluster,
    node: nodes[at] ?? 'n1',
  });
  const pod = {
    cluster,
    namespace: 'tools',
    name: 'shell',
    labels: { app: 'shell' },
    node: nodes[at] ?? 'n1',
    hostNetwork: false,
    isReady: true,
    phase: 'Running',
    containers: [],
    hostAliases: [],
  };
  add('pod', { ...pod, ips: hasV6 ? [podIp(at, 99), podIp(at, 99, 6)] : [podIp(at, 99)] });
  add('vantagePoint', {
    id: 'pod',
    kind: 'pod',
    clients: both(podIp(at, 99), podIp(at, 99, 6)),
    networks: [prefix('10.244.0.0/16')],
    cluster,
    pod: 'tools/shell',
  });
}

/** A port that the firewall forwards from its public address. */
export interface ForwardedPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

const host = 'app.example.org';

function flowsFor(
  draft: Draft,
  services: readonly Service[],
  forwarded: readonly ForwardedPort[],
): readonly Flow[] {
  const inside = services.flatMap((s) => [
    ...s.vips.flatMap(({ ip: to }) =>
      ports(s).flatMap((p) => fromAll(['lan', 'beside', 'node', 'pod'], to, p)),
    ),
    ...s.externalIps.flatMap((to) => ports(s).flatMap((p) => fromAll(['lan', 'beside', 'pod'], to, p))),
    ...s.clusterIps.slice(0, 1).flatMap((to) => ports(s).flatMap((p) => fromAll(['node', 'pod'], to, p))),
    ...nodePorts(draft, s),
  ]);
  const v6 = services.flatMap((s) =>
    s.vips
      .filter((v) => familyOf(v.ip) === 6)
      .flatMap(({ ip: to }) => ports(s).flatMap((p) => fromAll(['internet'], to, p))),
  );
  const unserved = services
    .slice(0, 1)
    .flatMap((s) =>
      s.vips
        .slice(0, 1)
        .flatMap(({ ip: to }) => fromAll(['lan', 'beside'], to, { port: 4444, protocol: 'tcp' })),
    );
  const outside = forwarded.flatMap((p) => fromAll(['internet', 'lan', 'beside', 'pod'], publicIp, p));
  const closed = fromAll(['internet'], publicIp, { port: 4444, protocol: 'tcp' });
  return [...inside, ...v6, ...unserved, ...outside, ...closed];
}

function ports(s: Service): readonly ForwardedPort[] {
  return s.ports.flatMap(({ port, protocol }) => (protocol === 'sctp' ? [] : [{ port, protocol }]));
}

/** One port of the Service at one node, from beside and from the LAN. */
function nodePorts({ chance, nodes }: Draft, s: Service): readonly Flow[] {
  const [first] = s.ports;
  if (first?.nodePort === undefined || first.protocol === 'sctp' || first.port === 80) return [];
  const to = nodeIp(chance.below(nodes.length));
  return fromAll(['lan', 'beside'], to, { port: first.nodePort, protocol: first.protocol });
}

function fromAll(from: readonly string[], to: Ip, { port, protocol }: ForwardedPort): readonly Flow[] {
  const family = familyOf(to);
  const able =
    family === 6 ? from.filter((one) => one === 'internet' || one === 'node' || one === 'pod') : from;
  return able.map((one) => ({
    from: one,
    family,
    to: { ip: to },
    port,
    protocol,
    ...((port === 443 || port === 80) && { host: host as never }),
  }));
}

export { host };
