/*
 * The steady traffic of a rehearsal: what every vantage point asks, how often, and which connections are open before the
 * change. Chosen from native facts: an application's name, the other Services' ports, the protected endpoints.
 */
import type { Reader } from '#estate/estate.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { VantagePoint } from '#estate/settings.ts';
import type { EstateLab } from '#lab/estate/estate-lab.ts';
import { type StartPoint, startPointOf } from '#lab/estate/start-points.ts';
import type { FlowKind } from '#lab/traffic/flows.ts';
import type { LoadTarget } from '#lab/traffic/load.ts';
import { type Family, familyOf, type Ip } from '#net/ip.ts';

export interface PlannedLoad {
  readonly vantage: string;
  readonly what: string;
  /** As the report names it. */
  readonly to: string;
  readonly host: string;
  readonly load: LoadTarget;
}

export interface PlannedFlow {
  readonly vantage: string;
  readonly host: string;
  readonly kind: FlowKind;
  readonly to: string;
  readonly port: number;
  /** Asked for before the flow is opened; else `to` is an address. */
  readonly resolver?: Ip;
  /** With a resolver: over which family. */
  readonly family?: Family;
}

/** Requests a second from one vantage point. */
const rates = { http1: 10, http2: 10, http3: 6, dns: 5, udp: 4, tcp: 4, postgres: 6 } as const;

/** The application that everybody asks for: one that no allowlist guards and that has a direct way from outside. */
export function rehearsedName(reader: Reader): string | undefined {
  const routes = reader.all('route').map((r) => r.value);
  const guarded = (ids: readonly string[], cluster: string) =>
    ids.some((id) => reader.get('middleware', `${cluster}/${id}`)?.value.rule.kind === 'ip-allow-list');
  const open = routes.filter((r) => !guarded(r.middlewares, r.cluster)).flatMap((r) => r.match.hosts);
  const isDirect = (host: string) =>
    reader
      .all('recordSet')
      .some((r) => r.value.name === host && r.value.type === 'A' && r.value.isProxied !== true);
  const plain = open.filter((h) => !h.includes('*')).sort();
  return plain.find(isDirect) ?? plain[0];
}

export function plannedLoads(lab: EstateLab, name: string): readonly PlannedLoad[] {
  const { reader } = lab.store;
  return reader.all('vantagePoint').flatMap(({ value: v }) => {
    const start = startPointOf(reader, v.id);
    if (!start || start.tunnel !== undefined || !isBuilt(lab, start)) return [];
    return [...webLoads(lab, start, name), ...dnsLoads(start, name), ...serviceLoads(reader, v, start)];
  });
}

export function plannedFlows(lab: EstateLab, name: string): readonly PlannedFlow[] {
  const { reader } = lab.store;
  return reader.all('vantagePoint').flatMap(({ value: v }) => {
    const start = startPointOf(reader, v.id);
    if (!start || start.tunnel !== undefined || !isBuilt(lab, start) || start.resolver === undefined)
      return [];
    if (v.kind === 'node' || v.kind === 'pod') return [];
    const base = { vantage: v.id, host: start.host, to: name, port: 443, resolver: start.resolver };
    const four = (['websocket', 'download', 'http2', 'http3'] as const).map((kind) => ({ ...base, kind }));
    const six = (['websocket', 'download'] as const).map((kind) => ({ ...base, kind, family: 6 as const }));
    const web = hasFamily(start, 6) ? [...four, ...six] : four;
    const [udp] = otherServices(reader).filter((s) => s.protocol === 'udp');
    const address = udp && dialled(reader, v, udp);
    return address
      ? [...web, { vantage: v.id, host: start.host, kind: 'udp' as const, to: address, port: udp.port }]
      : web;
  });
}

function hasFamily(start: StartPoint, family: Family): boolean {
  return start.addresses.some((ip) => familyOf(ip) === family);
}

function isBuilt(lab: EstateLab, start: StartPoint): boolean {
  return lab.lab.topology.hosts.some((h) => h.name === start.host);
}

function webLoads(lab: EstateLab, start: StartPoint, name: string): readonly PlannedLoad[] {
  if (start.resolver === undefined) return [];
  const all = (['http1', 'http2', 'http3'] as const).map((protocol) =>
    webLoad(lab, start, name, protocol, 4),
  );
  if (!hasFamily(start, 6)) return all;
  return [...all, ...(['http2', 'http3'] as const).map((p) => webLoad(lab, start, name, p, 6))];
}

