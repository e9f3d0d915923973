/*
 * Classes of names. Two names are of one class when everything that mentions them is equal after each is replaced by a
 * placeholder, together with the objects that are its own (route, Service, endpoints); the plan writes none of these.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import { kindTable } from '#estate/kind-table.ts';
import type { Kind, Kinds } from '#estate/kinds.ts';
import type { DnsName } from '#net/name.ts';

export interface NameClass {
  /** Equal for names of one class. */
  readonly signature: string;
  /** Facts that are the name's own: a plan that writes one of them makes the name a class of its own. */
  readonly own: readonly FactKey[];
}

/** Kinds that no walk reads: what they say of a name does not tell names apart. */
const unread: ReadonlySet<Kind> = new Set<Kind>([
  'mention',
  'statedSetting',
  'logCount',
  'accessLog',
  'otherObject',
  'banDecision',
  'monitor',
  'systemAccess',
]);

/** The class of each name in the state. */
export function classesOf(reader: Reader, names: ReadonlySet<DnsName>): ReadonlyMap<DnsName, NameClass> {
  const mentions = mentionsOf(reader, names);
  const rules = patternsOf(reader);
  const vantagePods = new Set(reader.all('vantagePoint').flatMap((v) => v.value.pod ?? []));
  const out = new Map<DnsName, NameClass>();
  for (const name of names) {
    const facts = mentions.get(name) ?? [];
    const own = new Set<FactKey>(facts.map((f) => f.key));
    const parts = facts.map((f) => ownText(reader, f, name, own, vantagePods));
    out.set(name, { signature: [patternText(rules, name), ...parts.sort()].join('\n'), own: [...own] });
  }
  return out;
}

/** Facts by the names that they mention as whole names. */
function mentionsOf(reader: Reader, names: ReadonlySet<DnsName>): ReadonlyMap<DnsName, readonly Fact[]> {
  const out = new Map<DnsName, Fact[]>();
  for (const kind of Object.keys(kindTable) as Kind[]) {
    if (unread.has(kind)) continue;
    for (const fact of reader.all(kind) as readonly Fact[]) {
      for (const name of namesIn(fact, names)) {
        const list = out.get(name);
        if (list === undefined) out.set(name, [fact]);
        else list.push(fact);
      }
    }
  }
  return out;
}

function namesIn(fact: Fact, names: ReadonlySet<DnsName>): ReadonlySet<DnsName> {
  const found = new Set<DnsName>();
  collect(walked(fact), (text) => {
    if (!text.includes('.')) return;
    for (const [token] of text.toLowerCase().matchAll(/[a-z0-9_-]+(?:\.[a-z0-9_-]+)+/g)) {
      if (names.has(token as DnsName)) found.add(token as DnsName);
    }
  });
  return found;
}

/** The value without what no walk to a name looks at: programs' images, arguments and variables. */
function walked(fact: Fact): unknown {
  if (fact.kind !== 'pod' && fact.kind !== 'workload') return fact.value;
  const { containers, annotations, ...rest } = fact.value as Kinds['workload'];
  return rest;
}

function collect(value: unknown, take: (text: string) => void): void {
  if (typeof value === 'string') take(value);
  else if (Array.isArray(value)) for (const v of value) collect(v, take);
  else if (value !== null && typeof value === 'object')
    for (const v of Object.values(value)) collect(v, take);
}

/** The fact with the name and its own identity replaced, followed by what stands behind it. */
function ownText(
  reader: Reader,
  fact: Fact,
  name: DnsName,
  own: Set<FactKey>,
  vantagePods: ReadonlySet<string>,
): string {
  if (fact.kind === 'route') return routeText(reader, fact as Fact<'route'>, name, own, vantagePods);
  const { position, ...rest } = walked(fact) as { readonly position?: number };
  const before = position === undefined ? '' : ` after ${catchAllsBefore(reader, fact, position)}`;
  return `${fact.kind}${before} ${canonical(rest).replaceAll(name, '«name»')}`;
}

/** Of ordered rules only those that may match any name come into question before a name's own. */
function catchAllsBefore(reader: Reader, fact: Fact, position: number): string {
  if (fact.kind !== 'tunnelRule' && fact.kind !== 'nameRule') return String(position);
  const all = reader.all(fact.kind) as readonly Fact<'tunnelRule' | 'nameRule'>[];
  return all
    .filter((f) => f.value.position < position && isCatchAll(f.value))
    .map((f) => f.key)
    .join();
}

function isCatchAll(rule: Kinds['tunnelRule'] | Kinds['nameRule']): boolean {
  if ('tunnel' in rule) return rule.hostname === undefined || rule.hostname.startsWith('*');
  return rule.rule.kind !== 'host';
}

function routeText(
  reader: Reader,
  fact: Fact<'route'>,
  name: DnsName,
  own: Set<FactKey>,
  vantagePods: ReadonlySet<string>,
): string {
  const { namespace, name: routeName, routerName, backend, priority, ...stated } = fact.value;
  const rest = isOfAnyKind(reader, fact) ? withoutKind(stated) : stated;
  const behind =
    backend === undefined ? 'nothing' : backendText(reader, fact.value.cluster, backend, own, vantagePods);
  const middlewares = rest.middlewares.map((m) =>
    m.startsWith(`${namespace}/`) ? middlewareText(reader, fact, m) : m,
  );
  const rank = rivalsOf(reader, fact, name).map((r) => Math.sign(r.value.priority - priority));
  return `route ${rank.join()} ${canonical({ ...rest, middlewares }).replaceAll(name, '«name»')} ${behind}`;
}

