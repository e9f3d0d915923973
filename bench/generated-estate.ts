/*
 * An estate of any size for measurements: the home estate of the tests, and in it as many more Services, nodes, pods,
 * routes and records as asked for. Every twentieth application is proxied or limited, every hundredth has an address.
 */
import { type Estate, makeEstate } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { type Ip, ip, ipToNumber, numberToIp } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';
import { homeFacts, middleware, node, pod, record, route, service, slice, stated } from '#test/estates.ts';

export interface Size {
  readonly services: number;
  readonly nodes: number;
  readonly names: number;
}

/** Sizes that the aim speaks of: 500 nodes and 20,000 names at 10,000 Services. */
export function sizeOf(services: number): Size {
  return { services, nodes: Math.max(5, services / 20), names: services * 2 };
}

export function generatedEstate(size: Size): Estate {
  return makeEstate([
    ...homeFacts(),
    ...nodesOf(size),
    ...applicationsOf(size),
    ...namesOf(size),
    ...limits(),
  ]);
}

function at(base: string, offset: number): Ip {
  return numberToIp(ipToNumber(ip(base)) + BigInt(offset), 4);
}

/** In the LAN of the home estate as long as they fit there. */
function nodesOf(size: Size): readonly Fact[] {
  const first = size.nodes <= 90 ? '10.0.20.104' : '10.0.24.1';
  return Array.from({ length: Math.max(0, size.nodes - 3) }, (_, i) =>
    stated('node', {
      ...node(1).value,
      name: `k8s-node${i + 4}`,
      internalIps: [at(first, i)],
      podCidrs: [prefix(`${at('10.16.0.0', i * 256)}/24`)],
    }),
  );
}

function applicationsOf(size: Size): readonly Fact[] {
  return Array.from({ length: size.services }, (_, i) => applicationOf(i, size)).flat();
}

/** A Service with two pods on two nodes; every hundredth has a VIP of its own. */
function applicationOf(i: number, size: Size): readonly Fact[] {
  const name = `team-${i % 50}/app${i}`;
  const nodes = [1 + (i % size.nodes), 1 + ((i * 7 + 1) % size.nodes)] as const;
  const turn = Math.floor(i / size.nodes);
  const ips = [podIp(nodes[0], 60 + turn), podIp(nodes[1], 160 + turn)] as const;
  const hasVip = i % 100 === 99;
  return [
    service(name, {
      ports: [
        {
          name: 'http',
          port: 80,
          protocol: 'tcp',
          targetPort: 8080,
          ...(hasVip && { nodePort: 31_000 + (i % 1000) }),
        },
      ],
      clusterIps: [at('10.128.0.1', i)],
      ...(hasVip && {
        type: 'LoadBalancer',
        vips: [{ ip: at('10.0.28.1', i), ipMode: 'VIP' }],
        externalPolicy: i % 200 === 99 ? 'local' : 'cluster',
      }),
    }),
    slice(
      name,
      [
        [ips[0], nodes[0]],
        [ips[1], nodes[1]],
      ],
      [{ name: 'http', port: 8080, protocol: 'tcp' }],
    ),
    pod(`${name}-${nodes[0]}`, ips[0], nodes[0]),
    ...(nodes[0] === nodes[1] ? [] : [pod(`${name}-${nodes[1]}`, ips[1], nodes[1])]),
  ];
}

/** Within the node's own range of pods; a node meets each of its two turns once a round. */
function podIp(node: number, last: number): Ip {
  return node <= 3 ? ip(`10.10.${node}.${last}`) : at('10.16.0.0', (node - 4) * 256 + last);
}

/** Names of routes, aliases of the apex outside; inside a wildcard answers them. */
function namesOf(size: Size): readonly Fact[] {
  return Array.from({ length: size.names }, (_, i) => {
    const host = `n${i}.example.org`;
    const app = i % size.services;
    const middlewares = i % 20 === 0 ? ['traefik/limit', 'traefik/inside'] : ['traefik/limit'];
    return [
      route(`r${i}`, host, { middlewares, backend: { service: `team-${app % 50}/app${app}`, port: 80 } }),
      record('dns/cloudflare', host, 'A', ['203.0.113.10'], { isProxied: false }),
    ];
  }).flat();
}

function limits(): readonly Fact[] {
  return [
    middleware('limit', { kind: 'rate-limit', average: 100, burst: 200, periodMs: 1000, depth: 0 }),
    middleware('inside', { kind: 'ip-allow-list', ranges: [prefix('10.0.0.0/8')], depth: 0 }),
    stated('pool', {
      cluster: 'home',
      namespace: 'metallb-system',
      name: 'many',
      labels: {},
      ranges: [{ first: ip('10.0.28.0'), last: ip('10.0.127.255') }],
      autoAssign: true,
      avoidBuggyIps: false,
    }),
    stated('recordSet', {
      ...record('dns/technitium', 'lan.example.org', 'TXT', ['generated']).value,
      name: dnsName('lan.example.org'),
    }),
  ];
}
