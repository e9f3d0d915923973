/*
 * Where each kind of fact states an address, a name or a Service. One table: `who`, the planner and the findings all
 * read references from here, so that nothing is looked for in two ways.
 */
import type { Ip } from '#net/ip.ts';
import { parseIp } from '#net/ip.ts';
import type { Protocol } from '#net/port.ts';
import type { IpRange } from '#net/prefix.ts';
import type { Reader } from './estate.ts';
import type { Fact } from './fact.ts';
import type { Kind, Kinds } from './kinds.ts';

/** producer: gives the address out; consumer: dials or passes on to it; assertion: expects it; prose: mentions it. */
export type ReferenceClass = 'producer' | 'consumer' | 'assertion' | 'prose';

/** One place of a fact that states something. `text` is as written; `range` where it states many addresses. */
export interface Place {
  readonly class: ReferenceClass;
  readonly field: string;
  readonly text: string;
  readonly range?: IpRange;
  readonly port?: number;
  readonly protocol?: Protocol;
}

type PlacesOf<K extends Kind> = (value: Kinds[K], reader: Reader) => readonly Place[];

/** Every place of the fact that may state an address, a name or a Service. */
export function placesOf(reader: Reader, fact: Fact): readonly Place[] {
  const of = table[fact.kind] as PlacesOf<Kind> | undefined;
  return of === undefined ? [] : of(fact.value, reader);
}

/** Kinds that can hold a reference. */
export function referringKinds(): readonly Kind[] {
  return Object.keys(table) as Kind[];
}

/** Whether the text states the address by itself: whole tokens, so that 10.0.20.2 is not found in 10.0.20.200. */
export function statesIp(text: string, ip: Ip): boolean {
  if (text === ip) return true;
  return text.includes(ip) && addressesIn(text).includes(ip);
}

/** Addresses written in a text, in order. */
export function addressesIn(text: string): readonly Ip[] {
  const found: Ip[] = [];
  for (const token of text.matchAll(/[0-9a-fA-F]*:[0-9a-fA-F:]+|\d+(?:\.\d+){3}/g)) {
    const ip = parseIp(token[0]);
    if (ip !== undefined) found.push(ip);
  }
  return found;
}

/** Host and port of a URL-like text: `https://10.0.0.1:8443/x`, `tcp://h:22`, `h:80`. */
export function dialled(text: string): { readonly host: string; readonly port?: number } | undefined {
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\[[^\]]+\]|[^/:\s]+)(?::(\d+))?(?:\/.*)?$/i.exec(text.trim());
  const host = match?.[2]?.replace(/^\[|\]$/g, '');
  if (match === null || host === undefined) return undefined;
  const port = match[3] ? Number(match[3]) : defaultPorts[match[1]?.toLowerCase() ?? ''];
  return port === undefined ? { host } : { host, port };
}

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443, ssh: 22, postgres: 5432 };

function place(cls: ReferenceClass, field: string, text: string, more: Partial<Place> = {}): Place {
  return { class: cls, field, text, ...more };
}

function url(cls: ReferenceClass, field: string, text: string): Place {
  const port = dialled(text)?.port;
  return place(cls, field, text, port === undefined ? {} : { port, protocol: 'tcp' });
}

const hosts = (field: string, list: readonly { readonly ip: Ip; readonly names: readonly string[] }[]) =>
  list.flatMap((h, i) => [
    place('consumer', `${field}[${i}].ip`, h.ip),
    ...h.names.map((n, j) => place('producer', `${field}[${i}].hostnames[${j}]`, n)),
  ]);

const containers = (list: Kinds['pod']['containers']) =>
  list.flatMap((c) => [
    ...c.args.map((a, i) => url('consumer', `containers.${c.name}.args[${i}]`, a)),
    ...Object.entries(c.env).map(([k, v]) => url('consumer', `containers.${c.name}.env.${k}`, v)),
  ]);

function matchPlaces(field: string, match: Kinds['filterRule']['match']): readonly Place[] {
  const ports = match.destinationPort.kind === 'range' ? match.destinationPort.range : undefined;
  const protocol = match.protocol === 'udp' ? 'udp' : 'tcp';
  const more = ports && ports.first === ports.last ? { port: ports.first, protocol } : {};
  const d = match.destination;
  if (d.kind === 'alias') return [place('consumer', `${field}.destination`, d.name, more as Partial<Place>)];
  if (d.kind !== 'address' || !/\/(32|128)$/.test(d.prefix)) return [];
  return [place('consumer', `${field}.destination`, d.prefix.replace(/\/\d+$/, ''), more as Partial<Place>)];
}

function forwardPlaces(f: Kinds['portForward']): readonly Place[] {
  const range = f.match.destinationPort.kind === 'range' ? f.match.destinationPort.range.first : undefined;
  const port = typeof f.localPort === 'number' ? f.localPort : range;
  const more = {
    ...(port && { port }),
    protocol: f.match.protocol === 'udp' ? 'udp' : 'tcp',
  } as Partial<Place>;
  return [place('consumer', 'target', f.target, more), ...matchPlaces('match', f.match)];
}