/** An Ingress and an IngressRoute do the same where they name entry points and hosts only, for one Traefik. */
function isOfAnyKind(reader: Reader, { value }: Fact<'route'>): boolean {
  const { from, cluster, match, entryPoints, ingressClass } = value;
  if (from !== 'Ingress' && from !== 'IngressRoute') return false;
  const isPlain = match.isComplete && match.path === undefined && entryPoints.length > 0;
  return (
    isPlain &&
    reader
      .by('ingress', 'cluster', cluster)
      .every(
        ({ value: i }) =>
          i.program === 'traefik' && (ingressClass === undefined || i.ingressClass === ingressClass),
      )
  );
}

function withoutKind<T extends Pick<Kinds['route'], 'from' | 'ingressClass' | 'match'>>(stated: T) {
  const { from, ingressClass, match, ...rest } = stated;
  return { ...rest, hosts: match.hosts };
}

/** Routes that may match the name as well: its own others, and those for any host. Only how they rank counts. */
function rivalsOf(reader: Reader, fact: Fact<'route'>, name: DnsName): readonly Fact<'route'>[] {
  const some = [
    ...reader.by('route', 'host', name),
    ...reader.by('route', 'host', '*'),
    ...wildcardRoutes(reader),
  ];
  return some.filter((r) => r.key !== fact.key);
}

const wildcards = new WeakMap<Reader, readonly Fact<'route'>[]>();

function wildcardRoutes(reader: Reader): readonly Fact<'route'>[] {
  const known = wildcards.get(reader);
  if (known !== undefined) return known;
  const found = reader.all('route').filter((r) => r.value.match.hosts.some((h) => h.includes('*')));
  wildcards.set(reader, found);
  return found;
}

/** A middleware in the application's own namespace counts by what it does. */
function middlewareText(reader: Reader, route: Fact<'route'>, middleware: string): string {
  const fact = reader.get('middleware', `${route.value.cluster}/${middleware}`);
  return fact === undefined ? middleware : `own ${canonical(fact.value.rule)}`;
}

/**
 * Type, ports, policy and how many endpoints there are in which condition. On which nodes they are is left out: a fault
 * that touches a name's own endpoints has the name looked at by itself (search.ts).
 */
function backendText(
  reader: Reader,
  cluster: string,
  backend: NonNullable<Kinds['route']['backend']>,
  own: Set<FactKey>,
  vantagePods: ReadonlySet<string>,
): string {
  const id = `${cluster}/${backend.service}`;
  const service = reader.get('service', id);
  own.add(`service:${id}`);
  if (service === undefined) return `no service ${backend.port}`;
  if (service.value.type !== 'ClusterIP') return `service ${id}`;
  const { ports, internalPolicy, sessionAffinitySeconds, ipFamilies } = service.value;
  const isPlaced = internalPolicy === 'local' || service.value.trafficDistribution !== undefined;
  const slices = reader.by('endpointSlice', 'service', id).map((s) => {
    own.add(s.key);
    const endpoints = s.value.endpoints.map(({ addresses, pod, node, ...rest }) => {
      if (pod !== undefined) own.add(`pod:${cluster}/${pod}`);
      return {
        ...rest,
        ...(isPlaced && { node }),
        count: addresses.length,
        isVantage: pod !== undefined && vantagePods.has(pod),
      };
    });
    const slicePorts = s.value.ports.map(({ port, ...p }) => ({ ...p, has: port !== undefined }));
    return { ports: slicePorts, family: s.value.family, endpoints };
  });
  const plainPorts = ports.map(({ targetPort, ...p }) => p);
  return canonical([
    backend.port,
    { ports: plainPorts, internalPolicy, sessionAffinitySeconds, ipFamilies },
    slices,
  ]);
}

interface Patterns {
  readonly suffixes: readonly string[];
  readonly regexes: readonly string[];
}

/** Rules that match names by their ends or by expression. */
function patternsOf(reader: Reader): Patterns {
  const rewrites = reader
    .all('nameRule')
    .flatMap((f) => (f.value.rule.kind === 'rewrite' ? [f.value.rule] : []));
  return {
    suffixes: rewrites.filter((r) => r.match === 'suffix').map((r) => r.from),
    regexes: rewrites.filter((r) => r.match === 'regex').map((r) => r.from),
  };
}

/** The domain and depth of the name, and which patterns it matches; an expression that cannot be read isolates it. */
function patternText({ suffixes, regexes }: Patterns, name: DnsName): string {
  const parent = name.slice(name.indexOf('.') + 1);
  const ends = suffixes.map((s) => name.endsWith(s));
  const matches = regexes.map((r) => {
    try {
      return String(new RegExp(r).test(name));
    } catch {
      return name;
    }
  });
  return `${parent} ${name.split('.').length} ${ends.join()} ${matches.join()}`;
}
