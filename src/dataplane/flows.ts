/*
 * All flows worth looking at: each name of a route from each vantage point, by each family that it has, as HTTPS,
 * HTTP/3 and HTTP; then protected endpoints, and every other Service on an address that an ingress shares.
 */
import type { Reader } from '#estate/estate.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { VantagePoint } from '#estate/settings.ts';
import { type Family, familyOf, type Ip } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import type { Protocol } from '#net/port.ts';
import { type Flow, flowText } from './flow.ts';
import { isPrivate } from './route.ts';
import { chooseRule } from './tunnel.ts';
import { sourceAt, vantageOf } from './vantage.ts';

const webPorts: readonly { readonly port: number; readonly protocol: Protocol }[] = [
  { port: 443, protocol: 'tcp' },
  { port: 443, protocol: 'udp' },
  { port: 80, protocol: 'tcp' },
];

/** Flows in a stable order, each once; to the names given, or to all names of routes. */
export function flowsOf(reader: Reader, names: readonly DnsName[] = namesOf(reader)): readonly Flow[] {
  const starts = reader
    .all('vantagePoint')
    .map((v) => ({ point: v.value, families: familiesAt(reader, v.value.id) }));
  const flows = [
    ...nameFlows(reader, names, starts),
    ...protectedFlows(reader, starts),
    ...sharedFlows(reader, starts),
  ];
  return [...new Map(flows.map((flow) => [flowText(flow), flow])).values()];
}

/** Host names of routes, without wildcards and regular expressions. */
export function namesOf(reader: Reader): readonly DnsName[] {
  const names = new Set<DnsName>();
  for (const route of reader.all('route'))
    for (const host of route.value.match.hosts) {
      const name = host.includes('*') ? undefined : parseName(host);
      if (name) names.add(name);
    }
  return [...names].sort();
}

interface Start {
  readonly point: VantagePoint;
  readonly families: readonly Family[];
}

function familiesAt(reader: Reader, id: string): readonly Family[] {
  const vantage = vantageOf(reader, id);
  return vantage ? ([4, 6] as const).filter((f) => sourceAt(reader, vantage, f) !== undefined) : [];
}

function nameFlows(reader: Reader, names: readonly DnsName[], starts: readonly Start[]): readonly Flow[] {
  return starts.flatMap(({ point, families }) => {
    const asked = point.kind === 'tunnel-edge' ? names.filter((n) => isTunnelled(reader, point, n)) : names;
    return families.flatMap((family) =>
      asked.flatMap((name) => webPorts.map((p) => ({ from: point.id, family, to: { name }, ...p }))),
    );
  });
}

/** An edge has only the names that a rule of its tunnel takes, other than the last, which takes everything. */
function isTunnelled(reader: Reader, point: VantagePoint, name: DnsName): boolean {
  const choice = chooseRule(reader, (point.tunnel ?? '').replace(/^tunnel\//, ''), name, '/');
  return choice.kind === 'gap' || (choice.kind === 'rule' && choice.rule.value.hostname !== undefined);
}

function protectedFlows(reader: Reader, starts: readonly Start[]): readonly Flow[] {
  return reader.all('protectedEndpoint').flatMap((p) => {
    const from =
      p.value.from.length > 0 ? starts.filter((s) => p.value.from.includes(s.point.id)) : addressable(starts);
    return addressesOf(reader, p.value).flatMap((ip) =>
      flowsTo(reader, from, ip, p.value.port, p.value.protocol),
    );
  });
}

function addressesOf(
  reader: Reader,
  p: { readonly service?: string; readonly cluster?: string; readonly ip?: Ip },
): readonly Ip[] {
  if (p.ip) return [p.ip];
  const clusters = p.cluster
    ? [p.cluster]
    : [...new Set(reader.all('serviceProxy').map((s) => s.value.cluster))];
  const services = clusters
    .map((c) => reader.get('service', `${c}/${p.service}`))
    .filter((s) => s !== undefined);
  return services.flatMap((s) => {
    const vips = s.value.vips.map((v) => v.ip);
    return vips.length > 0 ? vips : s.value.clusterIps;
  });
}

/** Its ports are asked by name already. */
function isIngressService(reader: Reader, s: Service): boolean {
  const selector = Object.entries(s.selector ?? {});
  return reader
    .by('ingress', 'cluster', s.cluster)
    .some(
      (i) =>
        i.value.namespace === s.namespace &&
        selector.length > 0 &&
        selector.every(([k, v]) => i.value.podLabels[k] === v),
    );
}

/** Ports of other Services that share a VIP, dialled there by address. */
function sharedFlows(reader: Reader, starts: readonly Start[]): readonly Flow[] {
  const held = reader.all('service').flatMap((s) => s.value.vips.map(({ ip }) => ({ ip, service: s.value })));
  const shared = [...Map.groupBy(held, (h) => h.ip)].filter(([, holders]) => holders.length > 1);
  return shared.flatMap(([ip, holders]) =>
    holders
      .flatMap((h) => (isIngressService(reader, h.service) ? [] : h.service.ports))
      .flatMap((p) => flowsTo(reader, addressable(starts), ip, p.port, p.protocol)),
  );
}

/** From inside by the address itself; from the Internet by the public addresses, on the same port. */
function flowsTo(
  reader: Reader,
  starts: readonly Start[],
  ip: Ip,
  port: number,
  protocol: Protocol,
): readonly Flow[] {
  const family = familyOf(ip);
  return starts
    .filter((s) => s.families.includes(family))
    .flatMap((s) => {
      const isOutside = s.point.kind === 'internet' && isPrivate(ip);
      const addresses = isOutside ? publicAddresses(reader, family) : [ip];
      return addresses.map((to) => ({ from: s.point.id, family, to: { ip: to }, port, protocol }));
    });
}

function publicAddresses(reader: Reader, family: Family): readonly Ip[] {
  return reader
    .all('publicAddress')
    .map((p) => p.value.ip)
    .filter((ip) => familyOf(ip) === family);
}

function addressable(starts: readonly Start[]): readonly Start[] {
  return starts.filter((s) => s.point.kind !== 'tunnel-edge');
}
