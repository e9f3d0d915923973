/* Entries of sightline.yaml as facts. Systems may be named with or without their folder (`firewall/pfsense`, `pfsense`). */
import type { Resolver } from '#estate/dns.ts';
import type { Gap } from '#estate/evidence.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';
import type {
  PublicAddress,
  Repository,
  SystemAccess,
  UnmanagedHop,
  VantagePoint,
} from '#estate/settings.ts';
import { type Ip, ip, parseIp } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { type IpRange, type Prefix, parsePrefix, parseRange, prefix } from '#net/prefix.ts';
import type { Decoded, Placed } from './decode.ts';
import type { Entry } from './schema.ts';

export interface Converted {
  readonly facts: readonly Fact[];
  readonly gaps: readonly Gap[];
}

/** `clusters` are the names of those in the snapshot: with one, nobody has to name it. */
export function convertSettings(decoded: Decoded, file: string, clusters: readonly string[]): Converted {
  const { entries } = decoded;
  const cluster = clusters.length === 1 ? clusters[0] : undefined;
  const ids = new Map(entries.resolvers.map(({ value: r }) => [r.id, resolverId(r)]));
  const idOf = (id: string) => ids.get(id) ?? id;
  const placed = <K extends Kind, T>(kind: K, list: readonly Placed<T>[], convert: (entry: T) => Kinds[K]) =>
    list.map((e) => fact(kind, convert(e.value), { file, line: e.line, object: e.field }));
  const facts: Fact[] = [
    ...placed('vantagePoint', entries.vantagePoints, (v) => vantagePoint(v, idOf, cluster)),
    ...placed('resolver', entries.resolvers, (r) => resolver(r, idOf)),
    ...placed('publicAddress', entries['exposure.publicAddresses'], publicAddress),
    ...placed('unmanagedHop', entries.unmanaged, unmanagedHop),
    ...placed('unmanagedHop', entries.bridges, bridge),
    ...placed('protectedEndpoint', entries['protected.endpoints'], (e) => endpoint(e, cluster)),
    ...placed('protectedPeople', entries['protected.people'], (p) => ({
      name: p.name,
      ranges: p.ranges.map(rangeOf),
      identities: p.identities,
    })),
    ...placed('intendedRefusal', entries.intended, ({ middleware, from, why }) => ({
      middleware,
      from,
      why,
    })),
    ...placed('ownInvariant', entries.invariants, (i) => ({ ...i, to: parseIp(i.to) ?? dnsName(i.to) })),
    ...placed('acceptedGap', entries.accept, (a) => a),
    ...placed('repository', entries.repositories, repository),
    ...placed('repository', entries.releases, releaseAsRepository),
    ...placed('helmRelease', entries.releases, (r) => release(r, r.cluster ?? cluster ?? '')),
    ...placed('systemAccess', entries.systems, systemAccess),
    ...placed('systemAccess', needing(entries.repositories), (r) => ({ system: r.id, needs: r.needs })),
    ...monitors(entries.monitors, file),
    ...placed('durations', decoded.durations === undefined ? [] : [decoded.durations], (d) => d),
  ];
  return { facts, gaps: [...documentGaps(entries.documents, file), ...hopGaps(entries.unmanaged, file)] };
}

function systemAccess({ id, kind, address, needs, keys, ...rest }: Entry<'systems'>): SystemAccess {
  const { credential, writeCredential, ca, writes, account, tunnel, others, read } = rest;
  return {
    system: id,
    needs,
    ...(kind !== undefined && { program: kind }),
    ...(address !== undefined && { url: address }),
    ...(credential !== undefined && { credential }),
    ...(writeCredential !== undefined && { writeCredential }),
    ...(ca !== undefined && { ca }),
    ...(writes !== undefined && { writes }),
    ...(account !== undefined && { account }),
    ...(tunnel !== undefined && { tunnel }),
    ...(others !== undefined && { others }),
    ...(read !== undefined && { read }),
    ...(keys !== undefined && {
      keys: keys.map(({ view, ...key }) => ({ ...key, ...(view !== undefined && { view }) })),
    }),
  };
}

