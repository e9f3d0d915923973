/* How each kind of fact is identified, which system it was read from, and the indexes it can be found by. */
import type { RecordSet } from './dns.ts';
import type { Kind, Kinds } from './kinds.ts';

interface KindTable<K extends Kind> {
  /** Identity within the kind; unique in an estate. */
  readonly id: (value: Kinds[K]) => string;
  /** The system that was read for it, as in Gap.system; undefined: sightline.yaml. */
  readonly system: (value: Kinds[K]) => string | undefined;
  /** Index name → values under which it is found. */
  readonly indexes: Readonly<Record<string, (value: Kinds[K]) => readonly string[]>>;
}

const inCluster = (v: { cluster: string }) => `cluster/${v.cluster}`;
const onFirewall = (v: { firewall: string }) => `firewall/${v.firewall}`;
const namespaced = (v: { cluster: string; namespace: string; name: string }) =>
  `${v.cluster}/${v.namespace}/${v.name}`;
const byCluster = { cluster: (v: { cluster: string }) => [v.cluster] };
const byFirewall = { firewall: (v: { firewall: string }) => [v.firewall] };
const position = (n: number) => String(n).padStart(5, '0');

function namesBetween(r: RecordSet): readonly string[] {
  const between: string[] = [];
  for (let dot = r.name.indexOf('.'); dot >= 0; dot = r.name.indexOf('.', dot + 1)) {
    const name = r.name.slice(dot + 1);
    if (name.length <= r.zone.length) break;
    between.push(name);
  }
  return between;
}

