/* The cluster of a generated house: nodes and pods of the ingress, who shares the address, the pool, the chart. */
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { node, pod, service, slice, stated, traefik, traefikPorts, vip } from '../estates.ts';
import type { Dice, Part } from './house.ts';

const slicePorts = [
  { name: 'web', port: 8000, protocol: 'tcp' },
  { name: 'websecure', port: 8443, protocol: 'tcp' },
  { name: 'websecure-http3', port: 8443, protocol: 'udp' },
] as const;

export function clusterParts(dice: Dice): readonly Part[] {
  const own = address(dice);
  const isAlone = own.says.startsWith('alone');
  return [nodes(dice), own, company(dice, isAlone), pool(dice), metallb(dice), chart(dice)];
}

/** Three to five nodes; the ingress on two or three of them, and rarely on one, where policy Local has no plan. */
function nodes(dice: Dice): Part {
  const count = dice.one([3, 3, 4, 5]);
  const on = dice.one([[1, 2], [1, 3], [2, 3], [1, 2, 3], ...(dice.chance(0.2) ? [[2]] : [])]);
  const places = on.map((n): [string, number] => [`10.10.${n}.5`, n]);
  return {
    says: `${count} nodes, ingress on ${on.join()}`,
    without: ['pod:home/traefik/traefik-1', 'pod:home/traefik/traefik-2'],
    add: [
      ...Array.from({ length: count }, (_, i) => node(i + 1)),
      stated('announcing', {
        cluster: 'home',
        program: 'metallb',
        version: '0.15.2',
        ignoreExcludeLabel: false,
        speakerNodes: Array.from({ length: count }, (_, i) => `k8s-node${i + 1}`),
      }),
      slice('traefik/traefik', places, slicePorts),
      ...places.map(([at, n]) => pod(`traefik/traefik-${n}`, at, n)),
    ],
  };
}

/** How the Service has its address: asked for or given, by annotation or by the old field; alone it may be Local. */
function address(dice: Dice): Part {
  if (dice.chance(0.25)) return alone(dice);
  const how = dice.one(['annotation', 'annotation', 'field', 'given'] as const);
  const more = {
    annotation: { requestedIps: vip },
    field: { loadBalancerIp: vip },
    given: {},
  }[how];
  return { says: `address by ${how}`, add: [traefik({ ...more, ports: traefikPorts })] };
}

/** The ingress has its address to itself; with policy Local clients are seen as themselves already. */
function alone(dice: Dice): Part {
  const { sharingKey, ...own } = traefik({
    requestedIps: vip,
    externalPolicy: dice.one(['local', 'cluster'] as const),
  }).value;
  const database = {
    type: 'LoadBalancer' as const,
    ports: [{ port: 5432, protocol: 'tcp' as const, targetPort: 5432, nodePort: 30_432 }],
    clusterIps: [ip('10.96.0.54')],
    vips: [{ ip: ip('10.0.20.219'), ipMode: 'VIP' as const }],
    requestedIps: ip('10.0.20.219'),
  };
  return {
    says: `alone on the address, ${own.externalPolicy}`,
    add: [stated('service', own), service('dbaas/postgresql-lb', database)],
  };
}

/** Others on the address, which must keep it; one of them is protected. */
function company(dice: Dice, isAlone: boolean): Part {
  const others = isAlone ? 0 : dice.one([0, 1, 2]);
  const more = Array.from({ length: others }, (_, i): readonly Fact[] => {
    const [name, at, port] = [`apps/game-${i}`, `10.10.3.${40 + i}`, 27_000 + i];
    return [
      service(name, {
        type: 'LoadBalancer',
        ports: [{ port, protocol: 'udp', targetPort: port, nodePort: 30_500 + i }],
        clusterIps: [ip(`10.96.1.${i + 1}`)],
        vips: [{ ip: vip, ipMode: 'VIP' }],
        requestedIps: vip,
        sharingKey: 'shared',
      }),
      slice(name, [[at, 3]], [{ port, protocol: 'udp' }]),
      pod(`${name}-3`, at, 3),
    ];
  }).flat();
  const guarded = stated('protectedEndpoint', {
    name: 'state',
    service: 'dbaas/postgresql-lb',
    port: 5432,
    protocol: 'tcp',
    from: ['lan'],
    why: 'nothing can be applied without it',
  });
  const isGuarded = dice.chance(0.6);
  return {
    says: `${others} more on the address${isGuarded ? ', database protected' : ''}`,
    add: [...more, ...(isGuarded ? [guarded] : [])],
  };
}

/** Where the next free address is: taken, in a DHCP range, or stated somewhere. */
function pool(dice: Dice): Part {
  if (!dice.chance(0.4)) return { says: '' };
  const range = { first: ip('10.0.20.201'), last: ip('10.0.20.205') };
  return {
    says: 'DHCP range in the pool',
    add: [
      stated('dhcpRange', {
        firewall: 'pfsense',
        interface: 'opt1',
        range,
        server: 'kea',
        staticIps: [],
      }),
    ],
  };
}

function metallb(dice: Dice): Part {
  const maxStaleSeconds = dice.one([0, 600, 3600]);
  return {
    says: `maxStale ${maxStaleSeconds}`,
    add: [stated('durations', { operatorMinutes: dice.one([5, 10]), maxStaleSeconds })],
  };
}

/** A release that waits and takes itself back, and an ingress that publishes its Service. */
function chart(dice: Dice): Part {
  if (!dice.chance(0.35)) return { says: '' };
  const isPinned = dice.chance(0.6);
  const chartVersion = dice.one(['26.1.0', '37.4.0']);
  return {
    says: `chart ${chartVersion}${isPinned ? '' : ', not pinned'}`,
    add: [
      stated('helmRelease', {
        cluster: 'home',
        namespace: 'traefik',
        name: 'traefik',
        chart: 'traefik',
        ...(isPinned && { chartVersion }),
        deployedChartVersion: chartVersion,
        waits: true,
        atomic: true,
      }),
    ],
  };
}