function vantagePoint(
  v: Entry<'vantagePoints'>,
  idOf: (id: string) => string,
  only: string | undefined,
): VantagePoint {
  const isInside = v.kind === 'node' || v.kind === 'pod';
  const cluster = v.cluster ?? (isInside ? only : undefined);
  return {
    id: v.id,
    kind: v.kind,
    clients: v.clients.map(ip),
    networks: v.networks.map(prefix),
    ...(v.gateway !== undefined && { gateway: nameIn('firewall', v.gateway) }),
    ...(v.resolver !== undefined && { resolver: idOf(v.resolver) }),
    ...(cluster !== undefined && { cluster: nameIn('cluster', cluster) }),
    ...(v.node !== undefined && { node: v.node }),
    ...(v.pod !== undefined && { pod: v.pod }),
    ...(v.tunnel !== undefined && { tunnel: nameIn('tunnel', v.tunnel) }),
    ...(v.mtu !== undefined && { mtu: v.mtu }),
  };
}

function nameIn(folder: string, text: string): string {
  return text.startsWith(`${folder}/`) ? text.slice(folder.length + 1) : text;
}

/** The id under which the system itself gives this resolver, so that the two become one fact. */
function resolverId(r: Entry<'resolvers'>): string {
  if (r.firewall !== undefined) return `${r.kind}/${nameIn('firewall', r.firewall)}`;
  if (r.cluster !== undefined) return `coredns/${nameIn('cluster', r.cluster)}`;
  const isServer = r.kind === 'technitium' || r.kind === 'bind';
  return isServer && r.serves.length === 1 ? (r.serves[0] ?? r.id) : r.id;
}

function resolver(r: Entry<'resolvers'>, idOf: (id: string) => string): Resolver {
  const { maxTtlSeconds, minTtlSeconds, serveStaleSeconds } = r.cache ?? {};
  return {
    id: resolverId(r),
    program: r.kind,
    ...(r.address !== undefined && { address: ip(r.address) }),
    serves: r.cluster === undefined ? r.serves : [`cluster/${nameIn('cluster', r.cluster)}`, ...r.serves],
    ...(r.forwardsTo !== undefined && { forwardsTo: idOf(r.forwardsTo) }),
    ...(serveStaleSeconds !== undefined && {
      cache: {
        ...(maxTtlSeconds !== undefined && { maxTtlSeconds }),
        ...(minTtlSeconds !== undefined && { minTtlSeconds }),
        serveStaleSeconds,
      },
    }),
  };
}

function publicAddress(p: Entry<'exposure.publicAddresses'>): PublicAddress {
  return {
    ip: ip(p.address),
    ...(p.firewall !== undefined && { firewall: nameIn('firewall', p.firewall) }),
    ...(p.interface !== undefined && { interface: p.interface }),
    through: p.bridge === undefined ? p.through : [...p.through, p.bridge],
  };
}

function unmanagedHop(h: Entry<'unmanaged'>): UnmanagedHop {
  return {
    id: h.id,
    reason: h.reason,
    ...(h.forwards !== undefined && { forwards: h.forwards.flatMap(forwards) }),
    clientAddress: h.clientAddress,
    ...(h.address !== undefined && { ip: ip(h.address) }),
  };
}

/** Its address is the one that it shows to what it connects to. */
function bridge(b: Entry<'bridges'>): UnmanagedHop {
  return {
    id: b.id,
    reason: `${b.program ?? 'a program'} takes connections on ${b.address} and makes its own`,
    ...(b.forwards !== undefined && { forwards: b.forwards.flatMap(forwards) }),
    clientAddress: b.proxyProtocol === 'none' ? 'own' : 'proxy-protocol',
    ...(b.connectsFrom !== undefined && { ip: ip(b.connectsFrom) }),
  };
}

function forwards(f: NonNullable<Entry<'unmanaged'>['forwards']>[number]) {
  const ports = [...(f.port === undefined ? [] : [f.port]), ...(f.ports ?? [])];
  return ports.map((port) => ({
    protocol: f.protocol,
    port,
    ...(f.to !== undefined && { to: ip(f.to) }),
  }));
}

