/*
 * A small stand-in for the data plane, enough to try plans and proofs on: names, one firewall, VIPs, policies, a tunnel.
 * It shares the allocator and the announcer with the real one and nothing else.
 */
import { allocate } from '#dataplane/allocate.ts';
import type { Flow } from '#dataplane/flow.ts';
import type { Disposition, Identity, Trace, Walk } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import { kindTable } from '#estate/kind-table.ts';
import type { Service } from '#estate/kubernetes.ts';
import { dialled } from '#estate/reference-places.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import type { World } from '#plan/world.ts';

export const smallWorld: World = { walk: walkSmall, flowsOf: smallFlows, allocate };

/** Every host of a route, and 443 and 80, from every vantage point. */
function smallFlows(reader: Reader): readonly Flow[] {
  const names = [...new Set(reader.all('route').flatMap((r) => r.value.match.hosts))].sort();
  return reader.all('vantagePoint').flatMap((v) =>
    names.flatMap((n): Flow[] => {
      const name = parseName(n);
      return name === undefined
        ? []
        : [{ from: v.value.id, family: 4, to: { name }, port: 443, protocol: 'tcp' }];
    }),
  );
}

function walkSmall(reader: Reader, flow: Flow): Walk {
  const vantage = reader.get('vantagePoint', flow.from)?.value;
  const name = 'name' in flow.to ? flow.to.name : undefined;
  if (vantage?.kind === 'tunnel-edge') return one(flow, tunnelled(reader, flow, name));
  const dialledIp = 'ip' in flow.to ? flow.to.ip : resolve(reader, vantage?.resolver, flow.to.name);
  if (dialledIp === undefined) return one(flow, { disposition: 'no-name' });
  const target = vantage?.kind === 'internet' ? forwarded(reader, dialledIp, flow.port) : dialledIp;
  if (target === undefined) return one(flow, { dialled: dialledIp, disposition: 'no-listener' });
  return one(flow, { dialled: dialledIp, ...atVip(reader, target, flow.port, flow.host ?? name) });
}

function one(flow: Flow, partial: Partial<Trace>): Walk {
  const trace: Trace = { flow, hops: [], identities: [], gaps: [], disposition: 'unknown', ...partial };
  return { flow, traces: [trace] };
}

function resolve(reader: Reader, resolver: string | undefined, name: DnsName, depth = 0): Ip | undefined {
  const at = resolver === undefined ? undefined : reader.get('resolver', resolver)?.value;
  if (at === undefined || depth > 5) return undefined;
  for (const server of at.serves) {
    for (const { value } of reader.by('recordSet', 'name', `${server}|${name}`)) {
      if (value.type === 'A') return parseIp(value.values[0] ?? '');
      const alias = value.type === 'CNAME' ? parseName(value.values[0] ?? '') : undefined;
      if (alias !== undefined) return resolve(reader, resolver, alias, depth + 1);
    }
  }
  return resolve(reader, at.forwardsTo, name, depth + 1);
}

function forwarded(reader: Reader, to: Ip, port: number): Ip | undefined {
  const at = reader.get('publicAddress', to)?.value.firewall;
  if (at === undefined) return undefined;
  for (const { value } of reader.by('portForward', 'firewall', at)) {
    const { destinationPort } = value.match;
    if (!value.isEnabled || destinationPort.kind !== 'range' || destinationPort.range.first !== port)
      continue;
    const alias = reader.get('alias', `${at}/${value.target}`)?.value.entries[0];
    return parseIp(alias ?? value.target);
  }
  return undefined;
}

function tunnelled(reader: Reader, flow: Flow, name: DnsName | undefined): Partial<Trace> {
  const rule = reader
    .all('tunnelRule')
    .find((r) => r.value.hostname === undefined || r.value.hostname === name);
  const at = rule && dialled(rule.value.service);
  if (at === undefined) return { disposition: 'no-listener' };
  const ip = parseIp(at.host);
  if (ip !== undefined) return atVip(reader, ip, at.port ?? 443, flow.host ?? name);
  const [service, namespace] = at.host.split('.');
  const found = reader
    .all('service')
    .find((s) => s.value.name === service && s.value.namespace === namespace);
  return found === undefined
    ? { disposition: 'no-name' }
    : deliver(reader, found.value, at.port ?? 443, name, undefined);
}

function atVip(reader: Reader, ip: Ip, port: number, host: DnsName | undefined): Partial<Trace> {
  const on = reader.by('service', 'vip', ip).map((s) => s.value);
  const service = on.find((s) => s.ports.some((p) => p.port === port));
  if (on.length === 0) return { disposition: 'no-announcer' };
  if (service === undefined) return { disposition: 'no-listener' };
  const node = announcerSmall(reader, service);
  return node === undefined ? { disposition: 'no-announcer' } : deliver(reader, service, port, host, node);
}

/** First node by name that has a speaker and, with Local, a ready endpoint. */
function announcerSmall(reader: Reader, service: Service): string | undefined {
  const speakers = reader.get('announcing', service.cluster)?.value.speakerNodes;
  const nodes = reader.by('node', 'cluster', service.cluster).map((n) => n.value.name);
  const usable = nodes.filter((n) => speakers?.includes(n) ?? true);
  const local = endpointsOf(reader, service).map((e) => e.node);
  return service.externalPolicy === 'local' ? usable.find((n) => local.includes(n)) : usable[0];
}

function endpointsOf(reader: Reader, service: Service) {
  const slices = reader.by('endpointSlice', 'service', kindTable.service.id(service));
  return slices.flatMap((s) => s.value.endpoints).filter((e) => e.ready !== false);
}

function deliver(
  reader: Reader,
  service: Service,
  port: number,
  host: DnsName | undefined,
  node: string | undefined,
): Partial<Trace> {
  const all = endpointsOf(reader, service);
  const isLocal = node !== undefined && service.externalPolicy === 'local';
  const endpoint = all.find((e) => !isLocal || e.node === node);
  if (endpoint === undefined) return { disposition: 'no-endpoint' };
  const route = host && reader.all('route').find((r) => r.value.match.hosts.includes(host))?.value;
  const is: Identity['is'] = node === undefined ? 'pod' : isLocal ? 'client' : 'node';
  const disposition: Disposition = 'delivered';
  const [ip] = endpoint.addresses;
  return {
    disposition,
    ...(ip && {
      reached: {
        cluster: service.cluster,
        service: kindTable.service.id(service),
        ip,
        port,
        ...(endpoint.node && { node: endpoint.node }),
        ...(endpoint.pod && { pod: `${service.cluster}/${endpoint.pod}` }),
      },
    }),
    ...(route && {
      application: { route: route.name, service: route.backend?.service ?? '', endpoints: [] },
    }),
    identities: [{ consumer: 'socket', is, says: `the socket sees ${is}`, because: [] }],
  };
}