const table: { readonly [K in Kind]?: PlacesOf<K> } = {
  service: (s) => [
    ...s.vips.map((v, i) => place('producer', `status.loadBalancer.ingress[${i}].ip`, v.ip)),
    ...(s.requestedIps ? [place('producer', 'metadata.annotations.loadBalancerIPs', s.requestedIps)] : []),
    ...(s.loadBalancerIp ? [place('producer', 'spec.loadBalancerIP', s.loadBalancerIp)] : []),
    ...s.externalIps.map((ip, i) => place('producer', `spec.externalIPs[${i}]`, ip)),
    ...s.clusterIps.map((ip, i) => place('producer', `spec.clusterIPs[${i}]`, ip)),
  ],
  pool: (p) =>
    p.ranges.map((r, i) => place('producer', `spec.addresses[${i}]`, `${r.first}-${r.last}`, { range: r })),
  node: (n) => n.internalIps.map((ip, i) => place('producer', `status.addresses[${i}]`, ip)),
  pod: (p) => [...hosts('spec.hostAliases', p.hostAliases), ...containers(p.containers)],
  workload: (w) => [...hosts('spec.template.spec.hostAliases', w.hostAliases), ...containers(w.containers)],
  endpointSlice: (e) =>
    e.endpoints.flatMap((x, i) =>
      x.pod ? [] : x.addresses.map((ip) => place('consumer', `endpoints[${i}].addresses`, ip)),
    ),
  configMap: (c) => Object.entries(c.data).map(([k, v]) => place('consumer', `data.${k}`, v)),
  otherObject: (o) => o.leaves.map((l) => place('consumer', l.path, l.value)),
  ingress: (i) => (i.publishedService ? [place('consumer', 'publishedService', i.publishedService)] : []),
  route: (r) => [
    ...r.match.hosts.map((h, i) => place('producer', `match.hosts[${i}]`, h)),
    ...(r.backend ? [place('consumer', 'backend.service', r.backend.service)] : []),
  ],
  firewallInterface: (i) =>
    [i.ipv4?.ip, i.ipv6?.ip].flatMap((ip) => (ip ? [place('producer', 'ipaddr', ip)] : [])),
  gateway: (g) => (g.ip ? [place('consumer', 'gateway', g.ip)] : []),
  alias: (a) => a.entries.map((e, i) => place('consumer', `address[${i}]`, e)),
  portForward: forwardPlaces,
  filterRule: (f) => matchPlaces('match', f.match),
  outboundNatRule: (f) => [place('consumer', 'target', f.target), ...matchPlaces('match', f.match)],
  virtualIp: (v) => [place('producer', 'subnet', v.ip)],
  dhcpRange: (d) => [
    place('producer', 'range', `${d.range.first}-${d.range.last}`, { range: d.range }),
    ...d.staticIps.map((ip, i) => place('producer', `staticmap[${i}].ipaddr`, ip)),
  ],
  recordSet: (r) => [
    place('producer', 'name', r.name),
    ...r.values.map((v, i) => place('producer', `values[${i}]`, v)),
  ],
  translation: (t) => [place('assertion', 'from', t.from), place('producer', 'to', t.to)],
  nameRule: (n) => nameRulePlaces(n.rule),
  resolver: (r) => (r.address ? [place('consumer', 'address', r.address, { port: 53 })] : []),
  tunnelRule: (t) => [
    ...(t.hostname ? [place('producer', 'hostname', t.hostname)] : []),
    url('consumer', 'service', t.service),
    ...(t.originServerName ? [place('assertion', 'originRequest.originServerName', t.originServerName)] : []),
  ],
  monitor: (m) => [
    place('assertion', 'expectsIp', m.expectsIp),
    place('assertion', 'expectsName', m.expectsName),
  ],
  protectedEndpoint: (p) => [
    ...(p.ip ? [place('assertion', 'ip', p.ip, { port: p.port, protocol: p.protocol })] : []),
    ...(p.service ? [place('assertion', 'service', p.service, { port: p.port, protocol: p.protocol })] : []),
  ],
  systemAccess: (s) => [
    ...(s.url ? [url('consumer', 'url', s.url)] : []),
    ...s.needs.map((n, i) => place('consumer', `needs[${i}]`, n)),
  ],
  unmanagedHop: (h) =>
    (h.forwards ?? []).flatMap((f, i) =>
      f.to ? [place('consumer', `forwards[${i}].to`, f.to, { port: f.port, protocol: f.protocol })] : [],
    ),
  helmRelease: (h) => [place('producer', 'release', `${h.namespace}/${h.name}`)],
  mention: (m) => [place(classOfMention(m), m.path ?? `line ${m.line}`, m.text)],
  statedSetting: (s) => [place('producer', s.path, s.value)],
};

function nameRulePlaces(rule: Kinds['nameRule']['rule']): readonly Place[] {
  switch (rule.kind) {
    case 'host':
      return [
        place('producer', 'name', rule.name),
        ...rule.addresses.map((ip, i) => place('producer', `addresses[${i}]`, ip)),
      ];
    case 'rewrite':
      return [place('producer', 'from', rule.from), place('producer', 'to', rule.to)];
    case 'forward':
      return rule.to.map((t, i) => place('consumer', `to[${i}]`, t, { port: 53 }));
    case 'unknown':
      return [place('consumer', 'rule', rule.text)];
  }
}

/** Text for people is prose; a file that a node or program reads is a consumer. */
function classOfMention(m: Kinds['mention']): ReferenceClass {
  if (m.syntax === 'markdown' || m.syntax === 'comment' || m.syntax === 'text') return 'prose';
  return m.system.startsWith('source/') ? 'producer' : 'consumer';
}