/** How each kind is identified and found. Every kind must stand here. */
export const kindTable: { readonly [K in Kind]: KindTable<K> } = {
  service: {
    id: namespaced,
    system: inCluster,
    indexes: {
      ...byCluster,
      vip: (s) => s.vips.map((v) => v.ip),
      clusterIp: (s) => s.clusterIps,
      externalIp: (s) => s.externalIps,
      nodePort: (s) => s.ports.flatMap((p) => (p.nodePort ? [`${p.protocol}/${p.nodePort}`] : [])),
      healthCheckNodePort: (s) => (s.healthCheckNodePort ? [String(s.healthCheckNodePort)] : []),
    },
  },
  endpointSlice: {
    id: namespaced,
    system: inCluster,
    indexes: { service: (e) => (e.service ? [`${e.cluster}/${e.namespace}/${e.service}`] : []) },
  },
  node: {
    id: (n) => `${n.cluster}/${n.name}`,
    system: inCluster,
    indexes: { ...byCluster, ip: (n) => n.internalIps },
  },
  pod: {
    id: namespaced,
    system: inCluster,
    indexes: { ...byCluster, ip: (p) => p.ips, node: (p) => (p.node ? [`${p.cluster}/${p.node}`] : []) },
  },
  workload: {
    id: (w) => `${w.cluster}/${w.namespace}/${w.type}/${w.name}`,
    system: inCluster,
    indexes: byCluster,
  },
  disruptionBudget: { id: namespaced, system: inCluster, indexes: byCluster },
  namespace: { id: (n) => `${n.cluster}/${n.name}`, system: inCluster, indexes: byCluster },
  configMap: { id: namespaced, system: inCluster, indexes: byCluster },
  serviceProxy: { id: (p) => p.cluster, system: inCluster, indexes: {} },
  podNetwork: { id: (p) => p.cluster, system: inCluster, indexes: {} },
  lease: {
    id: namespaced,
    system: inCluster,
    indexes: { ...byCluster, name: (l) => [`${l.cluster}/${l.name}`] },
  },
  otherObject: {
    id: (o) => `${o.cluster}/${o.type}/${o.namespace ?? ''}/${o.name}`,
    system: inCluster,
    indexes: byCluster,
  },
  pool: { id: namespaced, system: inCluster, indexes: byCluster },
  l2Advertisement: { id: (a) => `${a.cluster}/${a.name}`, system: inCluster, indexes: byCluster },
  bgpAdvertisement: { id: (a) => `${a.cluster}/${a.name}`, system: inCluster, indexes: byCluster },
  l2Status: {
    id: (s) => `${s.cluster}/${s.service}/${s.node}`,
    system: inCluster,
    indexes: { service: (s) => [`${s.cluster}/${s.service}`] },
  },
  announcing: { id: (a) => a.cluster, system: inCluster, indexes: {} },
  ingress: { id: namespaced, system: inCluster, indexes: byCluster },
  route: {
    id: (r) => `${r.cluster}/${r.from}/${r.namespace}/${r.name}`,
    system: inCluster,
    indexes: {
      ...byCluster,
      host: (r) => (r.match.hosts.length === 0 ? ['*'] : r.match.hosts),
      routerName: (r) => (r.routerName ? [r.routerName] : []),
    },
  },
  middleware: { id: namespaced, system: inCluster, indexes: byCluster },
  firewall: { id: (f) => f.name, system: (f) => `firewall/${f.name}`, indexes: {} },
  firewallInterface: {
    id: (i) => `${i.firewall}/${i.name}`,
    system: onFirewall,
    indexes: {
      ...byFirewall,
      ip: (i) => [i.ipv4?.ip, i.ipv6?.ip].filter((x) => x !== undefined),
    },
  },
  gateway: { id: (g) => `${g.firewall}/${g.name}`, system: onFirewall, indexes: byFirewall },
  staticRoute: { id: (r) => `${r.firewall}/${r.network}`, system: onFirewall, indexes: byFirewall },
  alias: { id: (a) => `${a.firewall}/${a.name}`, system: onFirewall, indexes: byFirewall },
  portForward: {
    id: (f) => `${f.firewall}/${position(f.position)}`,
    system: onFirewall,
    indexes: byFirewall,
  },
  filterRule: { id: (f) => `${f.firewall}/${position(f.position)}`, system: onFirewall, indexes: byFirewall },
  outboundNatRule: {
    id: (f) => `${f.firewall}/${position(f.position)}`,
    system: onFirewall,
    indexes: byFirewall,
  },
  virtualIp: {
    id: (v) => `${v.firewall}/${v.ip}`,
    system: onFirewall,
    indexes: { ...byFirewall, ip: (v) => [v.ip] },
  },
  dhcpRange: {
    id: (d) => `${d.firewall}/${d.interface}/${d.range.first}`,
    system: onFirewall,
    indexes: byFirewall,
  },
  recordSet: {
    id: (r) => `${r.server}|${r.view ?? ''}|${r.zone}|${r.name}|${r.type}`,
    system: (r) => r.server,
    indexes: {
      name: (r) => [`${r.server}|${r.name}`],
      value: (r) => r.values,
      // names between the record and its zone: they exist without records of their own (RFC 4592, 2.2.2)
      under: (r) => namesBetween(r).map((n) => `${r.server}|${n}`),
    },
  },
  zone: {
    id: (z) => `${z.server}|${z.view ?? ''}|${z.name}`,
    system: (z) => z.server,
    indexes: { server: (z) => [z.server], name: (z) => [z.name] },
  },
  dnsView: {
    id: (v) => `${v.server}|${v.name}`,
    system: (v) => v.server,
    indexes: { server: (v) => [v.server] },
  },
  translation: {
    id: (t) => `${t.server}|${t.group}|${t.from}`,
    system: (t) => t.server,
    indexes: { server: (t) => [t.server] },
  },
  nameRule: {
    id: (r) => `${r.resolver}|${position(r.position)}`,
    system: (r) => holderOf(r.resolver),
    indexes: { resolver: (r) => [r.resolver] },
  },
  resolver: { id: (r) => r.id, system: () => undefined, indexes: {} },
  tunnel: { id: (t) => t.name, system: (t) => `tunnel/${t.name}`, indexes: {} },
  tunnelRule: {
    id: (r) => `${r.tunnel}/${position(r.position)}`,
    system: (r) => `tunnel/${r.tunnel}`,
    indexes: { tunnel: (r) => [r.tunnel] },
  },
  banAllowlist: { id: (a) => `${a.system}/${a.layer}/${a.name}`, system: (a) => a.system, indexes: {} },
  banDecision: { id: (d) => `${d.system}/${d.id}`, system: (d) => d.system, indexes: {} },
  bouncer: { id: (b) => `${b.system}/${b.name}`, system: (b) => b.system, indexes: {} },
  banEngine: { id: (e) => e.system, system: (e) => e.system, indexes: {} },
  accessLog: { id: (l) => l.file, system: () => undefined, indexes: {} },
  logCount: {
    id: (c) => `${c.file}|${c.router}|${c.peer ?? ''}|${c.client}|${c.protocol ?? ''}`,
    system: () => undefined,
    indexes: { file: (c) => [c.file], router: (c) => [c.router] },
  },
  mention: {
    id: (m) => `${m.file}:${m.start}`,
    system: (m) => m.system,
    indexes: { ip: (m) => (m.ip ? [m.ip] : []), file: (m) => [m.file] },
  },
  statedSetting: {
    id: (s) => `${s.file}:${s.start}`,
    system: (s) => s.repository,
    indexes: { resource: (s) => [s.resource] },
  },
  helmRelease: { id: namespaced, system: inCluster, indexes: byCluster },
  vantagePoint: { id: (v) => v.id, system: () => undefined, indexes: {} },
  publicAddress: { id: (p) => p.ip, system: () => undefined, indexes: {} },
  unmanagedHop: { id: (h) => h.id, system: () => undefined, indexes: { ip: (h) => (h.ip ? [h.ip] : []) } },
  protectedEndpoint: { id: (p) => p.name, system: () => undefined, indexes: {} },
  protectedPeople: { id: (p) => p.name, system: () => undefined, indexes: {} },
  monitor: { id: (m) => `${m.name}|${m.expectsName}`, system: () => undefined, indexes: {} },
  acceptedGap: { id: (a) => a.gap, system: () => undefined, indexes: {} },
  repository: { id: (r) => r.id, system: () => undefined, indexes: {} },
  systemAccess: { id: (s) => s.system, system: () => undefined, indexes: {} },
  durations: { id: () => 'durations', system: () => undefined, indexes: {} },
  intendedRefusal: { id: (i) => i.middleware, system: () => undefined, indexes: {} },
  ownInvariant: { id: (i) => i.name, system: () => undefined, indexes: {} },
};

/** The system that holds a resolver's rules: a cluster for its CoreDNS, a firewall for what runs on it. */
function holderOf(resolver: string): string {
  const [program = '', where = ''] = resolver.split('/');
  if (program === 'coredns') return `cluster/${where}`;
  return program === 'unbound' || program === 'dnsmasq' ? `firewall/${where}` : resolver;
}