function endpoint(e: Entry<'protected.endpoints'>, only: string | undefined): Kinds['protectedEndpoint'] {
  const cluster = e.cluster ?? (e.service === undefined ? undefined : only);
  return {
    name: e.name,
    ...(e.service !== undefined && { service: e.service }),
    ...(cluster !== undefined && { cluster: nameIn('cluster', cluster) }),
    ...(e.address !== undefined && { ip: ip(e.address) }),
    port: e.port,
    protocol: e.protocol,
    from: e.from,
    why: e.why,
  };
}

function rangeOf(text: string): Prefix | IpRange {
  const found = parsePrefix(text) ?? parseRange(text);
  if (found === undefined) throw new RangeError(`not a range: ${text}`);
  return found;
}

function repository(r: Entry<'repositories'>): Repository {
  const apply = typeof r.apply === 'string' ? ['sh', '-c', r.apply] : r.apply;
  return {
    id: r.id,
    type: r.kind === 'cronjob' ? 'unknown' : r.kind,
    path: r.path ?? r.object ?? '',
    applies: appliesOf(r.applies),
    owns: r.owns.map((o) => (typeof o === 'string' ? o : o.setting)),
    ...(apply !== undefined && { applyCommand: apply }),
    ...(r.freeze !== undefined && { freezeCommand: r.freeze }),
    ...(r.thaw !== undefined && { thawCommand: r.thaw }),
  };
}

/** A cron schedule says that nobody has to ask. */
function appliesOf(text: string): Repository['applies'] {
  return text === 'manual' || text === 'on-push' || text === 'on-schedule' || text === 'unknown'
    ? text
    : 'on-schedule';
}

/** A release that no repository holds is an owner of its own: its next upgrade writes what somebody remembers. */
function releaseAsRepository(r: Entry<'releases'>): Repository {
  const owns = r.owns.map((o) => (typeof o === 'string' ? o : o.setting));
  return { id: r.id, type: 'helm', path: r.values ?? 'unknown', applies: 'manual', owns };
}

function release(r: Entry<'releases'>, cluster: string): Kinds['helmRelease'] {
  const [namespace = '', name = ''] = r.release.split('/');
  return {
    cluster: nameIn('cluster', cluster),
    namespace,
    name,
    chart: r.chart,
    ...(r.version !== undefined && { chartVersion: r.version }),
    waits: undefined,
    atomic: undefined,
    repository: r.id,
  };
}

function needing(list: readonly Placed<Entry<'repositories'>>[]) {
  return list.filter((r) => r.value.needs.length > 0);
}

/** Only monitors that expect an address depend on one; the others are watched by name. */
function monitors(list: readonly Placed<Entry<'monitors'>>[], file: string): readonly Fact[] {
  return list.flatMap(({ value: m, line, field }) => {
    const { name, address } = m.expects ?? {};
    if (name === undefined || address === undefined) return [];
    const value = { name: m.name, expectsName: dnsName(name), expectsIp: ip(address) satisfies Ip };
    return [fact('monitor', value, { file, line, object: field })];
  });
}

function documentGaps(list: readonly Placed<Entry<'documents'>>[], file: string): readonly Gap[] {
  return list.flatMap(({ value: d, line, field }): Gap[] =>
    typeof d === 'string' || d.readable
      ? []
      : [
          {
            id: `documents/${d.id}`,
            kinds: ['mention'],
            what: `${d.id} states addresses and cannot be read${d.reason === undefined ? '' : `: ${d.reason}`}`,
            expected: 'a person who looks and updates it',
            evidence: { file, line, object: field },
          },
        ],
  );
}

/** What such a hop does is told, not read: shown with every answer, and nothing else hangs on it. */
function hopGaps(list: readonly Placed<Entry<'unmanaged'>>[], file: string): readonly Gap[] {
  return list.map(({ value: h, line, field }) => ({
    id: `unmanaged/${h.id}`,
    kinds: [],
    what: `${h.id} cannot be read: ${h.forwards === undefined ? 'what it passes on is not known' : 'what it passes on is taken from sightline.yaml'}`,
    evidence: { file, line, object: field },
  }));
}