function webLoad(
  lab: EstateLab,
  start: StartPoint,
  name: string,
  protocol: 'http1' | 'http2' | 'http3',
  family: Family,
): PlannedLoad {
  const what = { http1: 'HTTP/1.1', http2: 'HTTP/2', http3: 'HTTP/3' }[protocol];
  const recordType = family === 6 ? { recordType: 'AAAA' as const } : {};
  return {
    vantage: start.vantage,
    what: family === 6 ? `${what} over IPv6` : what,
    to: name,
    host: start.host,
    load: {
      name: `${start.vantage} ${protocol}${family === 6 ? ' 6' : ''}`,
      perSecond: rates[protocol] / (family === 6 ? 2 : 1),
      target: {
        protocol,
        address: '',
        port: 443,
        serverName: name,
        resolver: { address: start.resolver ?? '', ...recordType },
        ca: lab.authority.cert,
        timeoutMs: 2500,
      },
    },
  };
}

/** Whether a load asks over IPv6, which may not lead anywhere even before the change. */
export function isOver6({ load }: PlannedLoad): boolean {
  return load.target.resolver?.recordType === 'AAAA';
}

function dnsLoads(start: StartPoint, name: string): readonly PlannedLoad[] {
  if (start.resolver === undefined) return [];
  const target = {
    protocol: 'dns',
    address: start.resolver,
    port: 53,
    serverName: name,
    timeoutMs: 2500,
  } as const;
  return [
    {
      vantage: start.vantage,
      what: 'DNS',
      to: start.resolver,
      host: start.host,
      load: { name: `${start.vantage} dns`, perSecond: rates.dns, target },
    },
  ];
}

interface OtherService {
  readonly service: Service;
  readonly ip: Ip;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly isProtected: boolean;
}

/** Protected endpoints, and a few UDP ports of Services that share an address; never what the ingress itself serves. */
function otherServices(reader: Reader): readonly OtherService[] {
  const ports = reader
    .all('service')
    .flatMap(({ value: service }) =>
      service.vips
        .slice(0, 1)
        .flatMap(({ ip }) =>
          service.ports.flatMap(({ port, protocol }) =>
            protocol === 'sctp'
              ? []
              : [{ service, ip, port, protocol, isProtected: isProtected(reader, service, port) }],
          ),
        ),
    );
  const own = ports.filter((p) => p.port !== 443 && p.port !== 80 && p.port !== 53);
  const shared = own.filter((p) => !p.isProtected && p.protocol === 'udp').slice(0, 2);
  return [...own.filter((p) => p.isProtected), ...shared];
}

function isProtected(reader: Reader, service: Service, port: number): boolean {
  return reader
    .all('protectedEndpoint')
    .some((p) => p.value.service === `${service.namespace}/${service.name}` && p.value.port === port);
}

function serviceLoads(reader: Reader, v: VantagePoint, start: StartPoint): readonly PlannedLoad[] {
  return otherServices(reader).flatMap((other) => {
    const told = reader
      .all('protectedEndpoint')
      .find((p) => p.value.port === other.port && other.isProtected)?.value;
    if (told && told.from.length > 0 && !told.from.includes(v.id)) return [];
    const address = dialled(reader, v, other);
    if (address === undefined) return [];
    const isDatabase = other.port === 5432 && other.isProtected;
    const protocol = isDatabase ? 'postgres' : other.protocol;
    return [
      {
        vantage: v.id,
        what: isDatabase ? 'PostgreSQL' : `${other.protocol.toUpperCase()} ${other.service.name}`,
        to: `${address}:${other.port}`,
        host: start.host,
        load: {
          name: `${v.id} ${protocol} ${other.port}`,
          perSecond: rates[protocol],
          target: { protocol, address, port: other.port, timeoutMs: 2500 },
        },
      },
    ];
  });
}

/** From inside the address itself; from outside a public one, if some forward takes the port. */
function dialled(reader: Reader, v: VantagePoint, other: OtherService): string | undefined {
  if (v.kind !== 'internet') return other.ip;
  const family = familyOf(other.ip);
  const told = reader.all('publicAddress').find((p) => familyOf(p.value.ip) === family)?.value;
  const isForwarded = reader.all('portForward').some(({ value: f }) => {
    const { destinationPort, protocol } = f.match;
    const fits =
      destinationPort.kind === 'range' &&
      destinationPort.range.first <= other.port &&
      other.port <= destinationPort.range.last;
    return f.isEnabled && fits && protocol.split('/').includes(other.protocol);
  });
  return told && isForwarded ? told.ip : undefined;
}
